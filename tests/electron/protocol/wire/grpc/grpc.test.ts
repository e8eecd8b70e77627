/** gRPC messages in any pieces, and protobuf without a description, held against protobufjs. */
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { dissectGrpc } from '../../../../../electron/protocol/wire/grpc/dissect.ts'
import { GrpcReader, type GrpcMessage } from '../../../../../electron/protocol/wire/grpc/reader.ts'
import type { DissectedField } from '../../../../../shared/dissection.ts'
import { cut, join } from '../../../../support/cuts.ts'
import { fromHex } from '../../../../support/packets.ts'

const prefixed = (message: Uint8Array, flag = 0): Uint8Array => {
  const prefix = Buffer.alloc(5, flag)
  prefix.writeUInt32BE(message.length, 1)
  return join(prefix, message)
}

it('messages are cut out of a body, wherever it is cut', () => {
  const rng = createRng(4)
  for (let i = 0; i < 30; i++) {
    const messages = Array.from({ length: 8 }, () =>
      prefixed(rng.bytes([0, 1, 50, 5_000][rng.int(4)]), rng.int(2)),
    )
    const found: GrpcMessage[] = []
    const reader = new GrpcReader((message) => found.push({ ...message, bytes: message.bytes.slice() }))
    for (const piece of cut(rng, join(...messages))) reader.push(piece)
    expect(found).toHaveLength(8)
    let offset = 0
    messages.forEach((message, n) => {
      const { length, compressed, bytes } = found[n]
      expect([found[n].offset, length, compressed]).toEqual([offset, message.length - 5, message[0] === 1])
      expect(bytes).toEqual(message.slice(0, bytes.length))
      offset += message.length
    })
  }
})

const flat = (fields: readonly DissectedField[]): DissectedField[] =>
  fields.flatMap((field) => [field, ...flat(field.children ?? [])])

describe('fields of a message that protobufjs wrote', () => {
  const { root } = protobuf.parse(`
    syntax = "proto3";
    message Reading { string sensor = 1; double value = 2; sint32 delta = 3; fixed32 at = 4; Reading inner = 5; bytes raw = 6; }`)
  const Reading = root.lookupType('Reading')
  const message = Reading.encode({
    ...{ sensor: 'kitchen', value: 21.5, delta: -3, at: 7, inner: { sensor: 'door', delta: 150 } },
    raw: Uint8Array.of(0xff, 0xfe),
  }).finish()
  const { summary, layers } = dissectGrpc(prefixed(new Uint8Array(message)))
  const fields = flat(layers)

  it('have numbers, wire types and values', () => {
    expect(summary).toBe(`gRPC message, ${message.length} bytes`)
    expect(layers.map(({ name, offset, length }) => [name, offset, length])).toEqual([
      ['Prefix', 0, 5],
      ['Message', 5, message.length],
    ])
    expect(layers[1].children?.map(({ name, text }) => `${name} ${text}`)).toEqual([
      ...['Field 1 LEN', 'Field 2 I64', 'Field 3 VARINT', 'Field 4 I32', 'Field 5 LEN', 'Field 6 LEN'],
    ])
    const texts = fields.filter(({ name }) => name === 'Value').map(({ text }) => text)
    expect(texts[0]).toBe('"kitchen"')
    expect(texts[1]).toContain('(as double 21.5)')
    expect(texts[2]).toBe('5 (as sint -3)')
    expect(texts[3]).toMatch(/^7 \(as float/)
    expect(texts.at(-1)).toBe('ff fe')
  })

  it('know a message within a message', () => {
    const inner = fields.filter(({ name }) => name === 'Message')[1]
    expect(inner.children?.map(({ name }) => name)).toEqual(['Field 1', 'Field 3'])
  })

  it('lie within their parents, in order', () => {
    const check = ({ offset, length, children = [] }: DissectedField): void => {
      let at = offset
      for (const child of children) {
        expect(child.offset).toBeGreaterThanOrEqual(at)
        at = child.offset + child.length
        expect(at).toBeLessThanOrEqual(offset + length)
        check(child)
      }
    }
    for (const layer of layers) check(layer)
  })
})

describe('what is broken', () => {
  it.each([
    ['a flag of 2', '02 00000000', 'a Compressed-Flag of 2'],
    ['a prefix cut short', '00 0000', 'cut short: 2 of 4 bytes'],
    ['more than a message', '00 00000001 0801', 'a varint without an end'],
    ['wire type 7', '00 00000001 0f', 'wire type 7'],
    ['a length beyond the message', '00 00000003 0a0561', 'is longer than what it is part of'],
    ['bytes behind the message', '00 00000002 0801 00', 'more bytes than belong there'],
  ])('%s is said to be so', (_, hex, reason) => expect(dissectGrpc(fromHex(hex)).summary).toContain(reason))

  it('is nothing where the trace has the beginning of a message only', () =>
    expect(dissectGrpc(fromHex('00 00000100 0a20 6162')).summary).toBe('gRPC message, 256 bytes'))

  it('nothing is guessed of what is compressed', () =>
    expect(dissectGrpc(fromHex('01 00000002 0801')).layers[1].name).toBe('Message (compressed)'))
})
