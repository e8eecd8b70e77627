/** Small traces of what TCP and IP do in depth, event by event, for projections and charts. Times in microseconds. */
import { ACK, SYN } from '../../shared/tcp-flags.ts'
import { TraceMaker } from './trace-maker.ts'

const MS = 1_000

/** Lanes have packets and addresses of their own, as in a run: `a` from 1 on, `b` from 1,001 on and so on. */
const placeOf = (lane: string): number => lane.charCodeAt(0) - 'a'.charCodeAt(0)
const packetOf = (lane: string, pkt: number): number => (pkt === 0 ? 0 : 1_000 * placeOf(lane) + pkt)
const flowOf = (lane: string): string => `10.77.${placeOf(lane)}.1:40000-10.77.${placeOf(lane)}.2:5001`

/** A traceroute over two routers, then a ping of which one is not answered. */
export function probesTrace(lane = 'a'): TraceMaker {
  const maker = new TraceMaker().pair(lane)
  const at = (node: string, pkt = 0) => ({ node: `${lane}/${node}`, pkt: packetOf(lane, pkt) })
  for (const [index, node] of ['near', 'far'].entries())
    maker.add(
      0,
      'sim:interface_added',
      { index: 0, link: 'x', mac: '', address: `10.77.${index + 1}.1`, prefix: '10.77.0.0/24' },
      at(node),
    )
  const target = '10.77.0.2'
  let number = 0
  for (const [ttl, from] of [
    [1, '10.77.1.1'],
    [2, '10.77.2.1'],
    [3, target],
  ] as const)
    for (let i = 0; i < 3; i++) {
      number++
      const t = number * 100 * MS
      const sent = { program: 'trace', number, target, ttl, size: 60, protocol: 'udp' }
      maker.add(t, 'probe:sent', sent, at('client', number))
      // The second hop does not answer the second probe.
      if (ttl === 2 && i === 1) {
        maker.add(t + 90 * MS, 'probe:timed_out', { program: 'trace', number }, at('client'))
        continue
      }
      const kind = ttl === 3 ? 'port_unreachable' : 'time_exceeded'
      const rtt = ttl * 10 * MS + i * MS
      maker.add(
        t + rtt,
        'probe:answered',
        { program: 'trace', number, from, kind, rtt, mtu: 0 },
        at('client'),
      )
    }
  for (let ping = 1; ping <= 4; ping++) {
    const t = 1_000 * MS + ping * 100 * MS
    const sent = { program: 'ping', number: ping, target, ttl: 64, size: 84, protocol: 'icmp' }
    maker.add(t, 'probe:sent', sent, at('client', 100 + ping))
    if (ping === 3) maker.add(t + 90 * MS, 'probe:timed_out', { program: 'ping', number: ping }, at('client'))
    else {
      const answer = { program: 'ping', number: ping, from: target, kind: 'echo_reply', rtt: 30 * MS, mtu: 0 }
      maker.add(t + 30 * MS, 'probe:answered', answer, at('client'))
    }
  }
  return maker
}

/** Three datagrams of 4,000 bytes in three fragments each: whole; one fragment lost; the same once more. */
export function fragmentsTrace(lane = 'a'): TraceMaker {
  const maker = new TraceMaker().pair(lane)
  const at = (node: string, pkt = 0) => ({ node: `${lane}/${node}`, pkt: packetOf(lane, pkt) })
  const arq = { kind: 'data', number: 1, payload: 3_972, last: false, selective: [] }
  for (let datagram = 0; datagram < 3; datagram++) {
    const t = datagram * 100 * MS
    const first = 10 * datagram + 1
    maker.add(t, 'arq:packet_sent', { ...arq, cause: datagram === 2 ? 'timeout' : '' }, at('client', first))
    for (let i = 0; i < 3; i++) {
      const fields = {
        identification: 7 + datagram,
        fragment_offset: 1_480 * i,
        more_fragments: i < 2,
        protocol: 17,
      }
      const size = i < 2 ? 1_500 : 1_060
      maker.add(t + i, 'ip:fragment_sent', { ...fields, size }, at('client', first + i))
    }
    for (let i = 0; i < 3; i++) {
      const late = t + 10 * MS + i * MS
      if (datagram === 1 && i === 1)
        maker.add(
          late,
          'link:packet_dropped',
          { direction: 0, reason: 'listed', delay: 10 * MS },
          at('link', first + i),
        )
      else maker.add(late, 'link:packet_delivered', { direction: 0, delay: 10 * MS }, at('link', first + i))
    }
    const done = { identification: 7 + datagram }
    if (datagram !== 1)
      maker.add(t + 12 * MS, 'ip:reassembly_finished', { ...done, size: 4_020 }, at('server', first + 2))
  }
  return maker.add(
    600 * MS,
    'ip:reassembly_abandoned',
    { identification: 8, reason: 'timeout' },
    at('server'),
  )
}

