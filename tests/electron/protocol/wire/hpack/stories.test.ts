/**
 * Stories of whole connections in the format of http2jp/hpack-test-case. Those beside this file are nghttp2's own blocks,
 * written down with the header lists that nghttp2 at the other end made of them. A folder of others may be named in
 * HPACK_STORIES.
 */
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { HpackDecoder } from '../../../../../electron/protocol/wire/hpack/decoder.ts'
import { readStories } from '../../../../support/hpack-stories.ts'

const folders = [fileURLToPath(new URL('stories', import.meta.url)), process.env.HPACK_STORIES ?? '']

describe.each(folders.filter((folder) => folder !== '').flatMap(readStories))(
  '$file: $description',
  ({ cases }) => {
    test(`${cases.length} header blocks`, () => {
      expect(cases.length).toBeGreaterThan(0)
      const decoder = new HpackDecoder()
      let allowed = 4096
      for (const { seqno, tableSize, wire, fields } of cases) {
        if (tableSize !== allowed) decoder.allowTableSize((allowed = tableSize))
        const block = decoder.decode(wire)
        expect([seqno, block.error]).toEqual([seqno, undefined])
        expect([seqno, block.fields.map(({ name, value }) => [name, value])]).toEqual([seqno, fields])
        expect(decoder.table.size).toBeLessThanOrEqual(tableSize)
      }
    })
  },
)
