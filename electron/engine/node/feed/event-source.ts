/** Server-sent events: one request, whose answer goes on as long as there is news (HTML Living Standard, 9.2). */
import { StringDecoder } from 'node:string_decoder'
import { ToldExchange, type Borrowed } from '../http/borrowed.ts'
import { Pool } from '../http/pool.ts'
import type { Cancel } from '../program.ts'
import { EventStreamReader } from './event-stream.ts'
import type { Ear, Way } from './feed-client.ts'
import { RETRY_AFTER } from './polling.ts'

const NOTHING = new Uint8Array(0)

export class EventSource implements Way {
  private readonly place: Borrowed
  private readonly ear: Ear
  private readonly ended: () => void
  private readonly pool: Pool
  private cancel: Cancel | undefined
  private requests = 0
  /** Of the last event; a server that knows it goes on from there. */
  private lastId = ''

  constructor(place: Borrowed, ear: Ear, ended: () => void) {
    this.place = place
    this.ear = ear
    this.ended = ended
    this.pool = new Pool(place.lab, place.setup)
  }

  start(): void {
    this.connect()
  }

  stop(): void {
    this.cancel?.()
    this.pool.stop()
  }

  private connect(): void {
    const reader = new EventStreamReader()
    const decoder = new StringDecoder('utf8')
    const again = (): void => {
      if (this.ear.isContent) this.pool.close(this.ended)
      else this.cancel = this.place.lab.after(RETRY_AFTER, () => this.connect())
    }
    const told = new ToldExchange(
      this.place,
      { number: ++this.requests, method: 'GET', target: '/events' },
      {
        content: (bytes) => {
          for (const { id, data } of reader.push(decoder.write(Buffer.from(bytes)))) {
            this.lastId = id
            this.ear.hear(data, told.trace)
          }
        },
        finished: again,
        failed: again,
      },
    )
    const fields = {
      accept: 'text/event-stream',
      'cache-control': 'no-store',
      ...(this.lastId !== '' && { 'last-event-id': this.lastId }),
    }
    this.pool.send({ method: 'GET', target: '/events', fields, body: NOTHING, readDelay: 0 }, told)
  }
}
