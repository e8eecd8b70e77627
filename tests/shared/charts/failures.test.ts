import { expect, it } from 'vitest'
import { failureText } from '../../../shared/charts/failures.ts'

it.each(['timeout', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'CERT_HAS_EXPIRED'])(
  'a request that failed as %s has a sentence in both languages',
  (code) => {
    const [en, zh] = (['en', 'zh'] as const).map((language) => failureText(language, code, 'raw'))
    expect(en).toMatch(/^[\x20-\x7e]+$/)
    expect(zh).toMatch(/[\u4e00-\u9fff]/)
  },
)

it('a code that nobody knows is told in the words of the endpoint', () => {
  expect(failureText('zh', 'ERR_OTHER', 'something else')).toBe('something else')
  expect(failureText('en', 'constructor', '')).toBe('')
})
