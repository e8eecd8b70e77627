/** What is said of single packets, and the signs of modern TCP in windows, round trips, sequence graph and queue. */
import { describe, expect, test } from 'vitest'
import { changeText } from '../../../shared/charts/changes.ts'
import { noteText } from '../../../shared/charts/packet-notes.ts'
import { parseFilter } from '../../../shared/projections/filter.ts'
import { PacketNotes } from '../../../shared/projections/packet-notes.ts'
import { Packets } from '../../../shared/projections/packets.ts'
import { Queues } from '../../../shared/projections/queue.ts'
import { Rtt } from '../../../shared/projections/rtt.ts'
import { Sequence } from '../../../shared/projections/sequence.ts'
import { Windows } from '../../../shared/projections/windows.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const AT = { node: 'client', flow: FLOW }

/** A segment that RACK takes for lost, is sent again, and arrives twice; one that is marked; one that is refused. */
const store = new TraceMaker()
  .pair()
  .sent(0, 1, 'client', { seq: 100, payload: 1_000, ecn: 2 })
  .sent(1, 2, 'client', { seq: 1_100, payload: 1_000 })
  .add(2, 'link:packet_marked', { direction: 0 }, { node: 'link', pkt: 1 })
  .add(
    500,
    'tcp:segment_lost',
    { seq: 1_100, length: 1_000, trigger: 'rack', late: 12_000, reordering_window: 5_000 },
    AT,
  )
  .sent(501, 3, 'client', { seq: 1_100, payload: 1_000, cause: 'rack' })
  .received(600, 2, 'server', 1_000)
  .received(700, 3, 'server', 0)
  .sent(700, 4, 'server', { seq: 7, ack: 2_100, dsack: true, sack: [1_100, 2_100] })
  .received(900, 4, 'client')
  .add(900, 'tcp:duplicate_reported', { seq: 1_100, length: 1_000, resent: true }, { ...AT, pkt: 4 })
  .add(
    950,
    'tcp:segment_refused',
    { rule: 'RFC 5961 4.2: RST outside', answer: 'challenge_ack' },
    { node: 'server', pkt: 2 },
  )
  .add(960, 'icmp:message_sent', { type: 3, code: 4, size: 56 }, { node: 'server', pkt: 5 })
  .add(
    970,
    'ip:fragment_sent',
    { identification: 9, fragment_offset: 1_480, more_fragments: false, size: 120, protocol: 17 },
    { node: 'client', pkt: 6 },
  )
  .add(
    980,
    'arq:packet_sent',
    { kind: 'data', number: 7, payload: 100, last: false, selective: [], cause: 'go_back' },
    { node: 'client', pkt: 7 },
  )
  .add(
    990,
    'arq:packet_received',
    { kind: 'data', number: 7, verdict: 'out_of_order' },
    { node: 'server', pkt: 7 },
  )
  .add(
    990,
    'arq:packet_sent',
    { kind: 'ack', number: 4, payload: 0, last: false, selective: [5, 6, 8, 11], cause: '' },
    { node: 'server', pkt: 8 },
  )
  .add(999, 'arq:packet_received', { kind: 'ack', number: 4, verdict: 'old' }, { node: 'client', pkt: 8 })
  .store()
const notes = PacketNotes.of(store)

describe('notes', () => {
  test.each([
    [1, 'en', ['marked CE on the way']],
    [
      2,
      'en',
      [
        'taken for lost: RACK, 12 ms past the reordering window of 5 ms',
        'refused: RFC 5961 4.2: RST outside; answer: challenge ACK',
      ],
    ],
    [3, 'en', ['sent again for nothing (D-SACK)']],
    [5, 'en', ['fragmentation needed']],
    [6, 'en', ['fragment of datagram 9: bytes 1480 to 1580']],
    [3, 'zh', ['多余的重传（D-SACK）']],
    [7, 'en', ['R go back  DATA 7', 'thrown away: out of order']],
    [7, 'zh', ['R go back  DATA 7', '丢弃：out of order']],
    [8, 'en', ['ACK 4  5  8-10']],
    [99, 'en', []],
  ] as const)('of packet %i in %s', (pkt, language, words) => {
    expect(notes.of(pkt).map((note) => noteText(language, note))).toEqual(words)
  })

  test.each([
    ['ce', [1]],
    ['refused', [2]],
    ['spurious', [3]],
    ['5961', [2]],
    ['-tcp', [5, 6]],
  ])('%s finds %j', (word, found) => {
    const filter = parseFilter(word)
    const packets = new Packets()
    packets.update(store)
    const all = Array.from({ length: packets.length }, (_, i) => packets.get(store, i))
    expect(
      'test' in filter && all.filter((packet) => filter.test(packet, store)).map(({ pkt }) => pkt),
    ).toEqual(found)
  })
})

