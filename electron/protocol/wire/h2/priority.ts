/** Extensible priorities (RFC 9218 4): the field value `u=3, i`, a dictionary of RFC 8941. */

export interface Priority {
  /** 0 first to 7 last. */
  readonly urgency: number
  readonly incremental: boolean
}

export const DEFAULT_PRIORITY: Priority = { urgency: 3, incremental: false }

/**
 * Reads a priority field value. Unknown members, and those of a wrong type or range, count as absent (RFC 9218 4), so
 * any text gives an answer. Parameters behind `;` are ignored.
 */
export function parsePriority(value: string): Priority {
  let { urgency, incremental } = DEFAULT_PRIORITY
  for (const member of value.split(',')) {
    const [text] = member.trim().split(';')
    if (/^u=[0-7]$/.test(text)) urgency = Number(text[2])
    else if (/^i(=\?[01])?$/.test(text)) incremental = !text.endsWith('0')
  }
  return { urgency, incremental }
}
