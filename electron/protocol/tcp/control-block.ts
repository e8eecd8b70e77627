/**
 * The transmission control block (RFC 9293 3.3.1): all that is known of one connection. What happens to it
 * stands elsewhere: segments in arrives.ts, timers in timeouts.ts, sending in output.ts, the application's
 * calls in connection.ts.
 */
import type { TcpSettings, TcpState } from '../../../shared/tcp.ts'
import type { StallCause } from '../../../shared/trace/events.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Endpoint, Ipv4Address } from '../wire/address.ts'
import type { TcpSegment } from '../wire/tcp.ts'
import type { TcpConnection } from './connection.ts'
import type { TcpError, TcpEvent } from './events.ts'
import type { TcpListener } from './listener.ts'
import { nextProbe, onProbeEnded, PathMtu } from './path-mtu.ts'
import { Receiver } from './receiver.ts'
import { Sender } from './sender.ts'
import { SequenceSpace } from './sequence.ts'
import type { TcpMetrics } from './settle.ts'
import type { ConnectionState } from './state.ts'
import { overdueAfter } from './stall.ts'
import type { Tap } from './tap.ts'
import { ACK_OVERDUE, RETRANSMIT, Timers } from './timers.ts'

/** What a connection needs of its stack. */
export interface Owner {
  /** The connection may have something to send or a new deadline. */
  wake(block: ControlBlock): void
  tell(event: TcpEvent): void
  /** The connection is CLOSED and leaves the table. */
  release(block: ControlBlock): void
  /** Who looks on at a connection that is established now. */
  tapOf(block: ControlBlock): Tap | undefined
  /** Answers a segment with a RST, as if there were no connection (RFC 9293 3.10.7.1). */
  answerWithReset(remote: Ipv4Address, segment: TcpSegment): void
}

/** How a block comes into being. */
export interface Origin {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly flow: string
  readonly settings: TcpSettings
  readonly initialSequence: number
  readonly timestampOffset: number
  readonly listener?: TcpListener
  /** Uniform in [0, 1), for the congestion control. */
  readonly random: () => number
}

export class ControlBlock {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly flow: string
  readonly trace: Trace
  readonly owner: Owner
  readonly listener: TcpListener | undefined
  settings: TcpSettings
  /** Our sequence numbers, from ISS. */
  readonly space: SequenceSpace
  readonly sender: Sender
  /** Made when the peer's SYN tells IRS. */
  receiver: Receiver
  readonly timers = new Timers()
  state: ConnectionState = { name: 'CLOSED' }
  error: TcpError | undefined
  /** The public face; set by it. */
  connection!: TcpConnection

  /** RFC 7323: both ends sent the option. */
  timestampsOn = false
  /** TS.Recent and when it was taken. */
  recentTimestamp = 0
  recentTimestampAt = 0
  readonly timestampOffset: number
  /** Bytes that one of the peer's window field stands for: 2 to the power of Snd.Wind.Shift. */
  sendScale = 1
  /** SendMSS of RFC 9293 3.7.1, and what is known of the path. */
  peerMss = 536
  readonly pathMtu: PathMtu

  /** The options of our SYN: what the settings want and, in a SYN-ACK, the peer's SYN had (RFC 7323 1.3, RFC 2018 2). */
  offersWindowScale: boolean
  offersSack: boolean
  offersTimestamps: boolean
  offersExperiment: boolean

  /** A SYN of ours has left. */
  synSent = false
  /** What output.ts is to send beside data. */
  synDue = false
  resetDue = false
  /** TIME-WAIT ended (it may last no time) before its ACK was fetched. */
  lastAckDue = false
  probeDue: 'none' | 'window' | 'keep_alive' | 'loss' = 'none'
  /** How long the loss probe that is due has waited. */
  probeWaited = 0
  /** When anything was last heard of the peer, and keep-alive probes unanswered since. */
  heardAt = 0
  keepAliveProbes = 0
  /** When SND.UNA last moved, or data became outstanding. */
  progressAt = 0
  /** An acknowledgment is overdue (stall.ts). */
  overdue = false
  persistBackOff = 0
  /** What was reported last. */
  stall: StallCause | undefined
  metrics: TcpMetrics | undefined
  /** Bookkeeping of the stack: it waits for `pollTransmit`; its place in the heap of deadlines. */
  queued = false
  heapIndex = -1
  wakeAt = Infinity
  /** A `readable` was told and nothing read since; a write was cut short. */
  readableTold = false
  writeBlocked = false
  /** Who looks on, and the position after the last byte that it was told of as sent. */
  tap: Tap | undefined
  tapped = 1
  private challenges = 0
  private challengeSecond = -1
  lastDuplicateAnswer = -Infinity

