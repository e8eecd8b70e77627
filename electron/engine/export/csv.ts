/**
 * All events as a table (RFC 4180), keys left out: a row each, a column for every field of the kinds of events that the run
 * has, cells that an event has no field for left empty. Times are microseconds of lab time, sizes bytes.
 */
import { EVENTS, type EventName } from '../../../shared/trace/events.ts'
import type { RecordingReader, TraceEvent } from '../recording/types.ts'
import { isPublicField, publicEvents } from './secrets.ts'

const COMMON = ['event_number', 'time', 'node', 'flow', 'packet', 'event'] as const

/** A spreadsheet would run a text that begins like this as a formula (OWASP, "CSV Injection"). */
const FORMULA = /^[=+\-@\t\r]/

/** A cell. Text that a spreadsheet would take for a formula is marked as text by an apostrophe before it. */
export function cell(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(Number(value))
  if (value === undefined) return ''
  const text = Array.isArray(value) ? value.join(' ') : String(value)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The fields of all events that occur, in the order of the contract. */
function fieldsOf(reader: RecordingReader): string[] {
  const names = new Set<EventName>()
  for (const batch of reader.batches()) for (const table of batch.tables) names.add(table.name)
  const fields = new Set<string>()
  for (const name of Object.keys(EVENTS) as EventName[])
    if (names.has(name))
      for (const field of Object.keys(EVENTS[name].fields)) if (isPublicField(name, field)) fields.add(field)
  return [...fields]
}

function row({ seq, t, node, flow, pkt, name, data }: TraceEvent, fields: readonly string[]): string {
  const values = data as Readonly<Record<string, unknown>>
  const common = [seq, t, node, flow, pkt === 0 ? undefined : pkt, name]
  return [...common, ...fields.map((field) => values[field])].map(cell).join(',') + '\r\n'
}

export function* csvRows(reader: RecordingReader): Generator<string> {
  const fields = fieldsOf(reader)
  yield [...COMMON, ...fields].join(',') + '\r\n'
  for (const event of publicEvents(reader)) yield row(event, fields)
}
