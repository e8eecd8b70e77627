/** RFC 9000 18: transport parameters. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DEFAULT_PARAMETERS,
  decodeTransportParameters,
  encodeTransportParameters,
  type TransportParameters,
} from '../../../../../electron/protocol/wire/quic/transport-parameters.ts'

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength })
const limit = fc.nat(2 ** 50)

const parameters: fc.Arbitrary<Partial<TransportParameters>> = fc.record(
  {
    originalDestinationConnectionId: bytes(0, 20),
    maxIdleTimeout: limit,
    statelessResetToken: bytes(16),
    maxUdpPayloadSize: fc.integer({ min: 1200, max: 65_527 }),
    initialMaxData: limit,
    initialMaxStreamDataBidiLocal: limit,
    initialMaxStreamDataBidiRemote: limit,
    initialMaxStreamDataUni: limit,
    initialMaxStreamsBidi: limit,
    initialMaxStreamsUni: limit,
    ackDelayExponent: fc.nat(20),
    maxAckDelay: fc.nat(2 ** 14 - 1),
    disableActiveMigration: fc.boolean(),
    preferredAddress: fc.record({
      ipv4: bytes(4),
      ipv4Port: fc.nat(65_535),
      ipv6: bytes(16),
      ipv6Port: fc.nat(65_535),
      connectionId: bytes(1, 20),
      resetToken: bytes(16),
    }),
    activeConnectionIdLimit: fc.integer({ min: 2, max: 100 }),
    initialSourceConnectionId: bytes(0, 20),
    retrySourceConnectionId: bytes(0, 20),
    maxDatagramFrameSize: limit,
    minAckDelay: limit,
  },
  { requiredKeys: [] },
)

test('what is written is read; what is not there has its default', () => {
  fc.assert(
    fc.property(parameters, (given) => {
      const whole = { ...DEFAULT_PARAMETERS, ...given }
      expect(decodeTransportParameters(encodeTransportParameters(whole))).toEqual({ ok: true, value: whole })
    }),
  )
})

test('nothing written, all by default', () => {
  expect(encodeTransportParameters(DEFAULT_PARAMETERS)).toHaveLength(0)
  expect(decodeTransportParameters(new Uint8Array(0))).toEqual({ ok: true, value: DEFAULT_PARAMETERS })
})

const decode = (hex: string) => decodeTransportParameters(new Uint8Array(Buffer.from(hex, 'hex')))

test('18.1, 7.4.2: reserved and unknown ones are passed over', () =>
  expect(decode('1b02aabb' + '7ff100' + '040132')).toMatchObject({ ok: true, value: { initialMaxData: 50 } }))

describe('what is a TRANSPORT_PARAMETER_ERROR', () => {
  test.each([
    ['cut short', '0401', 'truncated'],
    ['7.4: the same one twice', '040132' + '040133', 'twice'],
    ['an integer with bytes behind it', '04023200', 'bad_length'],
    ['18.2: max_udp_payload_size below 1200', '030244af', 'bad_value'],
    ['18.2: ack_delay_exponent above 20', '0a0115', 'bad_value'],
    ['18.2: max_ack_delay of 2^14 or more', '0b0480004000', 'bad_value'],
    ['18.2: active_connection_id_limit below 2', '0e0101', 'bad_value'],
    ['4.6: more than 2^60 streams', '0808d000000000000400', 'bad_value'],
    ['a reset token of 15 bytes', '020f' + '00'.repeat(15), 'bad_length'],
    ['disable_active_migration with a value', '0c0100', 'bad_length'],
    ['a connection id of 21 bytes', '0f15' + '00'.repeat(21), 'bad_length'],
    ['a preferred address without a connection id', '0d29' + '00'.repeat(41), 'bad_value'],
  ])('%s', (_, hex, reason) => expect(decode(hex)).toMatchObject({ ok: false, error: { reason } }))
})

test('any bytes at all are read or refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (data) => void decodeTransportParameters(data)))
})
