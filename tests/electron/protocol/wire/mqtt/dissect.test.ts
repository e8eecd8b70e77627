/** The fields of MQTT packets for people: the remaining length byte by byte, variable header, payload, and what is wrong where it is. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dissectMqtt } from '../../../../../electron/protocol/wire/mqtt/packet.ts'
import type { MqttLevel } from '../../../../../electron/protocol/wire/mqtt/rules.ts'
import { findField, type DissectedField } from '../../../../../shared/dissection.ts'
import { arbitraryPacket, generate } from '../../../../support/mqtt-packets.ts'
import { fromHex, RUNS } from '../../../../support/packets.ts'

const CONNECT = '10 1b 0004 4d515454 04 ce 003c 0001 61 0001 62 0001 63 0001 64 0002 6566'

/** Fields as `name: text [offset, length]`, with their parts behind them. */
const outline = (fields: readonly DissectedField[], indent = ''): string[] =>
  fields.flatMap(({ name, text, offset, length, children = [] }) => [
    `${indent}${name}: ${text} [${offset}, ${length}]`,
    ...outline(children, `${indent}  `),
  ])

it('a PUBLISH has every field at its place', () => {
  const { summary, layers } = dissectMqtt(fromHex('3a 0a 0003 612f62 0007 233120'), 4)
  expect(summary).toBe('MQTT PUBLISH payload 3 bytes')
  expect(outline(layers)).toEqual([
    'Fixed header: PUBLISH [0, 2]',
    '  Control Packet type: 3: PUBLISH [0, 1]',
    '  Flags: 1010 [0, 1]',
    '    DUP: 1 [0, 1]',
    '    QoS: 1 [0, 1]',
    '    RETAIN: 0 [0, 1]',
    '  Remaining Length: 10 bytes [1, 1]',
    '    Byte 1: 10 × 1 = 10 [1, 1]',
    '      Continuation bit: 0: the last byte [1, 1]',
    '      Value: 10 [1, 1]',
    '      Multiplier: 1 [1, 1]',
    'Variable header:  [2, 7]',
    '  Topic Name: a/b [2, 5]',
    '    Length: 3 [2, 2]',
    '    Value: a/b [4, 3]',
    '  Packet Identifier: 7 [7, 2]',
    'Payload: #1  [9, 3]',
  ])
})

describe('the remaining length is unfolded', () => {
  it.each([
    [127, '7f', ['127 × 1 = 127']],
    [128, '80 01', ['0 × 1 = 0', '1 × 128 = 128']],
    [321, 'c1 02', ['65 × 1 = 65', '2 × 128 = 256']],
    [16_384, '80 80 01', ['0 × 1 = 0', '0 × 128 = 0', '1 × 16384 = 16384']],
    [
      268_435_455,
      'ff ff ff 7f',
      ['127 × 1 = 127', '127 × 128 = 16256', '127 × 16384 = 2080768', '127 × 2097152 = 266338304'],
    ],
  ])('%d (MQTT 3.1.1 2.2.3)', (length, hex, bytes) => {
    const field = findField(dissectMqtt(fromHex(`30 ${hex} 0001 61`), 4).layers, 'Remaining Length')!
    expect(field.text).toBe(`${length} bytes`)
    expect(field.children?.map(({ text }) => text)).toEqual(bytes)
    expect(bytes.reduce((sum, text) => sum + Number(text.split('= ')[1]), 0)).toBe(length)
  })

  it('to its fourth byte, where it should not go on', () => {
    const { summary, layers } = dissectMqtt(fromHex('30 80808080 01'), 4)
    const field = findField(layers, 'Remaining Length')!
    expect(field.children).toHaveLength(4)
    expect(field.problem).toBe('a fourth byte that says that another follows (MQTT 3.1.1 2.2.3)')
    expect(summary).toContain('MQTT 3.1.1 2.2.3')
  })
})

it('CONNECT has its flags one by one, and its payload in the order of the standard', () => {
  const { layers } = dissectMqtt(fromHex(CONNECT), 4)
  const flags = findField(layers, 'Connect Flags')!
  expect(flags.children?.map(({ name, text }) => `${name} ${text}`)).toEqual([
    ...['User Name Flag set', 'Password Flag set', 'Will Retain not set', 'Will QoS 1', 'Will Flag set'],
    ...['Clean Session set', 'Reserved not set'],
  ])
  expect(layers[2].children?.map(({ name }) => name)).toEqual([
    ...['Client Identifier', 'Will Topic', 'Will Message', 'User Name', 'Password'],
  ])
})

it('properties of MQTT 5 have their names and values', () => {
  const { layers } = dissectMqtt(
    fromHex('30 15 0001 61 10 02 0000003c 23 0005 26 0001 6b 0002 7676 79 79'),
    5,
  )
  const properties = findField(layers, 'Properties')!
  expect(properties.children?.map(({ name, text }) => `${name}: ${text}`)).toEqual([
    'Message Expiry Interval: 60',
    'Topic Alias: 5',
    'User Property: k: vv',
  ])
})

it('what is wrong stands at the field, with its rule', () => {
  const { layers } = dissectMqtt(fromHex('82 06 0001 0001 61 03'), 4)
  expect(findField(layers, 'Requested QoS')).toMatchObject({ offset: 7, problem: 'QoS 3 (MQTT-3-8.3-4)' })
})

it('of a packet that is longer than what was kept, nothing is said to be wrong', () => {
  const { summary, layers } = dissectMqtt(fromHex('82 c83e 0001 0003 612f62 00 0009 61'), 4)
  expect(summary).toBe('MQTT SUBSCRIBE')
  expect(findField(layers, 'Payload')?.children?.at(-1)?.children).toMatchObject([
    { name: 'Topic Filter', text: 'not all of it was kept' },
  ])
})

it.each<MqttLevel>([3, 4, 5])(
  'every byte of a good packet of level %d lies in a field, and none twice',
  (level) => {
    fc.assert(
      fc.property(arbitraryPacket(level), (packet) => {
        const bytes = generate(packet, level)
        const { layers } = dissectMqtt(bytes, level)
        let at = 0
        for (const { offset, length } of layers) {
          expect(offset).toBe(at)
          at += length
        }
        expect(at).toBe(bytes.length)
        expect(JSON.stringify(layers)).not.toContain('"problem"')
      }),
      { numRuns: RUNS },
    )
  },
)