/** A connection whose client writes three times 100 bytes; the second write is held by Nagle's rule until a delayed acknowledgment. */
export function writesTrace(lane = 'a'): TraceMaker {
  const [client, server] = [`${lane}/client`, `${lane}/server`]
  const maker = new TraceMaker().pair(lane)
  const flow = flowOf(lane)
  const from = (node: string) => ({ node, flow })
  const write = (t: number): void => void maker.add(t, 'tcp:data_written', { bytes: 100 }, from(client))
  const carry = (t: number, pkt: number, seq: number): void =>
    void maker
      .sent(t, packetOf(lane, pkt), client, { seq, ack: 501, payload: 100 }, flow)
      .received(t + 10 * MS, packetOf(lane, pkt), server, 100, flow)
      .add(t + 10 * MS, 'tcp:data_read', { bytes: 100 }, from(server))
  const acknowledge = (t: number, pkt: number, ack: number): void =>
    void maker
      .sent(t, packetOf(lane, pkt), server, { seq: 501, ack }, flow)
      .received(t + 10 * MS, packetOf(lane, pkt), client, 0, flow)
  maker
    .sent(0, packetOf(lane, 1), client, { seq: 1_000, flags: SYN }, flow)
    .received(10 * MS, packetOf(lane, 1), server, 0, flow)
  maker
    .sent(10 * MS, packetOf(lane, 2), server, { seq: 500, ack: 1_001, flags: SYN | ACK }, flow)
    .received(20 * MS, packetOf(lane, 2), client, 0, flow)
  write(30 * MS)
  carry(30 * MS, 3, 1_001)
  write(31 * MS)
  maker.add(31 * MS, 'tcp:stall_changed', { cause: 'nagle' }, from(client))
  maker.add(80 * MS, 'tcp:timer_expired', { timer: 'delayed_ack', count: 1 }, from(server))
  acknowledge(80 * MS, 4, 1_101)
  maker.add(90 * MS, 'tcp:stall_changed', { cause: 'application' }, from(client))
  carry(90 * MS, 5, 1_101)
  acknowledge(100 * MS, 6, 1_201)
  write(200 * MS)
  carry(200 * MS, 7, 1_201)
  maker.add(215 * MS, 'app:answered', { round: 1, bytes: 10, time: 185 * MS }, { node: client })
  // One that nobody has read yet.
  write(220 * MS)
  maker.events.sort((a, b) => a.t - b.t)
  return maker
}

/** Five segments of 1,000 bytes, of which the second is lost and sent again; then the fourth comes before the third of a second burst. */
export function heldTrace(lane = 'a'): TraceMaker {
  const [client, server] = [`${lane}/client`, `${lane}/server`]
  const flow = flowOf(lane)
  const maker = new TraceMaker().pair(lane)
  maker
    .sent(0, packetOf(lane, 1), client, { seq: 4_294_966_295, flags: SYN }, flow)
    .received(10 * MS, packetOf(lane, 1), server, 0, flow)
  maker.sent(10 * MS, packetOf(lane, 9), server, { seq: 1, ack: 4_294_966_296, flags: SYN | ACK }, flow)
  maker.received(20 * MS, packetOf(lane, 9), client, 0, flow)
  // The numbers wrap within the first segments.
  const seqOf = (segment: number): number => (4_294_966_296 + 1_000 * segment) % 2 ** 32
  const arrive = (t: number, pkt: number, out: number, readable: number): void =>
    void maker
      .received(t, packetOf(lane, pkt), server, 1_000, flow)
      .metrics(t, server, { out_of_order: out, receive_buffer: readable }, flow)
  const read = (t: number, bytes: number): void =>
    void maker.add(t, 'tcp:data_read', { bytes }, { node: server, flow })
  for (let i = 0; i < 5; i++)
    maker.sent(20 * MS + i, packetOf(lane, 2 + i), client, { seq: seqOf(i), payload: 1_000 }, flow)
  arrive(30 * MS, 2, 0, 1_000)
  read(30 * MS, 1_000)
  maker.add(
    31 * MS,
    'link:packet_dropped',
    { direction: 0, reason: 'listed', delay: 0 },
    { node: `${lane}/link`, pkt: packetOf(lane, 3) },
  )
  for (let i = 2; i < 5; i++) arrive(30 * MS + i * MS, 2 + i, (i - 1) * 1_000, 0)
  maker.sent(60 * MS, packetOf(lane, 7), client, { seq: seqOf(1), payload: 1_000, cause: 'sack' }, flow)
  arrive(70 * MS, 7, 0, 4_000)
  read(70 * MS, 4_000)
  maker.events.sort((a, b) => a.t - b.t)
  return maker
}

