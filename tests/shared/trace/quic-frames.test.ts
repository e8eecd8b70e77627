import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFrames } from '../../../shared/trace/quic-frames.ts'

describe('the frames of a packet in the trace', () => {
  it('are read in their order', () => {
    const frames = [
      { type: 'ack', delay: 12, ranges: [{ from: 3, to: 7 }], ecn: { ect0: 1, ect1: 0, ce: 2 } },
      { type: 'stream', id: 4, offset: 1000, fin: true, length: 20 },
      { type: 'ping' },
    ]
    expect(parseFrames(JSON.stringify(frames))).toEqual(frames)
  })

  it('are left out where they lack a field, or one is not what it should be', () => {
    const bad = [
      { type: 'stream', id: 4, offset: 0, fin: true },
      { type: 'stream', id: -4, offset: 0, fin: true, length: 1 },
      { type: 'ack', delay: 0, ranges: [{ from: 7, to: 3 }] },
      { type: 'ack', delay: 0, ranges: [], ecn: 5 },
      { type: 'constructor' },
      { type: 'no_frame_of_ours' },
      null,
      7,
    ]
    expect(parseFrames(JSON.stringify([...bad, { type: 'ping' }]))).toEqual([{ type: 'ping' }])
  })

  it('are none in what is no array', () => {
    for (const text of ['', '{', '{"type":"ping"}', 'null', '"ping"']) expect(parseFrames(text)).toEqual([])
  })

  it('never throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => Array.isArray(parseFrames(text))))
  })
})
