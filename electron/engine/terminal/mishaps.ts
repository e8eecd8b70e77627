/** What went wrong on the wire and beyond it, counted for whoever sits at the terminal: nothing else shows it there. */
import type { TraceEvent } from '../recording/types.ts'

/** The events that `mishaps` counts. */
export const MISHAPS = ['wire:datagram_ignored', 'ip:packet_rejected', 'app:finished'] as const

/** A line for each kind, with how often it came; the most frequent first. */
export function mishaps(events: Iterable<TraceEvent<(typeof MISHAPS)[number]>>): string[] {
  const counts = new Map<string, number>()
  for (const event of events) {
    const kind = kindOf(event)
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${count} × ${kind}`)
}

/** EPIPE: there was more for a program that had closed its end, as programs do that have what they came for. */
const HARMLESS: ReadonlySet<string> = new Set(['', 'EPIPE'])

function kindOf(event: TraceEvent<(typeof MISHAPS)[number]>): string | undefined {
  switch (event.name) {
    case 'wire:datagram_ignored':
      return `datagram ignored: ${event.data.reason}`
    case 'ip:packet_rejected':
      return `packet rejected at ${event.node}: ${event.data.layer} ${event.data.reason}`
    case 'app:finished':
      return HARMLESS.has(event.data.error)
        ? undefined
        : `connection broken off at ${event.node}: ${event.data.error}`
  }
}
