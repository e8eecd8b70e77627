/**
 * Same experiment, same seed, same TLS library: the same trace (DESIGN 4.3). Times, sizes, order and losses are to be the
 * same; what the endpoints draw at random, keys and what is made of them, is not.
 */
import { describe, expect, it } from 'vitest'
import type { EventName } from '../../shared/trace/events.ts'
import { representatives } from '../support/representatives.ts'
import { finishedRun } from '../support/runs.ts'

const full = process.env.REXMIT_FULL === '1'
/** What makes the long ones shorter, unless there is time. */
const SHORTER: Readonly<Record<string, Readonly<Record<string, unknown>>>> = full
  ? {}
  : { 'tcp-bulk': { bytes: 500_000 }, 'http-versions': { objects: 20 }, 'quic-loss': { size: 200_000 } }

/** What comes out of TLS's random numbers; everything else counts. */
const RANDOM: Partial<Record<EventName, readonly string[]>> = {
  'security:handshake_message': ['bytes', 'fields'],
  'security:key_updated': ['secret', 'key', 'iv'],
  'security:secret_logged': ['line'],
  'security:decryption_attempted': ['sample'],
}

/** The key of a WebSocket's handshake and what is made of it (RFC 6455 4.1, 4.2.2), which `ws` draws; as long every time. */
const HANDSHAKE_KEY = /(sec-websocket-(?:key|accept)\\",\\")[^"\\]*/gi

/** A run of an experiment as lines of text, one an event, without what is random. */
async function traceOf(experiment: string, seed: number): Promise<string[]> {
  const run = await finishedRun({ experiment, seed, set: SHORTER[experiment] })
  return Array.from(run.reader.events(), ({ t, node, flow, pkt, name, data }) => {
    const shown = Object.entries(data).filter(([field]) => !RANDOM[name]?.includes(field))
    return JSON.stringify([t, node, flow, pkt, name, Object.fromEntries(shown)]).replace(HANDSHAKE_KEY, '$1')
  })
}

/** The first place where two traces part: a difference of lines is what one can read, that of a million is not. */
function partingOf(
  a: readonly string[],
  b: readonly string[],
): { line: number; a?: string; b?: string } | undefined {
  const line = a.findIndex((text, i) => text !== b[i])
  if (line >= 0) return { line, a: a[line], b: b[line] }
  return a.length === b.length ? undefined : { line: a.length, b: b[a.length] }
}

describe.each(representatives().map(({ id }) => id))('%s', (id) => {
  it('runs twice alike from one seed', async () => {
    const first = await traceOf(id, 7)
    expect(first.length).toBeGreaterThan(20)
    expect(partingOf(first, await traceOf(id, 7))).toBeUndefined()
  })
})

it('notices a trace that is another: that of another seed', async () => {
  expect(partingOf(await traceOf('tcp-handshake', 7), await traceOf('tcp-handshake', 8))).toBeDefined()
})
