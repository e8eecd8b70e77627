/** Figures of the messages of applications. null: nobody here sends any, or none came that could be measured. */
import type { DeliveryLog } from './delivery-log.ts'
import type { LaneFacts } from './lane-facts.ts'
import { quantile } from './quantile.ts'

type Figure = (lane: LaneFacts) => number | null

const ofDeliveries =
  (figure: (log: DeliveryLog) => number | null): Figure =>
  ({ deliveries }) =>
    deliveries.seen ? figure(deliveries) : null

const wrong = (how: string): Figure => ofDeliveries((log) => log.wrong.get(how) ?? 0)

const delay = (figure: (delays: readonly number[]) => number): Figure =>
  ofDeliveries(({ delays }) => (delays.length === 0 ? null : figure(delays)))

export const DELIVERY_METRICS: Readonly<Record<string, Figure>> = {
  messages_sent: ofDeliveries(({ sent }) => sent),
  /** Pairs of a message and someone who is to get it. */
  messages_intended: ofDeliveries(({ intended }) => intended),
  messages_delivered: ofDeliveries(({ delivered }) => delivered),
  messages_lost: ofDeliveries(({ lost }) => lost),
  /** Copies beyond the first. */
  messages_duplicated: ofDeliveries(({ duplicated }) => duplicated),
  /** Delivered after one that was sent later. */
  messages_out_of_order: ofDeliveries(({ outOfOrder }) => outOfOrder),
  /** What was taken for a message and is not one, whole and as it was sent; more than one, part of one only. */
  messages_wrong: ofDeliveries(({ wrongs }) => wrongs),
  messages_glued: wrong('glued'),
  messages_split: wrong('split'),
  messages_damaged: wrong('damaged'),

  /** Microseconds from sending to the first delivery. */
  message_delay_mean: delay((delays) => delays.reduce((sum, one) => sum + one, 0) / delays.length),
  message_delay_median: delay((delays) => quantile(delays, 0.5)),
  message_delay_p95: delay((delays) => quantile(delays, 0.95)),
  message_delay_max: delay((delays) => quantile(delays, 1)),

  /** All packets of all hosts, headers, acknowledgments and repetitions included. */
  wire_bytes_per_message: ({ deliveries: { sent }, packetBytes }) => (sent === 0 ? null : packetBytes / sent),
}
