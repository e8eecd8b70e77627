/**
 * What the senders of all three protocols have in common: a window of packets that are not acknowledged, a timer, and the packets that are
 * due to be sent again (RFC 3366 1.3 and 2.1). What comes of a timeout, and what of an acknowledgment beyond the window's base, is each
 * one's own.
 */
import type { EventData } from '../../../shared/trace/events.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import { decodeArq, encodeArq, type ArqAck } from './packet.ts'
import { RetransmissionTimer, type TimerSettings } from './timer.ts'

export interface ArqSenderOptions extends TimerSettings {
  /** Of this transfer and no other, 32 bits at random. */
  readonly transfer: number
  /** Packets that may be unacknowledged, 1 at least. */
  readonly window: number
  /** Bytes to be sent, 1 at least, and bytes of each packet but the last. */
  readonly bytes: number
  readonly payload: number
  /** A packet that was sent so often without an answer ends the transfer. */
  readonly retries: number
  /** Gives the next bytes of what is to be sent. They are handed over. */
  readonly read: (length: number) => Uint8Array
  /** Of the exchange with the receiver. */
  readonly trace: Trace
}

/** A packet for the wire, and what the trace is to be told of it under the number that it is given there. */
export interface Outgoing {
  readonly bytes: Uint8Array
  readonly told: EventData<'arq:packet_sent'>
}

/** Why a packet is sent again: its timer ran out, one before it is sent again, or others have overtaken it. */
export type Again = 'timeout' | 'go_back' | 'repeat'

/** A packet that is not acknowledged. */
export interface Outstanding {
  readonly number: number
  readonly bytes: Uint8Array
  readonly payload: number
  readonly last: boolean
  sentAt: number
  /** When it is given up for lost, and how long it is waited for until then. */
  deadline: number
  timeout: number
  /** How often it was sent. */
  sendings: number
  /** How often without an answer, sendings for the sake of another packet apart. */
  tries: number
  /** Its place among all sendings. */
  order: number
}

export abstract class ArqSender {
  /** The oldest packet that is not acknowledged, and the next new one. */
  base = 0
  next = 0
  /** Why the transfer ended before its time. */
  error: 'no_answer' | undefined
  protected readonly options: ArqSenderOptions
  protected readonly timer: RetransmissionTimer
  /** By number, in the order of their numbers. */
  protected readonly outstanding = new Map<number, Outstanding>()
  /** What is to be sent again, in the order in which it will be. */
  protected readonly due = new Map<number, Again>()
  private readonly count: number
  private sendings = 0
  private backedOffAt = 0
  private reported = ''

  constructor(options: ArqSenderOptions) {
    this.options = options
    this.timer = new RetransmissionTimer(options)
    this.count = Math.ceil(options.bytes / options.payload)
  }

  /** The packet that is given up for lost next; undefined: none is under way. */
  protected abstract get awaited(): Outstanding | undefined
  /** The time of `awaited` is over: says what is due. */
  protected abstract onExpired(now: Micros, awaited: Outstanding): void
  /** Takes in what an acknowledgment says beyond its number; returns whether that was news. */
  protected abstract onSelective(ack: ArqAck): boolean
  /** The base has moved. */
  protected abstract onAdvanced(now: Micros): void

  /** Everything was acknowledged. */
  get finished(): boolean {
    return this.base === this.count
  }

  /** A datagram came from the receiver. Total. */
  handleDatagram(now: Micros, bytes: Uint8Array): void {
    const { trace, transfer } = this.options
    const read = decodeArq(bytes)
    if (!read.ok) {
      const { reason, offset } = read.error
      return trace.emit('arq:packet_rejected', { reason, offset })
    }
    const packet = read.value
    if (packet.kind !== 'ack')
      return trace.emit('arq:packet_rejected', { reason: 'unexpected_data', offset: 2 })
    if (packet.transfer !== transfer)
      return trace.emit('arq:packet_rejected', { reason: 'other_transfer', offset: 4 })
    const beyond = Math.max(packet.number, packet.echo + 1, packet.ranges.at(-1) ?? 0)
    if (beyond > this.next) return trace.emit('arq:packet_rejected', { reason: 'never_sent', offset: 8 })
    if (this.error === undefined) this.onAck(now, packet)
  }

