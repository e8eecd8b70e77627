/** What is wrong with an input, in words for a person and in fields for a program. */
import type { BaseIssue } from 'valibot'

export interface InputError {
  /** A fixed word: invalid, not_found, wrong_state, busy, failed. */
  readonly code: 'invalid' | 'not_found' | 'wrong_state' | 'busy' | 'failed'
  /** One sentence that names what and where. */
  readonly message: string
  /** The path of the field, such as `links.link.up.loss.rate`. */
  readonly field?: string
  /** The value that was given, as text. */
  readonly value?: string
  /** What is allowed there. */
  readonly allowed?: string
}

export type Result<T, E = InputError> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E }

export const success = <T>(value: T): Result<T, never> => ({ ok: true, value })
export const failure = <E>(error: E): Result<never, E> => ({ ok: false, error })

/** A value as it is shown in an error: short, and on one line. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** The first issue of a failed validation as an error that names the field, the value and what is allowed. */
export function fromIssues(issues: readonly [BaseIssue<unknown>, ...BaseIssue<unknown>[]]): InputError {
  const issue = issues[0]
  const absence = fieldIssue(issue)
  if (absence !== undefined) return absence
  const field = pathOf(issue)
  const value = show(issue.input)
  const allowed = issue.expected ?? undefined
  const where = field === '' ? 'the input' : field
  return {
    code: 'invalid',
    message: allowed ? `${where}: ${value} is not ${allowed}` : `${where}: ${issue.message}`,
    field,
    value,
    allowed,
  }
}

/** A field that is missing or unknown: valibot then calls a name `expected`, which says nothing of what is allowed. */
function fieldIssue(issue: BaseIssue<unknown>): InputError | undefined {
  const field = pathOf(issue)
  const last = issue.path?.at(-1)
  const key = last?.key
  if (issue.received === 'undefined' && issue.expected === JSON.stringify(key))
    return {
      code: 'invalid',
      message: `${field}: this field is missing`,
      field,
      allowed: 'it has to be there',
    }
  if (issue.expected !== 'never' || issue.received !== JSON.stringify(key)) return undefined
  return {
    code: 'invalid',
    message: `${field}: there is no such field`,
    field,
    value: show(last?.value),
    allowed: 'no field of this name',
  }
}

const pathOf = (issue: BaseIssue<unknown>): string =>
  issue.path?.map((item) => String(item.key)).join('.') ?? ''