test('a datagram and its first fragment are one packet', () => {
  const fragmented = new TraceMaker()
    .pair()
    .add(0, 'udp:datagram_sent', { payload: 2_000, size: 2_028 }, { node: 'client', pkt: 1 })
    .add(
      0,
      'ip:fragment_sent',
      { identification: 1, fragment_offset: 0, more_fragments: true, size: 1_500, protocol: 17 },
      { node: 'client', pkt: 1 },
    )
    .add(
      1,
      'ip:fragment_sent',
      { identification: 1, fragment_offset: 1_480, more_fragments: false, size: 548, protocol: 17 },
      { node: 'client', pkt: 2 },
    )
    .store()
  const packets = new Packets()
  packets.update(fragmented)
  expect(Array.from({ length: packets.length }, (_, i) => packets.get(fragmented, i).protocol)).toEqual([
    'UDP',
    'fragment',
  ])
})

test('a retransmission for nothing has its sign where the D-SACK came', () => {
  const sequence = new Sequence()
  sequence.update(store)
  const graph = sequence.ends.all.find(({ node }) => store.text(node) === 'client')!.value
  expect([graph.spurious.times.data[0], graph.spurious.from.data[0], graph.spurious.to.data[0]]).toEqual([
    900, 1_000, 2_000,
  ])
})

test('the true round trip is the way there and the way back of the last segments that arrived', () => {
  const rtt = new Rtt()
  rtt.update(store)
  const { path } = rtt.ends.all.find(({ node }) => store.text(node) === 'client')!.value
  // There 701 - 501, back 200 - 0.
  expect([path.length, path.times.data[0], path.values.data[0]]).toEqual([1, 900, 199 + 200])
})

test('the window turns when a reduction is undone, the path marks, HyStart++ slows down, or the timer runs out', () => {
  const turns = new TraceMaker()
    .pair()
    .metrics(0, 'client', { cwnd: 20_000, rto: 300_000, smoothed_rtt: 50_000, rtt_variance: 10_000 })
    .add(1, 'tcp:slow_start_slowed', { phase: 'conservative', rtt: 60_000, threshold: 55_000 }, AT)
    .add(2, 'tcp:congestion_notified', { reduced: true, cwnd: 10_000 }, AT)
    .add(3, 'tcp:congestion_notified', { reduced: false, cwnd: 10_000 }, AT)
    .add(4, 'tcp:timer_expired', { timer: 'retransmit', count: 1 }, AT)
    .add(5, 'tcp:timer_expired', { timer: 'delayed_ack', count: 1 }, AT)
    .add(6, 'tcp:recovery_undone', { found_by: 'frto', cwnd: 20_000, ssthresh: 20_000 }, AT)
    .store()
  const [windows, rtt] = [new Windows(), new Rtt()]
  windows.update(turns)
  rtt.update(turns)
  expect(windows.ends.all[0].value.turns).toEqual([
    { t: 1, kind: 'slowed', cwnd: 20_000, how: 'conservative' },
    { t: 2, kind: 'notified', cwnd: 10_000, how: '' },
    { t: 4, kind: 'timeout', cwnd: 20_000, how: '' },
    { t: 6, kind: 'undone', cwnd: 20_000, how: 'frto' },
  ])
  const { timeouts, spread } = rtt.ends.all[0].value
  expect([timeouts.times.data[0], timeouts.values.data[0], spread.values.data[0]]).toEqual([
    4, 300_000, 90_000,
  ])
})

test('a queue knows what was marked in it', () => {
  const marked = new TraceMaker()
    .pair()
    .add(
      1,
      'link:packet_enqueued',
      { direction: 0, queue_bytes: 3_000, queue_packets: 2 },
      { node: 'link', pkt: 1 },
    )
    .add(2, 'link:packet_marked', { direction: 0 }, { node: 'link', pkt: 1 })
    .store()
  const queues = new Queues()
  queues.update(marked)
  expect([queues.all[0].marks.times.data[0], queues.all[0].marks.values.data[0]]).toEqual([2, 3_000])
})

test('power is told as what it does to the host', () => {
  const power = { kind: 'knob', t: 0, path: 'hosts.server.power' } as const
  expect(changeText({ ...power, from: '"on"', to: '"off"' }, 'en')).toBe('server: crashed (power off)')
  expect(changeText({ ...power, from: '"off"', to: '"on"' }, 'zh')).toBe('server: 重新启动')
})
