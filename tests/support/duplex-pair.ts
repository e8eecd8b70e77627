/** Two ends of a connection in memory, with an onlooker that sees what each writes before the other does. */
import { Duplex } from 'node:stream'
import type { Side } from '../../electron/protocol/wire/side.ts'

type Tap = (from: Side, bytes: Uint8Array) => void

class End extends Duplex {
  peer!: End
  private readonly tap: (bytes: Uint8Array) => void

  constructor(tap: (bytes: Uint8Array) => void) {
    super()
    this.tap = tap
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.tap(new Uint8Array(chunk))
    this.peer.push(Buffer.from(chunk))
    setImmediate(done)
  }

  override _final(done: () => void): void {
    this.peer.push(null)
    done()
  }

  // What sockets have and node:http calls.
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

export function duplexPair(tap: Tap): { client: Duplex; server: Duplex } {
  const client = new End((bytes) => tap('client', bytes))
  const server = new End((bytes) => tap('server', bytes))
  client.peer = server
  server.peer = client
  return { client, server }
}
