/** tshark reading a capture with checksum checks switched on (they are off by default). */
import { execFileSync } from 'node:child_process'
import { findTshark } from './tools.ts'

const PREFERENCES = [
  'ip.check_checksum:TRUE',
  'tcp.check_checksum:TRUE',
  'tcp.relative_sequence_numbers:FALSE',
]

/** The fields of each packet that passes the filter, as texts; empty where a packet has no such field. */
export function tsharkFields(file: string, fields: readonly string[], filter = ''): Record<string, string>[] {
  const args = ['-r', file, '-n', '-T', 'fields', '-E', 'occurrence=f']
  for (const preference of PREFERENCES) args.push('-o', preference)
  for (const field of fields) args.push('-e', field)
  if (filter !== '') args.push('-Y', filter)
  // On stderr it says only that it should not run as root.
  const text = execFileSync(findTshark()!, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 })
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => Object.fromEntries(line.split('\t').map((value, i) => [fields[i], value])))
}
