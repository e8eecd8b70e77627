/** The examples of RFC 9204 appendix B, octet for octet, from both ends. */
import { expect, test } from 'vitest'
import { QpackDecoder } from '../../../../electron/protocol/qpack/decoder.ts'
import { QpackEncoder } from '../../../../electron/protocol/qpack/encoder.ts'
import type { DynamicTable } from '../../../../electron/protocol/qpack/dynamic-table.ts'
import { fromHex } from '../../../support/packets.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const lines = (table: DynamicTable): string[] =>
  [...table.entries()].map(({ absolute, name, value }) => `${absolute} ${name} ${value}`)

const AUTHORITY = { name: ':authority', value: 'www.example.com' }
const PATH = { name: ':path', value: '/sample/path' }
const CUSTOM = { name: 'custom-key', value: 'custom-value' }

const encoder = new QpackEncoder({ capacity: 220, huffman: false, isWorthAnEntry: () => true })
const decoder = new QpackDecoder({ maxTableCapacity: 220, blockedStreams: 1, maxSectionSize: 4_096 })

function decodes(stream: number, bytes: string) {
  const result = decoder.decode(stream, fromHex(bytes))
  return result.type === 'decoded' ? result.section.lines.map(({ name, value }) => ({ name, value })) : result
}

test('B.1: a literal with the name of the static table', () => {
  const field = { name: ':path', value: '/index.html' }
  const section = '0000510b2f696e6465782e68746d6c'
  expect(hex(encoder.encode(0, [field]).bytes)).toBe(section)
  expect(decodes(0, section)).toEqual([field])
  expect(hex(decoder.takeOutput())).toBe('')
})

test('B.2: insertions, and a section that refers to them', () => {
  encoder.applySettings(220, 1)
  expect(hex(encoder.takeOutput())).toBe('3fbd01')
  expect(hex(encoder.encode(4, [AUTHORITY, PATH]).bytes)).toBe('03811011')
  const inserted = 'c00f7777772e6578616d706c652e636f6dc10c2f73616d706c652f70617468'
  expect(hex(encoder.takeOutput())).toBe(inserted)
  expect(encoder.table.size).toBe(106)

  expect(decoder.handleEncoderStream(fromHex(`3fbd01${inserted}`))).toBeUndefined()
  expect(decodes(4, '03811011')).toEqual([AUTHORITY, PATH])
  expect(hex(decoder.takeOutput())).toBe('84')
  expect(encoder.handleDecoderStream(fromHex('84'))).toBeUndefined()
  expect(encoder.table.known).toBe(2)
})

test('B.3: an insertion ahead', () => {
  expect(encoder.insertAhead(CUSTOM.name, CUSTOM.value)).toBe(true)
  const inserted = '4a637573746f6d2d6b65790c637573746f6d2d76616c7565'
  expect(hex(encoder.takeOutput())).toBe(inserted)
  expect(encoder.table.size).toBe(160)
  expect(decoder.handleEncoderStream(fromHex(inserted))).toBeUndefined()
  expect(hex(decoder.takeOutput())).toBe('01')
  expect(encoder.handleDecoderStream(fromHex('01'))).toBeUndefined()
  expect(encoder.table.known).toBe(3)
})

test('B.4: a duplicate that comes late, and a cancelled stream', () => {
  expect(encoder.insertAhead(AUTHORITY.name, AUTHORITY.value)).toBe(true)
  expect(hex(encoder.takeOutput())).toBe('02')
  const root = { name: ':path', value: '/' }
  expect(hex(encoder.encode(8, [AUTHORITY, root, CUSTOM]).bytes)).toBe('050080c181')
  expect(encoder.table.size).toBe(217)
  expect(encoder.blockableStreams).toBe(1)

  expect(decodes(8, '050080c181')).toEqual({ type: 'blocked', requiredInsertCount: 4 })
  decoder.cancel(8)
  expect(hex(decoder.takeOutput())).toBe('48')
  expect(decoder.blockedStreams).toBe(0)
  expect(encoder.handleDecoderStream(fromHex('48'))).toBeUndefined()
  expect(encoder.blockableStreams).toBe(0)
  expect(decoder.handleEncoderStream(fromHex('02'))).toBeUndefined()
  expect(decoder.takeUnblocked()).toBeUndefined()
  expect(hex(decoder.takeOutput())).toBe('01')
})

test('B.5: an insertion that evicts', () => {
  expect(encoder.insertAhead('custom-key', 'custom-value2')).toBe(true)
  const inserted = '810d637573746f6d2d76616c756532'
  expect(hex(encoder.takeOutput())).toBe(inserted)
  expect(encoder.table.size).toBe(215)
  expect(decoder.handleEncoderStream(fromHex(inserted))).toBeUndefined()
  const left = [
    '1 :path /sample/path',
    '2 custom-key custom-value',
    '3 :authority www.example.com',
    '4 custom-key custom-value2',
  ]
  expect(lines(encoder.table)).toEqual(left)
  expect(lines(decoder.table)).toEqual(left)
})
