/** Reliable transfer over UDP by stop-and-wait, go-back-N and selective repeat. */
import { u16, u32, flag, ranges, str, type EventSpec } from './spec.ts'

export const ARQ_EVENTS = {
  'arq:packet_sent': {
    doc: 'An end sent a packet of the protocol',
    fields: {
      kind: str('data or ack'),
      number: u32('of data: its number from 0; of an acknowledgment: the next number that is expected'),
      payload: u16('bytes of data', 'B'),
      last: flag('the last packet of the transfer'),
      selective: ranges('of an acknowledgment of selective repeat: numbers that arrived beyond'),
      cause: str('empty: new; else why it was sent again: timeout, go_back or repeat'),
    },
  },
  'arq:packet_received': {
    doc: 'A packet of the protocol arrived',
    fields: {
      kind: str('data or ack'),
      number: u32('likewise'),
      verdict: str(
        'of data: delivered, buffered, duplicate, out_of_order (thrown away) or out_of_window; of an acknowledgment: new or old',
      ),
    },
  },
  'arq:packet_rejected': {
    doc: 'A datagram that is no packet of the protocol',
    fields: { reason: str('why'), offset: u16('where', 'B') },
  },
  'arq:window_moved': {
    doc: 'The window of an end',
    fields: {
      base: u32('sender: oldest unacknowledged; receiver: next expected'),
      next: u32('sender: next new number; receiver: after the highest that arrived'),
      size: u16('packets that the window holds', 'packets'),
    },
  },
  'arq:timer_expired': {
    doc: 'The retransmission timer ran out',
    fields: { number: u32('of the packet that was waited for'), rto: u32('the timeout', 'us') },
  },
} as const satisfies Record<string, EventSpec>
