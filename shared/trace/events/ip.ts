/** IP, UDP and ICMP. */
import { u8, u16, flag, str, type EventSpec } from './spec.ts'

export const IP_EVENTS = {
  'ip:packet_rejected': {
    doc: 'A host ignored a packet: malformed, bad checksum, not for it; or could not send it: too long, queue full',
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
  'icmp:error_ignored': {
    doc: 'An ICMP error is not believed: what it quotes is nothing of ours that is under way (RFC 5927 4)',
    fields: {
      code: u8('ICMP code'),
      reason: str('not_ours, no_connection or not_outstanding (old or made up)'),
    },
  },
} as const satisfies Record<string, EventSpec>
