/** What a peer may not write, with the code and the clause that it breaks (RFC 9204 6). */
import { describe, expect, test } from 'vitest'
import { QpackDecoder } from '../../../../electron/protocol/qpack/decoder.ts'
import { QpackEncoder } from '../../../../electron/protocol/qpack/encoder.ts'
import { fromHex } from '../../../support/packets.ts'

/** A decoder with a table of 64 octets that holds entry 0: a=b (34 octets). */
function decoderWithEntry(): QpackDecoder {
  const decoder = new QpackDecoder({ maxTableCapacity: 128, blockedStreams: 1, maxSectionSize: 200 })
  expect(decoder.handleEncoderStream(fromHex('3f21 4161 0162'))).toBeUndefined()
  expect(decoder.table.capacity).toBe(64)
  expect(decoder.table.size).toBe(34)
  return decoder
}

describe('QPACK_DECOMPRESSION_FAILED', () => {
  test.each([
    ['4.5.1', 'the prefix is missing', ''],
    ['4.5.1', 'the prefix is cut short', '00'],
    ['4.5.1.1', 'a count beyond twice the entries that fit', '0900'],
    ['4.5.1.1', 'a count that comes out as 0 or less', '0800 80'],
    ['4.5.1.2', 'a negative Base', '0281 80'],
    ['4.1.1', 'an integer of more than 62 bits', '0000 ffffffffffffffffffffff'],
    ['4.1.1', 'an integer without end', '0000 ff80808080808080808080'],
    ['4.5', 'an index that is cut short', '0000 ff'],
    ['4.5', 'a value that is missing', '0000 51'],
    ['4.5', 'a string that is cut short', '0000 5105 6162'],
    ['3.1', 'a static index that is not there', '0000 ff24'],
    ['3.1', 'a static name that is not there', '0000 5f5401 61'],
    ['2.2.1', 'an entry beyond the required count', '0000 10'],
    ['2.2.1', 'a name beyond the required count', '0000 00 0161'],
    ['2.2.3', 'an index before the first entry', '0200 81'],
    ['7.4', 'a string longer than any section may be', '0000 27ff01'],
    ['5.2', 'EOS in a Huffman-coded string', '0000 51 84ffffffff'],
    ['5.2', 'eight bits of padding', '0000 51 82 f8ff'],
    ['5.2', 'padding of zeros', '0000 51 81 18'],
  ])('%s: %s', (clause, _what, bytes) => {
    const result = decoderWithEntry().decode(0, fromHex(bytes))
    expect(result).toMatchObject({ type: 'error', error: { code: 'QPACK_DECOMPRESSION_FAILED' } })
    expect(result.type === 'error' && result.error.reason).toContain(` ${clause}:`)
  })

  test('2.2.3: an entry that was evicted', () => {
    const decoder = decoderWithEntry()
    expect(decoder.handleEncoderStream(fromHex('4163 0164'))).toBeUndefined()
    expect(decoder.decode(0, fromHex('0300 81'))).toMatchObject({
      type: 'error',
      error: { code: 'QPACK_DECOMPRESSION_FAILED', reason: '9204 2.2.3: entry 0 was evicted or never there' },
    })
  })

  test('2.1.2: more blocked streams than allowed', () => {
    const decoder = decoderWithEntry()
    expect(decoder.decode(0, fromHex('0300 80'))).toEqual({ type: 'blocked', requiredInsertCount: 2 })
    expect(decoder.decode(4, fromHex('0300 80'))).toMatchObject({
      type: 'error',
      error: { code: 'QPACK_DECOMPRESSION_FAILED' },
    })
  })

  test('a section larger than we keep is read to its end, and what is too much is counted', () => {
    const decoder = decoderWithEntry()
    const result = decoder.decode(0, fromHex(`0200 ${'80'.repeat(10)}`))
    expect(result).toMatchObject({ type: 'decoded', section: { size: 340, omitted: 5 } })
  })
})

describe('QPACK_ENCODER_STREAM_ERROR', () => {
  test.each([
    ['4.3.1', 'a capacity beyond what was allowed', '3f62'],
    ['3.2.2', 'an entry larger than the table', `41 61 20 ${'62'.repeat(32)}`],
    ['4.3.2', 'a static name that is not there', 'ff24 0161'],
    ['4.3.2', 'a dynamic name that is not there', '81 0161'],
    ['4.3.4', 'a copy of what is not there', '01'],
    ['4.1.1', 'an integer of more than 62 bits', '3fffffffffffffffffffff'],
    ['7.4', 'a string longer than the table, before it has come', '5f7f'],
    ['5.2', 'EOS in a Huffman-coded string', 'c0 84ffffffff'],
  ])('%s: %s', (clause, _what, bytes) => {
    const error = decoderWithEntry().handleEncoderStream(fromHex(bytes))
    expect(error).toMatchObject({ code: 'QPACK_ENCODER_STREAM_ERROR' })
    expect(error!.reason).toContain(` ${clause}:`)
  })

  test('a smaller capacity evicts, 0 empties', () => {
    const decoder = decoderWithEntry()
    expect(decoder.handleEncoderStream(fromHex('20'))).toBeUndefined()
    expect([...decoder.table.entries()]).toEqual([])
  })

  test('3.2.2: the name of an entry that goes for the new one', () => {
    const decoder = decoderWithEntry()
    expect(decoder.handleEncoderStream(fromHex('80 0163'))).toBeUndefined()
    expect([...decoder.table.entries()]).toEqual([{ name: 'a', value: 'c', absolute: 1, size: 34 }])
  })
})

describe('QPACK_DECODER_STREAM_ERROR', () => {
  function encoderWithSection(): QpackEncoder {
    const encoder = new QpackEncoder({ capacity: 100 })
    encoder.applySettings(100, 1)
    encoder.encode(0, [{ name: 'a', value: 'b' }])
    return encoder
  }

  test.each([
    ['4.4.1', 'a section that was never sent', '84'],
    ['4.4.1', 'the same section twice', '80 80'],
    ['4.4.3', 'an increment of 0', '00'],
    ['4.4.3', 'more insertions than there were', '02'],
    ['4.4.3', 'an insertion that the acknowledged section has told of', '80 01'],
    ['4.1.1', 'an integer of more than 62 bits', '7fffffffffffffffffffff'],
  ])('%s: %s', (clause, _what, bytes) => {
    const error = encoderWithSection().handleDecoderStream(fromHex(bytes))
    expect(error).toMatchObject({ code: 'QPACK_DECODER_STREAM_ERROR' })
    expect(error!.reason).toContain(` ${clause}:`)
  })

  test('the cancellation of a stream without sections is none', () => {
    expect(encoderWithSection().handleDecoderStream(fromHex('48'))).toBeUndefined()
  })
})
