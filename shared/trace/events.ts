/**
 * Every event that the trace can hold (DESIGN 6): one table that gives the TypeScript types, the columns of
 * the recording, the exports' headers and the words of the packet table. Names follow qlog's manner
 * (`category:event_name`, fields in snake_case).
 *
 * All events also carry `seq`, `t`, `node`, `flow` and `pkt`, which the engine stamps.
 */

/**
 * How a field is stored. `flag` is a boolean, `str` an index into the recording's string table, `ranges` a
 * list of [from, to) pairs of unsigned 32-bit numbers.
 */
export type FieldType = 'u8' | 'u16' | 'u32' | 'f64' | 'flag' | 'str' | 'ranges'

/** What a number means; spans of time are in microseconds of lab time. */
export type FieldUnit = 'B' | 'us' | 'packets' | 'seq'

export interface FieldSpec {
  readonly type: FieldType
  readonly unit?: FieldUnit
  readonly doc: string
}

export interface EventSpec {
  readonly doc: string
  readonly fields: Readonly<Record<string, FieldSpec>>
}

const u8 = (doc: string) => ({ type: 'u8', doc }) as const
const u16 = (doc: string, unit?: FieldUnit) => ({ type: 'u16', unit, doc }) as const
const u32 = (doc: string, unit?: FieldUnit) => ({ type: 'u32', unit, doc }) as const
const f64 = (doc: string, unit?: FieldUnit) => ({ type: 'f64', unit, doc }) as const
const flag = (doc: string) => ({ type: 'flag', doc }) as const
const str = (doc: string) => ({ type: 'str', doc }) as const
const ranges = (doc: string, unit?: FieldUnit) => ({ type: 'ranges', unit, doc }) as const

/** A direction of a link: 0 is from side a to side b ("up"), 1 is from b to a ("down"). */
const direction = u8('0: from side a to side b (up), 1: from b to a (down)')

