import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hexOf, KeyLog } from '../../../../../electron/protocol/wire/tls/key-log.ts'

const random = new Uint8Array(32).fill(0xab)
const secret = new Uint8Array(48).fill(0x12)
const line = (label: string) => `${label} ${hexOf(random)} ${hexOf(secret)}`

describe('key log', () => {
  test('finds a secret by label and client random, in whatever case the hexadecimal is', () => {
    const log = new KeyLog()
    expect(log.addText(`# made by hand\r\n\r\n${line('CLIENT_RANDOM').replaceAll('ab', 'AB')}\r\n`)).toEqual(
      [],
    )
    expect(log.find('CLIENT_RANDOM', random)).toEqual(secret)
    expect(log.find('SERVER_TRAFFIC_SECRET_0', random)).toBeUndefined()
    expect(log.find('CLIENT_RANDOM', new Uint8Array(32))).toBeUndefined()
  })

  test('secrets that open no records are no error', () => {
    expect(new KeyLog().addText(`${line('EXPORTER_SECRET')}\n${line('EARLY_EXPORTER_SECRET')}`)).toEqual([])
  })

  test('says which lines are wrong and keeps the others', () => {
    const log = new KeyLog()
    const wrong = [
      'CLIENT_RANDOM 12',
      `__proto__ ${hexOf(random)} ${hexOf(secret)}`,
      line('CLIENT_RANDOM').replace('12', '1x'),
      line('CLIENT_RANDOM').slice(0, -2),
      line('RSA'),
    ]
    expect(log.addText([...wrong, line('CLIENT_RANDOM')].join('\n'))).toEqual([
      { line: 1, problem: 'not_three_words' },
      { line: 2, problem: 'unknown_label' },
      { line: 3, problem: 'not_hexadecimal' },
      { line: 4, problem: 'bad_length' },
      { line: 5, problem: 'bad_length' },
    ])
    expect(log.find('CLIENT_RANDOM', random)).toEqual(secret)
  })

  test('takes any text', () => {
    const word = fc.oneof(fc.constantFrom('CLIENT_RANDOM', 'RSA', hexOf(random), 'zz', '\t'), fc.string())
    fc.assert(
      fc.property(fc.array(word), (words) => {
        new KeyLog().addText(words.join(' '))
      }),
    )
  })
})
