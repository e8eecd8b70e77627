/** What a passive reading of TLS reports. Offsets and lengths are places in the TCP stream of one direction. */
import type { DissectedField } from '../../../../shared/dissection.ts'
import type { HandshakeMessage } from './messages.ts'
import type { Side } from '../side.ts'

/** Which keys protect a record. TLS 1.2 knows only the last; `application` counts KeyUpdates. */
export type Epoch = 'early' | 'handshake' | 'application'

/** Where some bytes of a handshake message came from. */
export interface MessagePiece {
  /** Offset in the message. */
  readonly at: number
  readonly length: number
  /** Offset of the record in the stream. */
  readonly record: number
  /** Offset of the bytes themselves in the stream, when the record is not encrypted. */
  readonly stream?: number
}

/** Where it is and who sent it. */
interface Place {
  readonly from: Side
  readonly offset: number
  readonly length: number
}

/** A whole record, header included; what is in it follows in events of its own. */
export interface RecordEvent extends Place {
  readonly kind: 'record'
  /** Of the header. */
  readonly type: number
  readonly version: number
  readonly protected: boolean
  /** What TLS 1.3 has inside; undefined when it is not protected or can't be read. */
  readonly innerType?: number
  /** Bytes of content, when it can be read. */
  readonly plaintextLength?: number
}

/** `offset` and `length` span all records that it came in. */
export interface HandshakeEvent extends Place {
  readonly kind: 'handshake'
  readonly message: HandshakeMessage
  /** The message, header included. */
  readonly bytes: Uint8Array
  /** Offsets in `bytes`. */
  readonly fields: readonly DissectedField[]
  readonly pieces: readonly MessagePiece[]
}

export interface AlertEvent extends Place {
  readonly kind: 'alert'
  readonly level: number
  readonly description: number
  readonly name: string
}

/** The application's bytes of one record. */
export interface ApplicationDataEvent extends Place {
  readonly kind: 'application_data'
  readonly data: Uint8Array
  /** Where they begin among all application bytes of this direction that could be read. */
  readonly dataOffset: number
  readonly early: boolean
}

/** Other keys are in force from this record on. */
export interface KeysEvent extends Place {
  readonly kind: 'keys'
  readonly epoch: Epoch
  /** 0, and one more with each KeyUpdate. */
  readonly generation: number
  /** Label and value of the secret in the key log's terms; TLS 1.2: the master secret. */
  readonly label: string
  readonly secret: Uint8Array
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

export type UndecryptableReason =
  /** No ServerHello was seen, so nothing is known of the keys. */
  | 'no_handshake'
  | 'no_secret'
  | 'unsupported_cipher'
  /** There are keys, and the record is not authentic under them. */
  | 'bad_record_mac'

/** A record that stays closed. */
export interface UndecryptableEvent extends Place {
  readonly kind: 'undecryptable'
  readonly reason: UndecryptableReason
}

/** Bytes that are not what they should be. */
export interface MalformedEvent extends Place {
  readonly kind: 'malformed'
  readonly reason: string
  /** In a handshake message: where in the message. */
  readonly at?: number
}

/** Where records could be read again; the place spans the bytes that were passed over. */
export interface ResumedEvent extends Place {
  readonly kind: 'resumed'
}

export interface ChangeCipherSpecEvent extends Place {
  readonly kind: 'change_cipher_spec'
}

export type TlsEvent =
  | RecordEvent
  | HandshakeEvent
  | ChangeCipherSpecEvent
  | AlertEvent
  | ApplicationDataEvent
  | KeysEvent
  | UndecryptableEvent
  | MalformedEvent
  | ResumedEvent
