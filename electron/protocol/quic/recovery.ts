/**
 * Loss detection and what follows from it (RFC 9002 6, 7 and appendix A): packets are acknowledged or lost, never sent again; what
 * they carried is. The congestion window itself is an algorithm's (`../congestion`).
 */
import { after, type Micros } from '../../../shared/units.ts'
import { DeliveryRate, type Surroundings } from '../congestion/delivery-rate.ts'
import type { CongestionControl } from '../congestion/interface.ts'
import type { AckFrame } from '../wire/quic/frames.ts'
import type { RecoveryChange } from './observer.ts'
import { GRANULARITY, RttEstimator } from './rtt.ts'
import type { SentPacket } from './sent.ts'
import { SPACES, type SpaceName } from './space.ts'

/** RFC 9002 6.1.1. */
const PACKET_THRESHOLD = 3
/** RFC 9002 6.1.2. */
const TIME_THRESHOLD = 9 / 8
/** RFC 9002 7.6.1: probe timeouts that all must be lost. */
const PERSISTENT_CONGESTION = 3

export type LossTrigger = 'reordering_threshold' | 'time_threshold' | 'pto_expired'

export interface LostPacket {
  readonly packet: SentPacket
  readonly trigger: LossTrigger
}

/** What an ACK brought about. */
export interface AckOutcome {
  /** In the order in which they were sent. */
  readonly acked: readonly SentPacket[]
  readonly lost: readonly LostPacket[]
  /** A new sample, in microseconds. */
  readonly rtt?: number
}

class Space {
  /** By number, in the order in which they were sent. */
  readonly packets = new Map<number, SentPacket>()
  largestAcked = -1
  /** When the oldest packet counts as lost by time. */
  lossTime: Micros | undefined
  lastAckElicitingAt = 0 as Micros
  /** Ack-eliciting packets in flight. */
  outstanding = 0
}

export interface RecoveryOptions {
  readonly control: CongestionControl
  /** Bytes of a full datagram. */
  readonly datagramSize: number
  readonly initialRtt?: number
  /** Is told of timers that ran out and of the phases of congestion control. */
  readonly report?: (change: RecoveryChange) => void
}

export class Recovery {
  readonly rtt: RttEstimator
  control: CongestionControl
  bytesInFlight = 0
  /** How often the probe timeout has run out in a row. */
  ptoCount = 0
  /** Datagrams with probes that may be sent although the window is full (RFC 9002 7.5). */
  probes = 0
  probeSpace: SpaceName | undefined
  /** The peer's max_ack_delay in microseconds. */
  maxAckDelay = 25_000
  handshakeConfirmed = false
  private readonly spaces: Readonly<Record<SpaceName, Space>> = {
    initial: new Space(),
    handshake: new Space(),
    application: new Space(),
  }
  private datagramSize: number
  /** Losses of packets sent before are of the recovery that goes on (RFC 9002 7.3.2). */
  private recoveryStart: Micros | undefined
  private firstSampleAt: Micros | undefined
  /** Packets that were sent by then filled the window, and let it grow (RFC 9002 7.8). */
  private limitedAt = -1 as Micros
  /** When the path that is used was taken; what was sent before went by another. */
  private pathSince = 0 as Micros
  /** When something was last acknowledged, or began to wait for it. */
  private progressAt = 0 as Micros
  /** A recovery goes on until something that was sent in it is acknowledged (RFC 9002 7.3.2). */
  private recovering = false
  private reported: string
  private rates: DeliveryRate | undefined
  private readonly report: ((change: RecoveryChange) => void) | undefined

  constructor({ control, datagramSize, initialRtt, report }: RecoveryOptions) {
    this.report = report
    this.control = control
    this.reported = control.state ?? 'slow_start'
    this.rates = control.onRateSample && new DeliveryRate()
    this.datagramSize = datagramSize
    this.rtt = new RttEstimator(initialRtt)
  }

