/** The program `feed-client`: hears the messages of a feed, in one of four ways, until it has them all. */
import type { FeedClientApp } from '../../../../shared/messaging.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { borrow, type Borrowed } from '../http/borrowed.ts'
import { channelOf } from '../messaging/line.ts'
import { Tally } from '../messaging/tally.ts'
import type { Cancel, Program, Surroundings } from '../program.ts'
import { EventSource } from './event-source.ts'
import { readFeedMessage } from './feed-message.ts'
import { Polling } from './polling.ts'
import { SocketClient } from './socket-client.ts'

/** Who hears of what a feed says. */
export interface Ear {
  /** The number of the last message that it has; 0: none. */
  readonly last: number
  /** It has them all. */
  readonly isContent: boolean
  /** Something came, on the connection that `trace` belongs to. */
  hear(text: string, trace: Trace): void
}

/** A way of hearing: asks where it has to, comes back when a connection fails, and ends in order once the ear is content. */
export interface Way {
  start(): void
  /** Lets go of all connections, at once. */
  stop(): void
}

export class FeedClient implements Program, Ear {
  done = false
  private readonly setup: FeedClientApp
  private readonly lab: Surroundings
  private readonly place: Borrowed
  private readonly way: Way
  private readonly channel: string
  private readonly tally = new Tally()
  private cancel: Cancel | undefined
  private total = Infinity
  private heard = 0
  private bytes = 0

  constructor(setup: FeedClientApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.channel = channelOf(setup.to, setup.port)
    this.place = borrow(lab, { ...setup, version: 'http/1.1' })
    this.way = this.createWay()
  }

  get last(): number {
    return this.tally.highest
  }

  get isContent(): boolean {
    return this.heard >= this.total
  }

  start(): void {
    this.cancel = this.lab.after(this.setup.start, () => {
      this.lab.trace.emit('app:started', { what: this.setup.kind, bytes: 0 })
      this.way.start()
    })
  }

  stop(): void {
    this.place.stopped = true
    this.cancel?.()
    this.way.stop()
  }

  hear(text: string, trace: Trace): void {
    const size = Buffer.byteLength(text)
    const message = readFeedMessage(text)
    this.bytes += size
    const about = message && { message: message.number, ...this.tally.count(message.number) }
    if (about?.copy === 1) this.heard++
    this.total = message?.total ?? this.total
    trace.emit('app:message_received', {
      ...(about ?? { message: 0, copy: 0, late: false }),
      channel: this.channel,
      size,
      delay: message === undefined ? -1 : Math.max(0, this.lab.now() - message.sentAt),
      wrong: message === undefined ? 'damaged' : '',
    })
  }

  private createWay(): Way {
    const { place, setup } = this
    const ended = (): void => this.finish()
    switch (setup.how) {
      case 'polling':
        return new Polling(place, { path: '/poll', interval: setup.interval }, this, ended)
      case 'long-polling':
        return new Polling(place, { path: '/long-poll', interval: 0 }, this, ended)
      case 'sse':
        return new EventSource(place, this, ended)
      case 'websocket':
        return new SocketClient(place, setup.ping, this, ended)
    }
  }

  private finish(): void {
    if (this.done || this.place.stopped) return
    this.done = true
    this.lab.trace.emit('app:finished', { bytes: this.bytes, sha256: '', error: '' })
  }
}
