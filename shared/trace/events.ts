/**
 * Every event that the trace can hold (DESIGN 6): one table that gives the TypeScript types, the columns of
 * the recording, the exports' headers and the words of the packet table. Names follow qlog's manner
 * (`category:event_name`, fields in snake_case).
 *
 * All events also carry `seq`, `t`, `node`, `flow` and `pkt`, which the engine stamps.
 */
import { ARQ_EVENTS } from './events/arq.ts'
import { DNS_EVENTS } from './events/dns.ts'
import { HTTP_EVENTS } from './events/http.ts'
import { IP_EVENTS } from './events/ip.ts'
import { LINK_EVENTS } from './events/link.ts'
import { MESSAGE_EVENTS } from './events/messages.ts'
import { NETWORK_EVENTS } from './events/network.ts'
import { PROBE_EVENTS } from './events/probes.ts'
import { QUIC_EVENTS } from './events/quic.ts'
import { RUN_EVENTS } from './events/run.ts'
import { TCP_EVENTS } from './events/tcp.ts'
import { TLS_EVENTS } from './events/tls.ts'
import type { EventSpec, FieldType } from './events/spec.ts'

export type { EventSpec, FieldSpec, FieldType, FieldUnit } from './events/spec.ts'

export const EVENTS = {
  ...RUN_EVENTS,
  ...IP_EVENTS,
  ...TCP_EVENTS,
  ...QUIC_EVENTS,
  ...LINK_EVENTS,
  ...TLS_EVENTS,
  ...HTTP_EVENTS,
  ...NETWORK_EVENTS,
  ...DNS_EVENTS,
  ...MESSAGE_EVENTS,
  ...PROBE_EVENTS,
  ...ARQ_EVENTS,
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
  'middlebox',
  'by_hand',
] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** DESIGN 6.2, in the order of precedence. Every moment of a sending direction belongs to exactly one. */
export const STALL_CAUSES = [
  'handshake',
  'address_validation',
  'idle',
  'retransmission_timer',
  'loss_probe',
  'recovery',
  'congestion_notified',
  'reordering_window',
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
