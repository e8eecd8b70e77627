/** What one end of a QUIC connection did. */
import type { EventData } from '../../../shared/trace/events.ts'
import { ConnectionEnd } from './connection-end.ts'
import { PacketFlags } from './packet-flags.ts'
import { isBidirectional, Pauses, Reassembly, streamPieces, type StreamPiece } from './stream-bytes.ts'

/** What became of a packet number of a space. */
const SENT = 1
const REPEATED = 2
const LOST = 4
const RECEIVED = 8

/** RFC 9002 7.2: the least window is two datagrams. */
const WINDOW_FLOOR = 2

type Sent = EventData<'transport:packet_sent'>

/** 0-RTT and 1-RTT packets share their numbers (RFC 9000 12.3). */
export const spaceOf = (level: string): string =>
  level === '0rtt' || level === '1rtt' ? 'application' : level

const isHandshake = (level: string): boolean => level === 'initial' || level === 'handshake'

export class QuicEnd extends ConnectionEnd {
  /** Whether it spoke first. */
  readonly active: boolean
  firstInitial: number | null = null
  packetsLost = 0
  packetsSpuriouslyLost = 0
  numbersRepeated = 0
  /** Datagrams with a packet of the handshake. */
  handshakeDatagrams = 0
  /** Streams with bytes in 0-RTT packets, and how many bytes. */
  readonly earlyStreams = new Set<number>()
  earlyBytes = 0
  pathChanges = 0
  pathsValidated = 0
  versionsNegotiated = 0
  /** Names of the transport parameters that the peer declared. */
  peerParameters: ReadonlySet<string> = new Set()
  /** Pauses in what became readable on streams that both sides may write on, each for itself. */
  readonly pauses = new Map<number, Pauses>()
  private largestPacket = 0
  private window = 0
  private lastHandshakePacket = 0
  private numbers = new Map<string, PacketFlags>()
  /** Numbers of 0-RTT packets of the peer, and how many connections of this end have read each. */
  private readonly earlyNumbers = new Map<number, number>()
  /** STREAM frames of packets that have not arrived, by packet number. */
  private readonly underWay = new Map<number, readonly StreamPiece[]>()
  /** By stream: the end of what was sent. */
  private readonly sentTo = new Map<number, number>()
  private readonly incoming = new Map<number, Reassembly>()

  constructor(node: string, flow: string, active: boolean) {
    super(node, flow)
    this.active = active
  }

  /** A packet left. Returns whether it carries bytes of streams. */
  onSent(t: number, pkt: number, packet: Sent): boolean {
    const { level, number, size } = packet
    this.firstSent ??= t
    if (level === 'initial') this.firstInitial ??= t
    this.segments++
    this.largestPacket = Math.max(this.largestPacket, size)
    if (isHandshake(level) && pkt !== this.lastHandshakePacket) {
      this.lastHandshakePacket = pkt
      this.handshakeDatagrams++
    }
    this.countNumber(level, number)
    const pieces = streamPieces(packet.frames)
    if (pieces.length > 0) this.onData(t, packet, pieces)
    return pieces.some(({ length }) => length > 0)
  }

  private countNumber(level: string, number: number): void {
    // Numbers begin at 0 in each connection (RFC 9000 12.3); another may follow with the same addresses and ports.
    if (level === 'initial' && number === 0) this.numbers = new Map()
    const numbers = this.numbersOf(spaceOf(level))
    if (numbers.get(number) & SENT) {
      this.numbersRepeated++
      numbers.set(number, REPEATED)
    } else numbers.set(number, SENT)
  }

  private onData(t: number, { level, number }: Sent, pieces: readonly StreamPiece[]): void {
    this.underWay.set(number, pieces)
    let payload = 0
    let again = false
    for (const { id, offset, length } of pieces) {
      const sentTo = this.sentTo.get(id) ?? 0
      const end = offset + length
      this.newBytes += Math.max(0, end - Math.max(offset, sentTo))
      if (length > 0 && offset < sentTo) again = true
      this.sentTo.set(id, Math.max(sentTo, end))
      payload += length
      if (level === '0rtt' && isBidirectional(id)) this.earlyStreams.add(id)
      if (level === '0rtt') this.earlyBytes += length
    }
    if (payload === 0) return
    this.firstData ??= t
    this.lastData = t
    this.dataSegments++
    this.sentBytes += payload
    this.segmentSize = Math.max(this.segmentSize, payload)
    if (again) this.countResent('lost_frames')
  }

