/**
 * The sending half of a connection (RFC 9293 3.3.1, the SND variables): what may be sent now and why not,
 * and what an acknowledgment means. Windows: RFC 9293 3.8.6 and 3.7.4, RFC 5681, RFC 6675, RFC 3042.
 */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import { createCongestionControl } from '../congestion/create.ts'
import { DeliveryRate } from '../congestion/delivery-rate.ts'
import type { CongestionControl, Pacing } from '../congestion/interface.ts'
import { Pacer, windowPacing } from '../congestion/pacer.ts'
import { Acknowledgments } from './acknowledgments.ts'
import { Ecn } from './ecn.ts'
import { MtuProbe } from './mtu-probe.ts'
import { Recovery } from './recovery.ts'
import { RttEstimator } from './rtt.ts'
import { Scoreboard } from './scoreboard.ts'
import { SendBuffer } from '../stream/send-buffer.ts'
import type { SequenceSpace } from './sequence.ts'

/** What is to be sent next. One object, reused. */
export interface Transmission {
  position: number
  /** Bytes of payload. */
  length: number
  fin: boolean
  /** As in the trace's `tcp:segment_sent`. */
  cause: string
}

/** What keeps the next new segment back; `none`: nothing. */
export type Hold = 'none' | 'application' | 'congestion_window' | 'receive_window' | 'nagle'

export class Sender {
  settings: TcpSettings
  private readonly space: SequenceSpace
  private readonly random: () => number
  readonly buffer = new SendBuffer(1)
  readonly board = new Scoreboard()
  readonly rtt: RttEstimator
  readonly recovery: Recovery
  readonly ecn: Ecn
  readonly mtuProbe = new MtuProbe()
  /** Payload of the longest segment that has come through. */
  longestAcked = 0
  congestion: CongestionControl
  /** Of a congestion control that asks for it. */
  rates: DeliveryRate | undefined
  private readonly pacer = new Pacer()
  /** When pacing lets the next segment go, if it is what kept it back last; 0: it is not. */
  pacedUntil = 0
  readonly acks: Acknowledgments
  /** SND.UNA, SND.NXT. */
  una = 0
  nxt = 0
  /** After the highest octet ever sent: beyond SND.NXT by a window probe only. */
  max = 0
  /** Eff.snd.MSS (RFC 9293 3.7.1): payload of a full segment. */
  mss = 536
  sackEnabled = false
  finQueued = false
  /** Expiries of the retransmission timer or unanswered probes since the peer last acknowledged something. */
  retries = 0
  private lastSentAt = -1
  /** Data before it were sent while the congestion window was the limit. */
  limitedUntil = 0
  /** Size of the segment that `hold` last allowed. */
  private allowed = 0
  private readonly transmission: Transmission = { position: 0, length: 0, fin: false, cause: '' }

  /** `random`: uniform in [0, 1), for the congestion control. */
  constructor(settings: TcpSettings, space: SequenceSpace, trace: Trace, random: () => number) {
    this.settings = settings
    this.space = space
    this.random = random
    this.ecn = new Ecn(settings.ecn)
    this.rtt = new RttEstimator(settings)
    this.congestion = this.createCongestion(settings.initialWindow)
    this.board.onDelivered = (octets, mark) => this.rates?.onAcked(this.acks.at, octets, mark)
    this.recovery = new Recovery(this, trace)
    this.acks = new Acknowledgments(this, space, trace)
  }

  private createCongestion(
    segments: number,
    inherited?: { readonly window: number; readonly ssthresh: number },
  ): CongestionControl {
    const control = createCongestionControl(this.settings.congestion, {
      segmentSize: this.mss,
      initialWindow: segments * this.mss,
      hystart: this.settings.hystart,
      paced: this.settings.pacing,
      smoothedRtt: this.rtt.smoothed,
      selectiveAcks: this.sackEnabled,
      random: this.random,
      ...(inherited && { inherited }),
    })
    this.rates = control.onRateSample && new DeliveryRate()
    return control
  }

  toWire(position: number): number {
    return this.space.toWire(position)
  }

  /** The handshake is done: sizes are known and the congestion window begins (RFC 6928 2). */
  establish(mss: number, synsResent: number): void {
    this.mss = mss
    // RFC 6928 2: several SYNs were lost, so begin with one segment.
    this.congestion = this.createCongestion(synsResent > 1 ? 1 : this.settings.initialWindow)
    if (synsResent > 0) this.rtt.distrust()
  }

