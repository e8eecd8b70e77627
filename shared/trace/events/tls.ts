/** TLS: what an onlooker at the sender's host reads, and what the endpoints themselves say. */
import { u8, u16, u32, f64, flag, str, type EventSpec } from './spec.ts'

export const TLS_EVENTS = {
  // --- TLS, as an onlooker at the sender's host reads it ----------------------------------------------------
  //
  // `from` is client or server; `offset` counts the bytes that this side has sent on the TCP connection, from 0.
  // An event is written when the last byte that it tells of was first sent, and carries the packet that did it. What has
  // been read is there even if it is lost on the way; bytes that never leave are not. Where only the other side's
  // answer tells what bytes mean, or that they are cut off, the event comes with that answer and its packet.
  //
  // QUIC has no records (RFC 9001 3): handshake messages are those of its CRYPTO streams, and keys have a packet number.
  'security:record': {
    doc: 'A TLS record',
    fields: {
      from: str('client or server'),
      offset: f64('of its header in the TCP stream', 'B'),
      length: u16('header included', 'B'),
      content_type: u8('of the header (RFC 8446 5.1)'),
      inner_type: u8(
        'what TLS 1.3 has inside; content_type when it is not protected, 0 when it cannot be read',
      ),
      version: u16('of the header'),
      protected: flag('encrypted'),
      plain_offset: f64(
        'where its application data begin among all of this side; -1: it carries none that can be read',
        'B',
      ),
      plain_length: u16('bytes of content, when it can be read', 'B'),
      problem: str(
        'empty, or why it could not be read: no_handshake, no_secret, unsupported_cipher or bad_record_mac',
      ),
    },
  },
  'security:handshake_message': {
    doc: 'A handshake message, whole',
    fields: {
      from: str('client or server'),
      offset: f64(
        'of the first record that it came in; in QUIC its own, in the CRYPTO stream of its level',
        'B',
      ),
      length: u32('of all records that it came in; in QUIC its own', 'B'),
      type: u8('HandshakeType'),
      name: str('of the type, such as client_hello'),
      protected: flag('it came encrypted'),
      bytes: str('the message, header included, hexadecimal'),
      fields: str('DissectedField[] as JSON; offsets in the message'),
    },
  },
  'security:alert': {
    doc: 'An alert',
    fields: {
      from: str('client or server'),
      offset: f64('of its record', 'B'),
      level: u8('1 warning, 2 fatal'),
      description: u8('AlertDescription'),
      name: str('such as bad_certificate'),
    },
  },
  'security:key_updated': {
    doc: 'Other keys are in force for what this side sends',
    fields: {
      from: str('client or server'),
      offset: f64('of the first record under them; in QUIC the number of the first packet', 'B'),
      epoch: str('early, handshake or application'),
      generation: u32('0, and one more with each KeyUpdate, or each key phase of QUIC'),
      label: str('of the secret in the key log'),
      secret: str('hexadecimal'),
      key: str('hexadecimal'),
      iv: str('hexadecimal'),
    },
  },
  'security:secret_logged': {
    doc: 'A line of the key log (RFC 9850), as the endpoint gives it; makes the recording readable',
    fields: { line: str('label, client random, secret') },
  },
  'security:malformed': {
    doc: 'Bytes that are not what TLS says they should be, or the place where records could be read again',
    fields: {
      from: str('client or server'),
      offset: f64('where', 'B'),
      length: u32('bytes passed over', 'B'),
      reason: str('what is wrong; resumed: records can be read again from here'),
    },
  },
  // --- TLS, as the endpoints themselves say -----------------------------------------------------------------
  'security:handshake_finished': {
    doc: 'The TLS handshake of this end is over, well or not',
    fields: {
      version: str('such as TLSv1.3'),
      cipher_suite: str('its standard name'),
      group: str('of the key exchange; empty: RSA'),
      alpn: str('protocol agreed, or empty'),
      resumed: flag('an old session was taken up'),
      error: str('empty, or the code of the library, such as CERT_HAS_EXPIRED or ERR_SSL_...'),
      message: str('empty, or the error in words'),
    },
  },
  'security:certificate_checked': {
    doc: "One step in the validation of the peer's chain (RFC 5280 6.1)",
    fields: {
      depth: u8('0: the leaf'),
      subject: str('distinguished name'),
      issuer: str('distinguished name'),
      check: str('issuer, signature, validity, basic_constraints, key_usage, host_name or trust_anchor'),
      ok: flag('it holds'),
      detail: str('what was compared with what'),
      code: str('empty, or how OpenSSL names the failure, such as CERT_HAS_EXPIRED'),
    },
  },
  'security:decryption_attempted': {
    doc: 'Someone tried to read a recorded connection with a key that leaked',
    fields: {
      total: f64('bytes of protected application data of both sides, as they crossed', 'B'),
      recovered: f64('bytes of application data that could be read', 'B'),
      reason: str('empty, or why not'),
      sample: str('the beginning of what was read'),
    },
  },
} as const satisfies Record<string, EventSpec>
