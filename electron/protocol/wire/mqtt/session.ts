/** What both directions of a connection know of each other: the version, and how far its beginning and end have come. */
import type { MqttLevel } from './rules.ts'

export class MqttSession {
  /** Protocol level; 3.1.1's until CONNECT tells. */
  level: MqttLevel = 4
  /** A CONNECT was sent. */
  connected = false
  /** A CONNACK was sent. */
  acknowledged = false
  /** The client has sent DISCONNECT. */
  disconnected = false
}
