/** Words of the TLS handshake ladder; the alerts are those of RFC 8446 6, and what is left of TLS 1.2's. */
export default {
  title: 'TLS handshake',
  label: 'The messages of the TLS handshake between client and server',
  empty: 'Handshake messages show once a connection speaks TLS.',
  absent: 'No connection of this lane has spoken TLS.',
  connection: 'Connection',
  encrypted: 'encrypted',
  lost: 'packet {pkt} lost, sent again',
  records: '{count} record | {count} records',
  round_trip: 'round trip {count}',
  finished: 'handshake finished, {count} round trip | handshake finished, {count} round trips',
  resumed: 'session resumed',
  full: 'full handshake',
  eavesdropper: 'Eavesdropper',
  broken: '✕ reads {recovered} of {total} with the key that leaked:',
  sealed: '✓ reads nothing: {total} stay sealed, though the key leaked',
  carrier: 'The QUIC packet that carried its last byte',
  fatal: 'Fatal.',
  warning: 'Warning.',
  close: 'Close the message',
  message_of: '{name}, {count} byte | {name}, {count} bytes',
  gap: 'From the {side}, at byte {offset} of its stream: not readable as TLS ({reason})',
  side: { client: 'Client', server: 'Server' },
  kind: { application_data: 'Application data', sealed: 'Encrypted records, not opened' },
  about: {
    client_hello:
      'What the client can do: versions, cipher suites, groups, the name of the server; its random and, in TLS 1.3, its key share.',
    server_hello:
      'What the server chose, and its random. In TLS 1.3 its key share as well: everything after it is encrypted.',
    encrypted_extensions:
      'The answers to extensions that the keys do not depend on, such as ALPN, now encrypted.',
    certificate:
      "The chain of certificates: first the server's own, then those that vouch for it. The root is left out.",
    certificate_request: 'The server wants the client to show a certificate, too.',
    certificate_verify:
      'A signature over all messages so far: proof that the sender holds the private key of its certificate.',
    certificate_status: 'An OCSP response: the certificate was not revoked when the authority last said so.',
    server_key_exchange:
      "The server's ephemeral key share, signed with the key of its certificate (ECDHE). RSA key exchange has no such message.",
    server_hello_done: 'The server has said all; it waits for the client.',
    client_key_exchange:
      "The client's part of the key exchange: its ephemeral share (ECDHE), or the premaster secret encrypted to the server's public key (RSA).",
    finished:
      'A MAC over the whole handshake: both sides saw the same messages, nothing was altered on the way.',
    new_session_ticket: 'A ticket with which a later connection takes this session up without certificates.',
    key_update: 'From here on this side encrypts with the next keys.',
    hello_request: 'The server asks for a new handshake.',
    end_of_early_data: 'No more 0-RTT data follow; the handshake keys take over.',
    change_cipher_spec:
      'In TLS 1.2: from here on this side encrypts. In TLS 1.3 it says nothing and only placates old middleboxes (RFC 8446 D.4).',
    application_data: 'The first data of the application that this side sends; the handshake is over for it.',
    sealed: 'Without the secrets of the key log nobody on the path can tell what is in these records.',
  },
  error: {
    ECONNRESET: 'The other side broke the connection off before the handshake was over.',
    ERR_SSL_NO_SHARED_CIPHER: 'Client and server have no cipher suite in common.',
    ERR_SSL_WRONG_VERSION_NUMBER: 'What came is not TLS of a version that this side speaks.',
    ERR_SSL_UNSUPPORTED_PROTOCOL: 'The other side offers only versions of TLS that are not accepted here.',
  },
  alert: {
    close_notify: 'The sender is done and will send nothing more: an orderly end, no error.',
    user_canceled: 'The sender gives up the handshake for a reason that is no failure of the protocol.',
    unexpected_message: 'A message came that has no place at this point of the handshake.',
    bad_record_mac:
      'A record is not authentic: it was altered on the way, or the two sides have different keys.',
    record_overflow: 'A record is longer than records may be.',
    handshake_failure: 'No set of parameters suits both sides, such as no cipher suite in common.',
    bad_certificate: 'A certificate is damaged or a signature in it does not verify.',
    unsupported_certificate: 'The certificate is of a type that the sender of the alert cannot use.',
    certificate_revoked: 'The authority has revoked the certificate.',
    certificate_expired: 'The certificate is past its validity, or not valid yet.',
    certificate_unknown: 'The certificate was not accepted, for a reason that no other alert names.',
    illegal_parameter: 'A field holds a value that it may not have, or one that does not fit the others.',
    unknown_ca: 'The chain leads to no authority that the sender of the alert trusts.',
    access_denied: 'The certificate is valid, but its holder may not come in.',
    decode_error: 'A message could not be decoded: a field or a length is out of range.',
    decrypt_error: 'A cryptographic check of the handshake failed: a signature, a Finished or a PSK binder.',
    protocol_version: 'The version of TLS that the peer offers is known, but not accepted here.',
    insufficient_security: 'The server demands parameters that are more secure than those the client offers.',
    internal_error: 'The sender failed by itself; the peer did nothing wrong.',
    inappropriate_fallback:
      'The client came back with an older version although the server speaks a newer one.',
    no_renegotiation: 'The sender does not want a new handshake on this connection (TLS 1.2).',
    missing_extension: 'A hello lacks an extension that the version demands.',
    unsupported_extension:
      'The answer has an extension that was not offered, or one that may not stand there.',
    unrecognized_name: 'The server knows no host of the name that the client asked for (SNI).',
    bad_certificate_status_response: 'The OCSP response that came with the certificate is not valid.',
    unknown_psk_identity: 'The server knows none of the pre-shared keys that were offered.',
    certificate_required: 'The server demands a certificate of the client, and none came.',
    no_application_protocol: 'Client and server have no protocol in common (ALPN).',
  },
}
