import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findField, parseFields } from '../../shared/dissection.ts'
import { bytesOfHex, hexOfBytes } from '../../shared/hex.ts'

const field = { name: 'Random', text: '00', offset: 6, length: 32 }

describe('fields from a recording', () => {
  test('are read as they were written', () => {
    const fields = [{ ...field, problem: 'odd', children: [{ ...field, name: 'inner' }] }, field]
    expect(parseFields(JSON.stringify(fields))).toEqual(fields)
  })

  test.each([
    ['', 'nothing'],
    ['{', 'no JSON'],
    ['{"name":"x"}', 'no list'],
    ['[null, 1, "x", [], {}]', 'no fields'],
    [JSON.stringify([{ ...field, offset: -1 }]), 'a place before the beginning'],
    [JSON.stringify([{ ...field, length: 1.5 }]), 'half a byte'],
    [JSON.stringify([{ ...field, name: 7 }]), 'a name that is none'],
  ])('%s: %s', (json) => expect(parseFields(json)).toEqual([]))

  test('nested without end are cut', () => {
    const json =
      '[{"name":"a","text":"","offset":0,"length":1,"children":'.repeat(5000) + '[]' + '}]'.repeat(5000)
    let depth = 0
    for (let list = parseFields(json); list.length > 0; list = list[0].children ?? []) depth++
    expect(depth).toBeLessThan(20)
  })

  test('are found by their name at any depth, the first one', () => {
    const inner = { ...field, name: 'Cipher suite', text: 'one' }
    const fields = [
      { ...field, children: [inner] },
      { ...inner, text: 'two' },
    ]
    expect(findField(fields, 'Cipher suite')?.text).toBe('one')
    expect(findField(fields, 'nothing')).toBeUndefined()
  })
})

describe('hexadecimal', () => {
  test('there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(bytesOfHex(hexOfBytes(bytes))).toEqual(bytes)
      }),
    )
  })

  test('is read up to what is none', () => {
    expect([...bytesOfHex('00FFa')]).toEqual([0, 255])
    expect([...bytesOfHex('01zz02')]).toEqual([1])
  })
})
