/**
 * The events of a long transfer in the proportions of a real one (tcp-bulk: 6.9 events a packet), without the stack and the
 * link that would make it: for measuring what stores and draws a trace, not for judging TCP.
 */
import type { BatchBuilder } from '../../shared/trace/batch.ts'

const FLOW = '10.77.0.1:40000-10.77.0.2:5001'
const MSS = 1448
/** One packet in so many is lost. */
const LOSS = 200

/** Buffers of about `size` events each, of a transfer with `packets` packets; two data segments to an acknowledgment. */
export function* bulkBatches(builder: BatchBuilder, packets: number, size: number): Generator<ArrayBuffer> {
  const { strings } = builder
  const [client, server, link] = ['reno/client', 'reno/server', 'reno/link'].map((name) =>
    strings.number(name),
  )
  const flow = strings.number(FLOW)
  let seq = 0
  let at = 0
  const add: BatchBuilder['add'] = (name, data, _seq, t, node, of, pkt) =>
    builder.add(name, data, ++seq, t, node, of, pkt)
  const node = (name: number, kind: string, role: string): void =>
    add('sim:node_added', { kind, role, address: '', a: 'reno/client', b: 'reno/server' }, 0, 0, name, 0, 0)
  node(client, 'host', 'client')
  node(server, 'host', 'server')
  node(link, 'link', '')
  for (let pkt = 1; pkt <= packets; pkt++) {
    const t = pkt * 100
    const ack = pkt % 3 === 0
    const lost = pkt % LOSS === 0
    const direction = ack ? 1 : 0
    const [from, to] = ack ? [server, client] : [client, server]
    const payload = ack ? 0 : MSS
    if (!ack) at += MSS
    add('tcp:segment_sent', segment(ack, at, payload, lost), 0, t, from, flow, pkt)
    const queue = { direction, queue_bytes: (pkt % 40) * 1500, queue_packets: pkt % 40 }
    add('link:packet_enqueued', queue, 0, t, link, flow, pkt)
    add('link:packet_dequeued', queue, 0, t + 50, link, flow, pkt)
    if (lost)
      add('link:packet_dropped', { direction, reason: 'bernoulli', delay: 50 }, 0, t + 50, link, flow, pkt)
    else {
      add('link:packet_delivered', { direction, delay: 99 }, 0, t + 99, link, flow, pkt)
      add('tcp:segment_received', { payload, new_data: payload }, 0, t + 99, to, flow, pkt)
      if (!ack) add('tcp:data_read', { bytes: payload }, 0, t + 99, to, flow, pkt)
      if (pkt % 4 === 0)
        add('tcp:rtt_sampled', { rtt: 20_000 + (pkt % 900), source: 'timestamp' }, 0, t + 99, to, flow, pkt)
    }
    add('tcp:metrics_updated', metrics(pkt, at), 0, t + 99, ack ? client : server, flow, pkt)
    if (pkt % 150 === 0)
      add(
        'tcp:stall_changed',
        { cause: pkt % 300 ? 'sending' : 'congestion_window' },
        0,
        t + 99,
        client,
        flow,
        pkt,
      )
    if (builder.pending >= size) yield builder.flush()!
  }
  const rest = builder.flush()
  if (rest) yield rest
}

function segment(ack: boolean, at: number, payload: number, lost: boolean) {
  return {
    seq: (ack ? 1 : at) >>> 0,
    ack: (ack ? at : 1) >>> 0,
    flags: 0x10,
    window: 65_535,
    payload,
    size: payload + 52,
    mss: 0,
    window_scale: 255,
    sack_permitted: false,
    unknown_option: 0,
    ts_val: at >>> 0,
    ts_ecr: 1,
    sack: ack && lost ? [at >>> 0, (at + MSS) >>> 0] : [],
    dsack: false,
    ecn: 0,
    cause: !ack && lost ? 'sack' : '',
  }
}

function metrics(pkt: number, at: number) {
  return {
    cwnd: 20_000 + (pkt % 500) * MSS,
    ssthresh: 30_000,
    in_flight: 15_000 + (pkt % 30) * MSS,
    send_window: 6_291_456,
    receive_window: 6_291_456,
    smoothed_rtt: 20_100 + (pkt % 64),
    rtt_variance: 300,
    rto: 200_000,
    send_buffer: 65_536,
    receive_buffer: 0,
    out_of_order: 0,
    acked: at,
  }
}
