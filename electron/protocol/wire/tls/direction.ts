/** One direction of a TLS connection: records, what is in them, and which keys they are under. */
import type { Side } from '../side.ts'
import type { HandshakeEvent, MalformedEvent, TlsEvent, UndecryptableEvent } from './events.ts'
import { decodeHandshake } from './handshake.ts'
import { MessageAssembler, type AssembledMessage } from './message-assembler.ts'
import { ALERT, alertName, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEARTBEAT } from './names.ts'
import type { Opened } from './protection.ts'
import {
  MAX_PLAINTEXT,
  RECORD_HEADER,
  RecordReader,
  type RecordStep,
  type TlsRecord,
} from './record-reader.ts'
import type { Keys, Session } from './session.ts'

/**
 * How many records in a row may stay closed, or may have been lost with broken headers, until the count of records
 * is lost for good. Each is a sequence number more to try.
 */
const MAX_MISSES = 8

/** The content of a record, in the clear. */
interface Content {
  readonly type: number
  readonly bytes: Uint8Array
  /** Where it can be seen in the stream; undefined when it is encrypted there. */
  readonly stream?: number
}

export class Direction {
  private readonly from: Side
  private readonly session: Session
  private readonly emit: (event: TlsEvent) => void
  private readonly assembler = new MessageAssembler()
  readonly records = new RecordReader((step) => this.onStep(step))
  /** TLS 1.2: a change_cipher_spec was sent. */
  private changed = false
  private keys: Keys | undefined
  /** Sequence number of the next record under `keys`. */
  private sequence = 0
  private misses = 0
  private applicationBytes = 0

  constructor(from: Side, session: Session, emit: (event: TlsEvent) => void) {
    this.from = from
    this.session = session
    this.emit = emit
  }

  /** The stream ends here: what has begun will not be completed. */
  handleEnd(): void {
    const { partial } = this.records
    this.records.handleEnd()
    this.dropPartialMessage(this.records.position, 'truncated_handshake')
    if (partial !== undefined) this.malformed(partial.offset, partial.have, 'truncated_record')
  }

  private onStep(step: RecordStep): void {
    const { from } = this
    switch (step.kind) {
      case 'record':
        this.onRecord(step.record)
        break
      case 'lost':
        this.dropPartialMessage(step.offset, 'interrupted_handshake')
        this.malformed(step.offset, RECORD_HEADER, step.reason)
        break
      case 'found':
        this.misses = MAX_MISSES
        this.emit({ kind: 'resumed', from, offset: step.offset - step.skipped, length: step.skipped })
    }
  }

  private onRecord(record: TlsRecord): void {
    const { from } = this
    const { offset, type, version, fragment } = record
    const length = RECORD_HEADER + fragment.length
    const about = { kind: 'record', from, offset, length, type, version } as const
    if (!this.isProtected(type)) {
      this.emit({ ...about, protected: false, plaintextLength: fragment.length })
      this.onContent(record, { type, bytes: fragment, stream: offset + RECORD_HEADER })
      return
    }
    const opened = this.open(record)
    if (opened === undefined) {
      const reason = this.session.whyClosed(from, this.keys)
      this.emit({ ...about, protected: true })
      this.emit({ kind: 'undecryptable', from, offset, length, reason } satisfies UndecryptableEvent)
      this.dropPartialMessage(offset, 'interrupted_handshake')
      return
    }
    const inner = this.session.isTls13 || opened.type !== type ? { innerType: opened.type } : {}
    this.emit({ ...about, protected: true, ...inner, plaintextLength: opened.plaintext.length })
    this.onContent(record, { type: opened.type, bytes: opened.plaintext })
  }

  /**
   * In TLS 1.3 the outer type tells (RFC 8446 5.2), in TLS 1.2 the change_cipher_spec before. No version sends
   * application data in the clear.
   */
  private isProtected(type: number): boolean {
    return type === APPLICATION_DATA || (this.changed && !this.session.isTls13)
  }

  /**
   * Tries the keys in force, then those that may come next: a record is authentic under one of them only, so it tells
   * itself where they change, even when the message before the change was not seen, or 0-RTT data were refused.
   */
  private open(record: TlsRecord): Opened | undefined {
    if (this.keys !== undefined) {
      const opened = this.openWith(this.keys, this.sequence, record)
      if (opened !== undefined) return opened
    }
    for (const keys of this.session.keysAfter(this.from, this.keys)) {
      const opened = this.openWith(keys, 0, record)
      if (opened === undefined) continue
      this.onKeys(keys, record)
      return opened
    }
    this.misses = Math.min(this.misses + 1, MAX_MISSES)
    return undefined
  }