  private onAck(now: Micros, ack: ArqAck): void {
    this.sample(now, ack.echo)
    const selective = this.onSelective(ack)
    const advanced = ack.number > this.base
    const verdict = selective || advanced ? 'new' : 'old'
    this.options.trace.emit('arq:packet_received', { kind: 'ack', number: ack.number, verdict })
    if (!advanced) return
    for (let number = this.base; number < ack.number; number++) {
      this.outstanding.delete(number)
      this.due.delete(number)
    }
    this.base = ack.number
    this.onAdvanced(now)
  }

  /** Karn's rule: of a packet that was sent more than once nobody knows which sending is answered (RFC 6298 3). */
  private sample(now: Micros, echo: number): void {
    const packet = this.outstanding.get(echo)
    if (packet?.sendings === 1) this.timer.sample(now - packet.sentAt, this.outstanding.size)
  }

  pollTimeout(): Micros | undefined {
    return this.error === undefined ? (this.awaited?.deadline as Micros | undefined) : undefined
  }

  handleTimeout(now: Micros): void {
    const { awaited } = this
    if (this.error !== undefined || awaited === undefined || now < awaited.deadline) return
    const { number, timeout: rto } = awaited
    this.options.trace.emit('arq:timer_expired', { number, rto })
    // Packets of one burst that are lost together are one sign of trouble and not many.
    if (awaited.sentAt >= this.backedOffAt) this.timer.backOff()
    this.backedOffAt = now
    this.onExpired(now, awaited)
  }

  /** A packet is due once more, unless it was sent in vain often enough. */
  protected repeat(packet: Outstanding, cause: Again): void {
    if (cause !== 'go_back' && packet.tries >= this.options.retries) this.error = 'no_answer'
    else this.due.set(packet.number, cause)
  }

  /** The next packet to be sent now; undefined: none. What was sent before goes first. */
  pollTransmit(now: Micros): Outgoing | undefined {
    if (this.error !== undefined) return undefined
    for (const [number, cause] of this.due) {
      this.due.delete(number)
      return this.send(now, this.outstanding.get(number)!, cause)
    }
    if (this.next < Math.min(this.count, this.base + this.options.window)) return this.sendNew(now)
    this.report()
    return undefined
  }

  private sendNew(now: Micros): Outgoing {
    const { bytes, payload, transfer, read } = this.options
    const number = this.next++
    const last = this.next === this.count
    const data = read(last ? bytes - number * payload : payload)
    const packet: Outstanding = {
      number,
      bytes: encodeArq({ kind: 'data', transfer, number, last, payload: data }),
      payload: data.length,
      last,
      sentAt: now,
      deadline: Infinity,
      timeout: 0,
      sendings: 0,
      tries: 0,
      order: 0,
    }
    this.outstanding.set(number, packet)
    return this.send(now, packet, '')
  }

  private send(now: Micros, packet: Outstanding, cause: Again | ''): Outgoing {
    packet.sentAt = now
    this.await(now, packet)
    packet.sendings++
    if (cause !== 'go_back') packet.tries++
    packet.order = ++this.sendings
    const { number, payload, last, bytes } = packet
    return { bytes, told: { kind: 'data', number, payload, last, selective: [], cause } }
  }

  /** The time of a packet begins (anew). */
  protected await(now: Micros, packet: Outstanding): void {
    packet.timeout = this.timer.timeout
    packet.deadline = now + packet.timeout
  }

  /** Tells of the window when it is not as it was told last. */
  private report(): void {
    const told = `${this.base} ${this.next}`
    if (told === this.reported) return
    this.reported = told
    const { trace, window } = this.options
    trace.emit('arq:window_moved', { base: this.base, next: this.next, size: window })
  }
}
