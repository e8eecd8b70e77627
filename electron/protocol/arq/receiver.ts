/**
 * What the receivers of all three protocols have in common: each packet of data is answered at once, whatever becomes of it, for an
 * acknowledgment may have been lost, and then the sender has to hear it again.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import { Fifo } from '../fifo.ts'
import { decodeArq, encodeArq, type ArqData } from './packet.ts'
import type { Outgoing } from './sender.ts'

export interface ArqReceiverOptions {
  /** Packets beyond the next expected that are kept, that one included. */
  readonly window: number
  /** Takes the bytes in order; a view that is good during the call. */
  readonly deliver: (payload: Uint8Array) => void
  /** Of the exchange with the sender. */
  readonly trace: Trace
}

/** As in the trace's `arq:packet_received`. */
export type Verdict = 'delivered' | 'buffered' | 'duplicate' | 'out_of_order' | 'out_of_window'

export abstract class ArqReceiver {
  /** The next packet in order. */
  next = 0
  /** The last packet was delivered. */
  finished = false
  protected readonly window: number
  private readonly options: ArqReceiverOptions
  /** Of the first packet that came; others are not heard. */
  private transfer: number | undefined
  /** After the highest packet that was taken. */
  private highest = 0
  private reported = ''
  private readonly answers = new Fifo<Outgoing>()

  constructor(options: ArqReceiverOptions) {
    this.options = options
    this.window = options.window
  }

  /** Delivers or keeps a packet, or throws it away. */
  protected abstract accept(packet: ArqData): Verdict
  /** What has arrived beyond the next expected: [from, to) pairs, flat. */
  protected abstract get ranges(): number[]

  /** A datagram came from the sender. Total. */
  handleDatagram(bytes: Uint8Array): void {
    const { trace } = this.options
    const read = decodeArq(bytes)
    if (!read.ok) {
      const { reason, offset } = read.error
      return trace.emit('arq:packet_rejected', { reason, offset })
    }
    const packet = read.value
    if (packet.kind !== 'data')
      return trace.emit('arq:packet_rejected', { reason: 'unexpected_ack', offset: 2 })
    if (packet.transfer !== (this.transfer ?? packet.transfer))
      return trace.emit('arq:packet_rejected', { reason: 'other_transfer', offset: 4 })
    this.transfer = packet.transfer
    this.onData(packet)
  }

  /** The next acknowledgment, one for each packet of data. */
  pollTransmit(): Outgoing | undefined {
    return this.answers.shift()
  }

  private onData(packet: ArqData): void {
    const { number } = packet
    // Nothing comes after the last packet, whoever says so.
    const verdict = this.finished && number >= this.next ? 'out_of_window' : this.accept(packet)
    if (verdict === 'delivered' || verdict === 'buffered') this.highest = Math.max(this.highest, number + 1)
    const { trace } = this.options
    trace.emit('arq:packet_received', { kind: 'data', number, verdict })
    this.report()
    const { next, ranges } = this
    const bytes = encodeArq({
      kind: 'ack',
      transfer: packet.transfer,
      number: next,
      echo: number,
      ranges,
    })
    const told = { kind: 'ack', number: next, payload: 0, last: false, selective: ranges, cause: '' }
    this.answers.push({ bytes, told })
  }

  protected deliver({ payload, last }: ArqData): void {
    // A packet beyond the last one may have been kept before the last one came.
    if (this.finished) return
    this.next++
    this.finished = last
    this.options.deliver(payload)
  }

  private report(): void {
    const told = `${this.next} ${this.highest}`
    if (told === this.reported) return
    this.reported = told
    const { trace } = this.options
    trace.emit('arq:window_moved', { base: this.next, next: this.highest, size: this.window })
  }
}
