/** The handshake messages (RFC 8446 4, RFC 5246 7.4) as records; the bytes in them are views. */
import type { Extension } from './extensions.ts'

export interface ClientHello {
  readonly type: 'client_hello'
  readonly version: number
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cipherSuites: readonly number[]
  readonly compressionMethods: Uint8Array
  readonly extensions: readonly Extension[]
}

export interface ServerHello {
  readonly type: 'server_hello'
  readonly version: number
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cipherSuite: number
  readonly compressionMethod: number
  readonly extensions: readonly Extension[]
  /** It is a HelloRetryRequest (RFC 8446 4.1.3). */
  readonly retry: boolean
}

export interface CertificateEntry {
  /** DER of X.509. */
  readonly data: Uint8Array
  /** TLS 1.3 only. */
  readonly extensions: readonly Extension[]
}

export interface Signature {
  /** 0 where the version has none (before TLS 1.2). */
  readonly scheme: number
  readonly signature: Uint8Array
}

/** What the server sends for the key exchange of a TLS 1.2 suite. */
export type ServerKeyParameters =
  | { readonly kind: 'ECDHE'; readonly group: number; readonly publicKey: Uint8Array }
  | { readonly kind: 'DHE'; readonly p: Uint8Array; readonly g: Uint8Array; readonly publicKey: Uint8Array }
  | { readonly kind: 'unknown'; readonly data: Uint8Array }

export type HandshakeMessage =
  | ClientHello
  | ServerHello
  | { readonly type: 'encrypted_extensions'; readonly extensions: readonly Extension[] }
  | {
      readonly type: 'certificate'
      /** Of TLS 1.3: ties the answer to its request. */
      readonly context: Uint8Array
      readonly entries: readonly CertificateEntry[]
    }
  | {
      readonly type: 'certificate_request'
      readonly context: Uint8Array
      /** TLS 1.2 only. */
      readonly certificateTypes: Uint8Array
      readonly signatureSchemes: readonly number[]
      /** DER of distinguished names. */
      readonly authorities: readonly Uint8Array[]
      readonly extensions: readonly Extension[]
    }
  | ({ readonly type: 'certificate_verify' } & Signature)
  | {
      readonly type: 'server_key_exchange'
      readonly parameters: ServerKeyParameters
      readonly signed?: Signature
    }
  | { readonly type: 'client_key_exchange'; readonly kind: string; readonly exchange: Uint8Array }
  | {
      readonly type: 'new_session_ticket'
      /** In seconds. */
      readonly lifetime: number
      readonly ageAdd: number
      readonly nonce: Uint8Array
      readonly ticket: Uint8Array
      readonly extensions: readonly Extension[]
    }
  | { readonly type: 'certificate_status'; readonly statusType: number; readonly response: Uint8Array }
  | { readonly type: 'key_update'; readonly updateRequested: boolean }
  | { readonly type: 'finished'; readonly verifyData: Uint8Array }
  | { readonly type: 'server_hello_done' | 'end_of_early_data' | 'hello_request' }
  | { readonly type: 'unknown'; readonly code: number; readonly data: Uint8Array }

/** What the meaning of a message's bytes depends on. */
export interface HandshakeContext {
  /** Negotiated; TLS 1.2 until a ServerHello says otherwise. */
  readonly version: number
  /** Negotiated; 0 before. */
  readonly cipherSuite: number
}
