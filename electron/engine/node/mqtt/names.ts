/** What packets and clients are called. */
import { MQTT_PACKETS, type MqttPacketType } from '../../../../shared/mqtt.ts'
import { formatEndpoint, type Endpoint } from '../../../protocol/wire/address.ts'

/** The type of a packet by its first byte (MQTT 3.1.1 2.2.1); undefined: type 0, which is reserved. */
export const typeOf = (packet: Uint8Array): MqttPacketType | undefined => MQTT_PACKETS[(packet[0] >> 4) - 1]

/**
 * The name of a client that gave none (MQTT-3.1.3-6). The broker gives it and does not tell (before MQTT 5), so both make it from where
 * the client is.
 */
export const nameless = ({ address, port }: Endpoint): string => `auto-${formatEndpoint(address, port)}`
