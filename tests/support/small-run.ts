/**
 * A small run by hand, packet by packet: a client sends three segments, the second is lost and sent again, the third
 * is corrupted on its way, the ACK of the first comes twice.
 */
import {
  encodeIpv4,
  IPV4_MIN_HEADER,
  NO_OPTIONS,
  NOT_ECT,
  PROTOCOL_TCP,
} from '../../electron/protocol/wire/ipv4.ts'
import {
  ACK,
  encodeTcp,
  NO_TCP_OPTIONS,
  PSH,
  tcpLength,
  type TcpSegment,
} from '../../electron/protocol/wire/tcp.ts'
import { RecordingScript } from './recording.ts'

export const CLIENT_ADDRESS = 0x0a4d0001
export const SERVER_ADDRESS = 0x0a4d0002
export const FLOW = '10.77.0.1:40000-10.77.0.2:5001'

/** An IPv4 packet with valid checksums; `up` goes from the client to the server. */
export function tcpPacket(up: boolean, segment: Partial<TcpSegment>): Uint8Array {
  const whole: TcpSegment = {
    sourcePort: up ? 40000 : 5001,
    destinationPort: up ? 5001 : 40000,
    sequence: 0,
    acknowledgment: 0,
    flags: ACK,
    window: 65_535,
    urgent: 0,
    options: NO_TCP_OPTIONS,
    payload: new Uint8Array(0),
    ...segment,
  }
  const [source, destination] = up ? [CLIENT_ADDRESS, SERVER_ADDRESS] : [SERVER_ADDRESS, CLIENT_ADDRESS]
  const bytes = new Uint8Array(IPV4_MIN_HEADER + tcpLength(whole))
  const header = {
    dscp: 0,
    ecn: NOT_ECT,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: PROTOCOL_TCP,
    source,
    destination,
    options: NO_OPTIONS,
  }
  encodeIpv4(header, tcpLength(whole), bytes)
  encodeTcp(whole, bytes, IPV4_MIN_HEADER, source, destination)
  return bytes
}

const SIZE = 100
const client = `main/client ${FLOW}`
const server = `main/server ${FLOW}`

/** Adds the nodes of a lane. */
export function addNodes(script: RecordingScript, lane: string): RecordingScript {
  return script
    .emit(`${lane}/client`, 'sim:node_added', { kind: 'host', role: 'client', address: '10.77.0.1' })
    .emit(`${lane}/server`, 'sim:node_added', { kind: 'host', role: 'server', address: '10.77.0.2' })
    .emit(`${lane}/link`, 'sim:node_added', { kind: 'link', a: `${lane}/client`, b: `${lane}/server` })
}

export function smallRun(): RecordingScript {
  const script = addNodes(new RecordingScript(), 'main')
  const data = (t: number, pkt: number, index: number, cause = '') => {
    const payload = new Uint8Array(SIZE).fill(64 + index)
    const seq = 1001 + index * SIZE
    const bytes = tcpPacket(true, { sequence: seq, acknowledgment: 501, flags: ACK | PSH, payload })
    script.packet(pkt, bytes).at(t)
    const fields = {
      seq,
      ack: 501,
      flags: ACK | PSH,
      window: 65_535,
      payload: SIZE,
      size: bytes.length,
      cause,
    }
    script.emit(client, 'tcp:segment_sent', fields, pkt)
    script.emit('main/link', 'link:packet_enqueued', { direction: 0, queue_bytes: bytes.length }, pkt)
    return bytes
  }
  const arrive = (t: number, pkt: number) => {
    script.at(t).emit('main/link', 'link:packet_delivered', { direction: 0, delay: 10_000 }, pkt)
    return script.emit(server, 'tcp:segment_received', { payload: SIZE, new_data: SIZE }, pkt)
  }
  data(1000, 1, 0)
  data(1100, 2, 1)
  script.at(1150).emit('main/link', 'link:packet_dropped', { direction: 0, reason: 'bernoulli' }, 2)
  const third = data(1200, 3, 2)
  arrive(11_000, 1)
  const ack = tcpPacket(false, { sequence: 501, acknowledgment: 1101 })
  script.packet(4, ack).packet(5, ack)
  script.emit(server, 'tcp:segment_sent', { seq: 501, ack: 1101, flags: ACK, window: 65_535, size: 40 }, 4)
  script.at(11_100).emit('main/link', 'link:packet_duplicated', { direction: 1, copy: 5 }, 4)
  script.at(11_200).emit('main/link', 'link:packet_corrupted', { direction: 0, offset: 45 }, 3)
  const flipped = third.slice()
  flipped[45] ^= 4
  script.alter(3, flipped)
  script.emit('main/link', 'link:packet_delivered', { direction: 0, delay: 10_000 }, 3)
  script.emit('main/server', 'ip:packet_rejected', { layer: 'tcp', reason: 'bad_checksum', size: 140 }, 3)
  for (const [t, pkt] of [
    [21_000, 4],
    [21_001, 5],
  ]) {
    script.at(t).emit('main/link', 'link:packet_delivered', { direction: 1, delay: 10_000 }, pkt)
    script.emit(client, 'tcp:segment_received', {}, pkt)
  }
  script.at(21_100).emit(client, 'tcp:segment_lost', { seq: 1101, length: SIZE, trigger: 'sack' })
  script.emit(client, 'tcp:metrics_updated', {
    cwnd: 14_480,
    ssthresh: 0xffff_ffff,
    in_flight: 200,
    smoothed_rtt: 20_000,
    rtt_variance: 10_000,
    rto: 200_000,
  })
  data(21_200, 6, 1, 'sack')
  return arrive(31_200, 6)
}
