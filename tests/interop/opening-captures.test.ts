/** Queues, SYN cookies and keep-alive as tshark reads them at the client: sound, and it calls the same segments keep-alives. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import { survey } from '../../electron/engine/export/survey.ts'
import { packetsAt, readFates } from '../../electron/engine/export/tap.ts'
import type { Run } from '../../electron/engine/run.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import { finishedRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const GOOD = '1'
const SOUND = ['ip.checksum.status', 'tcp.checksum.status', '_ws.malformed']
const ANALYSIS = ['keep_alive', 'keep_alive_ack', 'retransmission', 'spurious_retransmission', 'out_of_order']
const FIELDS = [
  'tcp.flags',
  'tcp.analysis.flags',
  ...SOUND,
  ...ANALYSIS.map((name) => `tcp.analysis.${name}`),
]

interface Reading {
  readonly pkt: number
  readonly frame: Record<string, string>
}

/** The frames at the clients of all lanes, each with the number of its packet in the run. */
async function read(run: Run, experiment: string): Promise<Reading[]> {
  const folder = temporaryFolder()
  const files = new Map<string, string>()
  for (const { name, chunks } of await openExport(run.reader, 'pcapng', { taps: 'all' })) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, Buffer.concat([...chunks]))
    files.set(name, path)
  }
  return findExperiment(experiment)!.lanes.flatMap(({ id }) => {
    const host = `${id}/client`
    const packets = [...packetsAt(run.reader, [host], survey(run.reader), readFates(run.reader))]
    const frames = tsharkFields(files.get(`capture-${id}-client.pcapng`)!, FIELDS)
    expect(frames).toHaveLength(packets.length)
    return frames.map((frame, i) => {
      expect(
        SOUND.map((field) => frame[field]),
        `frame ${i + 1} of ${host}`,
      ).toEqual([GOOD, GOOD, ''])
      return { pkt: packets[i].pkt, frame }
    })
  })
}

const flagged = (frames: readonly Reading[], name: string): number[] =>
  frames
    .filter(({ frame }) => frame[`tcp.analysis.${name}`] !== '')
    .map(({ pkt }) => pkt)
    .sort((a, b) => a - b)

describe.skipIf(!findTshark())('the opening and the silence of connections, read by tshark', () => {
  it('tcp-keepalive: the same probes, and the same answers to them', async () => {
    const run = await finishedRun({ experiment: 'tcp-keepalive' })
    const frames = await read(run, 'tcp-keepalive')
    const sent = [...run.reader.events(['tcp:segment_sent'])]
    const probes = sent.filter(({ data }) => data.cause === 'keep_alive')
    expect(probes).toHaveLength(7)
    expect(flagged(frames, 'keep_alive')).toEqual(probes.map(({ pkt }) => pkt))
    // Only a peer that lives answers with an ACK: what it sends right after a probe.
    const answers = probes
      .filter(({ node }) => node === 'alive/client')
      .map(({ pkt }) => sent.find((later) => later.pkt > pkt && later.node === 'alive/server')!.pkt)
    expect(flagged(frames, 'keep_alive_ack')).toEqual(answers)
    for (const name of ['retransmission', 'spurious_retransmission', 'out_of_order'])
      expect(flagged(frames, name), name).toEqual([])
  })

  it('tcp-queues: every segment of the flood is sound, and those of a cookie are like any others', async () => {
    const run = await finishedRun({ experiment: 'tcp-queues' })
    const frames = await read(run, 'tcp-queues')
    const again = [...run.reader.events(['tcp:segment_sent'])].filter(({ data }) => data.cause !== '')
    const seen = new Set(frames.map(({ pkt }) => pkt))
    // tshark calls a SYN or SYN-ACK that comes again a retransmission, as the trace does.
    expect(flagged(frames, 'retransmission')).toEqual(
      again.map(({ pkt }) => pkt).filter((pkt) => seen.has(pkt)),
    )
  })
})
