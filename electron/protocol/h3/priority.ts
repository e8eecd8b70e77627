/** Priorities (RFC 9218): the value of a Priority field, a dictionary of structured fields (RFC 8941 3.2). */

export interface Priority {
  /** 0 to 7; the lower, the more urgent. */
  readonly urgency: number
  /** Its octets are of use as they come, so responses of one urgency take turns. */
  readonly incremental: boolean
}

/** RFC 9218 4.1, 4.2. */
export const DEFAULT_PRIORITY: Priority = { urgency: 3, incremental: false }

/** A member: key, and the value as it is written, with strings kept whole; then parameters, which mean nothing here. */
const MEMBER =
  /[ \t]*([a-z*][a-z0-9_.*-]*)(?:=("(?:[^"\\]|\\.)*"|\([^)]*\)|[^,;"()\s]+))?((?:;[^,;"]*(?:"[^"]*")?)*)[ \t]*(?:,|$)/y

/** Reads a value; what is not known, or of another type or range than it should be, is ignored (RFC 9218 4). */
export function parsePriority(value: string): Priority {
  let { urgency, incremental } = DEFAULT_PRIORITY
  const member = new RegExp(MEMBER)
  while (member.lastIndex < value.length) {
    const found = member.exec(value)
    // What is no dictionary says nothing at all (RFC 8941 4.2).
    if (found === null) return DEFAULT_PRIORITY
    const [, key, written] = found
    if (key === 'u' && written !== undefined && /^[0-7]$/.test(written)) urgency = Number(written)
    if (key === 'i' && (written === undefined || written === '?1')) incremental = true
    if (key === 'i' && written === '?0') incremental = false
  }
  return { urgency, incremental }
}

/** The value that says this; empty for the default. */
export const formatPriority = ({ urgency, incremental }: Priority): string =>
  [urgency === DEFAULT_PRIORITY.urgency ? '' : `u=${urgency}`, incremental ? 'i' : '']
    .filter(Boolean)
    .join(', ')
