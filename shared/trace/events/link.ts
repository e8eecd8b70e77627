/** The link. */
import { u8, u16, u32, flag, str, type EventSpec } from './spec.ts'

/** A direction of a link: 0 is from side a to side b ("up"), 1 is from b to a ("down"). */
const direction = u8('0: from side a to side b (up), 1: from b to a (down)')

export const LINK_EVENTS = {
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
  'link:packet_rewritten': {
    doc: 'A middlebox overwrote a part of a packet with NOPs, checksums made good again',
    fields: {
      direction,
      offset: u16('of its first byte in the packet', 'B'),
      length: u16('of the part', 'B'),
      what: str('what stood there: tcp_option and its kind, such as tcp_option 253'),
    },
  },
  'link:packet_reordered': {
    doc: 'The link held a packet back or let it overtake',
    fields: { direction, shift: u32('by how much later than it would have been', 'us') },
  },
  'link:packet_held': {
    doc: 'A rule holds a packet (holdMatching); others overtake it, and link:packet_reordered follows when it comes out',
    fields: { direction, by: u32('beside all other delay', 'us') },
  },
  'link:packet_fragmented': {
    doc: 'The link cut a packet that was longer than its MTU; the fragments are packets of their own',
    fields: {
      direction,
      first: u32('pkt of the first fragment; the others follow it'),
      count: u16('fragments'),
      mtu: u16('of the link', 'B'),
    },
  },
  'link:packet_marked': { doc: 'ECN: congestion experienced was set', fields: { direction } },
  'link:state_changed': { doc: 'A direction went down or came up', fields: { direction, up: flag('up') } },
} as const satisfies Record<string, EventSpec>
