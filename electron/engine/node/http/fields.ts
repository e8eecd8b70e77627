/** Fields of messages (RFC 9110 5), and the values that most of them are made of: lists, directives, dates. */

/** By lower-case name; a field that came in several lines as a list, as Node gives `set-cookie`. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

/** The value of a field, its lines joined as RFC 9110 5.3 allows; undefined: it is not there. */
export function valueOf(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return value === undefined || typeof value === 'string' ? value : value.join(', ')
}

/** Field lines by name, several of one name as a list. */
export function recordOf(lines: readonly { readonly name: string; readonly value: string }[]): Fields {
  const fields: Record<string, string | string[]> = {}
  for (const { name, value } of lines) {
    const key = name.toLowerCase()
    const before = Object.hasOwn(fields, key) ? fields[key] : undefined
    fields[key] = before === undefined ? value : [before, value].flat()
  }
  return fields
}

/** The lines of fields that have one each. */
export const linesOf = (fields: Readonly<Record<string, string>>): { name: string; value: string }[] =>
  Object.entries(fields).map(([name, value]) => ({ name, value }))

/** The members of a list (RFC 9110 5.6.1); commas inside of quoted strings divide nothing. */
export function membersOf(value: string | undefined): string[] {
  const found = value?.match(/(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g) ?? []
  return found.map((member) => member.trim()).filter((member) => member !== '')
}

/** Directives with their arguments, unquoted; `''` where there is none. The first of a name counts (RFC 9111 4.2.1). */
export function directivesOf(value: string | undefined): ReadonlyMap<string, string> {
  const directives = new Map<string, string>()
  for (const member of membersOf(value)) {
    const [, name, argument = ''] = /^([^=\s]+)(?:=(.*))?$/s.exec(member) ?? []
    if (name === undefined || directives.has(name.toLowerCase())) continue
    directives.set(name.toLowerCase(), argument.replace(/^"(.*)"$/s, '$1').replace(/\\(.)/gs, '$1'))
  }
  return directives
}

/** A moment as IMF-fixdate (RFC 9110 5.6.7). */
export const httpDate = (date: Date): string => date.toUTCString()

const IMF_FIXDATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/

/** Milliseconds of Unix time; undefined: it is no IMF-fixdate. The obsolete forms are not sent in the laboratory. */
export function readHttpDate(value: string | undefined): number | undefined {
  if (value === undefined || !IMF_FIXDATE.test(value)) return undefined
  const time = Date.parse(value)
  return Number.isNaN(time) ? undefined : time
}