  private openWith(keys: Keys, first: number, record: TlsRecord): Opened | undefined {
    for (let sequence = first; sequence <= first + this.misses; sequence++) {
      const opened = keys.open(sequence, record)
      if (opened === undefined) continue
      this.sequence = sequence + 1
      this.misses = 0
      return opened
    }
    return undefined
  }

  private onKeys(keys: Keys, { offset, fragment }: TlsRecord): void {
    this.keys = keys
    const { epoch, generation, label, secret, key, iv } = keys
    const length = RECORD_HEADER + fragment.length
    const about = { from: this.from, offset, length }
    this.emit({ kind: 'keys', ...about, epoch, generation, label, secret, key, iv })
    // Keys change between messages only (RFC 8446 5.1).
    this.dropPartialMessage(offset, 'interrupted_handshake')
  }

  private onContent(record: TlsRecord, content: Content): void {
    const { offset, fragment } = record
    const { type, bytes } = content
    const length = RECORD_HEADER + fragment.length
    if (bytes.length > MAX_PLAINTEXT) this.malformed(offset, length, 'record_overflow')
    if (type !== HANDSHAKE) this.dropPartialMessage(offset, 'interrupted_handshake')
    if (type === 0) this.malformed(offset, length, 'no_content_type')
    else if (bytes.length === 0 && type !== APPLICATION_DATA) this.malformed(offset, length, 'empty_fragment')
    else if (type === HANDSHAKE) this.onHandshake(record, content)
    else if (type === APPLICATION_DATA) this.onApplicationData(offset, length, bytes)
    else if (type === ALERT) this.onAlert(offset, length, bytes)
    else if (type === CHANGE_CIPHER_SPEC) this.onChangeCipherSpec(offset, length, bytes)
    else if (type !== HEARTBEAT) this.malformed(offset, length, 'bad_inner_type')
  }

  private onHandshake({ offset, fragment }: TlsRecord, { bytes, stream }: Content): void {
    const recordLength = RECORD_HEADER + fragment.length
    const place = stream === undefined ? {} : { stream }
    for (const whole of this.assembler.handleFragment({ bytes, record: offset, recordLength, ...place })) {
      if (whole === 'too_long') this.malformed(offset, recordLength, 'handshake_too_long')
      else this.onMessage(whole)
    }
  }

  private onMessage({ bytes, pieces, start, end }: AssembledMessage): void {
    const { message, fields, error } = decodeHandshake(bytes, this.session)
    const place = { from: this.from, offset: start, length: end - start }
    // A ServerHello that can't be read whole decides nothing.
    if (error === undefined) this.session.onMessage(message, bytes)
    this.emit({ kind: 'handshake', ...place, message, bytes, fields, pieces } satisfies HandshakeEvent)
    if (error !== undefined)
      this.emit({ kind: 'malformed', ...place, reason: error.reason, at: error.offset })
  }

  private onApplicationData(offset: number, length: number, data: Uint8Array): void {
    const { from, applicationBytes: dataOffset } = this
    const early = this.keys?.epoch === 'early'
    this.applicationBytes += data.length
    this.emit({ kind: 'application_data', from, offset, length, data, dataOffset, early })
  }

  /** RFC 8446 6; a record holds one (5.1). */
  private onAlert(offset: number, length: number, bytes: Uint8Array): void {
    if (bytes.length !== 2) {
      this.malformed(offset, length, 'bad_alert')
      return
    }
    const [level, description] = bytes
    const name = alertName(description)
    this.emit({ kind: 'alert', from: this.from, offset, length, level, description, name })
  }

  /** RFC 5246 7.1. In TLS 1.3 it means nothing (RFC 8446 D.4). */
  private onChangeCipherSpec(offset: number, length: number, bytes: Uint8Array): void {
    if (bytes.length !== 1 || bytes[0] !== 1) {
      this.malformed(offset, length, 'bad_change_cipher_spec')
      return
    }
    this.emit({ kind: 'change_cipher_spec', from: this.from, offset, length })
    if (this.session.isTls13) return
    this.changed = true
    this.keys = undefined
    this.sequence = 0
    this.misses = 0
  }

  private dropPartialMessage(offset: number, reason: string): void {
    if (!this.assembler.isPartial) return
    this.assembler.reset()
    this.malformed(offset, 0, reason)
  }

  private malformed(offset: number, length: number, reason: string): void {
    this.emit({ kind: 'malformed', from: this.from, offset, length, reason } satisfies MalformedEvent)
  }
}
