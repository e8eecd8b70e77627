/** RFC 9000 17.1, appendix A.2 and A.3: packet numbers cut short and made whole. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  expandPacketNumber,
  packetNumberLength,
} from '../../../../../electron/protocol/wire/quic/packet-number.ts'

test('A.2: 0xac5c02 needs 16 bits and 0xace8fe 24, when 0xabe8b3 was acknowledged', () => {
  expect(packetNumberLength(0xac5c02, 0xabe8b3)).toBe(2)
  expect(packetNumberLength(0xace8fe, 0xabe8b3)).toBe(3)
})

test('A.3: 0x9b32 after 0xa82f30ea is 0xa82f9b32', () =>
  expect(expandPacketNumber(0x9b32, 2, 0xa82f30ea)).toBe(0xa82f9b32))

test('the first packets of a space', () => {
  expect(packetNumberLength(0, -1)).toBe(1)
  expect(expandPacketNumber(0, 1, -1)).toBe(0)
  expect(expandPacketNumber(255, 1, -1)).toBe(255)
})

test('whatever the peer has seen between the last acknowledged and the newest, it finds the number', () => {
  const numbers = fc.tuple(fc.nat(2 ** 48), fc.nat(2 ** 30), fc.nat(2 ** 30))
  fc.assert(
    fc.property(numbers, ([acked, ahead, seen]) => {
      const number = acked + 1 + ahead
      const largest = acked + (seen % (ahead + 1))
      const length = packetNumberLength(number, acked)
      expect(expandPacketNumber(number % 2 ** (8 * length), length, largest)).toBe(number)
    }),
  )
})