  constructor(owner: Owner, origin: Origin, trace: Trace) {
    this.owner = owner
    this.local = origin.local
    this.remote = origin.remote
    this.flow = origin.flow
    this.settings = origin.settings
    this.listener = origin.listener
    this.timestampOffset = origin.timestampOffset
    this.offersWindowScale = origin.settings.windowScaling
    this.offersSack = origin.settings.sack
    this.offersTimestamps = origin.settings.timestamps
    this.offersExperiment = origin.settings.experimentalOption
    this.trace = trace
    this.space = new SequenceSpace(origin.initialSequence)
    this.sender = new Sender(origin.settings, this.space, trace, origin.random)
    this.receiver = new Receiver(origin.settings, new SequenceSpace(0))
    this.pathMtu = new PathMtu(origin.settings)
    const { mtuProbe } = this.sender
    mtuProbe.next = () => nextProbe(this)
    mtuProbe.onEnded = (payload, outcome) => onProbeEnded(this, payload, outcome)
  }

  get name(): TcpState {
    return this.state.name
  }

  /** The only way to change the state; a change of name is reported. */
  setState(state: ConnectionState, why: 'segment' | 'timer' | 'call'): void {
    const from = this.state.name
    this.state = state
    if (from !== state.name) this.trace.emit('tcp:state_changed', { from, to: state.name, why })
  }

  /** A SYN or SYN-ACK goes out now, for the first time or again. */
  sendSyn(): void {
    this.synDue = true
    this.owner.wake(this)
  }

  /** Our SYN-ACK has left, though nobody remembers: with a cookie (syn-cookies.ts). */
  recallSyn(): void {
    this.synSent = true
    this.sender.nxt = this.sender.max = 1
    this.receiver.advertise(true)
    this.receiver.onAckSent()
  }

  /** RFC 6298 5.1 to 5.3: the timer starts anew. */
  restartRetransmit(now: Micros): void {
    this.timers.set(RETRANSMIT, now + this.sender.rtt.rto)
    this.expectAck(now)
  }

  /** An acknowledgment is expected from here on; until it is overdue there is hope. */
  expectAck(now: Micros): void {
    this.overdue = false
    this.timers.set(ACK_OVERDUE, now + overdueAfter(this.sender))
  }

  stopRetransmit(): void {
    this.timers.clear(RETRANSMIT)
    this.timers.clear(ACK_OVERDUE)
    this.overdue = false
  }

  /** TSval: one tick a millisecond (RFC 7323 5.4). */
  timestamp(now: Micros): number {
    return (Math.floor(now / 1_000) + this.timestampOffset) >>> 0
  }

  /** RFC 5961 7: so many challenges a second, counted for each connection so that none can spy on another. */
  mayChallenge(now: Micros): boolean {
    const second = Math.floor(now / 1e6)
    if (second !== this.challengeSecond) {
      this.challengeSecond = second
      this.challenges = 0
    }
    return this.challenges++ < this.settings.challengeAckLimit
  }

  tell(type: TcpEvent['type']): void {
    this.owner.tell({ type, connection: this.connection, listener: this.listener, error: this.error })
  }

  /** Tells an application that was turned away when half of the send buffer is free again, not for every byte. */
  offerRoom(): void {
    if (!this.writeBlocked || this.sender.buffer.length * 2 > this.settings.sendBuffer) return
    this.writeBlocked = false
    this.tell('writable')
  }

  /** Ends the connection. `resetDue` may be set before: then its RST still goes out. */
  close(why: 'segment' | 'timer' | 'call', error?: TcpError): void {
    if (this.state.name === 'CLOSED') return
    const hidden = this.state.name === 'SYN-RECEIVED' && this.state.passive
    this.error = error
    this.timers.clearAll()
    this.synDue = false
    this.probeDue = 'none'
    this.setState({ name: 'CLOSED' }, why)
    this.trace.emit('tcp:connection_closed', { error: error ?? '' })
    this.tap?.handleClosed()
    this.listener?.onClosed(this)
    // Nobody has been told of a connection that never left the SYN queue.
    if (!hidden) this.tell('closed')
    this.owner.release(this)
    this.owner.wake(this)
  }
}
