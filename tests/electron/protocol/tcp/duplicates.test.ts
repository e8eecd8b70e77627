/** D-SACK: the receiver tells what arrived twice, and the sender heeds it (RFC 2883, RFC 3708). */
import { describe, expect, it } from 'vitest'
import { isDuplicateReport } from '../../../../electron/protocol/tcp/duplicates.ts'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const receiver = (settings = {}): Script => Script.connected({ dsack: true, ackEvery: 100, ...settings })

/** The peer's segment [from, to). */
const comes = (s: Script, from: number, to: number): Script => s.inject('.', { seq: from, data: to - from })

describe('the receiver tells (RFC 2883 4)', () => {
  rule(2883, '4.1', 'a full duplicate below the cumulative acknowledgment is the first block', () => {
    const s = receiver()
    comes(s, 1, 1001)
    s.skip()
    comes(s, 1, 1001)
    s.expect('.', { ack: 1001, sack: [1, 1001] }).quiet()
  })

  rule(2883, '4.1', 'above it, too, with the block that contains it second', () => {
    const s = receiver()
    comes(s, 1001, 2001)
    comes(s, 2001, 3001)
    s.skip()
    comes(s, 2001, 3001)
    s.expect('.', { ack: 1, sack: [2001, 3001, 1001, 3001] })
  })

  rule(2883, '4.1', 'the blocks that tell of more follow', () => {
    const s = receiver()
    comes(s, 5001, 6001)
    comes(s, 1001, 2001)
    s.skip()
    comes(s, 1001, 2001)
    s.expect('.', { ack: 1, sack: [1001, 2001, 1001, 2001, 5001, 6001] })
  })

  rule(2883, '4 (1)', 'each duplicate is reported once', () => {
    const s = receiver()
    comes(s, 1, 1001)
    comes(s, 1, 1001)
    s.expect('.', { sack: [1, 1001] })
    comes(s, 2001, 3001)
    s.expect('.', { ack: 1001, sack: [2001, 3001] })
  })

  rule(2883, '4.2.1', 'of a segment that is a duplicate in part, that part', () => {
    const s = receiver()
    comes(s, 1, 1001)
    s.skip()
    comes(s, 501, 2001)
    s.expect('.', { ack: 2001, sack: [501, 1001] })
  })

  rule(2883, '4.2.2', 'of two separate parts the first, when the segment closes the gap between them', () => {
    const s = receiver()
    comes(s, 1, 1001)
    comes(s, 1501, 2001)
    s.skip()
    comes(s, 501, 2001)
    s.expect('.', { ack: 2001, sack: [501, 1001] })
  })

  rule(
    2883,
    '4.2.3',
    'of two separate parts the first, above the acknowledgment with its enclosing block',
    () => {
      const s = receiver()
      comes(s, 1001, 1501)
      comes(s, 2001, 2501)
      s.skip()
      comes(s, 1001, 2501)
      s.expect('.', { ack: 1, sack: [1001, 1501, 1001, 2501] })
    },
  )

  rule(2883, '4', 'what PAWS refuses because its retransmission came first is a duplicate, too', () => {
    const s = receiver({ timestamps: true })
    const echo = s.last.segment.options.timestamps!.value
    s.inject('.', { seq: 1, data: 1000, ts: [2_000, echo] }).skip()
    s.inject('.', { seq: 1001, data: 1000, ts: [2_001, echo] }).skip()
    s.inject('.', { seq: 1, data: 1000, ts: [1_900, echo] })
    expect(s.refused).toMatch(/PAWS/)
    s.expect('.', { ack: 2001, sack: [1, 1001] })
  })

  it('says nothing of it when switched off, or without SACK', () => {
    for (const settings of [{ dsack: false }, { sack: false }]) {
      const s = receiver(settings)
      comes(s, 1, 1001)
      s.skip()
      comes(s, 1, 1001)
      s.expect('.', { ack: 1001, sack: [] })
    }
  })
})

describe('the sender tells them apart (RFC 2883 4)', () => {
  rule(2883, '4 (4)', 'a first block below the acknowledgment is a D-SACK', () => {
    expect(isDuplicateReport([1000, 2000], 2000)).toBe(true)
    expect(isDuplicateReport([1000, 2001], 2000)).toBe(false)
    expect(isDuplicateReport([0xffff_ff00, 0x10], 0x20)).toBe(true)
  })

  rule(2883, '4 (5)', 'above it, one within the second block is', () => {
    expect(isDuplicateReport([3000, 4000, 3000, 5000], 2000)).toBe(true)
    expect(isDuplicateReport([3000, 4000, 5000, 6000], 2000)).toBe(false)
    expect(isDuplicateReport([3000, 4000], 2000)).toBe(false)
    expect(isDuplicateReport([], 2000)).toBe(false)
  })

  it('reports what it had sent again, and what only the network copied', () => {
    const s = Script.connected({ dsack: true, mss: 1000, congestion: 'none' })
    s.write(10_000)
    s.expectData(10, 1000)
    s.inject('.', { ack: 1, sack: [1001, 5001] })
    s.expect('.', { seq: 1, cause: 'sack' })
    s.inject('.', { ack: 5001 })
    s.inject('.', { ack: 5001, sack: [1, 1001] })
    s.inject('.', { ack: 5001, sack: [2001, 3001] })
    expect(s.trace.of('tcp:duplicate_reported').map((e) => [e.length, e.resent])).toEqual([
      [1000, true],
      [1000, false],
    ])
  })

  it('takes no D-SACK for new information, nor one of what was never sent for anything', () => {
    const s = Script.connected({ dsack: true, mss: 1000, congestion: 'none' })
    s.write(10_000)
    s.expectData(10, 1000)
    for (let i = 0; i < 4; i++) s.inject('.', { ack: 1, sack: [20_001, 21_001, 20_001, 30_001] })
    for (let i = 0; i < 4; i++) s.inject('.', { ack: 1, sack: [-500, 1] })
    s.quiet()
    expect(s.trace.of('tcp:duplicate_reported')).toEqual([])
    expect(s.connection.metrics().in_flight).toBe(10_000)
  })
})