  // --- sending (A.5, B.4) ---------------------------------------------------------------------------------

  /** What may be in flight; never less than two datagrams (RFC 9002 7.2). */
  get window(): number {
    return Math.max(this.control.window, 2 * this.datagramSize)
  }

  /** Losses are being repaired: the window does not grow (RFC 9002 7.3.2). */
  isRecovering(packet: Pick<SentPacket, 'sentAt'>): boolean {
    return this.recoveryStart !== undefined && packet.sentAt <= this.recoveryStart
  }

  setDatagramSize(bytes: number): void {
    if (bytes === this.datagramSize) return
    this.datagramSize = bytes
    this.control.setSegmentSize(bytes)
  }

  largestAcked(space: SpaceName): number {
    return this.spaces[space].largestAcked
  }

  /** Packets that ask for an ACK wait for it. */
  get hasOutstanding(): boolean {
    return SPACES.some((name) => this.awaits(name))
  }

  /** Packets of this space that ask for an ACK wait for it. */
  awaits(space: SpaceName): boolean {
    return this.spaces[space].outstanding > 0
  }

  /**
   * A probe is to go in this space: in the one whose timer ran out, and coalesced with it in the others that wait for an ACK, since
   * the peer may have the keys of one only (RFC 9002 6.2.4).
   */
  isProbing(space: SpaceName): boolean {
    return this.probes > 0 && (this.probeSpace === space || this.awaits(space))
  }

  /** A recovery goes on (RFC 9002 7.3.2). */
  get isRepairing(): boolean {
    return this.recovering
  }

  /** When an acknowledgment will have been missing for long (`stall.ts`). */
  get overdueAt(): Micros {
    if (!this.rtt.hasSample) return Infinity as Micros
    return after(this.progressAt, 2 * this.rtt.smoothed + this.maxAckDelay)
  }

  /** Packets of the space that wait for their fate, the oldest first. */
  unacknowledged(space: SpaceName): Iterable<SentPacket> {
    return this.spaces[space].packets.values()
  }

  onSent(packet: SentPacket): void {
    const space = this.spaces[packet.space]
    space.packets.set(packet.number, packet)
    if (packet.ackEliciting) {
      if (!this.hasOutstanding) this.progressAt = packet.sentAt
      space.outstanding++
      space.lastAckElicitingAt = packet.sentAt
    }
    if (!packet.inFlight) return
    if (this.bytesInFlight === 0 && this.rates?.isAppLimited) this.control.onIdleRestart?.(packet.sentAt)
    packet.mark = this.rates?.onSent(packet.sentAt, this.bytesInFlight, packet.size)
    this.bytesInFlight += packet.size
  }

  /** The window, or the pacer under it, holds data back: all that has been sent so far was part of a full window. */
  onWindowLimited(now: Micros): void {
    this.limitedAt = now
  }

  /** Nothing is left to send, though the window has room: the rate of delivery is the application's for a while. */
  onAppLimited(): void {
    if (this.bytesInFlight < this.window) this.rates?.markAppLimited(this.bytesInFlight)
  }

  // --- acknowledgments (A.7) ------------------------------------------------------------------------------

  /**
   * Takes in an ACK. `ackDelay` is the delay that it tells, in microseconds. Undefined: it acknowledges what was never sent, a
   * PROTOCOL_VIOLATION (RFC 9000 13.1); `next` is the number that the space would use next.
   */
  onAck(
    now: Micros,
    name: SpaceName,
    frame: AckFrame,
    ackDelay: number,
    next: number,
  ): AckOutcome | undefined {
    const space = this.spaces[name]
    const largest = frame.ranges[0].to
    if (largest >= next) return undefined
    space.largestAcked = Math.max(space.largestAcked, largest)
    const priorInFlight = this.bytesInFlight
    const acked = this.take(space, frame)
    if (acked.length === 0) return { acked, lost: [] }
    this.progressAt = now
    const rtt = this.sampleRtt(now, name, acked, largest, ackDelay)
    // RFC 9406 4.2 counts rounds by packet numbers here; each space has its own, so one must do.
    if (name === 'application') this.control.hystart?.onAck(rtt, largest, next - 1)
    for (const packet of acked) this.onPacketAcked(now, packet)
    this.reportPhase('acknowledged')
    const lost = this.detectLost(now, name)
    this.sampleRate(now, { rtt, priorInFlight, inFlight: this.bytesInFlight })
    // A client's probes go on until the server has shown that it may answer (6.2.1, A.7).
    if (this.peerCompletedAddressValidation) this.ptoCount = 0
    this.probes = 0
    return { acked, lost, ...(rtt !== undefined && { rtt }) }
  }

