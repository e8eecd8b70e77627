/**
 * The captures of the experiments as a stranger reads them: tshark, with checksum checks switched on. Frames of a capture
 * are numbered from 1 in the order of the tap, so each is known by its packet of the trace.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import { survey } from '../../electron/engine/export/survey.ts'
import { packetsAt, readFates, type SeenPacket } from '../../electron/engine/export/tap.ts'
import type { Run } from '../../electron/engine/run.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import { createRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const full = process.env.REXMIT_FULL === '1'

/** Words of the trace for segments that are no retransmissions of data, SYN or FIN. */
const NOT_AGAIN = new Set(['', 'limited_transmit', 'window_probe', 'keep_alive'])
const RETRANSMISSION_FLAGS = [
  'tcp.analysis.retransmission',
  'tcp.analysis.fast_retransmission',
  'tcp.analysis.spurious_retransmission',
  'tcp.analysis.out_of_order',
]
/** Status of a checksum in tshark. */
const BAD = '0'
const GOOD = '1'

async function captures(run: Run, taps: 'sender' | 'all' = 'sender'): Promise<Map<string, string>> {
  const folder = temporaryFolder()
  const files = new Map<string, string>()
  for (const { name, chunks } of await openExport(run.reader, 'pcapng', { taps })) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, Buffer.concat([...chunks]))
    files.set(name, path)
  }
  return files
}

function finished(experiment: string, set: Record<string, unknown> = {}, seed = 1): Run {
  const run = createRun({ experiment, set, seed })
  run.runToEnd()
  expect(run.info.state).toBe('finished')
  return run
}

const framesAt = (run: Run, ...hosts: string[]): SeenPacket[] => [
  ...packetsAt(run.reader, hosts, survey(run.reader), readFates(run.reader)),
]

/** The lanes of `tcp-bulk`; their senders' taps stand in one file. */
const SENDERS = findExperiment('tcp-bulk')!.lanes.map(({ id }) => `${id}/client`)

type Frame = Record<string, string>

const SOUND_FIELDS = ['frame.number', 'ip.checksum.status', 'tcp.checksum.status', '_ws.malformed']

/** All frames of a capture, as many as the tap has seen. */
function readFrames(file: string, count: number): Frame[] {
  const frames = tsharkFields(file, [...SOUND_FIELDS, ...RETRANSMISSION_FLAGS])
  expect(frames).toHaveLength(count)
  return frames
}

/** Every packet is TCP in IPv4 with good checksums, and nothing about it is malformed. */
function expectSound(frames: readonly Frame[]): void {
  for (const frame of frames) {
    const name = `frame ${frame['frame.number']}`
    expect(frame['ip.checksum.status'], name).toBe(GOOD)
    expect(frame['tcp.checksum.status'], name).toBe(GOOD)
    expect(frame['_ws.malformed'], name).toBe('')
  }
}

/** Segments that the trace calls sent again, by packet: their cause. */
function sentAgain(run: Run, hosts: readonly string[]): Map<number, string> {
  const causes = new Map<number, string>()
  for (const { node, pkt, data } of run.reader.events(['tcp:segment_sent']))
    if (hosts.includes(node) && !NOT_AGAIN.has(data.cause)) causes.set(pkt, data.cause)
  return causes
}

/** What tshark calls sent again, by packet. */
function flaggedAgain(frames: readonly Frame[], seen: readonly SeenPacket[]): Map<number, string> {
  const flagged = new Map<number, string>()
  for (const [i, frame] of frames.entries()) {
    const names = RETRANSMISSION_FLAGS.filter((flag) => frame[flag] !== '').map((flag) => flag.slice(13))
    if (names.length > 0 && seen[i].outgoing) flagged.set(seen[i].pkt, names.join(' '))
  }
  return flagged
}

/**
 * The capture at these hosts is sound, and every retransmission of the trace is one to tshark. Returns what tshark sees
 * beyond that, counted by kind.
 */
function check(run: Run, hosts: readonly string[], file: string): Map<string, number> {
  const seen = framesAt(run, ...hosts)
  const frames = readFrames(file, seen.length)
  expectSound(frames)
  const ours = sentAgain(run, hosts)
  const theirs = flaggedAgain(frames, seen)
  const missed = [...ours].filter(([pkt]) => !theirs.has(pkt))
  expect(missed, `${hosts.join(', ')}: sent again, and not flagged`).toEqual([])
  const beyond = new Map<string, number>()
  for (const [pkt, flags] of theirs) {
    if (ours.has(pkt)) continue
    const comment = seen.find((packet) => packet.pkt === pkt)?.comment ?? ''
    const kind = `${flags}, where the trace says: ${comment === '' ? 'new data' : comment}`
    beyond.set(kind, (beyond.get(kind) ?? 0) + 1)
  }
  return beyond
}

