/** An onlooker of HTTP/2 that keeps what it is told, bodies joined; and frames to feed it with. */
import { Http2Connection, type Http2Options } from '../../electron/protocol/wire/h2/connection.ts'
import type { Http2Event } from '../../electron/protocol/wire/h2/events.ts'
import { PREFACE } from '../../electron/protocol/wire/h2/frame-reader.ts'
import * as h2 from '../../electron/protocol/wire/h2/names.ts'
import type { Side } from '../../electron/protocol/wire/side.ts'
import { join } from './cuts.ts'
import { literal } from './hpack-encode.ts'

type Of<Type extends Http2Event['type']> = Extract<Http2Event, { type: Type }>

export class Http2Watch {
  readonly events: Http2Event[] = []
  readonly connection: Http2Connection
  private readonly bodies = new Map<string, string>()

  constructor(options: Http2Options = {}) {
    this.connection = new Http2Connection((event) => this.hear(event), options)
  }

  /** After preface and empty SETTINGS of both, acknowledged. */
  static begun(options: Http2Options = {}): Http2Watch {
    const watch = new Http2Watch(options).client(PREFACE, settings()).server(settings(), ack()).client(ack())
    watch.events.length = 0
    return watch
  }

  private hear(event: Http2Event): void {
    if (event.type === 'data') {
      const key = `${event.from} ${event.streamId}`
      const before = this.bodies.get(key) ?? ''
      if (event.bodyOffset !== before.length)
        throw new Error(`body at ${event.bodyOffset}, not ${before.length}`)
      this.bodies.set(key, before + Buffer.from(event.bytes).toString('latin1'))
    } else if (event.type === 'frame') {
      // Payloads are views: kept, they would change.
      this.events.push({ ...event, payload: structuredClone(event.payload) })
    } else {
      this.events.push(event)
    }
  }

  client(...frames: Uint8Array[]): this {
    this.connection.push('client', join(...frames))
    return this
  }

  server(...frames: Uint8Array[]): this {
    this.connection.push('server', join(...frames))
    return this
  }

  end(...sides: Side[]): this {
    for (const side of sides) this.connection.end(side)
    return this
  }

  of<Type extends Http2Event['type']>(type: Type): Of<Type>[] {
    return this.events.filter((event) => event.type === type) as Of<Type>[]
  }

  /** `reason CODE scope` of each problem. */
  get problems(): string[] {
    return this.of('problem').map(({ error }) => `${error.reason} ${error.code} ${error.scope}`)
  }

  get limits(): string[] {
    return this.of('limit').map(({ limit }) => limit)
  }

  body(from: Side, streamId: number): string {
    return this.bodies.get(`${from} ${streamId}`) ?? ''
  }
}

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(streamId, 5)
  return join(head, payload)
}

export function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4))
  return new Uint8Array(bytes)
}

export function settings(...values: (readonly [identifier: number, value: number])[]): Uint8Array {
  const parts = values.map(([identifier, value]) =>
    join(Uint8Array.of(identifier >> 8, identifier & 255), words(value)),
  )
  return frame(h2.SETTINGS, 0, 0, join(...parts))
}

export const ack = (): Uint8Array => frame(h2.SETTINGS, h2.FLAG_ACK, 0)

/** A header block of literals that leave the table alone. */
export const block = (...fields: (readonly [name: string, value: string])[]): Uint8Array =>
  join(...fields.map(([name, value]) => literal('plain', name, value)))

export const GET_FIELDS = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
] as const

const END = h2.FLAG_END_STREAM
const WHOLE = h2.FLAG_END_HEADERS

export const headers = (streamId: number, fields: Uint8Array, end = true): Uint8Array =>
  frame(h2.HEADERS, WHOLE | (end ? END : 0), streamId, fields)

/** A request with GET; `end` false: a body follows. */
export const get = (streamId: number, end = true): Uint8Array => headers(streamId, block(...GET_FIELDS), end)

export const ok = (streamId: number, end = true): Uint8Array =>
  headers(streamId, block([':status', '200']), end)

export const data = (streamId: number, length: number, end = false): Uint8Array =>
  frame(h2.DATA, end ? END : 0, streamId, new Uint8Array(length).fill(0x61))

export const reset = (streamId: number, code: number): Uint8Array =>
  frame(h2.RST_STREAM, 0, streamId, words(code))

export const windowUpdate = (streamId: number, increment: number): Uint8Array =>
  frame(h2.WINDOW_UPDATE, 0, streamId, words(increment))

export const promise = (streamId: number, promised: number): Uint8Array =>
  frame(h2.PUSH_PROMISE, WHOLE, streamId, join(words(promised), block(...GET_FIELDS)))
