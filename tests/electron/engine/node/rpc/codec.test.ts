/** Requests and answers as bytes, in both styles; and what gRPC writes into headers. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CODECS } from '../../../../../electron/engine/node/rpc/codec.ts'
import { prefixed, PrefixedReader } from '../../../../../electron/engine/node/rpc/prefixed.ts'
import { Sensors } from '../../../../../electron/engine/node/rpc/sensors.ts'
import {
  decodeMessage,
  encodeMessage,
  readTimeout,
  STATUS_NAMES,
  statusOf,
  writeTimeout,
} from '../../../../../electron/engine/node/rpc/status.ts'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { RPC_STYLES } from '../../../../../shared/messaging.ts'

const request = { sensor: 'boiler', from: 3, count: 2 }
const sensors = new Sensors(createRng(1))
const reply = sensors.read(request)
if ('status' in reply) throw new Error(reply.message)

describe.each(RPC_STYLES)('%s', (style) => {
  const codec = CODECS[style]

  it('reads what it has written', () => {
    expect(codec.decodeRequest(codec.encodeRequest(request))).toEqual(request)
    expect(codec.decodeReply(codec.encodeReply(reply))).toEqual(reply)
    expect(codec.decodeReply(codec.encodeReply({ readings: [] }))).toEqual({ readings: [] })
  })

  it('throws at no bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        codec.decodeRequest(bytes)
        codec.decodeReply(bytes)
      }),
    )
    expect(codec.decodeReply(Uint8Array.of(0x0a, 0xff))).toBeUndefined()
  })
})

it('takes six bytes for a time of thirteen digits, which is what makes protobuf short', () => {
  const json = CODECS.json.encodeReply(reply).length
  const grpc = CODECS.grpc.encodeReply(reply).length
  expect(grpc).toBe(2 * (2 + 7 + 5 + 2))
  expect(json).toBeGreaterThan(3 * grpc)
})

describe('the sensors', () => {
  it('have the same readings for everybody, and others at other times', () => {
    expect(new Sensors(createRng(1)).read(request)).toEqual(reply)
    expect(sensors.read({ ...request, from: 4 })).not.toEqual(reply)
  })

  it('are few', () => {
    expect(sensors.read({ ...request, sensor: 'attic' })).toMatchObject({ status: 'NOT_FOUND' })
    expect(sensors.read({ ...request, count: 10_001 })).toMatchObject({ status: 'OUT_OF_RANGE' })
  })
})

describe('length-prefixed messages', () => {
  const read = (...pieces: readonly Uint8Array[]) => {
    const reader = new PrefixedReader()
    for (const piece of pieces) reader.push(piece)
    return reader.finish()
  }

  it('are read in any pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(60), (message, cut) => {
        const bytes = prefixed(message)
        expect(Uint8Array.from(read(bytes.subarray(0, cut), bytes.subarray(cut)) as Uint8Array)).toEqual(
          message,
        )
      }),
    )
  })

  it.each([
    ['INTERNAL', 'nothing', []],
    ['INTERNAL', 'less than the prefix', [0, 0, 0, 0]],
    ['INTERNAL', 'less than the prefix says', [0, 0, 0, 0, 2, 1]],
    ['INTERNAL', 'more than the prefix says', [0, 0, 0, 0, 1, 1, 1]],
    ['UNIMPLEMENTED', 'a compressed message', [1, 0, 0, 0, 1, 1]],
    ['RESOURCE_EXHAUSTED', 'a length that nobody takes', [0, 0xff, 0xff, 0xff, 0xff, 1]],
  ])('%s: %s', (status, _, bytes) => {
    expect(read(Uint8Array.from(bytes))).toMatchObject({ status })
  })
})

describe('what gRPC writes into headers', () => {
  it('a timeout of eight digits at most, never shorter than it is', () => {
    expect([1, 50_000, 99_999_999].map(writeTimeout)).toEqual(['1u', '50000u', '99999999u'])
    expect(writeTimeout(100_000_001)).toBe('100001m')
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400_000_000 }), (span) => {
        const text = writeTimeout(span)
        expect(text).toMatch(/^\d{1,8}[HMSmun]$/)
        expect(readTimeout(text)).toBeGreaterThanOrEqual(span)
        expect(readTimeout(text)).toBeLessThan(span + 1_000)
      }),
    )
    expect(['', '1', '1x', '123456789S', '-1S'].map(readTimeout)).toEqual(Array(5).fill(undefined))
    expect(readTimeout('2000n')).toBe(2)
  })

  it('a status by its number, and UNKNOWN for what is none', () => {
    expect(STATUS_NAMES.map((name, i) => statusOf(String(i)) === name)).not.toContain(false)
    expect(STATUS_NAMES).toHaveLength(17)
    expect(['17', '-1', 'OK', '', undefined].map(statusOf)).toEqual(Array(5).fill('UNKNOWN'))
  })

  it('a message percent-encoded', () => {
    expect(encodeMessage('50% of 温度\n')).toBe('50%25 of %E6%B8%A9%E5%BA%A6%0A')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = encodeMessage(text)
        expect(encoded).toMatch(/^[\x20-\x7e]*$/)
        expect(decodeMessage(encoded)).toBe(Buffer.from(text).toString())
      }),
    )
    expect(decodeMessage('100% of %zz')).toBe('100% of %zz')
  })
})