  /** SND.WND. */
  get window(): number {
    return this.acks.window
  }

  /** RACK.min_RTT. */
  get minRtt(): number {
    return this.acks.minRtt
  }

  get ackRtt(): number | undefined {
    return this.acks.rtt
  }

  /** RFC 8985 needs SACK. */
  get usesRack(): boolean {
    return this.settings.rack && this.sackEnabled
  }

  /** FlightSize of RFC 5681. */
  get flight(): number {
    return this.nxt - this.una
  }

  get unsent(): number {
    return this.buffer.end - this.nxt
  }

  get finUnsent(): boolean {
    return this.finQueued && this.nxt <= this.buffer.end
  }

  /** Our FIN is acknowledged. */
  get finAcknowledged(): boolean {
    return this.finQueued && this.una > this.buffer.end
  }

  get hasUnsent(): boolean {
    return this.unsent > 0 || this.finUnsent
  }

  /** What congestion control allows to be in flight, in bytes, with RFC 6582's inflation. */
  get congestionWindow(): number {
    const { allowance } = this.recovery.reduction
    const window = allowance === undefined ? this.congestion.window : this.board.pipe + allowance
    return Math.max(window + this.recovery.inflation, this.mss)
  }

  /** Octets that congestion control allows beyond what is in flight. */
  private get congestionRoom(): number {
    const { recovery, settings } = this
    const room = this.congestionWindow - this.board.pipe
    if (recovery.phase !== 'open' || recovery.duplicateAcks === 0) return room
    // Duplicate ACKs, but no loss yet: RFC 3042 lets a segment go for each, or nothing goes.
    if (!settings.limitedTransmit) return this.congestionWindow - this.flight
    if (this.sackEnabled) return room
    return room + Math.min(recovery.duplicateAcks, settings.dupThresh - 1) * this.mss
  }

  /** What keeps the next new segment back, in the order of DESIGN 6.2. */
  hold(): Hold {
    const unsent = this.unsent
    if (unsent <= 0 && !this.finUnsent) return 'application'
    const size = Math.min(this.mss, unsent)
    this.allowed = size
    if (size > this.congestionRoom) return 'congestion_window'
    const usable = this.una + this.window - this.nxt
    if (usable < Math.max(size, 1)) return this.holdForWindow(usable)
    if (size < this.mss && !this.finQueued && this.settings.nagle && this.nxt > this.una) return 'nagle'
    return 'none'
  }

  /** RFC 9293 3.8.6.2.1: a segment cut by the window goes only if it is half of the largest window. */
  private holdForWindow(usable: number): Hold {
    if (usable <= 0 || this.unsent === 0) return 'receive_window'
    if (this.settings.senderSws) {
      if (usable < this.acks.largestWindow / 2) return 'receive_window'
      if (this.settings.nagle && this.nxt > this.una) return 'receive_window'
    }
    this.allowed = usable
    return 'none'
  }

  /** What of TCP's own would keep a full segment back, were there more to send. */
  holdOfMore(): 'congestion_window' | 'receive_window' | undefined {
    if (this.mss > this.congestionRoom) return 'congestion_window'
    return this.una + this.window - this.nxt < this.mss ? 'receive_window' : undefined
  }

  /** The next segment to send, accounted for as sent; undefined: none may go. */
  next(now: Micros): Transmission | undefined {
    if (this.isPaced(now)) return undefined
    const transmission = this.choose(now)
    if (transmission !== undefined) {
      this.pacer.onSent(transmission.length)
      this.recovery.reduction.onSent(transmission.length)
    } else if (!this.hasUnsent && this.board.waiting === 0 && this.board.pipe < this.congestionWindow)
      this.rates?.markAppLimited(this.board.pipe)
    return transmission
  }

  /** The congestion control sets a rate, and the next segment has its time. */
  private isPaced(now: Micros): boolean {
    const pacing = this.congestion.pacing ?? this.windowPacing
    const at = pacing === undefined ? now : this.pacer.nextAt(now, pacing, this.mss)
    this.pacedUntil = at > now ? at : 0
    return at > now
  }

