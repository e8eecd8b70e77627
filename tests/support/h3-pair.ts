/** HTTP/3 from end to end over two QUIC connections in virtual time: a server that answers, and a client that asks. */
import { Http3Connection, type Http3Options } from '../../electron/protocol/h3/connection.ts'
import type { Http3Event } from '../../electron/protocol/h3/events.ts'
import type { FieldLine } from '../../electron/protocol/qpack/fields.ts'
import type { QuicEvent } from '../../electron/protocol/quic/events.ts'
import { join } from './cuts.ts'
import { OPTIONS } from './h3-script.ts'
import { QuicPair, type PairOptions, type Side } from './quic-pair.ts'

/** A message as it came: its header section, content and trailers. */
export interface Message {
  informational: (readonly FieldLine[])[]
  fields: readonly FieldLine[]
  readonly content: Uint8Array[]
  trailers: readonly FieldLine[] | undefined
  finished: boolean
}

export interface H3PairOptions extends PairOptions {
  readonly http3?: Partial<Record<Side, Partial<Http3Options>>>
}

export class H3Pair {
  readonly quic: QuicPair
  readonly events: Record<Side, { readonly t: number; readonly event: Http3Event }[]> = {
    client: [],
    server: [],
  }
  readonly messages: Record<Side, Map<number, Message>> = { client: new Map(), server: new Map() }
  private readonly told: QuicEvent[]
  readonly ends: Partial<Record<Side, Http3Connection>> = {}
  /** Called after each event, so that a test can play the application. */
  onEvent: (side: Side, event: Http3Event, connection: Http3Connection) => void = () => undefined

  constructor(options: H3PairOptions) {
    const quic = new QuicPair(options)
    this.quic = quic
    quic.onEvent = (side, event, connection) => {
      this.ends[side] ??= new Http3Connection(connection, {
        ...OPTIONS,
        role: side,
        ...options.http3?.[side],
      })
      this.ends[side].handleQuicEvent(quic.now, event)
      this.drain(side)
    }
    // What the client was told before anybody listened: 0-RTT begins at once.
    this.told = quic.events.client.map(({ event }) => event)
  }

  /** Lets the client begin, once `onEvent` is there. */
  begin(): void {
    for (const event of this.told.splice(0))
      this.quic.act('client', (end) => this.quic.onEvent('client', event, end))
  }

  get client(): Http3Connection {
    return this.ends.client!
  }

  get server(): Http3Connection {
    return this.ends.server!
  }

  /** Does something to an end, and sends what comes of it. */
  act(side: Side, action: (connection: Http3Connection) => void): void {
    this.quic.act(side, () => {
      action(this.ends[side]!)
      this.drain(side)
    })
  }

  of<T extends Http3Event['type']>(side: Side, type: T): Extract<Http3Event, { type: T }>[] {
    return this.events[side]
      .map(({ event }) => event)
      .filter((event): event is Extract<Http3Event, { type: T }> => event.type === type)
  }

  content(side: Side, id: number): Uint8Array {
    return join(...(this.messages[side].get(id)?.content ?? []))
  }

  private drain(side: Side): void {
    const connection = this.ends[side]!
    for (let event = connection.pollEvent(); event; event = connection.pollEvent()) {
      this.events[side].push({ t: this.quic.now, event })
      this.note(side, event, connection)
      this.onEvent(side, event, connection)
    }
  }

  private note(side: Side, event: Http3Event, connection: Http3Connection): void {
    if (event.type !== 'headers' && event.type !== 'data' && event.type !== 'finished') return
    const messages = this.messages[side]
    const message = messages.get(event.id) ?? {
      informational: [],
      fields: [],
      content: [],
      trailers: undefined,
      finished: false,
    }
    messages.set(event.id, message)
    if (event.type === 'finished') message.finished = true
    else if (event.type === 'data')
      for (
        let bytes = connection.read(this.quic.now, event.id);
        bytes;
        bytes = connection.read(this.quic.now, event.id)
      )
        message.content.push(bytes)
    else if (event.kind === 'trailers') message.trailers = event.fields
    else if (event.kind === 'informational') message.informational.push(event.fields)
    else message.fields = event.fields
  }
}
