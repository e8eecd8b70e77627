/** tshark reading a capture with checksum checks switched on (they are off by default). */
import { execFileSync } from 'node:child_process'
import { findTshark } from './tools.ts'

const PREFERENCES = [
  'ip.check_checksum:TRUE',
  'tcp.check_checksum:TRUE',
  'tcp.relative_sequence_numbers:FALSE',
]

interface TsharkOptions {
  readonly filter?: string
  /** `a`: all values of a field that a packet has several times, with commas between; else the first. */
  readonly occurrence?: 'f' | 'a'
  /** `name:value`, beside those for checksums. */
  readonly preferences?: readonly string[]
  /** What tshark cannot know from a port number, such as `tcp.port==80,http2`. */
  readonly decodeAs?: readonly string[]
}

/** The fields of each packet that passes the filter, as texts; empty where a packet has no such field. */
export function tsharkFields(
  file: string,
  fields: readonly string[],
  options: string | TsharkOptions = '',
): Record<string, string>[] {
  const {
    filter = '',
    occurrence = 'f',
    preferences = [],
    decodeAs = [],
  } = typeof options === 'string' ? { filter: options } : options
  const args = ['-r', file, '-n', '-T', 'fields', '-E', `occurrence=${occurrence}`]
  for (const preference of [...PREFERENCES, ...preferences]) args.push('-o', preference)
  for (const rule of decodeAs) args.push('-d', rule)
  for (const field of fields) args.push('-e', field)
  if (filter !== '') args.push('-Y', filter)
  // On stderr it says only that it should not run as root.
  const text = execFileSync(findTshark()!, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 })
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => Object.fromEntries(line.split('\t').map((value, i) => [fields[i], value])))
}
