/** What makes a header list malformed (RFC 9113 8.2, 8.3; RFC 8441 4). */
import type { NameValue } from '../hpack/static-table.ts'
import type { MessagePart } from './events.ts'

export type FieldReason =
  | 'bad_field_name'
  | 'bad_field_value'
  | 'connection_specific_field'
  | 'pseudo_after_regular'
  | 'unknown_pseudo'
  | 'duplicate_pseudo'
  | 'missing_pseudo'

/** Lower-case visible ASCII; a colon only at the start (RFC 9113 8.2.1). */
const NAME = /^:?[\x21-\x39\x3b-\x40\x5b-\x7e]+$/
const VALUE = /^(?![ \t])[^\0\r\n]*(?<![ \t])$/

/** RFC 9113 8.2.2. */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

const REQUEST = [':method', ':scheme', ':authority', ':path', ':protocol']
const PSEUDO: Readonly<Record<MessagePart, readonly string[]>> = {
  request: REQUEST,
  push: REQUEST,
  response: [':status'],
  interim: [':status'],
  trailers: [],
}

function checkField({ name, value }: NameValue): FieldReason | undefined {
  if (!NAME.test(name)) return 'bad_field_name'
  if (!VALUE.test(value)) return 'bad_field_value'
  if (CONNECTION_SPECIFIC.has(name) || (name === 'te' && value !== 'trailers'))
    return 'connection_specific_field'
  return undefined
}

/** Which pseudo-fields a list has to have (RFC 9113 8.3.1, 8.3.2, 8.5; RFC 8441 4 for CONNECT with :protocol). */
function required(part: MessagePart, pseudo: ReadonlyMap<string, string>): readonly string[] {
  if (part === 'trailers') return []
  if (part === 'response' || part === 'interim') return [':status']
  const tunnel = pseudo.get(':method') === 'CONNECT' && !pseudo.has(':protocol')
  return tunnel ? [':method', ':authority'] : [':method', ':scheme', ':path']
}

/** The first thing that is wrong with a header list, and the index of the field; undefined: it is well formed. */
export function checkFields(
  part: MessagePart,
  fields: readonly NameValue[],
): { reason: FieldReason; field: number } | undefined {
  const pseudo = new Map<string, string>()
  let regular = false
  for (const [field, nameValue] of fields.entries()) {
    const { name, value } = nameValue
    const reason = checkField(nameValue)
    if (reason !== undefined) return { reason, field }
    if (!name.startsWith(':')) {
      regular = true
      continue
    }
    if (regular) return { reason: 'pseudo_after_regular', field }
    if (!PSEUDO[part].includes(name)) return { reason: 'unknown_pseudo', field }
    if (pseudo.has(name)) return { reason: 'duplicate_pseudo', field }
    pseudo.set(name, value)
  }
  const missing = required(part, pseudo).some((name) => !pseudo.has(name))
  return missing ? { reason: 'missing_pseudo', field: 0 } : undefined
}

/** The value of the first field of this name. */
export const fieldValue = (fields: readonly NameValue[], name: string): string | undefined =>
  fields.find((field) => field.name === name)?.value
