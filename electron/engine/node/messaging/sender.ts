/** The program `message-sender`: gives away numbered messages at even distances, to a stream or as datagrams. */
import type { MessageSenderApp } from '../../../../shared/messaging.ts'
import type { Rng } from '../../../protocol/random.ts'
import type { Cancel, Program, Surroundings } from '../program.ts'
import { DatagramLine } from './datagram-line.ts'
import { channelOf, longestOf, type Line, type LineEnded } from './line.ts'
import { LEAST_MESSAGE, writeMessage } from './message.ts'
import { StreamLine } from './stream-line.ts'

export class MessageSender implements Program {
  done = false
  private readonly setup: MessageSenderApp
  private readonly lab: Surroundings
  private readonly channel: string
  private readonly sizes: Rng
  private line: Line | undefined
  private sent = 0
  private cancel: Cancel | undefined

  constructor(setup: MessageSenderApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.channel = channelOf(setup.to, setup.port)
    this.sizes = lab.rng.fork('sizes')
  }

  start(): void {
    this.cancel = this.lab.after(this.setup.start, () => this.begin())
  }

  stop(): void {
    this.done = true
    this.cancel?.()
    this.line?.stop()
  }

  private begin(): void {
    const { setup, lab } = this
    lab.trace.emit('app:started', { what: setup.kind, bytes: 0 })
    const ended: LineEnded = (bytes, sha256, error) => this.finish(bytes, sha256, error)
    this.line = setup.over === 'tcp' ? new StreamLine(setup, lab, ended) : new DatagramLine(setup, lab, ended)
    this.sendNext()
  }

  private sendNext(): void {
    const { setup, lab } = this
    if (this.line === undefined || this.done) return
    const number = ++this.sent
    const size = this.drawSize()
    const rng = lab.rng.fork(`message ${number}`)
    const message = writeMessage({ number, sentAt: lab.now() }, size, rng)
    this.line.trace.emit('app:message_sent', { channel: this.channel, message: number, size })
    this.line.send(number, message)
    if (number < setup.count) this.cancel = lab.after(setup.every, () => this.sendNext())
    else this.line.end()
  }

  private drawSize(): number {
    const most = longestOf(this.setup)
    const least = Math.min(Math.max(this.setup.shortest, LEAST_MESSAGE), most)
    return least + this.sizes.int(most - least + 1)
  }

  private finish(bytes: number, sha256: string, error: string): void {
    if (this.done) return
    this.done = true
    this.cancel?.()
    this.line?.trace.emit('app:finished', { bytes, sha256, error })
  }
}
