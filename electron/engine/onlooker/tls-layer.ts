/** TLS: records, handshake messages, alerts and keys, and what is inside. */
import type { EventData } from '../../../shared/trace/events.ts'
import type { SessionCrypto } from '../../protocol/crypto.ts'
import type { Credit } from '../../protocol/tcp/tap.ts'
import { bySide, SIDES, type Side } from '../../protocol/wire/side.ts'
import { TlsDissector } from '../../protocol/wire/tls/dissector.ts'
import type { HandshakeEvent, KeysEvent, RecordEvent, TlsEvent } from '../../protocol/wire/tls/events.ts'
import type { Extension } from '../../protocol/wire/tls/extensions.ts'
import { hexOf, type KeyLog } from '../../protocol/wire/tls/key-log.ts'
import type { HandshakeMessage } from '../../protocol/wire/tls/messages.ts'
import { handshakeTypeName } from '../../protocol/wire/tls/names.ts'
import type { Layer } from './layer.ts'
import type { Protocol } from './look.ts'
import { Looker, type BeginLayer } from './looker.ts'
import type { Report } from './report.ts'

export interface TlsContext {
  readonly crypto: SessionCrypto
  readonly keyLog: KeyLog
  /** Begins what is carried inside. */
  readonly inside: BeginLayer
  /** What is spoken inside where nothing else can be told. */
  readonly expected?: Protocol | undefined
}

/** Of the alert that ends a direction in order (RFC 8446 6.1). */
const CLOSE_NOTIFY = 0

/** Protocols whose names in ALPN are those that they have here, too. */
const READABLE: readonly string[] = ['h2', 'http/1.1', 'mqtt'] satisfies Protocol[]

/** A `security:record` whose content is still to be told. */
type RecordDraft = {
  -readonly [K in keyof EventData<'security:record'>]: EventData<'security:record'>[K]
}

export class TlsLayer implements Layer {
  private readonly report: Report
  private readonly dissector: TlsDissector
  private readonly inner: Looker
  /** Sides that have sent their Finished, or, where it cannot be read, a first record under keys. */
  private readonly finished = bySide(() => false)
  private readonly closed = bySide(() => false)
  private answered = false
  /** A record of our own; what follows it tells what is in it. */
  private record: RecordDraft | undefined

  constructor(report: Report, { crypto, keyLog, inside, expected }: TlsContext) {
    this.report = report
    this.dissector = new TlsDissector(crypto, keyLog)
    this.inner = new Looker(inside, expected)
  }

  handleBytes(from: Side, bytes: Uint8Array): void {
    this.dissector.handleBytes(from, bytes)
    this.pollEvents()
  }

  handleEnd(from: Side): void {
    this.dissector.handleEnd(from)
    this.pollEvents()
    // Without close_notify nobody knows whether something is missing (RFC 8446 6.1), whatever TCP says.
    if (!this.closed[from]) this.inner.handleEnd(from, false)
    this.closed[from] = true
  }

  get handshaking(): boolean {
    return SIDES.some((side) => !this.finished[side])
  }

  credit(): Credit | undefined {
    return this.inner.credit()
  }

  private pollEvents(): void {
    for (;;) {
      const event = this.dissector.pollEvent()
      if (event === undefined) break
      this.follow(event)
      if (event.from === this.report.own) this.tell(event)
      this.feed(event)
    }
    this.tellRecord()
  }

  // What is known of the connection.

  private follow(event: TlsEvent): void {
    if (event.kind === 'handshake') this.onMessage(event)
    // After a ServerHello, the first record that stays closed is, or stands before, a Finished nobody can read.
    else if (event.kind === 'undecryptable') this.finished[event.from] ||= this.answered
  }

  private onMessage({ message, from }: HandshakeEvent): void {
    if (message.type === 'server_hello') this.answered = !message.retry
    // A new handshake on the old connection (RFC 5246 7.4.1.1).
    if (message.type === 'client_hello') this.finished.client = this.finished.server = false
    if (message.type === 'finished') this.finished[from] = true
    const protocol = selectedProtocol(message)
    if (protocol !== undefined)
      this.inner.decide(READABLE.includes(protocol) ? (protocol as Protocol) : 'none')
  }

  /** Hands on what was carried, after the record that it came in was told of. */
  private feed(event: TlsEvent): void {
    const { from } = event
    if (event.kind === 'application_data') {
      this.tellRecord()
      this.inner.handleBytes(from, event.data)
    } else if (event.kind === 'undecryptable') {
      // What was in it is missing: what comes after it makes no sense to who reads on.
      this.inner.lose()
    } else if (event.kind === 'alert' && event.description === CLOSE_NOTIFY && !this.closed[from]) {
      this.closed[from] = true
      this.inner.handleEnd(from, true)
    }
  }

  // What our own host has sent.

  private tell(event: TlsEvent): void {
    const { from, offset, length } = event
    switch (event.kind) {
      case 'record':
        this.tellRecord()
        this.record = recordOf(event)
        return
      case 'application_data':
        if (this.record) this.record.plain_offset = event.dataOffset
        return
      case 'undecryptable':
        if (this.record) this.record.problem = event.reason
        return
    }
    this.tellRecord()
    switch (event.kind) {
      case 'handshake':
        return this.report.emit('security:handshake_message', messageOf(event))
      case 'alert': {
        const { level, description, name } = event
        return this.report.emit('security:alert', { from, offset, level, description, name })
      }
      case 'keys':
        return this.report.emit('security:key_updated', keysOf(event))
      case 'malformed':
        return this.report.emit('security:malformed', { from, offset, length, reason: event.reason })
      case 'resumed':
        return this.report.emit('security:malformed', { from, offset, length, reason: 'resumed' })
    }
  }

  private tellRecord(): void {
    if (this.record === undefined) return
    this.report.emit('security:record', this.record)
    this.record = undefined
  }
}

function recordOf(event: RecordEvent): RecordDraft {
  const { from, offset, length, type, version, protected: isProtected, plaintextLength } = event
  const readable = plaintextLength !== undefined
  return {
    from,
    offset,
    length,
    content_type: type,
    inner_type: readable ? (event.innerType ?? type) : 0,
    version,
    protected: isProtected,
    plain_offset: -1,
    plain_length: plaintextLength ?? 0,
    problem: '',
  }
}

function messageOf({ from, offset, length, bytes, fields, pieces }: HandshakeEvent) {
  return {
    from,
    offset,
    length,
    type: bytes[0],
    name: handshakeTypeName(bytes[0]),
    protected: pieces[0]?.stream === undefined,
    bytes: hexOf(bytes),
    fields: JSON.stringify(fields),
  }
}

function keysOf({ from, offset, epoch, generation, label, secret, key, iv }: KeysEvent) {
  return { from, offset, epoch, generation, label, secret: hexOf(secret), key: hexOf(key), iv: hexOf(iv) }
}

/** The protocol that the server chose (RFC 7301 3.1). */
function selectedProtocol(message: HandshakeMessage): string | undefined {
  if (message.type !== 'server_hello' && message.type !== 'encrypted_extensions') return undefined
  const { extensions }: { extensions: readonly Extension[] } = message
  for (const { content } of extensions) if (content.kind === 'alpn') return content.protocols[0]
  return undefined
}
