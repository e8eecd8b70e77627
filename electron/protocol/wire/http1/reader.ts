/** One direction of a connection: start line, fields, body, trailers, over and over (RFC 9112 2.1). */
import { Gather } from '../octets.ts'
import type { Side } from '../side.ts'
import type { Http1Event, Http1Limits, Http1Sink, Message } from './events.ts'
import type { Exchange, Exchanges } from './exchanges.ts'
import { FieldSection, membersOf, valuesOf, type Field } from './fields.ts'
import { bodyFraming, isPersistent } from './framing.ts'
import { LineReader, type Line } from './lines.ts'
import { readRequestLine, readStatusLine, type StartLine } from './start-line.ts'

type State =
  | 'start'
  | 'fields'
  | 'length'
  | 'until_close'
  | 'chunk_header'
  | 'chunk_data'
  | 'chunk_end'
  | 'trailers'
  /** No start line was found; looking for one. */
  | 'lost'
  /** A request for another protocol waits for its answer. */
  | 'held'
  | 'tunnel'

const CHUNK_HEADER = /^([0-9A-Fa-f]+)[ \t]*(;.*)?$/s
/** Hexadecimal digits of the largest size that can be counted exactly. */
const CHUNK_DIGITS = 13

export class Http1Reader {
  private readonly sink: Http1Sink
  private readonly from: Side
  private readonly limits: Http1Limits
  private readonly exchanges: Exchanges
  private readonly onVerdict: (exchange: Exchange) => void
  private readonly lines: LineReader
  private readonly section = new FieldSection()
  private readonly held = new Gather()
  private state: State = 'start'
  /** Octets taken: the offset of the next one. */
  private position = 0
  private start: StartLine | undefined
  private message: Message | undefined
  private exchange: Exchange | undefined
  /** Octets of fields in this head or these trailers; more than the limit are not kept. */
  private sectionLength = 0
  private left = 0
  private bodyLength = 0
  private lostFrom = 0
  /** The last message said that none follows. */
  private closing = false