  /** Set by a client that does not know yet whether the server may send to it (RFC 9002 6.2.2.1). */
  peerCompletedAddressValidation = true

  private take(space: Space, { ranges }: AckFrame): SentPacket[] {
    const acked: SentPacket[] = []
    for (let i = ranges.length - 1; i >= 0; i--) {
      const { from, to } = ranges[i]
      // The peer may name ranges far larger than what is outstanding: walk over the smaller of the two.
      if (to - from > space.packets.size) {
        for (const packet of space.packets.values())
          if (packet.number >= from && packet.number <= to) acked.push(packet)
      } else
        for (let number = from; number <= to; number++) {
          const packet = space.packets.get(number)
          if (packet !== undefined) acked.push(packet)
        }
    }
    for (const packet of acked) this.remove(space, packet)
    return acked
  }

  private remove(space: Space, packet: SentPacket): void {
    space.packets.delete(packet.number)
    if (packet.ackEliciting) space.outstanding--
    if (packet.inFlight) this.bytesInFlight -= packet.size
  }

  /** RFC 9002 5.1: only the largest number gives a sample, and only if anything that was acknowledged asks for ACKs. */
  private sampleRtt(
    now: Micros,
    name: SpaceName,
    acked: readonly SentPacket[],
    largest: number,
    ackDelay: number,
  ): number | undefined {
    const newest = acked[acked.length - 1]
    if (newest.number !== largest || !acked.some((packet) => packet.ackEliciting)) return undefined
    if (newest.sentAt < this.pathSince || (newest.ackEliciting && !newest.inFlight)) return undefined
    const sample = now - newest.sentAt
    // RFC 9002 5.3: Initial ACKs are not delayed; after the handshake the peer keeps to what it promised.
    const told = name === 'initial' ? 0 : ackDelay
    const delay = this.handshakeConfirmed ? Math.min(told, this.maxAckDelay) : told
    this.rtt.sample(Math.max(sample, 1), delay)
    this.firstSampleAt ??= now
    return sample
  }

  /** What the ACK says of the rate, once its losses are known, too. */
  private sampleRate(now: Micros, surroundings: Surroundings): void {
    const sample = this.rates?.take(this.rtt.min, surroundings)
    if (sample === undefined) return
    this.control.onRateSample?.(now, sample)
    this.reportPhase('acknowledged')
  }

  private onPacketAcked(now: Micros, packet: SentPacket): void {
    if (packet.mark !== undefined) this.rates?.onAcked(now, packet.size, packet.mark)
    if (!packet.inFlight || this.isRecovering(packet)) return
    this.recovering = false
    this.control.onRecovered?.()
    this.control.onAck(now, packet.size, this.rtt.smoothed, packet.sentAt <= this.limitedAt)
  }

  // --- loss (A.10) ----------------------------------------------------------------------------------------

