/** An onlooker of HTTP/1.1 that keeps what it is told, bodies joined. */
import { Http1Connection } from '../../electron/protocol/wire/http1/connection.ts'
import type { Http1Event, Http1Limits } from '../../electron/protocol/wire/http1/events.ts'
import type { Side } from '../../electron/protocol/wire/side.ts'
import { octets } from './cuts.ts'

type Of<Type extends Http1Event['type']> = Extract<Http1Event, { type: Type }>

export class Http1Watch {
  readonly events: Http1Event[] = []
  readonly connection: Http1Connection
  private readonly bodies = new Map<string, string>()
  readonly tunnels = { client: '', server: '' }

  constructor(limits: Partial<Http1Limits> = {}) {
    this.connection = new Http1Connection((event) => this.hear(event), limits)
  }

  private hear(event: Http1Event): void {
    if (event.type === 'body') {
      const key = `${event.from} ${event.exchange}`
      const before = this.bodies.get(key) ?? ''
      if (event.bodyOffset !== before.length)
        throw new Error(`body at ${event.bodyOffset}, not ${before.length}`)
      this.bodies.set(key, before + Buffer.from(event.bytes).toString('latin1'))
    } else if (event.type === 'tunnel') {
      this.tunnels[event.from] += Buffer.from(event.bytes).toString('latin1')
    } else {
      this.events.push(event)
    }
  }

  client(text: string): this {
    this.connection.push('client', octets(text))
    return this
  }

  server(text: string): this {
    this.connection.push('server', octets(text))
    return this
  }

  end(...sides: Side[]): this {
    for (const side of sides) this.connection.end(side)
    return this
  }

  of<Type extends Http1Event['type']>(type: Type): Of<Type>[] {
    return this.events.filter((event) => event.type === type) as Of<Type>[]
  }

  get messages() {
    return this.of('message').map((event) => event.message)
  }

  /** `reason@offset` of each problem. */
  get problems(): string[] {
    return this.of('problem').map(({ error }) => `${error.reason}@${error.offset}`)
  }

  body(from: Side, exchange: number): string {
    return this.bodies.get(`${from} ${exchange}`) ?? ''
  }
}
