/** What programs say that look at the path: ping and traceroute. */
import { u8, u16, u32, str, type EventSpec } from './spec.ts'

export const PROBE_EVENTS = {
  'probe:sent': {
    doc: 'A ping or traceroute sent a probe',
    fields: {
      program: str('the application, ping or traceroute, that sent it, by its name in the experiment'),
      number: u16('of the program, from 1'),
      target: str('IPv4 address'),
      ttl: u8('time to live'),
      size: u16('length of the IP packet', 'B'),
      protocol: str('icmp or udp'),
    },
  },
  'probe:answered': {
    doc: 'Somebody answered a probe',
    fields: {
      program: str('the application'),
      number: u16('of the probe'),
      from: str('IPv4 address of who answered'),
      kind: str(
        'echo_reply, time_exceeded, port_unreachable, host_unreachable, net_unreachable, fragmentation_needed or another by its type and code, such as 3/13',
      ),
      rtt: u32('since it was sent', 'us'),
      mtu: u16('of the next hop, in fragmentation_needed; else 0', 'B'),
    },
  },
  'probe:timed_out': {
    doc: 'Nobody answered a probe in time',
    fields: { program: str('the application'), number: u16('of the probe') },
  },
} as const satisfies Record<string, EventSpec>
