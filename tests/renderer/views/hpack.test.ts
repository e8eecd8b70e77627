import { describe, expect, test } from 'vitest'
import { blockAt, blockTitle } from '../../../renderer/views/hpack/blocks.ts'
import type { HeaderBlock } from '../../../shared/projections/hpack.ts'

const block = (t: number, pkt: number, fields: Partial<HeaderBlock> = {}): HeaderBlock => ({
  from: 'client',
  t,
  pkt,
  row: 0,
  stream: 1,
  part: 'request',
  method: 'GET',
  target: '/',
  status: 0,
  length: 1,
  uncompressed: 2,
  changes: { client: 0, server: 0 },
  changesBefore: 0,
  ...fields,
})

describe('the block on show', () => {
  const blocks = [block(10, 3), block(10, 3), block(20, 5), block(40, 9)]
  test.each([
    ['the newest, as long as nothing is selected', null, null, 3],
    ['the one that the selected packet has brought', 5, 40, 2],
    ['the last one up to the cursor', 7, 30, 2],
    ['the first, when the cursor is before all', null, 1, 0],
    ['the last, when it is after all', null, 99, 3],
  ])('%s', (_, pkt, cursor, index) => expect(blockAt(blocks, { pkt, cursor })).toBe(index))
})

test('a block is called by its request line, its status, or what else it is', () => {
  expect(blockTitle(block(0, 1, { target: '/a.css' }))).toBe('GET /a.css')
  expect(blockTitle(block(0, 1, { part: 'response', status: 304 }))).toBe('304')
  expect(blockTitle(block(0, 1, { part: 'push' }))).toBe('push GET /')
  expect(blockTitle(block(0, 1, { part: 'trailers', method: '', target: '' }))).toBe('trailers')
})
