/** The messages of a feed as they come up, and who waits for the next. */
import type { FeedServerApp } from '../../../../shared/messaging.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { channelOf } from '../messaging/line.ts'
import { writeFeedMessage } from './feed-message.ts'

export interface FeedEntry {
  readonly number: number
  readonly text: string
}

export class FeedLog {
  private readonly setup: FeedServerApp
  private readonly lab: Surroundings
  private readonly channel: string
  private readonly entries: FeedEntry[] = []
  private readonly listeners = new Set<(entry: FeedEntry) => void>()
  private cancel: Cancel = () => undefined

  constructor(setup: FeedServerApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.channel = channelOf(setup.host, setup.port)
  }

  start(): void {
    this.cancel = this.lab.after(this.setup.start, () => this.comeUp())
  }

  stop(): void {
    this.cancel()
    this.listeners.clear()
  }

  /** Nothing more will come up. */
  get isOver(): boolean {
    return this.entries.length === this.setup.count
  }

  /** What has come up after the message of this number; 0: all. */
  after(number: number): readonly FeedEntry[] {
    return this.entries.slice(number)
  }

  /** Tells of each message from now on, until it is cancelled. */
  listen(listener: (entry: FeedEntry) => void): Cancel {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private comeUp(): void {
    const { lab, setup, channel } = this
    const number = this.entries.length + 1
    const about = { number, total: setup.count, sentAt: lab.now() }
    const entry = { number, text: writeFeedMessage(about, setup.size, lab.rng.fork(`message ${number}`)) }
    this.entries.push(entry)
    lab.trace.emit('app:message_sent', { channel, message: number, size: entry.text.length })
    for (const listener of [...this.listeners]) listener(entry)
    if (!this.isOver) this.cancel = lab.after(this.distance(number), () => this.comeUp())
  }

  /** To the next message; those of a Poisson process are as likely at one moment as at any other. */
  private distance(number: number): number {
    const { every, spacing } = this.setup
    return spacing === 'even' ? every : -every * Math.log(1 - this.lab.rng.fork(`distance ${number}`).next())
  }
}