  private detectLost(now: Micros, name: SpaceName): LostPacket[] {
    const space = this.spaces[name]
    space.lossTime = undefined
    const span = Math.max(TIME_THRESHOLD * Math.max(this.rtt.latest, this.rtt.smoothed), GRANULARITY)
    const lost: LostPacket[] = []
    for (const packet of space.packets.values()) {
      if (packet.number > space.largestAcked) break
      if (space.largestAcked - packet.number >= PACKET_THRESHOLD)
        lost.push({ packet, trigger: 'reordering_threshold' })
      else {
        // The same sum as the timer's, or rounding would let it run out for ever.
        const at = after(packet.sentAt, span)
        if (at <= now) lost.push({ packet, trigger: 'time_threshold' })
        else if (space.lossTime === undefined || at < space.lossTime) space.lossTime = at
      }
    }
    for (const { packet } of lost) this.remove(space, packet)
    if (lost.length > 0) this.onLost(now, lost)
    return lost
  }

  /** RFC 9002 7.3.2, 7.6. */
  private onLost(now: Micros, lost: readonly LostPacket[]): void {
    // A probe of the path's MTU is no sign of congestion (RFC 9000 14.4).
    const congested = lost.filter(
      ({ packet }) => packet.inFlight && !packet.carried.some(({ type }) => type === 'mtu_probe'),
    )
    if (congested.length === 0) return
    for (const { packet } of congested) this.rates?.onLost(packet.size, packet.mark)
    const latest = congested[congested.length - 1].packet
    this.onCongestion(now, latest.sentAt, 'packet_lost')
    if (this.isPersistent(congested)) {
      this.control.onTimeout(now, this.control.window, true)
      this.recoveryStart = undefined
      this.recovering = false
      this.reportPhase('persistent_congestion')
    }
  }

  /** A loss, or a mark of congestion, of a packet sent at `sentAt`. */
  onCongestion(now: Micros, sentAt: Micros, trigger: 'packet_lost' | 'ecn'): void {
    if (this.isRecovering({ sentAt })) return
    this.recoveryStart = now
    this.recovering = true
    // RFC 9002 7.3.2 speaks of the window where RFC 5681 does of what is in flight.
    if (trigger === 'ecn' && this.control.onNotified) this.control.onNotified(now, this.control.window)
    else this.control.onLoss(now, this.control.window)
    this.reportPhase(trigger)
  }

  /** The algorithm's own state, where it has states. */
  get phase(): string {
    if (this.control.state !== undefined) return this.control.state
    if (this.recovering) return 'recovery'
    if (this.control.window >= this.control.ssthresh) return 'congestion_avoidance'
    return this.control.hystart?.phase === 'conservative' ? 'conservative_slow_start' : 'slow_start'
  }

  private reportPhase(trigger: Extract<RecoveryChange, { type: 'congestion' }>['trigger']): void {
    const { phase, reported } = this
    if (phase === reported) return
    this.reported = phase
    this.report?.({ type: 'congestion', from: reported, to: phase, trigger })
  }

  /** RFC 9002 7.6.2: two packets that ask for ACKs, so far apart, and all between them lost. */
  private isPersistent(lost: readonly LostPacket[]): boolean {
    if (this.firstSampleAt === undefined) return false
    const duration = (this.rtt.probeTimeout + this.maxAckDelay) * PERSISTENT_CONGESTION
    let first: SentPacket | undefined
    let previous: SentPacket | undefined
    for (const { packet } of lost) {
      const contiguous = previous === undefined || packet.number === previous.number + 1
      if (!contiguous) first = undefined
      previous = packet
      if (!packet.ackEliciting || packet.sentAt < this.firstSampleAt) continue
      first ??= packet
      if (packet.sentAt - first.sentAt > duration) return true
    }
    return false
  }

  // --- timers (A.8, A.9) ----------------------------------------------------------------------------------

  /** When `onTimeout` is to be called; undefined: never, as things stand. `maySend`: we are not held back by the 3x limit. */
  timeout(keys: ReadonlySet<SpaceName>, maySend: boolean): Micros | undefined {
    const loss = this.earliestLoss()
    if (loss !== undefined) return loss.at
    if (!maySend) return undefined
    return this.probeTime(keys)?.at
  }

