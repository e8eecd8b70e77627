/** What a failed validation says of the field, the value and what is allowed. */
import { maxValue, number, pipe, safeParse, strictObject, string } from 'valibot'
import { describe, expect, it } from 'vitest'
import { fromIssues, type InputError } from '../../shared/errors.ts'

const SCHEMA = strictObject({ link: strictObject({ name: string(), loss: pipe(number(), maxValue(1)) }) })

function errorOf(input: unknown): InputError {
  const parsed = safeParse(SCHEMA, input)
  if (parsed.success) throw new Error('this was valid')
  return fromIssues(parsed.issues)
}

describe('the error of a failed validation', () => {
  it('names the field, the value and what is allowed', () => {
    expect(errorOf({ link: { name: 'a', loss: 2 } })).toEqual({
      code: 'invalid',
      message: 'link.loss: 2 is not <=1',
      field: 'link.loss',
      value: '2',
      allowed: '<=1',
    })
  })

  it('says that a field is missing, and gives no value for it', () => {
    const error = errorOf({ link: { loss: 0 } })
    expect(error).toMatchObject({ field: 'link.name', message: 'link.name: this field is missing' })
    expect(error.value).toBeUndefined()
  })

  it('says that there is no such field', () => {
    expect(errorOf({ link: { name: 'a', loss: 0, los: 3 } })).toMatchObject({
      field: 'link.los',
      message: 'link.los: there is no such field',
      value: '3',
    })
  })

  it('takes the wrong kind of value for what it is', () => {
    expect(errorOf({ link: 5 })).toMatchObject({ field: 'link', value: '5', allowed: 'Object' })
  })
})