  /** A packet of `peer` arrived here. Returns whether bytes of a stream of both sides have become readable by it. */
  onReceived(t: number, { level, number }: EventData<'transport:packet_received'>, peer: QuicEnd): boolean {
    peer.onArrival(spaceOf(level), number)
    if (level === '0rtt') this.earlyNumbers.set(number, (this.earlyNumbers.get(number) ?? 0) + 1)
    if (isHandshake(level)) return false
    const pieces = peer.underWay.get(number) ?? []
    peer.underWay.delete(number)
    let any = false
    for (const piece of pieces) any = this.onPiece(t, piece) || any
    return any
  }

  private onPiece(t: number, { id, offset, length }: StreamPiece): boolean {
    let stream = this.incoming.get(id)
    if (stream === undefined) this.incoming.set(id, (stream = new Reassembly()))
    const { fresh, readable } = stream.add(offset, length)
    this.receivedBytes += length
    this.duplicateBytes += length - fresh
    if (readable === 0) return false
    this.onRead(t, readable)
    if (!isBidirectional(id)) return false
    let pauses = this.pauses.get(id)
    if (pauses === undefined) this.pauses.set(id, (pauses = new Pauses()))
    pauses.at(t)
    return true
  }

  /** A packet of ours came to the other end, whatever we think of it. */
  private onArrival(space: string, number: number): void {
    const numbers = this.numbersOf(space)
    if (numbers.get(number) & LOST && !(numbers.get(number) & RECEIVED)) this.packetsSpuriouslyLost++
    numbers.set(number, RECEIVED)
  }

  onLost({ space, number }: EventData<'recovery:packet_lost'>): void {
    const numbers = this.numbersOf(space)
    this.packetsLost++
    if (numbers.get(number) & RECEIVED && !(numbers.get(number) & LOST)) this.packetsSpuriouslyLost++
    numbers.set(number, LOST)
  }

  /** Karn's problem would be here if a number could stand for two packets (RFC 9002 5.1). */
  onAcked({ space, packets }: EventData<'recovery:packets_acked'>): void {
    if (this.numbersRepeated === 0) return
    const numbers = this.numbersOf(space)
    for (let i = 0; i + 1 < packets.length; i += 2)
      for (let number = packets[i]; number < packets[i + 1]; number++)
        if (numbers.get(number) & REPEATED) this.rttDiscarded++
  }

  onConnectionState(t: number, to: string): void {
    if (to === 'open') this.established ??= t
  }

  onMetrics(t: number, { cwnd, ssthresh }: EventData<'recovery:metrics_updated'>): void {
    this.onWindow(t, cwnd, ssthresh)
    this.window = cwnd
  }

  onTimer({ timer }: EventData<'recovery:timer_expired'>): void {
    if (timer === 'pto' && this.established !== null) this.timeouts++
  }

  onParameters({ owner, parameters }: EventData<'transport:parameters_set'>): void {
    if (owner === 'remote') this.peerParameters = namesIn(parameters)
  }

  /** Connections of this end that have read 0-RTT packets: one, or more where someone sends the same once more. */
  get earlyAccepted(): number {
    return Math.max(0, ...this.earlyNumbers.values())
  }

  /** RFC 9002 7.3.2 takes a part of the window. */
  protected get reducible(): number {
    return this.window
  }

  protected get floor(): number {
    return WINDOW_FLOOR * this.largestPacket
  }

  private numbersOf(space: string): PacketFlags {
    let numbers = this.numbers.get(space)
    if (numbers === undefined) this.numbers.set(space, (numbers = new PacketFlags()))
    return numbers
  }
}

function namesIn(json: string): Set<string> {
  try {
    const value: unknown = JSON.parse(json)
    return new Set(typeof value === 'object' && value !== null ? Object.keys(value) : [])
  } catch {
    return new Set()
  }
}