  /** What ran out: packets that count as lost by now, or a probe to be sent. */
  onTimeout(now: Micros, keys: ReadonlySet<SpaceName>): readonly LostPacket[] {
    const loss = this.earliestLoss()
    if (loss !== undefined) {
      this.report?.({ type: 'timer', timer: 'loss', space: loss.space, count: 0 })
      return this.detectLost(now, loss.space)
    }
    const probe = this.probeTime(keys)
    if (probe === undefined) return []
    this.ptoCount++
    this.probeSpace = probe.space
    this.report?.({ type: 'timer', timer: 'pto', space: probe.space, count: this.ptoCount })
    // RFC 9002 6.2.4: two, since one may be lost, too.
    this.probes = 2
    return []
  }

  private earliestLoss(): { readonly at: Micros; readonly space: SpaceName } | undefined {
    let earliest: { readonly at: Micros; readonly space: SpaceName } | undefined
    for (const name of SPACES) {
      const { lossTime } = this.spaces[name]
      if (lossTime !== undefined && (earliest === undefined || lossTime < earliest.at))
        earliest = { at: lossTime, space: name }
    }
    return earliest
  }

  private probeTime(
    keys: ReadonlySet<SpaceName>,
  ): { readonly at: Micros; readonly space: SpaceName } | undefined {
    const backOff = 2 ** this.ptoCount
    if (!this.hasOutstanding) {
      if (this.peerCompletedAddressValidation) return undefined
      // RFC 9002 6.2.2.1: a client sends something, lest both wait for each other.
      const space = keys.has('handshake') ? 'handshake' : 'initial'
      const last = Math.max(...SPACES.map((name) => this.spaces[name].lastAckElicitingAt)) as Micros
      return { at: after(last, this.rtt.probeTimeout * backOff), space }
    }
    let earliest: { readonly at: Micros; readonly space: SpaceName } | undefined
    for (const name of SPACES) {
      const space = this.spaces[name]
      if (space.outstanding === 0) continue
      // RFC 9002 6.2.1: not for application data before the handshake is confirmed.
      if (name === 'application' && !this.handshakeConfirmed) break
      const delay = name === 'application' ? this.maxAckDelay : 0
      const at = after(space.lastAckElicitingAt, (this.rtt.probeTimeout + delay) * backOff)
      if (earliest === undefined || at < earliest.at) earliest = { at, space: name }
    }
    return earliest
  }

  /** Keys of a space are gone: what was sent under them is neither acknowledged nor lost (RFC 9002 6.4). */
  discard(name: SpaceName): void {
    const space = this.spaces[name]
    for (const packet of space.packets.values()) if (packet.inFlight) this.bytesInFlight -= packet.size
    space.packets.clear()
    space.outstanding = 0
    space.lossTime = undefined
    this.ptoCount = 0
  }

  /**
   * The connection goes on by another path, with a window and a round trip of its own: what went by the old one counts for neither,
   * nor is it in flight here; it is still acknowledged or lost (RFC 9000 9.4).
   */
  changePath(now: Micros, control: CongestionControl): void {
    this.control = control
    this.rates = control.onRateSample && new DeliveryRate()
    this.rtt.reset()
    this.recoveryStart = this.firstSampleAt = undefined
    this.recovering = false
    this.ptoCount = 0
    this.pathSince = now
    this.bytesInFlight = 0
    for (const name of SPACES)
      for (const packet of this.spaces[name].packets.values()) {
        packet.inFlight = false
        packet.mark = undefined
      }
  }

  /** Gives up all of a space as lost, as when the server refuses 0-RTT or sends Retry; no sign of congestion. */
  giveUp(name: SpaceName): readonly SentPacket[] {
    const space = this.spaces[name]
    const packets = [...space.packets.values()]
    for (const packet of packets) this.remove(space, packet)
    space.lossTime = undefined
    return packets
  }
}