  /** RFC 9002 7.7's rule, for an algorithm that rules the window only; undefined: not asked for, or no round trip is known. */
  private get windowPacing(): Pacing | undefined {
    const { settings, rtt, congestionWindow, mss } = this
    if (!settings.pacing || rtt.smoothed === 0) return undefined
    return windowPacing(congestionWindow, rtt.smoothed, mss)
  }

  private choose(now: Micros): Transmission | undefined {
    const { frto } = this.recovery
    if (frto.holdsBack) {
      // RFC 5682 2.1 (2b): new data, whatever is taken for lost.
      if (frto.allowance === 0 || !this.canSendNew) return undefined
      frto.allowance--
      return this.sendNew(now, Math.min(this.mss, this.unsent), false, '')
    }
    const again = this.nextRetransmission(now)
    // What is lost goes first; when the window has no room for it, nothing else may take that room.
    if (again !== undefined) return again
    if (this.board.waiting > 0) {
      this.limitedUntil = this.nxt
      return undefined
    }
    const size = this.probeSize
    return size > 0 ? this.nextMtuProbe(now, size) : (this.nextNew(now) ?? this.nextSpeculative(now))
  }

  private nextRetransmission(now: Micros): Transmission | undefined {
    const { board, recovery } = this
    if (board.waiting === 0) return undefined
    const index = board.nextLost()
    if (index < 0) return undefined
    if (!recovery.mustRetransmit && board.length(index) > this.congestionWindow - board.pipe) return undefined
    recovery.mustRetransmit = false
    return this.resend(now, index, board.trigger(index))
  }

  /** NextSeg rules 3 and 4 of RFC 6675 4: in recovery, room left, nothing new to send. */
  private nextSpeculative(now: Micros): Transmission | undefined {
    const { board, recovery } = this
    // RACK knows when to doubt, and its probe what to do about the tail.
    if (recovery.phase !== 'recovery' || !this.sackEnabled || this.usesRack) return undefined
    if (this.mss > this.congestionWindow - board.pipe) return undefined
    const doubtful = board.nextDoubtful()
    if (doubtful >= 0) return this.resend(now, doubtful, 'sack')
    if (recovery.rescued) return undefined
    recovery.rescued = true
    const newest = board.newestUnsacked()
    return newest < 0 ? undefined : this.resend(now, newest, 'sack')
  }

  private resend(now: Micros, index: number, cause: string): Transmission {
    const { board, transmission } = this
    board.resent(index, now, this.rates?.onSent(now, board.pipe, board.length(index), true))
    transmission.position = board.position(index)
    const end = board.end(index)
    this.recovery.undo.onResent(now, board.length(index))
    this.acks.resentData.add(transmission.position, end)
    transmission.fin = end > this.buffer.end
    transmission.length = end - transmission.position - (transmission.fin ? 1 : 0)
    transmission.cause = cause
    return transmission
  }

  /** Payload of a probe for a larger MTU that is to be sent before anything else that is new; 0: there is none (RFC 4821 7.4). */
  private get probeSize(): number {
    const { settings, mtuProbe, recovery, board } = this
    if (!settings.mtuProbing || mtuProbe.isOut || recovery.phase !== 'open') return 0
    if (recovery.duplicateAcks > 0 || board.sackedLength > 0) return 0
    const size = mtuProbe.next()
    // As many segments must follow as show by their arrival that the probe was lost (RFC 4821 7.4).
    const needed = size + settings.dupThresh * this.mss
    const usable = this.una + this.window - this.nxt
    return Math.min(this.unsent, usable, this.congestionWindow) < needed ? 0 : size
  }

  /** It waits for room, and all else for it: acknowledgments one by one would never make enough. */
  private nextMtuProbe(now: Micros, size: number): Transmission | undefined {
    if (size > this.congestionRoom) {
      this.limitedUntil = this.nxt
      return undefined
    }
    this.mtuProbe.sent(this.nxt, size)
    return this.sendNew(now, size, false, 'mtu_probe')
  }

  private nextNew(now: Micros): Transmission | undefined {
    if (!this.hasUnsent) return undefined
    this.restartAfterIdle(now)
    const hold = this.hold()
    if (hold === 'congestion_window') this.limitedUntil = this.nxt
    if (hold !== 'none') return undefined
    const size = this.allowed
    const limited = this.recovery.duplicateAcks > 0 && this.recovery.phase === 'open'
    const beyond = limited && this.flight + size > this.congestion.window
    if (beyond) this.recovery.limitedTransmitted += size
    const fits = this.una + this.window - this.nxt > size
    const fin = this.finQueued && size === this.unsent && fits
    return this.sendNew(now, size, fin, beyond ? 'limited_transmit' : '')
  }

