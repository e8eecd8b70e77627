/**
 * The experiments about windows, small writes and the wait behind a loss as tshark reads them at the sender: zero windows, their probes
 * and the answers, window updates, repetitions and duplicate ACKs are to it what they are to the trace. No differences are known.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import { survey } from '../../electron/engine/export/survey.ts'
import { packetsAt, readFates } from '../../electron/engine/export/tap.ts'
import type { Run } from '../../electron/engine/run.ts'
import { FIN, RST, SYN } from '../../electron/protocol/wire/tcp.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import type { EventData } from '../../shared/trace/events.ts'
import { finishedRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const ANALYSIS = [
  'zero_window',
  'window_update',
  'zero_window_probe',
  'zero_window_probe_ack',
  'retransmission',
  'fast_retransmission',
  'spurious_retransmission',
  'out_of_order',
  'duplicate_ack',
  'keep_alive',
  'lost_segment',
] as const
type Word = (typeof ANALYSIS)[number]
const GOOD = '1'
const AGAIN = new Set(['rto', 'sack', 'dup_acks', 'partial_ack', 'rack', 'loss_probe', 'syn', 'fin'])

async function capture(run: Run): Promise<string> {
  const path = join(temporaryFolder(), 'capture.pcapng')
  const [{ chunks }] = await openExport(run.reader, 'pcapng', { taps: 'sender' })
  writeFileSync(path, Buffer.concat([...chunks]))
  return path
}

const packetsOf = (run: Run, hosts: readonly string[]) => [
  ...packetsAt(run.reader, [...hosts], survey(run.reader), readFates(run.reader)),
]

/** The packets of each word, by their numbers in the run, as tshark has it. */
async function theirs(run: Run, hosts: readonly string[]): Promise<Map<Word, number[]>> {
  const packets = packetsOf(run, hosts)
  const sound = ['ip.checksum.status', 'tcp.checksum.status', '_ws.malformed']
  const frames = tsharkFields(await capture(run), [
    ...sound,
    ...ANALYSIS.map((word) => `tcp.analysis.${word}`),
  ])
  expect(frames).toHaveLength(packets.length)
  for (const [i, frame] of frames.entries())
    expect(
      sound.map((field) => frame[field]),
      `frame ${i + 1}`,
    ).toEqual([GOOD, GOOD, ''])
  const found = (word: Word) => packets.filter((_, i) => frames[i][`tcp.analysis.${word}`] !== '')
  return new Map(ANALYSIS.map((word) => [word, found(word).map(({ pkt }) => pkt)]))
}

type Segment = EventData<'tcp:segment_sent'> & { readonly from: string }

/** The word that the trace has for a segment at the tap, given the one before it in its direction and in the other. */
function wordOf(segment: Segment, before: Segment | undefined, other: Segment | undefined): Word[] {
  const { flags, payload, window, cause, seq, ack } = segment
  const words: Word[] = []
  if (window === 0 && !(flags & (SYN | FIN | RST))) words.push('zero_window')
  if (cause === 'window_probe') words.push('zero_window_probe')
  if (AGAIN.has(cause)) words.push('retransmission')
  const isBare = payload === 0 && !(flags & (SYN | FIN | RST))
  if (!isBare || before?.seq !== seq || before.ack !== ack) return words
  if (before.window !== window && window > 0) words.push('window_update')
  else if (other?.cause === 'window_probe') words.push('zero_window_probe_ack')
  else if (before.window === window && other !== undefined && other.payload > 0) words.push('duplicate_ack')
  return words
}

/** The same as the trace has it. */
function ours(run: Run, hosts: readonly string[]): Map<Word, number[]> {
  const segments = new Map<number, Segment>()
  for (const { node, pkt, data } of run.reader.events(['tcp:segment_sent']))
    segments.set(pkt, { ...data, from: node })
  const found = new Map<Word, number[]>(ANALYSIS.map((word) => [word, []]))
  const last = new Map<string, Segment>()
  for (const { pkt } of packetsOf(run, hosts)) {
    const segment = segments.get(pkt)!
    const [lane] = segment.from.split('/')
    const other = segment.from === `${lane}/client` ? `${lane}/server` : `${lane}/client`
    for (const word of wordOf(segment, last.get(segment.from), last.get(other))) found.get(word)!.push(pkt)
    last.set(segment.from, segment)
  }
  return found
}

const clientsOf = (id: string): string[] => findExperiment(id)!.lanes.map((lane) => `${lane.id}/client`)

describe.skipIf(!findTshark())('windows, small writes and waiting bytes, read by tshark', () => {
  it.each(['tcp-flow-control', 'tcp-nagle', 'tcp-hol'])(
    '%s: sound, and the same packets by each word',
    async (id) => {
      const run = await finishedRun({ experiment: id })
      const [known, read] = [ours(run, clientsOf(id)), await theirs(run, clientsOf(id))]
      // What tshark calls a fast retransmission is one to it, too.
      expect(read.get('retransmission')).toEqual(known.get('retransmission'))
      for (const word of ANALYSIS)
        if (word !== 'fast_retransmission') expect([word, read.get(word)]).toEqual([word, known.get(word)])
    },
  )

  it('tcp-flow-control has some of each word about windows', async () => {
    const known = ours(await finishedRun({ experiment: 'tcp-flow-control' }), clientsOf('tcp-flow-control'))
    for (const word of [
      'zero_window',
      'zero_window_probe',
      'zero_window_probe_ack',
      'window_update',
    ] as const)
      expect(known.get(word)!.length, word).toBeGreaterThan(0)
  })

  it('reliable-udp: every datagram is sound, and QUIC is QUIC', async () => {
    const run = await finishedRun({ experiment: 'reliable-udp' })
    const path = await capture(run)
    const fields = ['ip.checksum.status', 'udp.checksum.status', '_ws.malformed', 'frame.protocols', 'ip.src']
    const frames = tsharkFields(path, fields, { preferences: ['udp.check_checksum:TRUE'] })
    expect(frames.length).toBeGreaterThan(1_000)
    for (const [i, frame] of frames.entries())
      expect(
        [frame['ip.checksum.status'], frame['udp.checksum.status'], frame['_ws.malformed']],
        `frame ${i + 1}`,
      ).toEqual([GOOD, GOOD, ''])
    // The lanes have networks of their own, the fourth is 10.77.3.
    for (const frame of frames) {
      const isQuic = frame['frame.protocols'].includes('quic')
      expect(isQuic, frame['ip.src']).toBe(frame['ip.src'].startsWith('10.77.3.'))
    }
  })
})
