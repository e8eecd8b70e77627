/** The frames of an opened QUIC packet, field by field (RFC 9000 19). */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dissectFrames } from '../../../../../electron/protocol/wire/dissect/quic-frames.ts'
import type { DissectedField } from '../../../../../shared/dissection.ts'
import { fromHex, RUNS } from '../../../../support/packets.ts'

const read = (hex: string) => dissectFrames(fromHex(hex), 'x').layers
const fields = ({ children = [] }: DissectedField) => children.map(({ name, text }) => `${name} ${text}`)

describe('frames', () => {
  it('have their fields under the names and in the order of RFC 9000', () => {
    const [stream] = read('0f 04 4123 03 aabbcc')
    expect(stream).toMatchObject({ name: 'STREAM', text: '4, bytes 291–293, FIN', offset: 0, length: 8 })
    expect(fields(stream)).toEqual([
      'Type 0x0f, FIN',
      'Stream ID 4',
      'Offset 291',
      'Length 3',
      'Stream Data aabbcc',
    ])
    const [acked] = read('03 0a 05 01 02 01 03 01 02 03')
    expect(acked.text).toBe('8–10 2–5')
    expect(fields(acked).slice(3)).toEqual([
      'ACK Range Count 1',
      'First ACK Range 2',
      'Gap 1',
      'ACK Range Length 3',
      'ECT0 Count 1',
      'ECT1 Count 2',
      'ECN-CE Count 3',
    ])
    const [id] = read(`18 01 00 04 0a0b0c0d ${'ee'.repeat(16)}`)
    expect(fields(id).slice(3)).toEqual([
      'Length 4',
      'Connection ID 0a0b0c0d',
      `Stateless Reset Token ${'ee'.repeat(16)}`,
    ])
    const [closed] = read('1c 0a 06 02 6e6f')
    expect(fields(closed)).toEqual([
      'Type 0x1c',
      'Error Code 10',
      'Frame Type 6',
      'Reason Phrase Length 2',
      'Reason Phrase no',
    ])
    // The largest integer of 62 bits, which a number does not hold (RFC 9000 16).
    expect(fields(read('10 ffffffffffffffff')[0])[1]).toBe(`Maximum Data ${2n ** 62n - 1n}`)
  })

  it('follow each other; padding is one, and what is no frame is told with its reason', () => {
    expect(read('01 000000 1e bf').map(({ name, length, problem = '' }) => [name, length, problem])).toEqual([
      ['PING', 1, ''],
      ['PADDING', 3, ''],
      ['HANDSHAKE_DONE', 1, ''],
      ['Rest', 1, 'truncated'],
    ])
  })

  it('cover every byte once, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        let at = 0
        for (const layer of dissectFrames(bytes, 'x').layers) {
          expect(layer.offset).toBe(at)
          let inner = at
          for (const { offset, length } of layer.children ?? []) {
            expect([offset, length >= 0]).toEqual([inner, true])
            inner += length
          }
          at += layer.length
          if (layer.children !== undefined) expect(inner).toBe(at)
        }
        expect(at).toBe(bytes.length)
      }),
      { numRuns: RUNS },
    )
  })
})
