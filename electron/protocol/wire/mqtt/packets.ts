/** MQTT control packets as values. Octets are views of what was read. */
import type { MqttPacketType } from '../../../../shared/mqtt.ts'
import type { MqttProperty } from './properties.ts'

interface Common {
  /** Bytes of the fixed header, and of the whole packet. */
  readonly header: number
  readonly length: number
  /** Of MQTT 5; empty before. */
  readonly properties: readonly MqttProperty[]
}

export interface MqttWill {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: number
  readonly retain: boolean
  readonly properties: readonly MqttProperty[]
}

export interface MqttConnect extends Common {
  readonly type: 'CONNECT'
  readonly protocolName: string
  readonly level: number
  /** Clean Session; in MQTT 5 Clean Start. */
  readonly clean: boolean
  /** Seconds. */
  readonly keepAlive: number
  readonly clientId: string
  readonly will?: MqttWill
  readonly username?: string
  readonly password?: Uint8Array
}

export interface MqttConnack extends Common {
  readonly type: 'CONNACK'
  readonly sessionPresent: boolean
  readonly code: number
}

export interface MqttPublish extends Common {
  readonly type: 'PUBLISH'
  readonly dup: boolean
  readonly qos: number
  readonly retain: boolean
  readonly topic: string
  /** 0 with QoS 0, which has none. */
  readonly packetId: number
  /** As much as was kept of it. */
  readonly payload: Uint8Array
  readonly payloadLength: number
}

/** What answers one packet and carries little more than its identifier. */
export interface MqttAck extends Common {
  readonly type: 'PUBACK' | 'PUBREC' | 'PUBREL' | 'PUBCOMP'
  readonly packetId: number
  /** Of MQTT 5; 0 before. */
  readonly code: number
}

export interface MqttSubscription {
  readonly filter: string
  readonly qos: number
  /** Of MQTT 5 (3.8.3.1). */
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: number
}

export interface MqttSubscribe extends Common {
  readonly type: 'SUBSCRIBE'
  readonly packetId: number
  readonly subscriptions: readonly MqttSubscription[]
}

export interface MqttUnsubscribe extends Common {
  readonly type: 'UNSUBSCRIBE'
  readonly packetId: number
  readonly filters: readonly string[]
}

export interface MqttCodes extends Common {
  readonly type: 'SUBACK' | 'UNSUBACK'
  readonly packetId: number
  /** One for each filter; before MQTT 5 UNSUBACK has none. */
  readonly codes: readonly number[]
}

export interface MqttPing extends Common {
  readonly type: 'PINGREQ' | 'PINGRESP'
}

export interface MqttFarewell extends Common {
  readonly type: 'DISCONNECT' | 'AUTH'
  /** Of MQTT 5; 0 before. */
  readonly code: number
}

export type MqttPacket =
  | MqttConnect
  | MqttConnack
  | MqttPublish
  | MqttAck
  | MqttSubscribe
  | MqttUnsubscribe
  | MqttCodes
  | MqttPing
  | MqttFarewell

/** Every type has its values. */
export type MqttPacketOf<T extends MqttPacketType> = Extract<MqttPacket, { type: T }>