  private sendNew(now: Micros, length: number, fin: boolean, cause: string): Transmission {
    const { transmission } = this
    transmission.position = this.nxt
    transmission.length = length
    transmission.fin = fin
    transmission.cause = cause
    const occupied = length + (fin ? 1 : 0)
    if (this.board.isEmpty && this.rates?.isAppLimited) this.congestion.onIdleRestart?.(now)
    this.board.push(this.nxt, occupied, now, this.rates?.onSent(now, this.board.pipe, occupied))
    this.nxt += occupied
    if (this.nxt > this.max) this.max = this.nxt
    this.lastSentAt = now
    if (cause !== 'loss_probe') this.recovery.probe.start(now)
    return transmission
  }

  /** RFC 5681 4.1: after a pause longer than the timeout, ACKs no longer clock the sender. */
  private restartAfterIdle(now: Micros): void {
    if (this.lastSentAt < 0 || !this.board.isEmpty) return
    if (now - this.lastSentAt > this.rtt.rto) this.congestion.onRestart(now)
    this.lastSentAt = now
  }

  /**
   * The persist timer ran out. Into a window that is only small, what fits goes (the override of RFC 9293
   * 3.8.6.2.1 (4)); into a closed one, one octet that does not count as sent (RFC 9293 3.8.6.1).
   */
  probe(now: Micros): Transmission {
    const usable = this.una + this.window - this.nxt
    if (usable > 0 && this.unsent > 0) {
      return this.sendNew(now, Math.min(usable, this.unsent, this.mss), false, '')
    }
    const { transmission } = this
    transmission.position = this.nxt
    transmission.length = Math.min(1, this.unsent)
    transmission.fin = transmission.length === 0
    transmission.cause = 'window_probe'
    this.max = Math.max(this.max, this.nxt + 1)
    return transmission
  }

  /** There are new data, and the receive window takes the next segment of them. */
  get canSendNew(): boolean {
    return this.unsent > 0 && this.una + this.window - this.nxt >= Math.min(this.mss, this.unsent)
  }

  /**
   * When the loss probe is due; Infinity: there is none (RFC 8985 7.2).
   * @param rtoAt when the retransmission timer runs out
   */
  probeDueAt(rtoAt: number): number {
    const { settings, sackEnabled, recovery, board, flight, mss, rtt } = this
    if (!settings.tailLossProbe || !sackEnabled || board.isEmpty) return Infinity
    if (recovery.phase !== 'open' || board.sackedSegments > 0) return Infinity
    return recovery.probe.dueAt(rtt.smoothed, flight <= mss, rtoAt)
  }

  /** The loss probe (RFC 8985 7.3): new data, whatever the congestion window says, or the last segment again. */
  sendLossProbe(now: Micros, waited: number): Transmission | undefined {
    const { probe } = this.recovery
    const newest = this.board.newestUnsacked()
    if (newest < 0) return undefined
    const isNew = this.canSendNew
    const sent = isNew
      ? this.sendNew(now, Math.min(this.mss, this.unsent), false, 'loss_probe')
      : this.resend(now, newest, 'loss_probe')
    probe.onSent(this.nxt, !isNew, waited)
    return sent
  }

  /** The retransmission timer ran out. */
  onTimeout(now: Micros): void {
    this.retries++
    this.rtt.backOff++
    this.recovery.onTimeout(now)
  }

  /** New settings; the congestion control may be another from now on, with the window that there is. */
  configure(settings: TcpSettings, mss: number): void {
    const old = this.settings
    this.settings = settings
    this.rtt.configure(settings)
    if (mss !== this.mss) {
      if (mss < this.mss) this.board.split(mss, this.recovery.onLost)
      this.mss = mss
      this.congestion.setSegmentSize(mss)
    }
    if (settings.congestion === old.congestion) return
    const { window, ssthresh } = this.congestion
    const initialWindow = settings.initialWindow * mss
    // A window that never limited says nothing about the path: what is in flight does.
    const inherited = { window: Math.min(window, Math.max(this.flight, initialWindow)), ssthresh }
    this.congestion = this.createCongestion(settings.initialWindow, inherited)
  }
}