  /** `onVerdict` hears when a final response tells what became of a request. */
  constructor(
    sink: Http1Sink,
    from: Side,
    limits: Http1Limits,
    exchanges: Exchanges,
    onVerdict: (exchange: Exchange) => void,
  ) {
    this.sink = sink
    this.from = from
    this.limits = limits
    this.exchanges = exchanges
    this.onVerdict = onVerdict
    this.lines = new LineReader(limits.line)
  }

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      const taken = this.take(bytes, at)
      at += taken
      this.position += taken
      const { line } = this.lines
      if (line === undefined) continue
      this.lines.line = undefined
      this.onLine(line)
    }
  }

  /**
   * The direction ends: what reaches until here is whole if it ends in order, what should go on is not (RFC 9112 8).
   */
  end(orderly: boolean): void {
    if (this.state === 'held') this.release()
    if (this.state === 'lost') this.tellSkipped(this.position)
    else if (this.state === 'until_close') this.endMessage(orderly)
    else if (this.start !== undefined || this.lines.pending > 0) {
      this.problem('truncated', this.position)
      if (this.message) this.endMessage(false)
    }
    this.start = undefined
    this.state = 'lost'
    this.lostFrom = this.position
  }

  /** What became of an exchange that this direction's request waits for. */
  decide(exchange: Exchange): void {
    if (this.state === 'held' && exchange === this.exchange) this.release()
  }

  /** Takes what the state can use of the octets from `at`, at least one. */
  private take(bytes: Uint8Array, at: number): number {
    const available = bytes.length - at
    switch (this.state) {
      case 'tunnel':
        this.tell({ type: 'tunnel', from: this.from, offset: this.position, bytes: bytes.subarray(at) })
        return available
      case 'held':
        return this.hold(bytes, at)
      case 'until_close':
        this.passBody(bytes.subarray(at))
        return available
      case 'length':
      case 'chunk_data': {
        const length = Math.min(available, this.left)
        this.passBody(bytes.subarray(at, at + length))
        this.left -= length
        if (this.left === 0) this.endPart(this.position + length)
        return length
      }
      default:
        return this.lines.take(bytes, at, this.position)
    }
  }

  private passBody(bytes: Uint8Array): void {
    const { bodyLength: bodyOffset, position: offset, from } = this
    this.tell({ type: 'body', from, exchange: this.exchange?.number, bodyOffset, offset, bytes })
    this.bodyLength += bytes.length
  }

  private endPart(end: number): void {
    if (this.state === 'chunk_data') this.state = 'chunk_end'
    else this.endMessage(true, end)
  }

  private onLine(line: Line): void {
    if (line.tooLong) this.limit('line', line.offset)
    else if (line.bareLf && this.state !== 'lost') this.problem('bare_lf', line.offset + line.length - 1)
    switch (this.state) {
      case 'start':
        return this.onStartLine(line)
      case 'lost':
        return this.onLostLine(line)
      case 'fields':
      case 'trailers':
        return this.onFieldLine(line)
      case 'chunk_header':
        return this.onChunkHeader(line)
      case 'chunk_end':
        if (line.text !== '' || line.tooLong) this.lose('bad_chunk_end', line)
        else this.state = 'chunk_header'
    }
  }

  // Start line.

  private onStartLine(line: Line): void {
    // RFC 9112 2.2: empty lines before a request are to be ignored.
    if (line.text === '' && !line.tooLong) {
      if (this.from === 'server') this.problem('empty_line_before_status', line.offset)
      return
    }
    const start = this.readStart(line)
    if (start === undefined)
      return this.lose(this.from === 'client' ? 'bad_request_line' : 'bad_status_line', line)
    if (this.closing) this.problem('message_after_close', line.offset)
    this.begin(start)
  }

  private readStart(line: Line): StartLine | undefined {
    return this.from === 'client' ? readRequestLine(line.text, line) : readStatusLine(line.text, line)
  }

  private begin(start: StartLine): void {
    if (!start.version.startsWith('1.')) this.problem('bad_version', start.offset)
    this.closing = false
    this.start = start
    this.section.take()
    this.state = 'fields'
    this.sectionLength = 0
    this.bodyLength = 0
  }

  /** Where a message's end is unknown: the next one that can be told is where a start line stands. */
  private lose(reason: string, line: Line): void {
    this.problem(reason, line.offset)
    if (this.message) this.endMessage(false, line.offset)
    this.start = undefined
    this.lostFrom = line.offset
    this.state = 'lost'
  }

  private onLostLine(line: Line): void {
    const start = this.readStart(line)
    if (start === undefined) return
    this.tellSkipped(line.offset)
    this.begin(start)
  }

  private tellSkipped(end: number): void {
    const { from, lostFrom: offset } = this
    if (end > offset) this.tell({ type: 'skipped', from, offset, length: end - offset })
  }

  // Fields.

  private onFieldLine(line: Line): void {
    if (line.text === '' && !line.tooLong) {
      const fields = this.section.take()
      if (this.state === 'fields') return this.onHead(fields)
      if (fields.length > 0)
        this.tell({ type: 'trailers', from: this.from, exchange: this.exchange?.number, fields })
      return this.endMessage(true)
    }
    const before = this.sectionLength
    this.sectionLength += line.length
    if (line.tooLong) return
    if (this.sectionLength > this.limits.head) {
      if (before <= this.limits.head) this.limit('head', line.offset)
      return
    }
    const reason = this.section.add(line)
    if (reason !== undefined) this.problem(reason, line.offset)
  }

  private onHead(fields: Field[]): void {
    const start = this.start!
    this.exchange = start.kind === 'request' ? this.newExchange(start.method, fields) : this.exchanges.first
    if (start.kind === 'response' && this.exchange === undefined)
      this.problem('response_without_request', start.offset)
    const { framing, problems } = bodyFraming(start, fields, this.exchange?.method)
    for (const reason of problems) this.problem(reason, start.offset)
    if (start.kind === 'request') this.checkHost(start, fields)
    const message: Message = {
      from: this.from,
      exchange: this.exchange?.number,
      startLine: start,
      fields,
      offset: start.offset,
      headLength: this.position - start.offset,
      framing,
      interim: start.kind === 'response' && start.status < 200 && start.status !== 101,
      persistent: isPersistent(start, fields),
    }
    this.message = message
    this.tell({ type: 'message', from: this.from, message })
    this.beginBody(message)
  }

  private newExchange(method: string, fields: readonly Field[]): Exchange {
    const asksToSwitch =
      method === 'CONNECT' ||
      (valuesOf(fields, 'upgrade').length > 0 && membersOf(fields, 'connection').includes('upgrade'))
    const { exchange, full } = this.exchanges.add(method, asksToSwitch)
    if (full) this.limit('pending_requests', this.start!.offset)
    return exchange
  }

  /** RFC 9112 3.2: exactly one Host, in HTTP/1.1. */
  private checkHost({ version, offset }: StartLine, fields: readonly Field[]): void {
    const hosts = valuesOf(fields, 'host').length
    if (hosts > 1 || (hosts === 0 && version === '1.1')) this.problem('bad_host', offset)
  }

  // Body.

  private beginBody(message: Message): void {
    const { framing } = message
    switch (framing.kind) {
      case 'none':
        return this.endMessage(true)
      case 'length':
        this.left = framing.length
        this.state = 'length'
        if (this.left === 0) this.endMessage(true)
        return
      case 'tunnel':
        return this.endMessage(true)
      case 'chunked':
        this.state = 'chunk_header'
        return
      case 'until_close':
        this.state = 'until_close'
        return
      case 'unknown':
        this.endMessage(false)
        this.state = 'lost'
        this.lostFrom = this.position
    }
  }

  private onChunkHeader(line: Line): void {
    const found = line.tooLong ? null : CHUNK_HEADER.exec(line.text)
    if (found === null) return this.lose('bad_chunk_header', line)
    const [, digits, extensions = ''] = found
    if (digits.replace(/^0+/, '').length > CHUNK_DIGITS) return this.lose('chunk_too_large', line)
    const size = parseInt(digits, 16)
    const { offset, length } = line
    const chunk = { offset, length, size, extensions }
    this.tell({ type: 'chunk', from: this.from, exchange: this.exchange?.number, chunk })
    this.left = size
    this.sectionLength = 0
    this.state = size === 0 ? 'trailers' : 'chunk_data'
  }

  private endMessage(complete: boolean, end = this.position): void {
    const { from, bodyLength } = this
    const message = this.message!
    const { offset, exchange, interim, persistent } = message
    this.message = undefined
    this.start = undefined
    this.state = 'start'
    this.tell({ type: 'end', from, exchange, bodyLength, offset, length: end - offset, complete })
    if (!interim) this.closing = !persistent && from === 'server'
    if (from === 'server') this.endResponse(message, end)
    else if (this.exchange?.asksToSwitch) this.awaitVerdict(end)
  }

  // Other protocols (RFC 9110 7.8, 9.3.6).

  private switchTo(protocol: string, offset: number): void {
    this.state = 'tunnel'
    this.closing = false
    this.tell({ type: 'switch', from: this.from, protocol, offset })
  }

  private endResponse({ interim, framing, fields, startLine }: Message, end: number): void {
    if (interim) return
    const { exchange } = this
    let protocol: string | undefined
    if (framing.kind === 'tunnel') {
      const upgraded = startLine.kind === 'response' && startLine.status === 101
      protocol = upgraded ? (valuesOf(fields, 'upgrade')[0] ?? '') : 'connect'
      if (!exchange?.asksToSwitch) this.problem('unexpected_switch', startLine.offset)
    }
    this.exchanges.settle(protocol)
    if (protocol !== undefined) this.switchTo(protocol, end)
    if (exchange) this.onVerdict(exchange)
  }

  private awaitVerdict(end: number): void {
    const { verdict } = this.exchange!
    if (verdict === undefined) this.state = 'held'
    else if (verdict.protocol !== undefined) this.switchTo(verdict.protocol, end)
  }

  private hold(bytes: Uint8Array, at: number): number {
    const length = Math.min(bytes.length - at, this.limits.held - this.held.length)
    if (length > 0) {
      this.held.add(bytes, at, at + length)
      return length
    }
    this.limit('held', this.position)
    this.release()
    return this.take(bytes, at)
  }

  /** Reads what was held, as what it turned out to be. */
  private release(): void {
    const octets = this.held.bytes.slice()
    this.held.clear()
    this.position -= octets.length
    const protocol = this.exchange?.verdict?.protocol
    if (protocol === undefined) this.state = 'start'
    else this.switchTo(protocol, this.position)
    this.push(octets)
  }

  private problem(reason: string, offset: number): void {
    this.tell({ type: 'problem', from: this.from, error: { layer: 'http1', reason, offset } })
  }

  private limit(limit: Extract<Http1Event, { type: 'limit' }>['limit'], offset: number): void {
    this.tell({ type: 'limit', from: this.from, limit, offset })
  }

  private tell(event: Http1Event): void {
    this.sink(event)
  }
}
