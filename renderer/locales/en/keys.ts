/** Words of the key schedule. */
export default {
  title: 'Key schedule',
  label: 'How the keys of a connection come about',
  empty: 'Keys show as soon as the handshake has made some.',
  absent: 'No keys in this lane: none of its connections has spoken TLS.',
  lab: 'Secrets are shown because this is a laboratory: the endpoints write them to the key log. On a real path nobody but the two ends has them.',
  waiting: 'What is agreed is not known before the ServerHello.',
  unknown: 'not in the recording',
  copy: '{count} bytes. Press to see and copy all.',
  bytes: '{count} B',
  records:
    'protects no record yet | protects {count} record, {bytes}, from byte {offset} on | protects {count} records, {bytes}, from byte {offset} on',
  packets:
    'protects no packet yet | protects {count} packet, {bytes}, from number {offset} on | protects {count} packets, {bytes}, from number {offset} on',
  first_packet: 'Select packet {pkt}, which carries the first of these',
  not_taken: 'not the form that these two agreed on',
  plain: 'RFC 5246 8.1: the two randoms make it fresh.',
  extended:
    'RFC 7627: the hash of the whole handshake takes the place of the randoms, so it belongs to this handshake alone.',
  old_master: 'of the session that was taken up again',
  rsa_premaster: 'version and 46 random bytes of the client, encrypted to the server’s public key',
  no_early: 'no 0-RTT data, not used',
  encrypted: 'as it crossed',
  group: 'group',
  client_share: 'client share',
  server_share: 'server share',
  psk: 'PSK',
  psk_none: 'none: zeros',
  psk_ticket: 'of the session that is resumed',
  none: 'No record under these keys has been read.',
}
