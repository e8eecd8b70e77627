/**
 * The experiments about loss and reordering as tshark reads them at the sender: what it calls a retransmission, a spurious one, a
 * duplicate ACK or out of order, against what the trace says. Where the two differ, the cause stands here.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import { survey } from '../../electron/engine/export/survey.ts'
import { packetsAt, readFates, type SeenPacket } from '../../electron/engine/export/tap.ts'
import type { Run } from '../../electron/engine/run.ts'
import { FIN, RST, SYN } from '../../electron/protocol/wire/tcp.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import type { EventData } from '../../shared/trace/events.ts'
import { createRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const ANALYSIS = [
  'retransmission',
  'fast_retransmission',
  'spurious_retransmission',
  'out_of_order',
  'duplicate_ack',
]
const FIELDS = [
  'frame.number',
  'ip.checksum.status',
  'tcp.checksum.status',
  '_ws.malformed',
  ...ANALYSIS.map((name) => `tcp.analysis.${name}`),
]
const GOOD = '1'
const NEW = new Set(['', 'limited_transmit'])

interface Reading {
  readonly packet: SeenPacket
  readonly flags: ReadonlySet<string>
}

async function read(run: Run, hosts: readonly string[]): Promise<Reading[]> {
  const folder = temporaryFolder()
  const [{ chunks }] = await openExport(run.reader, 'pcapng', { taps: 'sender' })
  const path = join(folder, 'capture.pcapng')
  writeFileSync(path, Buffer.concat([...chunks]))
  const packets = [...packetsAt(run.reader, [...hosts], survey(run.reader), readFates(run.reader))]
  const frames = tsharkFields(path, FIELDS)
  expect(frames).toHaveLength(packets.length)
  return frames.map((frame, i) => {
    expect(
      [frame['ip.checksum.status'], frame['tcp.checksum.status'], frame['_ws.malformed']],
      `frame ${i + 1}`,
    ).toEqual([GOOD, GOOD, ''])
    return {
      packet: packets[i],
      flags: new Set(ANALYSIS.filter((name) => frame[`tcp.analysis.${name}`] !== '')),
    }
  })
}

type Sent = Pick<EventData<'tcp:segment_sent'>, 'ack' | 'payload' | 'flags' | 'window'>

/** What the trace says of the segments that the hosts sent again, and of all segments, by packet. */
function facts(run: Run, hosts: readonly string[]) {
  const again = new Map<number, string>()
  const sent = new Map<number, Sent & { readonly to: string }>()
  for (const { node, pkt, flow, data } of run.reader.events(['tcp:segment_sent'])) {
    sent.set(pkt, { ...data, to: flow })
    if (hosts.includes(node) && data.payload > 0 && !NEW.has(data.cause)) again.set(pkt, data.cause)
  }
  return { again, sent }
}

/** Duplicate ACKs by RFC 5681 2: nothing in it, and neither acknowledgment nor window is another than before. */
function duplicates(
  readings: readonly Reading[],
  sent: ReadonlyMap<number, Sent & { readonly to: string }>,
): number[] {
  const last = new Map<string, Sent>()
  const found: number[] = []
  for (const { packet } of readings) {
    const segment = sent.get(packet.pkt)
    if (packet.outgoing || segment === undefined) continue
    const before = last.get(segment.to)
    last.set(segment.to, segment)
    const isBare = segment.payload === 0 && (segment.flags & (SYN | FIN | RST)) === 0
    if (isBare && before?.ack === segment.ack && before.window === segment.window) found.push(packet.pkt)
  }
  return found
}

const IDS = ['tcp-sack', 'tcp-reorder', 'tcp-rto'] as const
const flagged = (readings: readonly Reading[], ...names: string[]): number[] =>
  readings.filter(({ flags }) => names.some((name) => flags.has(name))).map(({ packet }) => packet.pkt)

describe.skipIf(!findTshark())('loss and reordering, read by tshark', () => {
  it.each(IDS)('%s: sound, and both mean the same segments by each word', async (id) => {
    const run = createRun({ experiment: id })
    run.runToEnd()
    const hosts = findExperiment(id)!.lanes.map((lane) => `${lane.id}/client`)
    const readings = await read(run, hosts)
    const { again, sent } = facts(run, hosts)
    const outgoing = readings.filter(({ packet }) => packet.outgoing)
    const incoming = readings.filter(({ packet }) => !packet.outgoing)
    expect(again.size).toBeGreaterThan(30)
    // A retransmission that follows the original within 3 ms of what tshark takes for the round trip it calls out of order.
    const theirs = flagged(
      outgoing,
      'retransmission',
      'fast_retransmission',
      'spurious_retransmission',
      'out_of_order',
    )
    expect(theirs).toEqual([...again.keys()])
    expect(flagged(outgoing, 'out_of_order').length).toBeLessThanOrEqual(id === 'tcp-reorder' ? 2 : 0)
    // Spurious to tshark is what was acknowledged before it left: no sender here repeats what it knows to be there.
    expect(flagged(outgoing, 'spurious_retransmission')).toEqual([])
    expect(flagged(incoming, 'duplicate_ack')).toEqual(duplicates(readings, sent))
    // The receiver sends nothing but ACKs, which have no order to get out of.
    expect(flagged(incoming, 'out_of_order', 'retransmission')).toEqual([])
  })
})
