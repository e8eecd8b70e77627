/** A captured TLS conversation as a trace: what an onlooker at each sender's host writes, over a network of 25 ms. */
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import type { Side } from '../../electron/protocol/wire/side.ts'
import { TlsDissector } from '../../electron/protocol/wire/tls/dissector.ts'
import type { TlsEvent } from '../../electron/protocol/wire/tls/events.ts'
import { hexOf, KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import type { Crossed } from './tls-capture.ts'
import { keyLogOf, poll } from './tls-reading.ts'
import { FLOW, type TraceMaker } from './trace-maker.ts'

/** One way through the network, in microseconds. */
export const DELAY = 25_000
const MSS = 1460

export interface Conversation {
  readonly crossed: readonly Crossed[]
  readonly keyLog: string
}

/** Writes the records, messages, keys and packets of a conversation of nodes `client` and `server` from time `t` on. */
export class TlsTracer {
  private readonly maker: TraceMaker
  private readonly flow: string
  private readonly dissector: TlsDissector
  private readonly sent = { client: 0, server: 0 }
  private readonly plain = { client: 0, server: 0 }
  private pkt: number
  private t: number

  constructor(maker: TraceMaker, about: { flow?: string; t?: number; pkt?: number; keyLog?: string } = {}) {
    this.maker = maker
    this.flow = about.flow ?? FLOW
    this.t = about.t ?? 0
    this.pkt = about.pkt ?? 1
    this.dissector = new TlsDissector(
      nodeCrypto,
      about.keyLog === undefined ? new KeyLog() : keyLogOf(about.keyLog),
    )
    for (const line of (about.keyLog ?? '').split('\n').filter((text) => text !== ''))
      this.add('security:secret_logged', { line }, 'client')
  }

  /** All of it; a side that answers does so one network later. Returns when the last byte was sent. */
  trace(crossed: readonly Crossed[]): number {
    let before: Side | undefined
    for (const { from, bytes } of crossed) {
      if (before !== undefined && from !== before) this.t += DELAY
      before = from
      for (let at = 0; at < bytes.length; at += MSS) this.segment(from, bytes.subarray(at, at + MSS))
    }
    return this.t
  }

  private segment(from: Side, bytes: Uint8Array): void {
    const { maker, flow, t, pkt } = this
    maker.sent(t, pkt, from, { seq: 1000 + this.sent[from], payload: bytes.length }, flow)
    maker.add(t + DELAY, 'link:packet_delivered', { direction: 0, delay: DELAY }, { node: 'link', pkt })
    this.sent[from] += bytes.length
    this.dissector.handleBytes(from, bytes)
    const events = poll(this.dissector)
    events.forEach((event, i) => this.write(event, events.slice(i + 1)))
    this.pkt++
  }

  private add: (
    name: Parameters<TraceMaker['add']>[1],
    data: Readonly<Record<string, unknown>>,
    from: Side,
  ) => void = (name, data, from) =>
    void this.maker.add(this.t, name, data as never, { node: from, flow: this.flow, pkt: this.pkt })

  /** `after`: what was found with it; of a record, its content. */
  private write(event: TlsEvent, after: readonly TlsEvent[]): void {
    const { from, offset, length } = event
    switch (event.kind) {
      case 'record': {
        const next = after.slice(
          0,
          Math.max(
            0,
            after.findIndex(({ kind }) => kind === 'record'),
          ) || after.length,
        )
        const isData = next.some(({ kind }) => kind === 'application_data')
        const closed = next.find((one) => one.kind === 'undecryptable')
        const problem = closed?.kind === 'undecryptable' ? closed.reason : ''
        const inner = event.protected ? (event.innerType ?? (problem === '' ? event.type : 0)) : event.type
        const plain = event.plaintextLength ?? 0
        this.add(
          'security:record',
          {
            from,
            offset,
            length,
            content_type: event.type,
            inner_type: inner,
            version: event.version,
            protected: event.protected,
            plain_offset: isData ? this.plain[from] : -1,
            plain_length: plain,
            problem,
          },
          from,
        )
        if (isData) this.plain[from] += plain
        break
      }
      case 'handshake': {
        const { message, bytes, fields } = event
        const isProtected = event.pieces.every(({ stream }) => stream === undefined)
        const name = message.type
        this.add(
          'security:handshake_message',
          {
            from,
            offset,
            length,
            type: bytes[0],
            name,
            protected: isProtected,
            bytes: hexOf(bytes),
            fields: JSON.stringify(fields),
          },
          from,
        )
        break
      }
      case 'alert':
        this.add(
          'security:alert',
          { from, offset, level: event.level, description: event.description, name: event.name },
          from,
        )
        break
      case 'keys': {
        const { epoch, generation, label } = event
        const [secret, key, iv] = [event.secret, event.key, event.iv].map(hexOf)
        this.add('security:key_updated', { from, offset, epoch, generation, label, secret, key, iv }, from)
        break
      }
      case 'malformed':
        this.add('security:malformed', { from, offset, length, reason: event.reason }, from)
    }
  }
}
