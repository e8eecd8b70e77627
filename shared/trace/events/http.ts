/** HTTP: what an onlooker at the sender's host reads, and what the applications themselves say. */
import { u8, u16, u32, f64, flag, str, type EventSpec } from './spec.ts'

export const HTTP_EVENTS = {
  // --- HTTP, as an onlooker at the sender's host reads it ---------------------------------------------------
  //
  // `offset` counts the bytes of application data that this side has sent: those inside TLS, or those of TCP itself
  // in the clear. `security:record` tells where these lie in the TCP stream (`plain_offset`). A frame or message is told
  // of when the record that holds its last byte was sent whole.
  'http:frame': {
    doc: 'A frame of HTTP/2 or HTTP/3',
    fields: {
      from: str('client or server'),
      stream: u32('stream identifier'),
      type: str('such as DATA'),
      flags: u8('of the frame header'),
      offset: f64('of the frame header', 'B'),
      length: u32('of the payload', 'B'),
      detail: str('its flags by name, then what it says, in the words of the RFC, with commas between'),
      connection_window: f64(
        'after it: of DATA what its sender, of WINDOW_UPDATE what its receiver may send on the connection, as the sender of the frame knows; -1: it does not change that',
        'B',
      ),
      stream_window: f64('likewise on the stream', 'B'),
    },
  },
  'http:message_started': {
    doc: 'The header section of a request or response',
    fields: {
      from: str('client or server'),
      version: str('http/1.1, h2 or h3'),
      part: str('request, response, interim, trailers or push'),
      exchange: u32(
        'the stream (of a push: the promised one), or in HTTP/1.1 the number of the request on its connection, from 1; 0: a response without a request, and the first stream of HTTP/3',
      ),
      offset: f64('of its first byte; in HTTP/2 of the header block', 'B'),
      length: u32('as sent; in HTTP/2 of the header block, without frame headers', 'B'),
      uncompressed: u32('as HTTP/1.1 would write it', 'B'),
      method: str('of a request'),
      target: str('of a request'),
      status: u16('of a response'),
      fields: str(
        'JSON: an array of [name, value] in HTTP/1.1, of [name, value, representation, bytes on the wire, table index or 0] in HTTP/2, of the same and static, dynamic or an empty string, the table of the index, in HTTP/3',
      ),
      end: flag('no content follows'),
    },
  },
  'http:message_finished': {
    doc: 'The last byte of a request or response',
    fields: {
      from: str('client or server'),
      part: str('request or response, the answer to a push included'),
      exchange: u32('as in message_started'),
      end_offset: f64('of the byte after it', 'B'),
      content: f64('bytes of content, codings of the transfer taken off', 'B'),
      complete: flag('it ended where its framing says'),
    },
  },
  'http:stream_state': {
    doc: 'The state of an HTTP/2 stream (RFC 9113 5.1), as the client sees it',
    fields: {
      from: str('whose frame did it'),
      stream: u32('stream identifier'),
      before: str('state'),
      after: str('state'),
      offset: f64('of the frame', 'B'),
    },
  },
  'http:table_changed': {
    doc: "The dynamic table that this side's header blocks are read with (RFC 7541 2.3.2, RFC 9204 3.2)",
    fields: {
      from: str('whose encoder'),
      stream: u32('whose header block did it; in HTTP/3 the encoder stream'),
      what: str('insert, evict or resize'),
      name: str('of the entry'),
      value: str('of the entry'),
      entries: u16('afterwards'),
      size: u32('afterwards (RFC 7541 4.1)', 'B'),
      limit: u32('afterwards', 'B'),
    },
  },
  'http:problem': {
    doc: 'Bytes that break a rule of HTTP',
    fields: {
      from: str('client or server'),
      offset: f64('where', 'B'),
      code: str(
        'what the RFC would have the receiver answer, such as PROTOCOL_ERROR; empty for HTTP/1.1, and where bytes were passed over or a limit of the onlooker was reached',
      ),
      scope: str('connection or stream'),
      stream: u32('0: none'),
      reason: str('what is wrong, in short words such as bad_request_line or skipped 12 octets'),
    },
  },
  //
  // Of HTTP/3 the same events, in the order of the bytes of each stream: `offset` is then that in the QUIC stream, which
  // `http:frame` names; `http:stream_opened` says what the unidirectional ones are for. An event is written when the last
  // byte that it tells of first left, with the packet that took it.
  'http:stream_opened': {
    doc: 'A unidirectional stream of HTTP/3 (RFC 9114 6.2) said what it is for',
    fields: {
      from: str('client or server'),
      stream: f64('stream id'),
      kind: str('control, push, qpack_encoder, qpack_decoder or reserved'),
    },
  },
  'http:qpack_instruction': {
    doc: 'An instruction on the encoder or decoder stream (RFC 9204 4.3, 4.4)',
    fields: {
      from: str('client or server'),
      on: str('encoder or decoder: which stream'),
      offset: f64('of its first byte in that stream', 'B'),
      length: u16('as sent', 'B'),
      name: str(
        'set_dynamic_table_capacity, insert_with_name_reference, insert_with_literal_name, duplicate, section_acknowledgment, stream_cancellation or insert_count_increment',
      ),
      detail: str('what it says, in short words'),
      stream: f64('that it is about; -1: none'),
    },
  },
  // --- HTTP, as the receiving endpoint says ------------------------------------------------------------------
  'http:section_blocked': {
    doc: "A field section of HTTP/3 can't be read before more of the encoder stream is there (RFC 9204 2.1.2; DESIGN 6.1, QPACK-blocked)",
    fields: {
      stream: f64('stream id'),
      required: u32('Required Insert Count'),
      known: u32('insertions received so far'),
      length: u32('of the field section', 'B'),
    },
  },
  'http:section_unblocked': {
    doc: 'It can be read now',
    fields: { stream: f64('stream id') },
  },
  // --- HTTP, as the applications themselves say -------------------------------------------------------------
  //
  // `request` numbers the requests of one client application; their `flow` is the connection, once there is one. A try has
  // its own queued, sent, started and finished under the same number, one after the other; only the last one may be without
  // error. What follows from an answer, an object of a page or the target of a redirect, is a request of its own.
  'http:request_queued': {
    doc: 'A client wants something',
    fields: {
      request: u32('its number, from 1'),
      method: str('of the request'),
      url: str('whole'),
      initiator: u32('the request whose answer named it; 0: the experiment'),
      attempt: u16('1, and one more with each retry'),
    },
  },
  'http:request_sent': {
    doc: 'Handed to a connection; once more when the server could not have looked at it there, as after refused 0-RTT',
    fields: {
      request: u32('its number'),
      exchange: u32('the stream, or in HTTP/1.1 the number of the request on its connection, from 1'),
      version: str('http/1.1, h2 or h3'),
      reused: flag('the connection had served another before'),
    },
  },
  'http:version_tried': {
    doc: 'A client with a fallback began, won or gave up a connection of one version',
    fields: {
      version: str('http/1.1, h2 or h3'),
      outcome: str('started, won, lost or failed'),
      detail: str('empty, or why it failed'),
    },
  },
  'http:response_started': {
    doc: 'The header section of the answer is there',
    fields: { request: u32('its number'), status: u16('status code'), content_type: str('of the content') },
  },
  'http:response_finished': {
    doc: 'The client has all, or has given up',
    fields: {
      request: u32('its number'),
      content: f64('bytes of content, codings taken off', 'B'),
      encoded: f64('bytes of content as they came', 'B'),
      encoding: str('content coding, or empty'),
      source: str('network, cache (no request was made), validated (304) or push'),
      sha256: str('of the content, hexadecimal'),
      error: str('empty, or the code: ECONNRESET, ERR_HTTP2_..., timeout ...'),
      message: str('empty, or the error in words'),
    },
  },
  'http:cache_decided': {
    doc: 'A step on the way through the cache (RFC 9111 4)',
    fields: {
      request: u32('its number'),
      step: str(
        'stored, no_store, fresh, validator, etag, last_modified, not_modified, or how the freshness was found: max_age, expires, heuristic',
      ),
      answer: str('yes or no'),
      detail: str('what was compared'),
    },
  },
  'http:cookie': {
    doc: 'What a client or server did with a cookie (RFC 6265)',
    fields: {
      request: u32('of the client; 0 at the server'),
      action: str('set, stored, sent, expired, withheld, rewritten'),
      name: str('of the cookie'),
      value: str('of the cookie'),
      detail: str('attributes, or the reason'),
    },
  },
  'http:session': {
    doc: 'What the server knows of a session',
    fields: {
      id: str('its identifier'),
      action: str('created, found, unknown, expired'),
      visits: u32('so far'),
    },
  },
} as const satisfies Record<string, EventSpec>
