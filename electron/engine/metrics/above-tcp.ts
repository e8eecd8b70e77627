/** Which log of a lane an event of applications, HTTP or TLS belongs to, be they over TCP, QUIC or UDP. */
import type { TraceEvent } from '../recording/types.ts'
import { CALL_EVENTS, type CallLog } from './call-log.ts'
import { DELIVERY_EVENTS, type DeliveryLog } from './delivery-log.ts'
import { MESSAGE_EVENTS, type MessageLog } from './message-log.ts'
import { REQUEST_EVENTS, type RequestLog } from './request-log.ts'
import { TLS_EVENTS, type TlsLog } from './tls-log.ts'

export const ABOVE_TCP = [
  ...REQUEST_EVENTS,
  ...MESSAGE_EVENTS,
  ...TLS_EVENTS,
  ...DELIVERY_EVENTS,
  ...CALL_EVENTS,
] as const

type AboveTcp = TraceEvent<(typeof ABOVE_TCP)[number]>

const NAMES: ReadonlySet<string> = new Set(ABOVE_TCP)

export const isAboveTcp = (event: TraceEvent): event is AboveTcp => NAMES.has(event.name)

export interface LogsAboveTcp {
  /** Connections of QUIC, by flow. */
  readonly quic: ReadonlyMap<string, unknown>
  readonly requests: RequestLog
  readonly messages: MessageLog
  readonly tls: TlsLog
  readonly deliveries: DeliveryLog
  readonly calls: CallLog
  /** Of all packets of its hosts so far. */
  readonly packetBytes: number
}

export function logAboveTcp(lane: LogsAboveTcp, event: AboveTcp): void {
  const { quic, requests, messages, tls, deliveries, calls } = lane
  const { t, node, flow, pkt } = event
  switch (event.name) {
    case 'http:request_queued':
      return requests.onQueued(t, node, event.data)
    case 'http:request_sent':
      return requests.onSent(t, node, flow, event.data)
    case 'http:version_tried':
      return requests.onTried(t, event.data)
    case 'http:response_started':
      return requests.onResponse(t, node, event.data)
    case 'http:response_finished':
      return requests.onFinished(t, node, event.data)
    case 'http:cookie':
      if (event.data.action === 'sent') requests.cookiesSent++
      return
    case 'http:session':
      if (event.data.action === 'created') requests.sessionsCreated++
      return
    case 'app:counted':
      return requests.onCounted(node, event.data)
    case 'http:message_started':
      return messages.onStarted(flow, event.data)
    case 'http:message_finished':
      return messages.onFinished(t, flow, pkt, event.data)
    case 'http:frame':
      return messages.onFrame(flow, event.data, quic.has(flow))
    case 'http:table_changed':
      return messages.onTable(event.data)
    case 'http:qpack_instruction':
      return messages.onInstruction(event.data)
    case 'http:section_blocked':
      messages.sectionsBlocked++
      return
    case 'security:record':
      return tls.onRecord(flow, event.data)
    case 'security:handshake_message':
      return tls.onMessage(flow, event.data)
    case 'security:handshake_finished':
      return tls.onFinished(flow, { t, node, ...event.data })
    case 'security:certificate_checked':
      return tls.onChecked(event.data)
    case 'security:decryption_attempted':
      return tls.onAttempt(event.data)
    case 'app:message_sent':
      return deliveries.onSent(event.data)
    case 'app:message_received':
      return deliveries.onReceived(node, event.data)
    case 'rpc:call_started':
      return calls.onStarted(t, node, event.data)
    case 'rpc:call_finished':
      return calls.onFinished(t, node, event.data, lane.packetBytes)
  }
}
