/** The examples of RFC 7541 appendix C, all of them: fields, representations, and the table after each block. */
import { describe, expect, test } from 'vitest'
import { HpackDecoder } from '../../../../../electron/protocol/wire/hpack/decoder.ts'
import { PrimitiveReader } from '../../../../../electron/protocol/wire/hpack/primitives.ts'
import { fromHex } from '../../../../support/packets.ts'

const lines = (text: string) => text.trim().split(/\n\s*/)

interface Step {
  readonly wire: string
  readonly fields: string
  /** Newest first, without indexes. */
  readonly table: string
  readonly size: number
}

function follow(steps: readonly Step[], tableSize = 4096): void {
  const decoder = new HpackDecoder()
  // The examples of C.5 and C.6 set 256 beforehand.
  if (tableSize !== 4096) decoder.table.resize(tableSize)
  for (const { wire, fields, table, size } of steps) {
    const block = decoder.decode(fromHex(wire))
    expect(block.error).toBeUndefined()
    expect(block.inDoubt).toBe(false)
    expect(block.fields.map(({ name, value }) => `${name}: ${value}`)).toEqual(lines(fields))
    const { entries, size: actual } = decoder.table.snapshot()
    expect(entries.map(({ name, value }) => `${name}: ${value}`)).toEqual(table === '' ? [] : lines(table))
    expect(actual).toBe(size)
    const covered = block.fields.reduce((at, field) => (field.offset === at ? at + field.length : NaN), 0)
    expect(covered).toBe(wire.replace(/ /g, '').length / 2)
  }
}

describe('C.1 integers', () => {
  test.each([
    ['C.1.1', '0a', 5, 10],
    ['C.1.2', '1f9a0a', 5, 1337],
    ['C.1.3', '2a', 8, 42],
  ])('%s', (_, wire, prefix, value) => {
    const reader = new PrimitiveReader(fromHex(wire))
    expect(reader.integer(prefix)).toBe(value)
    expect(reader.done).toBe(true)
    expect(reader.fault).toBeUndefined()
  })
})

describe('C.2 field representations', () => {
  test.each([
    [
      'C.2.1 literal with indexing',
      'literal_indexed',
      '400a637573746f6d2d6b65790d637573746f6d2d686561646572',
      'custom-key: custom-header',
      55,
    ],
    ['C.2.2 literal without indexing', 'literal', '040c2f73616d706c652f70617468', ':path: /sample/path', 0],
    [
      'C.2.3 never indexed',
      'literal_never_indexed',
      '100870617373776f726406736563726574',
      'password: secret',
      0,
    ],
    ['C.2.4 indexed', 'indexed', '82', ':method: GET', 0],
  ])('%s', (_, representation, wire, field, size) => {
    follow([{ wire, fields: field, table: size > 0 ? field : '', size }])
    expect(new HpackDecoder().decode(fromHex(wire)).fields[0].representation).toBe(representation)
  })
})

const REQUESTS = [
  {
    fields: `:method: GET
      :scheme: http
      :path: /
      :authority: www.example.com`,
    table: ':authority: www.example.com',
    size: 57,
  },
  {
    fields: `:method: GET
      :scheme: http
      :path: /
      :authority: www.example.com
      cache-control: no-cache`,
    table: `cache-control: no-cache
      :authority: www.example.com`,
    size: 110,
  },
  {
    fields: `:method: GET
      :scheme: https
      :path: /index.html
      :authority: www.example.com
      custom-key: custom-value`,
    table: `custom-key: custom-value
      cache-control: no-cache
      :authority: www.example.com`,
    size: 164,
  },
]

const RESPONSES = [
  {
    fields: `:status: 302
      cache-control: private
      date: Mon, 21 Oct 2013 20:13:21 GMT
      location: https://www.example.com`,
    table: `location: https://www.example.com
      date: Mon, 21 Oct 2013 20:13:21 GMT
      cache-control: private
      :status: 302`,
    size: 222,
  },
  {
    fields: `:status: 307
      cache-control: private
      date: Mon, 21 Oct 2013 20:13:21 GMT
      location: https://www.example.com`,
    table: `:status: 307
      location: https://www.example.com
      date: Mon, 21 Oct 2013 20:13:21 GMT
      cache-control: private`,
    size: 222,
  },
  {
    fields: `:status: 200
      cache-control: private
      date: Mon, 21 Oct 2013 20:13:22 GMT
      location: https://www.example.com
      content-encoding: gzip
      set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1`,
    table: `set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1
      content-encoding: gzip
      date: Mon, 21 Oct 2013 20:13:22 GMT`,
    size: 215,
  },
]

const withWires = (steps: readonly Omit<Step, 'wire'>[], wires: readonly string[]): Step[] =>
  steps.map((step, i) => ({ ...step, wire: wires[i] }))

test('C.3 requests without Huffman coding', () => {
  follow(
    withWires(REQUESTS, [
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ]),
  )
})

test('C.4 requests with Huffman coding', () => {
  follow(
    withWires(REQUESTS, [
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ]),
  )
})

test('C.5 responses without Huffman coding, with evictions', () => {
  follow(
    withWires(RESPONSES, [
      '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
      '4803333037c1c0bf',
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
    ]),
    256,
  )
})

test('C.6 responses with Huffman coding, with evictions', () => {
  follow(
    withWires(RESPONSES, [
      '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      '4883640effc1c0bf',
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ]),
    256,
  )
})
