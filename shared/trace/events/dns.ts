/** DNS: what an onlooker at the sender's host reads, and what resolvers say. */
import { u8, u16, u32, f64, flag, str, type EventSpec } from './spec.ts'

export const DNS_EVENTS = {
  // --- as an onlooker at the sender's host reads it ---------------------------------------------------------
  'dns:message': {
    doc: 'A DNS message (RFC 1035 4.1)',
    fields: {
      from: str('client or server'),
      over: str('udp or tcp'),
      id: u16('that ties query and response'),
      response: flag('QR'),
      rcode: str('such as NOERROR or NXDOMAIN; of a query NOERROR'),
      flags: str('by name, with commas between: aa, tc, rd, ra'),
      name: str('of the question'),
      type: str('of the question'),
      answers: u16('records in the answer section'),
      detail: str('the answers in the form of a zone file, with semicolons between'),
      length: u32('of the message', 'B'),
      bytes: str('the message in hexadecimal, the first 4,096 bytes'),
    },
  },
  'dns:problem': {
    doc: 'Bytes that are no proper DNS message, or that answer nothing that was asked',
    fields: {
      from: str('client or server'),
      rule: str('such as RFC 1035 4.1.4'),
      reason: str('in short words'),
      offset: u32('where in the message', 'B'),
      bytes: str('as in dns:message'),
    },
  },
  // --- as the resolver of a client says ---------------------------------------------------------------------
  'dns:lookup_started': {
    doc: 'A client wants to know a name',
    fields: {
      lookup: u32('its number at this client, from 1'),
      name: str('asked for'),
      type: str('such as A'),
    },
  },
  'dns:query_sent': {
    doc: 'It asked the server',
    fields: {
      lookup: u32('its number'),
      attempt: u8('from 1'),
      over: str('udp, or tcp after a truncated answer'),
      id: u16('of the message'),
    },
  },
  'dns:lookup_finished': {
    doc: 'It knows, or has given up',
    fields: {
      lookup: u32('its number'),
      outcome: str('answer, cache, nxdomain, nodata, failed or timeout'),
      values: str('what it found, with commas between'),
      ttl: f64('how long that is good for', 'us'),
    },
  },
} as const satisfies Record<string, EventSpec>
