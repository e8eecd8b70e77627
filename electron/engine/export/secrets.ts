/**
 * Keys in a recording. The key log is the form in which they are given away, on purpose and with a warning; a file that
 * people send around for the sake of its times and sizes must not carry them by the way.
 */
import type { EventName } from '../../../shared/trace/events.ts'
import { KeyLog } from '../../protocol/wire/tls/key-log.ts'
import type { RecordingReader, TraceEvent } from '../recording/types.ts'

/** Fields that hold keys. An event that has no others is left out as a whole. */
const SECRET_FIELDS: Partial<Record<EventName, ReadonlySet<string>>> = {
  'security:secret_logged': new Set(['line']),
  'security:key_updated': new Set(['secret', 'key', 'iv']),
}

/** Whether a field of an event may stand in a file that does not say that it holds keys. */
export const isPublicField = (name: EventName, field: string): boolean =>
  SECRET_FIELDS[name]?.has(field) !== true

/** All events, without what is secret of them. */
export function* publicEvents(reader: RecordingReader): Generator<TraceEvent> {
  for (const event of reader.events()) {
    const secret = SECRET_FIELDS[event.name]
    if (secret === undefined) yield event
    else {
      const data = Object.entries(event.data).filter(([field]) => !secret.has(field))
      if (data.length > 0) yield { ...event, data: Object.fromEntries(data) } as TraceEvent
    }
  }
}

/**
 * The key log of a run (RFC 9850): each line once, though both ends of a connection may have given it; empty if nothing was
 * encrypted. What is no line of a key log does not get into it.
 */
export function keyLogOf(reader: RecordingReader): string {
  const lines = new Set<string>()
  const checker = new KeyLog()
  for (const { data } of reader.events(['security:secret_logged'])) {
    const line = data.line.trim()
    const isSecret = /^\w/.test(line) && !/[\r\n]/.test(line)
    if (isSecret && checker.addLine(line) === undefined) lines.add(line)
  }
  return [...lines].map((line) => `${line}\n`).join('')
}
