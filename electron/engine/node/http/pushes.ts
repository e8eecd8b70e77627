/** Responses that a server has pushed (RFC 9113 8.4), kept until they are asked for. */
import type { ClientHttp2Stream } from 'node:http2'
import type { Fields } from './fields.ts'

export interface Pushed {
  readonly flow: string
  readonly stream: number
  readonly status: number
  readonly fields: Fields
  readonly content: Uint8Array
}

type Waiter = (pushed: Pushed | undefined) => void

export class Pushes {
  private readonly promised = new Map<string, Promised>()

  /** A server has promised the response to a GET of `target`. */
  promise(target: string, flow: string, stream: ClientHttp2Stream): void {
    if (!this.promised.has(target)) this.promised.set(target, new Promised(flow, stream))
  }

  /** Takes out what was promised for `target`; false: nothing was. `deliver` gets it, or nothing if the push broke off. */
  take(target: string, deliver: Waiter): boolean {
    const promised = this.promised.get(target)
    if (promised === undefined) return false
    this.promised.delete(target)
    promised.then(deliver)
    return true
  }
}

/** A response that is on its way, or there. */
class Promised {
  private result: Pushed | undefined
  private isOver = false
  private waiter: Waiter | undefined

  constructor(flow: string, stream: ClientHttp2Stream) {
    let head: { status: number; fields: Fields } | undefined
    const chunks: Uint8Array[] = []
    const id = stream.id ?? 0
    stream.on('push', (fields) => (head = { status: Number(fields[':status'] ?? 0), fields }))
    stream.on('data', (bytes: Buffer) => chunks.push(bytes))
    stream.once('end', () => {
      if (head !== undefined) this.result = { flow, stream: id, ...head, content: Buffer.concat(chunks) }
    })
    stream.once('close', () => {
      this.isOver = true
      this.waiter?.(this.result)
    })
  }

  then(waiter: Waiter): void {
    if (this.isOver) waiter(this.result)
    else this.waiter = waiter
  }
}
