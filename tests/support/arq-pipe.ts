/** A sender and a receiver of `protocol/arq` and a pipe between them, in virtual time: a fixed delay, and dice or a list for what is lost. */
import type { ArqScheme } from '../../shared/arq.ts'
import { micros, type Micros } from '../../shared/units.ts'
import { createArqReceiver, createArqSender } from '../../electron/protocol/arq/create.ts'
import type { ArqReceiver } from '../../electron/protocol/arq/receiver.ts'
import type { ArqSender, ArqSenderOptions, Outgoing } from '../../electron/protocol/arq/sender.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { MemoryTrace } from './tcp-env.ts'

export interface ArqPipeOptions extends Partial<Omit<ArqSenderOptions, 'trace' | 'read'>> {
  readonly scheme: ArqScheme
  readonly seed?: number
  /** One way, in microseconds. */
  readonly delay?: number
  /** Shares of the packets of each direction. A reordered packet takes five delays; a corrupted one does not pass UDP's checksum. */
  readonly loss?: number
  readonly duplicate?: number
  readonly reorder?: number
  readonly corrupt?: number
  /** Decides about single packets: true loses it. Ordinals count from 1 for each direction. */
  readonly drop?: (from: 'sender' | 'receiver', ordinal: number) => boolean
}

interface UnderWay {
  readonly at: number
  readonly order: number
  readonly to: 'sender' | 'receiver'
  readonly bytes: Uint8Array
}

export class ArqPipe {
  readonly sender: ArqSender
  readonly receiver: ArqReceiver
  readonly senderTrace = new MemoryTrace()
  readonly receiverTrace = new MemoryTrace()
  /** What was sent and what was delivered, and when the end was reached. */
  readonly source: Uint8Array
  readonly delivered: number[] = []
  now = micros(0)
  private readonly options: ArqPipeOptions
  private readonly rng: Rng
  private readonly underWay: UnderWay[] = []
  private readonly ordinals = { sender: 0, receiver: 0 }
  private order = 0
  private read = 0

  constructor(options: ArqPipeOptions) {
    const { scheme, seed = 1, window = 8 } = options
    this.options = options
    this.rng = createRng(seed)
    this.source = this.rng.fork('source').bytes(options.bytes ?? 1_000)
    this.sender = createArqSender(scheme, {
      transfer: 7,
      bytes: this.source.length,
      payload: 100,
      timeout: 0,
      leastTimeout: 200_000,
      retries: 20,
      ...options,
      window,
      read: (length) => this.source.slice(this.read, (this.read += length)),
      trace: this.senderTrace,
    })
    const deliver = (payload: Uint8Array): void => void this.delivered.push(...payload)
    this.receiver = createArqReceiver(scheme, { window, deliver, trace: this.receiverTrace })
  }

  /** Until the sender is done or nothing is left to happen. */
  run(until = Infinity): this {
    this.transmit()
    while (!this.sender.finished && this.sender.error === undefined) {
      this.underWay.sort((a, b) => a.at - b.at || a.order - b.order)
      const next = Math.min(this.underWay[0]?.at ?? Infinity, this.sender.pollTimeout() ?? Infinity)
      if (next === Infinity || next > until) break
      this.now = micros(next)
      if (this.underWay[0]?.at === next) this.arrive(this.underWay.shift()!)
      else this.sender.handleTimeout(this.now)
      this.transmit()
    }
    return this
  }

  /** What was sent, as numbers, those that were sent again with their cause. */
  get sent(): string[] {
    return this.told.map(({ number, cause }) => (cause === '' ? `${number}` : `${number} ${cause}`))
  }

  readonly told: Outgoing['told'][] = []

  private arrive({ to, bytes }: UnderWay): void {
    if (to === 'receiver') this.receiver.handleDatagram(bytes)
    else this.sender.handleDatagram(this.now, bytes)
  }

  private transmit(): void {
    const { sender, receiver } = this
    for (let out = sender.pollTransmit(this.now); out; out = sender.pollTransmit(this.now)) {
      this.told.push(out.told)
      this.send('sender', out.bytes)
    }
    for (let out = receiver.pollTransmit(); out; out = receiver.pollTransmit())
      this.send('receiver', out.bytes)
  }

  private send(from: 'sender' | 'receiver', bytes: Uint8Array): void {
    const { drop, loss = 0, corrupt = 0, duplicate = 0, reorder = 0, delay = 10_000 } = this.options
    const ordinal = ++this.ordinals[from]
    if (drop?.(from, ordinal)) return
    const copies = this.rng.next() < duplicate ? 2 : 1
    for (let i = 0; i < copies; i++) {
      if (this.rng.next() < loss + corrupt) continue
      const at = this.now + delay * (this.rng.next() < reorder ? 5 : 1)
      const to = from === 'sender' ? 'receiver' : 'sender'
      this.underWay.push({ at: at as Micros, order: this.order++, to, bytes })
    }
  }
}
