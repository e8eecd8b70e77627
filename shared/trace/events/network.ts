/** Below IP and between networks: interfaces, Ethernet, ARP, routers. */
import { u8, u16, u32, str, type EventSpec } from './spec.ts'

export const NETWORK_EVENTS = {
  'sim:interface_added': {
    doc: 'An interface of a host or router, announced after its node',
    fields: {
      index: u8('from 0; the port of the node'),
      link: str('the link that it is on'),
      mac: str('Ethernet address; empty without Ethernet'),
      address: str('IPv4 address'),
      prefix: str('of its network, such as 10.77.0.0/24'),
    },
  },
  'sim:route_added': {
    doc: 'A line of the table of a host or router; that of its own network has no next hop',
    fields: {
      prefix: str('destinations'),
      via: str('IPv4 address of the next hop, or empty'),
      interface: u8('index of the interface'),
    },
  },
  'sim:route_removed': {
    doc: 'A line of the table of a router is gone',
    fields: { prefix: str('destinations') },
  },
  'ethernet:frame_forwarded': {
    doc: 'A switch passed a frame on, or did not need to',
    fields: {
      in_port: u8('from 0'),
      out_port: u8('255: to all others'),
      source: str('Ethernet address'),
      destination: str('Ethernet address'),
      ethertype: u16('such as 0x0800'),
      decision: str('known, flooded (unknown destination), broadcast or filtered (it is where it came from)'),
      size: u16('length of the frame', 'B'),
    },
  },
  'ethernet:address_learned': {
    doc: "The switch's table of addresses changed",
    fields: {
      address: str('Ethernet address'),
      port: u8('from 0'),
      what: str('learned, moved or aged'),
      entries: u16('afterwards'),
    },
  },
  'ethernet:frame_rejected': {
    doc: 'A frame was not taken: malformed, not for this interface, or nobody answered for its destination',
    fields: { reason: str('why'), offset: u16('where', 'B'), size: u16('length of the frame', 'B') },
  },
  'arp:message_sent': {
    doc: 'An ARP message left an interface (RFC 826)',
    fields: {
      operation: str('request or reply'),
      sender_mac: str('Ethernet address'),
      sender_address: str('IPv4 address'),
      target_mac: str('Ethernet address; of a request zero'),
      target_address: str('IPv4 address'),
      interface: u8('index'),
      bytes: str('the frame, in hexadecimal'),
    },
  },
  'arp:message_received': {
    doc: 'An ARP message reached an interface',
    fields: {
      operation: str('request or reply'),
      sender_address: str('IPv4 address'),
      target_address: str('IPv4 address'),
      interface: u8('index'),
    },
  },
  'arp:entry_changed': {
    doc: 'The table of neighbours changed',
    fields: {
      address: str('IPv4 address'),
      mac: str('Ethernet address, or empty'),
      state: str('incomplete (asked for), reachable, expired or failed (nobody answered)'),
      interface: u8('index'),
      waiting: u16('packets that wait for it'),
    },
  },
  'arp:packet_held': {
    doc: 'A packet waits at its interface until the Ethernet address of its next hop is known',
    fields: { address: str('IPv4 address of the next hop'), interface: u8('index') },
  },
  'arp:packet_released': {
    doc: 'A packet that was held has left',
    fields: {
      address: str('IPv4 address of the next hop'),
      interface: u8('index'),
      waited: u32('since it was sent', 'us'),
    },
  },
  'ip:packet_forwarded': {
    doc: 'A router passed a packet on (RFC 1812 5.2)',
    fields: {
      in_interface: u8('index'),
      out_interface: u8('index'),
      prefix: str('the route that was used'),
      next_hop: str('IPv4 address'),
      ttl: u8('afterwards'),
      before: str(
        'headers as they came in, in hexadecimal: Ethernet if there is one, IP, eight bytes of what follows',
      ),
      after: str('likewise as they go out'),
      size: u16('length of the IP packet', 'B'),
    },
  },
  'ip:packet_fragmented': {
    doc: 'A router cut a packet that was longer than the MTU of its next network; the fragments are packets of their own',
    fields: {
      out_interface: u8('index'),
      mtu: u16('of the next network', 'B'),
      first: u32('pkt of the first fragment; the others follow it'),
      count: u16('fragments'),
    },
  },
  'ip:packet_discarded': {
    doc: 'A router did not pass a packet on',
    fields: {
      reason: str(
        'ttl_expired, no_route, too_long, malformed, bad_address (not of single hosts), no_neighbour or queue_full',
      ),
      size: u16('length of the IP packet', 'B'),
      ttl: u8('as it came in'),
      destination: str('IPv4 address'),
    },
  },
} as const satisfies Record<string, EventSpec>