/** Selective repeat with a window of four: packet 1 is lost and sent again, 2 and 3 are kept, then all are delivered. */
export function arqTrace(lane = 'a'): TraceMaker {
  const maker = new TraceMaker().pair(lane)
  const at = (node: string, pkt = 0) => ({ node: `${lane}/${node}`, pkt: packetOf(lane, pkt) })
  const send = (t: number, pkt: number, number: number, cause = ''): void =>
    void maker.add(
      t,
      'arq:packet_sent',
      { kind: 'data', number, payload: 1_000, last: number === 3, selective: [], cause },
      at('client', pkt),
    )
  const take = (t: number, pkt: number, number: number, verdict: string): void =>
    void maker.add(t, 'arq:packet_received', { kind: 'data', number, verdict }, at('server', pkt))
  const window = (t: number, node: string, base: number, next: number): void =>
    void maker.add(t, 'arq:window_moved', { base, next, size: 4 }, at(node))
  window(0, 'server', 0, 0)
  for (let number = 0; number < 4; number++) {
    send(number * MS, 1 + number, number)
    window(number * MS, 'client', 0, number + 1)
  }
  maker.add(5 * MS, 'link:packet_dropped', { direction: 0, reason: 'listed', delay: 0 }, at('link', 2))
  take(10 * MS, 1, 0, 'delivered')
  window(10 * MS, 'server', 1, 1)
  take(12 * MS, 3, 2, 'buffered')
  take(13 * MS, 4, 3, 'buffered')
  window(20 * MS, 'client', 1, 4)
  maker.add(50 * MS, 'arq:timer_expired', { number: 1, rto: 50 * MS }, at('client'))
  send(50 * MS, 5, 1, 'timeout')
  take(60 * MS, 5, 1, 'delivered')
  window(60 * MS, 'server', 4, 4)
  window(70 * MS, 'client', 4, 4)
  return maker
}

/** Four clients at a listener that holds two half-open ones, then cookies. */
export function listenerTrace(lane = 'a'): TraceMaker {
  const maker = new TraceMaker().pair(lane)
  const at = { node: `${lane}/server` }
  const queues = (t: number, syn: number, accept: number, dropped: number): void =>
    void maker.add(
      t,
      'tcp:queues_changed',
      { syn_queue: syn, accept_queue: accept, syn_limit: 2, accept_limit: 4, dropped },
      at,
    )
  queues(0, 0, 0, 0)
  queues(10 * MS, 1, 0, 0)
  queues(11 * MS, 2, 0, 0)
  queues(12 * MS, 2, 0, 1)
  maker.add(13 * MS, 'tcp:syn_cookie', { what: 'sent', mss: 1_460 }, at)
  maker.add(14 * MS, 'tcp:syn_cookie', { what: 'sent', mss: 1_460 }, at)
  queues(20 * MS, 1, 1, 1)
  maker.add(33 * MS, 'tcp:syn_cookie', { what: 'accepted', mss: 1_460 }, at)
  maker.add(34 * MS, 'tcp:syn_cookie', { what: 'forged', mss: 0 }, at)
  queues(40 * MS, 0, 2, 1)
  return maker
}