export const EVENTS = {
  // --- the run itself -------------------------------------------------------------------------------------
  'sim:node_added': {
    doc: 'A node of the world, announced before anything else happens to it',
    fields: {
      kind: str('host, link or outsider'),
      role: str('client, server, or empty'),
      address: str('IPv4 address of a host'),
      a: str('for a link: the node at side a'),
      b: str('for a link: the node at side b'),
    },
  },
  'sim:knob_changed': {
    doc: 'A setting was changed while the run went on',
    fields: {
      path: str('which'),
      from: str('the value before, as JSON'),
      to: str('the value after, as JSON'),
    },
  },
  'sim:mark': { doc: 'A step of the experiment, or a mark set by hand', fields: { text: str('its words') } },
  'sim:fault': {
    doc: 'Something that nobody asked for and that makes the expectations void',
    fields: { what: str('its kind, such as wire_loss'), detail: str('in words'), count: u32('how many') },
  },
  // --- IP -------------------------------------------------------------------------------------------------
  'ip:packet_rejected': {
    doc: 'A host ignored a packet: malformed, bad checksum, not for it',
    fields: {
      layer: str('ip, tcp, udp or icmp'),
      reason: str('such as bad_checksum, truncated, no_listener'),
      offset: u16('where in the packet', 'B'),
      size: u16('length of the packet', 'B'),
    },
  },
  'ip:fragment_sent': {
    doc: 'A fragment of an IPv4 packet left a host',
    fields: {
      identification: u16('the datagram that it is part of'),
      fragment_offset: u16('where its data begin', 'B'),
      more_fragments: flag('not the last one'),
      size: u16('length of the packet', 'B'),
      protocol: u8('IP protocol number'),
    },
  },
  'ip:reassembly_finished': {
    doc: 'All fragments of a datagram are there',
    fields: { identification: u16('of the datagram'), size: u16('of the whole', 'B') },
  },
  'ip:reassembly_abandoned': {
    doc: 'Fragments were thrown away (RFC 791, RFC 1122 3.3.2, RFC 5722)',
    fields: { identification: u16('of the datagram'), reason: str('timeout, overlap, too_many, too_long') },
  },
  // --- UDP and ICMP ---------------------------------------------------------------------------------------
  'udp:datagram_sent': {
    doc: 'A UDP datagram left a host',
    fields: { payload: u16('bytes of payload', 'B'), size: u16('length of the IP packet', 'B') },
  },
  'udp:datagram_received': {
    doc: 'A UDP datagram reached its socket',
    fields: { payload: u16('bytes of payload', 'B') },
  },
  'icmp:message_sent': {
    doc: 'An ICMP message left a host',
    fields: { type: u8('ICMP type'), code: u8('ICMP code'), size: u16('length of the IP packet', 'B') },
  },
  'icmp:message_received': {
    doc: 'An ICMP message reached a host',
    fields: { type: u8('ICMP type'), code: u8('ICMP code') },
  },
  // --- TCP ------------------------------------------------------------------------------------------------
  'tcp:segment_sent': {
    doc: 'A TCP segment left a host',
    fields: {
      seq: u32('sequence number of the first byte', 'seq'),
      ack: u32('acknowledgment number', 'seq'),
      flags: u16('the flags octet, CWR to FIN (RFC 9293 3.1)'),
      window: u32('the receive window that it advertises, scaled', 'B'),
      payload: u16('bytes of payload', 'B'),
      size: u16('length of the IP packet', 'B'),
      mss: u16('MSS option, 0: none', 'B'),
      window_scale: u8('window scale option, 255: none'),
      sack_permitted: flag('SACK-permitted option'),
      ts_val: u32('timestamp value, 0 with ts_ecr 0: none'),
      ts_ecr: u32('timestamp echo reply'),
      sack: ranges('SACK blocks', 'seq'),
      cause: str(
        'empty: new; else why it was sent again: syn, fin, dup_acks, sack, partial_ack, rto, mtu, window_probe, keep_alive; limited_transmit marks new data sent under RFC 3042',
      ),
    },
  },
  'tcp:segment_received': {
    doc: 'A TCP segment reached its connection; its fields stand in the segment_sent of the same pkt',
    fields: { payload: u16('bytes of payload', 'B'), new_data: u16('bytes of it not seen before', 'B') },
  },
  'tcp:segment_refused': {
    doc: 'A segment was not accepted; the rule that applied and the answer given',
    fields: { rule: str('RFC and clause, in short words'), answer: str('none, ack, challenge_ack or rst') },
  },
  'tcp:state_changed': {
    doc: 'The connection state (RFC 9293 3.3.2)',
    fields: { from: str('before'), to: str('after'), why: str('segment, timer or call') },
  },
  'tcp:metrics_updated': {
    doc: 'The state of the sender and the receiver after something changed it',
    fields: {
      cwnd: u32('congestion window', 'B'),
      ssthresh: u32('slow start threshold, 4294967295: not yet set', 'B'),
      in_flight: u32('sent, not acknowledged, not known to be lost (pipe of RFC 6675)', 'B'),
      send_window: u32('what the peer advertises', 'B'),
      receive_window: u32('what this end advertises', 'B'),
      smoothed_rtt: u32('SRTT, 0: none yet', 'us'),
      rtt_variance: u32('RTTVAR', 'us'),
      rto: u32('retransmission timeout, with back-off', 'us'),
      send_buffer: u32('written by the application, not yet acknowledged', 'B'),
      receive_buffer: u32('in order, not yet read by the application', 'B'),
      out_of_order: u32('arrived, held because an earlier byte is missing', 'B'),
      acked: f64('bytes acknowledged by the peer so far', 'B'),
    },
  },
  'tcp:rtt_sampled': {
    doc: 'A round-trip time was measured',
    fields: { rtt: u32('the sample', 'us'), source: str('timestamp or segment') },
  },
  'tcp:rtt_discarded': {
    doc: 'A sample was not taken because the segment had been sent twice (Karn, RFC 6298 3)',
    fields: { rtt: u32('what it would have been', 'us') },
  },
  'tcp:congestion_state_changed': {
    doc: 'The phase of congestion control',
    fields: {
      from: str('slow_start, congestion_avoidance, recovery or loss'),
      to: str('likewise'),
      trigger: str('such as dup_acks, sack, rto, full_ack, ssthresh'),
    },
  },
  'tcp:segment_lost': {
    doc: 'The sender took a segment for lost',
    fields: {
      seq: u32('first byte', 'seq'),
      length: u32('bytes', 'B'),
      trigger: str('dup_acks, sack, partial_ack, rto, or mtu: a router said that it was too large'),
    },
  },
  'tcp:timer_expired': {
    doc: 'A timer of the connection ran out',
    fields: {
      timer: str('retransmit, persist, delayed_ack, keep_alive, time_wait, user_timeout ...'),
      count: u16('how many times in a row'),
    },
  },
  'tcp:data_written': { doc: 'The application wrote', fields: { bytes: u32('accepted', 'B') } },
  'tcp:data_read': { doc: 'The application read', fields: { bytes: u32('taken', 'B') } },
  'tcp:queues_changed': {
    doc: "A listener's queues",
    fields: {
      syn_queue: u16('half-open connections'),
      accept_queue: u16('established, not yet accepted'),
      syn_limit: u16('the most that the SYN queue holds'),
      accept_limit: u16('the most that the accept queue holds'),
      dropped: u32('turned away so far'),
    },
  },
  'tcp:stall_changed': {
    doc: 'Why the sender does not send more, from now on (DESIGN 6.2)',
    fields: { cause: str('one of STALL_CAUSES') },
  },
  'tcp:connection_closed': {
    doc: 'The connection is gone',
    fields: { error: str('empty when both sides closed in order; else such as reset, timed_out') },
  },
  // --- QUIC, as its endpoints say (names and words of qlog) -------------------------------------------------
  //
  // Several QUIC packets may share a datagram, and so a `pkt`. `level` is initial, 0rtt, handshake or 1rtt, `space` initial,
  // handshake or application.
  'transport:packet_sent': {
    doc: 'A QUIC packet left its endpoint',
    fields: {
      level: str('of its keys'),
      number: f64('packet number'),
      size: u16('header and tag included', 'B'),
      frames: str('what it carries, as JSON: an array of frames without their data'),
      path: u8('number of the path, 0: the first'),
    },
  },
  'transport:packet_received': {
    doc: 'A QUIC packet was authentic and new; its frames stand in the packet_sent of the same pkt, level and number',
    fields: { level: str('of its keys'), number: f64('packet number'), size: u16('on the wire', 'B') },
  },
  'transport:packet_dropped': {
    doc: 'A QUIC packet was not taken in',
    fields: {
      reason: str('such as decryption_failure, duplicate, key_unavailable'),
      size: u16('bytes', 'B'),
    },
  },
  'transport:packet_buffered': {
    doc: 'A QUIC packet came before its keys (DESIGN 6.1, key-blocked)',
    fields: { size: u16('bytes', 'B') },
  },
  'transport:key_phase_changed': {
    doc: 'The keys of 1-RTT packets were updated (RFC 9001 6)',
    fields: { generation: u32('0 at first'), by: str('local or peer') },
  },
  'recovery:packet_lost': {
    doc: 'The sender took a packet for lost (RFC 9002 6.1)',
    fields: {
      space: str('of its number'),
      number: f64('packet number'),
      trigger: str('reordering_threshold or time_threshold'),
    },
  },
  'recovery:rtt_sampled': {
    doc: 'A round trip was measured (RFC 9002 5.1)',
    fields: { rtt: u32('the sample', 'us') },
  },
  'recovery:metrics_updated': {
    doc: 'The state of the sender after something changed it',
    fields: {
      cwnd: u32('congestion window', 'B'),
      ssthresh: u32('slow start threshold, 4294967295: not yet set', 'B'),
      in_flight: u32('bytes in flight', 'B'),
      smoothed_rtt: u32('0: no sample yet', 'us'),
      min_rtt: u32('0: no sample yet', 'us'),
      rtt_variance: u32('rttvar', 'us'),
      pto_count: u16('probe timeouts in a row'),
    },
  },
  'connectivity:connection_state_changed': {
    doc: 'The state of a QUIC connection',
    fields: { from: str('handshaking, open, closing, draining or closed'), to: str('likewise') },
  },
  'connectivity:connection_closed': {
    doc: 'A QUIC connection is over',
    fields: {
      by: str('local, peer, timeout, reset or version_negotiation'),
      layer: str('whose code: transport or application'),
      code: f64('error code'),
      name: str('of a code of the transport'),
      reason: str('in words; ours begin with RFC and clause'),
    },
  },
  'connectivity:path_changed': {
    doc: 'A QUIC connection goes on by other addresses (RFC 9000 9)',
    fields: { local_port: u16('of this end'), remote: str('address:port of the other') },
  },
  // --- the link -------------------------------------------------------------------------------------------
  'link:packet_enqueued': {
    doc: 'A packet entered the queue of a direction',
    fields: { direction, queue_bytes: u32('with it', 'B'), queue_packets: u16('with it', 'packets') },
  },
  'link:packet_dequeued': {
    doc: 'A packet left the queue; its transmission begins',
    fields: { direction, queue_bytes: u32('without it', 'B'), queue_packets: u16('without it', 'packets') },
  },
  'link:packet_dropped': {
    doc: 'A packet died on the link',
    fields: {
      direction,
      reason: str('one of DROP_REASONS'),
      delay: u32('how long it had been on the link', 'us'),
    },
  },
  'link:packet_delivered': {
    doc: 'A packet came out at the far end',
    fields: { direction, delay: u32('queue, transmission and propagation', 'us') },
  },
  'link:packet_duplicated': {
    doc: 'The link made a copy, a packet of its own',
    fields: { direction, copy: u32('pkt of the copy') },
  },
  'link:packet_corrupted': {
    doc: 'The link flipped a bit',
    fields: {
      direction,
      offset: u16('byte of the packet', 'B'),
      repaired: flag('checksums made good again'),
    },
  },
  'link:packet_reordered': {
    doc: 'The link held a packet back or let it overtake',
    fields: { direction, shift: u32('by how much later than it would have been', 'us') },
  },
  'link:packet_fragmented': {
    doc: 'The link cut a packet that was longer than its MTU; the fragments are packets of their own',
    fields: {
      direction,
      first: u32('pkt of the first fragment; the others follow it'),
      count: u16('fragments'),
    },
  },
  'link:packet_marked': { doc: 'ECN: congestion experienced was set', fields: { direction } },
  'link:state_changed': { doc: 'A direction went down or came up', fields: { direction, up: flag('up') } },
  // --- applications ---------------------------------------------------------------------------------------
  'app:started': {
    doc: 'An application began',
    fields: { what: str('its kind'), bytes: f64('to move', 'B') },
  },
  'app:connected': { doc: 'Its connection is established', fields: { peer: str('address:port') } },
  'app:finished': {
    doc: 'An application is done',
    fields: {
      bytes: f64('moved', 'B'),
      sha256: str('of what it moved, hexadecimal'),
      error: str('empty, or what went wrong'),
    },
  },
  'app:counted': {
    doc: 'Something that an application counts has changed',
    fields: { what: str('such as orders or sessions'), count: f64('how many there are now') },
  },
  // --- TLS, as an onlooker at the sender's host reads it ----------------------------------------------------
  //
  // `from` is client or server; `offset` counts the bytes that this side has sent on the TCP connection, from 0.
  // An event is written when the last byte that it tells of was first sent, and carries the packet that did it. What has
  // been read is there even if it is lost on the way; bytes that never leave are not. Where only the other side's
  // answer tells what bytes mean, or that they are cut off, the event comes with that answer and its packet.
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
      offset: f64('of the first record that it came in', 'B'),
      length: u32('of all records that it came in', 'B'),
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
      offset: f64('of the first record under them', 'B'),
      epoch: str('early, handshake or application'),
      generation: u32('0, and one more with each KeyUpdate'),
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
  // --- HTTP, as an onlooker at the sender's host reads it ---------------------------------------------------
  //
  // `offset` counts the bytes of application data that this side has sent: those inside TLS, or those of TCP itself
  // in the clear. `security:record` tells where these lie in the TCP stream (`plain_offset`). A frame or message is told
  // of when the record that holds its last byte was sent whole.
  'http:frame': {
    doc: 'An HTTP/2 frame',
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
      version: str('http/1.1 or h2'),
      part: str('request, response, interim, trailers or push'),
      exchange: u32(
        'the stream (of a push: the promised one), or in HTTP/1.1 the number of the request on its connection, from 1; 0: a response without a request',
      ),
      offset: f64('of its first byte; in HTTP/2 of the header block', 'B'),
      length: u32('as sent; in HTTP/2 of the header block, without frame headers', 'B'),
      uncompressed: u32('as HTTP/1.1 would write it', 'B'),
      method: str('of a request'),
      target: str('of a request'),
      status: u16('of a response'),
      fields: str(
        'JSON: an array of [name, value] in HTTP/1.1, of [name, value, representation, bytes on the wire, table index or 0] in HTTP/2',
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
    doc: "The dynamic table that this side's header blocks are read with (RFC 7541 2.3.2)",
    fields: {
      from: str('whose encoder'),
      stream: u32('whose header block did it'),
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
    doc: 'Handed to a connection',
    fields: {
      request: u32('its number'),
      exchange: u32('the stream, or in HTTP/1.1 the number of the request on its connection, from 1'),
      version: str('http/1.1 or h2'),
      reused: flag('the connection had served another before'),
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
  // --- real sockets ---------------------------------------------------------------------------------------
  'wire:datagram_ignored': {
    doc: 'A datagram on a wire socket was not taken: unknown peer, not IPv4, too long',
    fields: { reason: str('why'), peer: str('address:port'), size: u32('length', 'B') },
  },
} as const satisfies Record<string, EventSpec>

export type EventName = keyof typeof EVENTS

type FieldValue<T extends FieldType> = T extends 'str'
  ? string
  : T extends 'flag'
    ? boolean
    : T extends 'ranges'
      ? readonly number[]
      : number

/** The fields of one event as cores write them; `ranges` is flat: from, to, from, to ... */
export type EventData<N extends EventName> = {
  readonly [F in keyof (typeof EVENTS)[N]['fields']]: (typeof EVENTS)[N]['fields'][F] extends {
    readonly type: infer T extends FieldType
  }
    ? FieldValue<T>
    : never
}

/** All names, in the order that gives them their number in a recording of this version. */
export const EVENT_NAMES = Object.keys(EVENTS) as EventName[]

/** Why a packet died on a link. */
export const DROP_REASONS = [
  'queue_full',
  'codel',
  'bernoulli',
  'gilbert_elliott',
  'markov',
  'every_nth',
  'listed',
  'matched',
  'mtu',
  'outage',
  'udp_blocked',
  'no_mapping',
  'by_hand',
] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** DESIGN 6.2, in the order of precedence. Every moment of a sending direction belongs to exactly one. */
export const STALL_CAUSES = [
  'handshake',
  'address_validation',
  'idle',
  'retransmission_timer',
  'recovery',
  'congestion_window',
  'receive_window',
  'connection_credit',
  'stream_credit',
  'nagle',
  'pacer',
  'sending',
  'application',
] as const
export type StallCause = (typeof STALL_CAUSES)[number]
