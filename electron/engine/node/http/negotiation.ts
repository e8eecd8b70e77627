/** Choosing among representations by what a client likes (RFC 9110 12). */
import { membersOf } from './fields.ts'
import { CODINGS, type Coding } from './coding.ts'

interface Preference {
  readonly value: string
  /** Weight, 0 to 1 (RFC 9110 12.4.2). */
  readonly q: number
}

/** The members of an `Accept...` field; a weight that is none counts as 1, as if it were not there. */
export function preferencesOf(field: string | undefined): Preference[] {
  return membersOf(field).map((member) => {
    const [value, ...parameters] = member.split(';').map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
    return { value, q: /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 1 }
  })
}

/**
 * The coding that the client likes best of those there are (RFC 9110 12.5.3), of equals the one that the server likes best.
 * Without the field: identity. Undefined: none is acceptable, not even identity.
 */
export function chooseCoding(acceptEncoding: string | undefined): Coding | undefined {
  if (acceptEncoding === undefined) return 'identity'
  const preferences = preferencesOf(acceptEncoding)
  const weightOf = (coding: Coding): number => {
    const named =
      preferences.find(({ value }) => value === coding) ?? preferences.find(({ value }) => value === '*')
    // Not named, identity may be had all the same, but anything named is liked better.
    return named?.q ?? (coding === 'identity' ? 0.0001 : 0)
  }
  return best(CODINGS, weightOf)
}

/** The index of the media type that the client likes best (RFC 9110 12.5.1); undefined: none is acceptable. */
export function chooseType(accept: string | undefined, types: readonly string[]): number | undefined {
  if (accept === undefined) return 0
  const preferences = preferencesOf(accept)
  const weightOf = (index: number): number => {
    const type = types[index].split(';')[0].trim().toLowerCase()
    // The most specific range that it falls into has precedence.
    const ranges = [type, `${type.split('/')[0]}/*`, '*/*']
    for (const range of ranges) {
      const named = preferences.find(({ value }) => value === range)
      if (named !== undefined) return named.q
    }
    return 0
  }
  return best([...types.keys()], weightOf)
}

function best<T>(choices: readonly T[], weightOf: (choice: T) => number): T | undefined {
  let found: T | undefined
  let most = 0
  for (const choice of choices) {
    const weight = weightOf(choice)
    if (weight > most) [found, most] = [choice, weight]
  }
  return found
}
