/** A setting that is not what it should be. */
import { failure, show, type Result } from '../../shared/errors.ts'

/** The error for a field, its value and what is allowed there. */
export const invalid = (field: string, value: unknown, allowed: string): Result<never> =>
  failure({
    code: 'invalid',
    message: `${field}: ${show(value)} is not ${allowed}`,
    field,
    value: show(value),
    allowed,
  })
