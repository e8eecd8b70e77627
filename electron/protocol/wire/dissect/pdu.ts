/** Messages of the layers above IP and below it, which the trace carries in hexadecimal, for people. */
import type { PduProtocol } from '../../../../shared/commands.ts'
import type { Dissection } from '../../../../shared/dissection.ts'
import { dissectDns } from '../dns/message.ts'
import { dissectGrpc } from '../grpc/dissect.ts'
import { dissectMqtt } from '../mqtt/packet.ts'
import { dissectWebSocket } from '../websocket/frame.ts'
import { dissect } from './dissect.ts'

/** The fields of one message, of ARP in its frame; `version` is the protocol level of MQTT, which its packets do not tell. Total. */
export function dissectPdu(protocol: PduProtocol, bytes: Uint8Array, version: number): Dissection {
  switch (protocol) {
    case 'mqtt':
      return dissectMqtt(bytes, version)
    case 'dns':
      return dissectDns(bytes)
    case 'websocket':
      return dissectWebSocket(bytes)
    case 'grpc':
      return dissectGrpc(bytes)
    case 'arp':
    case 'ethernet':
      return dissect(bytes, true)
  }
}
