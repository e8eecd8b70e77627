/** The phases of a request in HAR's terms: milliseconds, -1 for what does not apply to it. */
import type { Load, PageLoads } from './page-loads.ts'

export interface HarTimings {
  /** Time in a queue, and waiting for a connection that others have opened. */
  readonly blocked: number
  /** Finding the address of the server by its name. */
  readonly dns: number
  /** Setting up the connection, that of TLS included. */
  readonly connect: number
  readonly send: number
  readonly wait: number
  readonly receive: number
  readonly ssl: number
}

/** Micro- to milliseconds, and no more digits than there are microseconds. */
export const toMillis = (span: number): number => Math.round(span) / 1000

/** `from` to `to`, and 0 where one is not known or they are the other way round. */
const span = (from: number | null, to: number | null): number =>
  from === null || to === null ? 0 : Math.max(0, to - from)

/** The making of a connection, if it was made for this request. */
function connecting(load: Load, loads: PageLoads): { connect: number; ssl: number | null } | undefined {
  const opening = loads.opening(load)
  if (opening === undefined || opening.begun === null || opening.begun < load.queued) return undefined
  const { begun, established, secured, quic } = opening
  if (quic) {
    // TLS is all that there is to set up, and a request in 0-RTT packets does not wait for it.
    const ready = Math.min(established ?? Infinity, load.sent ?? Infinity)
    return ready === Infinity ? undefined : { connect: span(begun, ready), ssl: span(begun, ready) }
  }
  if (established === null) return undefined
  return {
    connect: span(begun, secured ?? established),
    ssl: secured === null ? null : span(established, secured),
  }
}

/**
 * @param opens whether this request is the first on its connection, which was made for it
 * @returns the phases, and their sum (`ssl` is a part of `connect`)
 */
export function harTimings(
  load: Load,
  loads: PageLoads,
  opens: boolean,
): { time: number; timings: HarTimings } {
  const made = opens ? connecting(load, loads) : undefined
  const connect = made?.connect ?? 0
  const ssl = made?.ssl ?? null
  const lookup = made === undefined ? undefined : loads.lookup(load)
  const dns = lookup === undefined ? 0 : span(Math.max(lookup.from, load.queued), lookup.to)
  // One that never went out spent all its time in the queue.
  const over = load.outcome?.t ?? load.responded ?? load.sent ?? load.queued
  const sent = load.sent ?? over
  const written = Math.max(sent, loads.message(load, 'request')?.finished ?? sent)
  const answered = Math.max(written, load.responded ?? over)
  const phases = {
    blocked: toMillis(span(load.queued, sent) - Math.min(dns + connect, span(load.queued, sent))),
    dns: toMillis(dns),
    connect: toMillis(connect),
    send: toMillis(span(sent, written)),
    wait: toMillis(span(written, answered)),
    receive: toMillis(span(answered, over)),
  }
  const { blocked, send, wait, receive } = phases
  // In whole microseconds, so that the sum has no more digits than its parts.
  const time = Object.values(phases).reduce((sum, phase) => sum + Math.round(phase * 1000), 0) / 1000
  const timings: HarTimings = {
    blocked,
    dns: lookup === undefined ? -1 : phases.dns,
    connect: made === undefined ? -1 : phases.connect,
    send,
    wait,
    receive,
    ssl: ssl === null ? -1 : toMillis(ssl),
  }
  return { time, timings }
}
