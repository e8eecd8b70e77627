/** HTTP/1.1: messages, and the change to HTTP/2 or a WebSocket where an upgrade asks for it. */
import type { Credit } from '../../protocol/tcp/tap.ts'
import { bySide, type Side } from '../../protocol/wire/side.ts'
import { Http1Connection } from '../../protocol/wire/http1/connection.ts'
import type { Http1Event, Message } from '../../protocol/wire/http1/events.ts'
import { valuesOf, type Field } from '../../protocol/wire/http1/fields.ts'
import { agreesToDeflate } from '../../protocol/wire/websocket/extensions.ts'
import { Http2Layer } from './http2-layer.ts'
import type { Layer } from './layer.ts'
import type { Report } from './report.ts'
import { WebSocketLayer } from './websocket-layer.ts'

/** What a message may have in its fields, in octets; endpoints take less. */
const MOST_HEAD = 65_536

export class Http1Layer implements Layer {
  private readonly report: Report
  private readonly connection: Http1Connection
  /** Method of the client's last request: that of an upgrade, when one happens. */
  private method = ''
  /** The last message of our own was an interim response: another one is to come for the same request. */
  private interim = false
  /** Where each side's bytes begin to be another protocol's. */
  private readonly switchedAt = bySide(() => 0)
  /** What is spoken after an upgrade to it. */
  private next: Layer | undefined
  /** The last response agreed to compress the messages of a WebSocket. */
  private compressed = false

  constructor(report: Report) {
    this.report = report
    this.connection = new Http1Connection((event) => this.onEvent(event), {
      line: MOST_HEAD,
      head: MOST_HEAD,
    })
  }

  readonly handshaking = false

  handleBytes(from: Side, bytes: Uint8Array): void {
    this.connection.push(from, bytes)
  }

  handleEnd(from: Side, orderly: boolean): void {
    this.connection.end(from, orderly)
    this.next?.handleEnd(from, orderly)
  }

  credit(): Credit | undefined {
    return this.next?.credit()
  }

  private onEvent(event: Http1Event): void {
    const { from, type } = event
    if (type === 'switch') return this.switchTo(from, event.protocol, event.offset)
    if (type === 'tunnel') return this.next?.handleBytes(from, event.bytes)
    if (type === 'message') this.note(event.message)
    if (from === this.report.own) this.tell(event)
  }

  private note({ startLine, fields }: Message): void {
    if (startLine.kind === 'request') this.method = startLine.method
    else this.compressed = agreesToDeflate(valuesOf(fields, 'sec-websocket-extensions'))
  }

  /** RFC 7540 3.2, RFC 6455 4.2.2; other protocols are not read. */
  private switchTo(from: Side, protocol: string, offset: number): void {
    const { report, method: upgradedMethod, switchedAt: startsAt, compressed } = this
    startsAt[from] = offset
    const name = protocol.toLowerCase()
    if (name === 'h2c') this.next ??= new Http2Layer(report, { upgradedMethod, startsAt })
    else if (name === 'websocket') this.next ??= new WebSocketLayer(report, { startsAt, compressed })
  }

  private tell(event: Http1Event): void {
    const { from } = event
    switch (event.type) {
      case 'message':
        this.interim = event.message.interim
        return this.report.emit('http:message_started', startOf(event.message))
      case 'trailers':
        return this.tellTrailers(from, event.exchange, event.fields)
      case 'end':
        if (this.interim) return
        return this.report.emit('http:message_finished', {
          from,
          part: from === 'client' ? 'request' : 'response',
          exchange: event.exchange ?? 0,
          end_offset: event.offset + event.length,
          content: event.bodyLength,
          complete: event.complete,
        })
      case 'problem':
        return this.tellProblem(from, event.error.offset, event.error.reason)
      case 'limit':
        return this.tellProblem(from, event.offset, `limit_${event.limit}`)
      case 'skipped':
        return this.tellProblem(from, event.offset, `skipped ${event.length} octets`)
    }
  }

  private tellTrailers(from: Side, exchange: number | undefined, fields: readonly Field[]): void {
    const first = fields[0]
    const last = fields[fields.length - 1]
    const length = last.offset + last.length - first.offset
    this.report.emit('http:message_started', {
      ...NO_START_LINE,
      from,
      part: 'trailers',
      exchange: exchange ?? 0,
      offset: first.offset,
      length,
      uncompressed: length,
      fields: fieldsText(fields),
      end: true,
    })
  }

  private tellProblem(from: Side, offset: number, reason: string): void {
    this.report.emit('http:problem', { from, offset, code: '', scope: 'connection', stream: 0, reason })
  }
}

const NO_START_LINE = { version: 'http/1.1', method: '', target: '', status: 0 }

const fieldsText = (fields: readonly Field[]): string =>
  JSON.stringify(fields.map(({ name, value }) => [name, value]))

function startOf(message: Message) {
  const { from, exchange, startLine, fields, offset, headLength, framing, interim } = message
  const isRequest = startLine.kind === 'request'
  const empty = framing.kind === 'none' || framing.kind === 'tunnel'
  return {
    from,
    version: 'http/1.1',
    part: isRequest ? 'request' : interim ? 'interim' : 'response',
    exchange: exchange ?? 0,
    offset,
    length: headLength,
    uncompressed: headLength,
    method: isRequest ? startLine.method : '',
    target: isRequest ? startLine.target : '',
    status: isRequest ? 0 : startLine.status,
    fields: fieldsText(fields),
    end: empty || (framing.kind === 'length' && framing.length === 0),
  }
}
