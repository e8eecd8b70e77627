/** A message of MQTT, DNS, WebSocket, gRPC or ARP in a line, in the words of its standard. */
import type { Pdu } from '../../../shared/projections/pdus.ts'
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

type Reader<T> = (field: string) => T

function mqttSummary(number: Reader<number>, text: Reader<string>): string {
  const isPublish = text('type') === 'PUBLISH'
  const [id, message] = [number('packet_id'), number('message')]
  return joined(
    isPublish && `QoS ${number('qos')}`,
    isPublish && number('dup') > 0 && 'DUP',
    isPublish && number('retain') > 0 && 'RETAIN',
    id > 0 && `id ${id}`,
    text('topic').replaceAll('\n', ', '),
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
