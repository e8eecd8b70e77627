/** A message of MQTT, DNS, WebSocket, gRPC or ARP in a line, in the words of its standard. */
import type { Pdu, Pdus } from '../../../shared/projections/pdus.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'

export interface PduWords {
  /** Such as PUBLISH, query A, text. */
  readonly type: string
  readonly summary: string
}

const PROTOCOL_NAMES: Readonly<Record<Pdu['protocol'], string>> = {
  mqtt: 'MQTT',
  dns: 'DNS',
  websocket: 'WebSocket',
  grpc: 'gRPC',
  arp: 'ARP',
  ethernet: 'Ethernet',
}
export const protocolName = (protocol: Pdu['protocol']): string => PROTOCOL_NAMES[protocol]

const joined = (...parts: (string | false)[]): string => parts.filter(Boolean).join('  ')

/** What a message is, and what it says; of bytes that break a rule the rule, and how. */
export function pduWords(store: TraceStore, pdu: Pdu): PduWords {
  const { columns } = store.table(pdu.event)
  const number = (field: string): number => columns[field].data[pdu.row]
  const text = (field: string): string => store.text(number(field))
  switch (pdu.event) {
    case 'mqtt:packet':
      return { type: text('type'), summary: mqttSummary(number, text) }
    case 'dns:message':
      return dnsWords(number, text)
    case 'ws:frame': {
      const rsv = number('rsv')
      const marks = [number('fin') && 'FIN', rsv && `RSV ${rsv}`, number('masked') && `mask ${text('key')}`]
      return { type: text('opcode'), summary: joined(marks.filter(Boolean).join(', '), text('detail')) }
    }
    case 'grpc:message':
      return {
        type: 'message',
        summary: joined(`stream ${number('stream')}`, number('compressed') > 0 && 'compressed'),
      }
    case 'arp:message_sent':
      return arpWords(text)
    default:
      return { type: pdu.rule, summary: pdu.reason }
  }
}

/** A message in few words, for a line beside others: `PUBLISH 7 #17`, `DNS query www.lab A`. */
export function pduLabel(store: TraceStore, pdu: Pdu): string {
  const { columns } = store.table(pdu.event)
  const number = (field: string): number => columns[field].data[pdu.row]
  const text = (field: string): string => store.text(number(field))
  const { type } = pduWords(store, pdu)
  if (pdu.rule !== '') return `⚠ ${pdu.rule}`
  switch (pdu.event) {
    case 'mqtt:packet': {
      const [id, message] = [number('packet_id'), number('message')]
      const isAgain = type === 'PUBLISH' && number('dup') > 0
      return [type, isAgain && 'DUP', id > 0 && id, message > 0 && `#${message}`].filter(Boolean).join(' ')
    }
    case 'dns:message': {
      const what = number('response') > 0 ? `${type} ${text('rcode')}` : type
      return `DNS ${what} ${text('name')} ${text('type')}`
    }
    case 'ws:frame':
      return `${protocolName(pdu.protocol)} ${type}${number('fin') > 0 ? '' : ' …'}`
    default:
      return `${protocolName(pdu.protocol)} ${type}`
  }
}

/** More of them in one packet are counted. */
const MOST_LABELS = 3

/** The messages that end in a packet, in few words; undefined: none that is known of. */
export function pduLabels(store: TraceStore, pdus: Pdus, pkt: number): string | undefined {
  const ending = pdus.endingIn(pkt)
  if (ending.length === 0) return undefined
  const names = ending.slice(0, MOST_LABELS).map((one) => pduLabel(store, pdus.get(store, one)))
  const rest = ending.length - MOST_LABELS
  return names.join(', ') + (rest > 0 ? ` +${rest}` : '')
}

type Reader<T> = (field: string) => T

function mqttSummary(number: Reader<number>, text: Reader<string>): string {
  const isPublish = text('type') === 'PUBLISH'
  const [id, message] = [number('packet_id'), number('message')]
  // Who subscribes says to what, and with which QoS, in the details.
  const topic = isPublish || text('detail') === '' ? text('topic').replaceAll('\n', ', ') : ''
  return joined(
    isPublish && `QoS ${number('qos')}`,
    isPublish && number('dup') > 0 && 'DUP',
    isPublish && number('retain') > 0 && 'RETAIN',
    id > 0 && `id ${id}`,
    topic,
    message > 0 && `#${message}`,
    text('detail'),
  )
}

function dnsWords(number: Reader<number>, text: Reader<string>): PduWords {
  const isResponse = number('response') > 0
  const id = `0x${number('id').toString(16).padStart(4, '0')}`
  const asked = `${text('name')} ${text('type')}`
  const rest = isResponse ? [text('rcode'), text('detail')] : []
  return {
    type: isResponse ? 'response' : 'query',
    summary: joined(id, text('over').toUpperCase(), asked, ...rest, text('flags') && `(${text('flags')})`),
  }
}

const arpWords = (text: Reader<string>): PduWords => ({
  type: text('operation'),
  summary:
    text('operation') === 'request'
      ? `who has ${text('target_address')}? tell ${text('sender_address')} (${text('sender_mac')})`
      : `${text('sender_address')} is at ${text('sender_mac')}`,
})
