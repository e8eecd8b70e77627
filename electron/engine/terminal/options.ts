/** Readers of single option values; what they cannot read, commander reports with the option's name. */
import { InvalidArgumentError } from 'commander'

/** A whole number from `min` to `max`. */
export const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It is not a whole number from ${min} to ${max}.`)
    return value
  }

export const port = integer(1, 65_535)
export const anyPort = integer(0, 65_535)

/** Collects `path=value` pairs; the later of two counts. */
export function setting(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1)
    throw new InvalidArgumentError('It is not path=value, such as loss=2% or hosts.client.tcp.sack=off.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}