describe.skipIf(!findTshark())('captures read by tshark', () => {
  const handshake = findExperiment('tcp-handshake')!
  const drops = handshake.knobs
    .filter(({ id }) => id.startsWith('drop-'))
    .flatMap(({ id, options }) => options!.map(({ label, value }) => [id, label.en, value] as const))

  it.each(drops)('tcp-handshake, %s %s: sound at every tap, retries seen as such', async (knob, _, value) => {
    const run = finished('tcp-handshake', { [knob]: value })
    const files = await captures(run, 'all')
    for (const host of ['client', 'server'])
      expect([...check(run, [`main/${host}`], files.get(`capture-${host}.pcapng`)!)]).toEqual([])
  })

  it('tcp-handshake shows the options of both SYNs', async () => {
    const files = await captures(finished('tcp-handshake', { mss: 1200 }))
    const fields = ['tcp.flags', 'tcp.options.mss_val', 'tcp.options.wscale.shift', 'tcp.options.sack_perm']
    const frames = tsharkFields(files.get('capture.pcapng')!, [...fields, 'tcp.options.timestamp.tsval'])
    expect(frames.slice(0, 2).map((frame) => frame['tcp.options.mss_val'])).toEqual(['1200', '1460'])
    for (const frame of frames.slice(0, 2)) {
      expect(Number(frame['tcp.options.wscale.shift'])).toBeGreaterThan(0)
      expect(frame['tcp.options.sack_perm']).not.toBe('')
      expect(frame['tcp.options.timestamp.tsval']).not.toBe('')
    }
  })

  it.each([
    ['as it comes', full ? {} : { bytes: 2_000_000 }],
    ['without SACK', { sack: false, ...(full ? {} : { bytes: 2_000_000 }) }],
    ['with more loss', { loss: 0.03, bytes: 2_000_000 }],
    ['with loss in bursts', { 'burst-start': 0.003, 'burst-end': 0.2, bytes: 2_000_000 }],
    ['with reordering', { reorder: 0.02, bytes: 2_000_000 }],
    ['with duplication', { duplicate: 0.02, bytes: 2_000_000 }],
    ['with lost acknowledgments', { 'ack-loss': 0.2, bytes: 2_000_000 }],
    ['through a narrow queue', { rate: 5_000_000, queue: 20_000, loss: 0, bytes: 2_000_000 }],
    ['to a slow reader', { 'receive-buffer': 10_000, 'read-rate': 500_000, bytes: 1_000_000 }],
  ])('tcp-bulk %s: sound, and every retransmission is one to tshark', async (name, set) => {
    for (const seed of full ? [1, 2, 3, 4, 5] : [1]) {
      const run = finished('tcp-bulk', set, seed)
      const beyond = check(run, SENDERS, (await captures(run)).get('capture.pcapng')!)
      if (sentAgain(run, SENDERS).size === 0)
        expect(name, 'a run without retransmissions').toBe('to a slow reader')
      for (const [kind, count] of beyond) console.log(`tcp-bulk ${name}, seed ${seed}: ${count} x ${kind}`)
    }
  })

  it('says of each lost packet in its comment that it was lost', async () => {
    const run = finished('tcp-bulk', { bytes: 1_000_000 })
    const file = (await captures(run)).get('capture.pcapng')!
    const comments = tsharkFields(file, ['frame.comment'], 'frame.comment contains "lost on link: bernoulli"')
    const lost = [...run.reader.events(['link:packet_dropped'])]
    expect(lost.length).toBeGreaterThan(0)
    expect(comments).toHaveLength(lost.length)
  })
})

describe.skipIf(!findTshark())('a run with corruption, read by tshark', () => {
  it('shows exactly the bad checksums that the link made, at the receiver', async () => {
    const run = finished('tcp-bulk', { corrupt: 0.03, bytes: 1_000_000 })
    const files = await captures(run, 'all')
    for (const { id: lane } of findExperiment('tcp-bulk')!.lanes) {
      const corrupted = new Set(
        [...run.reader.events(['link:packet_corrupted'])]
          .filter(({ node }) => node === `${lane}/link`)
          .map(({ pkt }) => pkt),
      )
      expect(corrupted.size).toBeGreaterThan(5)
      const frames = framesAt(run, `${lane}/server`)
      const bad = readFrames(files.get(`capture-${lane}-server.pcapng`)!, frames.length).filter(
        (frame) => frame['ip.checksum.status'] !== GOOD || frame['tcp.checksum.status'] !== GOOD,
      )
      const arrived = frames
        .filter(({ pkt, outgoing }) => !outgoing && corrupted.has(pkt))
        .map(({ pkt }) => pkt)
      expect(bad.map((frame) => frames[Number(frame['frame.number']) - 1].pkt)).toEqual(arrived)
      expect(bad.some((frame) => frame['tcp.checksum.status'] === BAD)).toBe(true)
    }
  })

  it('shows none at the sender, which sent them whole', async () => {
    const run = finished('tcp-bulk', { corrupt: 0.03, bytes: 500_000 })
    const file = (await captures(run)).get('capture.pcapng')!
    expectSound(readFrames(file, framesAt(run, ...SENDERS).length))
  })

  it('shows none at all when the link repairs the checksums', async () => {
    const run = finished('tcp-bulk', { corrupt: 0.03, 'links.link.up.corrupt.repair': true, bytes: 200_000 })
    const files = await captures(run, 'all')
    const seen = framesAt(run, 'reno/server')
    const bad = readFrames(files.get('capture-reno-server.pcapng')!, seen.length).filter(
      (frame) => frame['ip.checksum.status'] === BAD || frame['tcp.checksum.status'] === BAD,
    )
    expect(seen.some(({ comment }) => comment.includes('checksums repaired'))).toBe(true)
    expect(bad).toEqual([])
  })
})
