/** Captures of runs with Ethernet as a stranger reads them: tshark, with checksum checks switched on. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import type { Run } from '../../electron/engine/run.ts'
import type { SetupInput } from '../../shared/experiment.ts'
import { routedSetup, switchedSetup } from '../support/network.ts'
import { createRun, smallExperiment, smallSetup, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

type Driver = 'virtual' | 'live'

async function finished(setup: SetupInput, driver: Driver = 'virtual'): Promise<Run> {
  const run = createRun({ experiment: smallExperiment({ setup }) as never, driver })
  await run.start()
  await run.ended
  expect(run.info).toMatchObject({ state: 'finished' })
  return run
}

async function captures(run: Run): Promise<Record<string, string>> {
  const folder = temporaryFolder()
  const files: Record<string, string> = {}
  for (const { name, chunks } of await openExport(run.reader, 'pcapng', { taps: 'all' })) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, Buffer.concat([...chunks]))
    files[name] = path
  }
  return files
}

const FIELDS = [
  ...[
    'frame.encap_type',
    'frame.len',
    'eth.src',
    'eth.dst',
    'eth.padding',
    'arp.opcode',
    'arp.dst.proto_ipv4',
  ],
  ...['ip.ttl', 'ip.checksum.status', 'tcp.checksum.status', 'tcp.flags.syn', 'tcp.len', '_ws.malformed'],
]
const ETHERNET = '1'
const RAW_IP = '7'

/** All frames of a file; none is malformed or has a bad checksum. */
function soundFrames(file: string): Record<string, string>[] {
  const frames = tsharkFields(file, FIELDS)
  for (const [i, frame] of frames.entries()) {
    const name = `frame ${i + 1}`
    expect(frame['_ws.malformed'], name).toBe('')
    expect(frame['frame.encap_type'], name).toBe(ETHERNET)
    expect(Number(frame['frame.len']), name).toBeGreaterThanOrEqual(60)
    if (frame['arp.opcode'] !== '') continue
    expect(frame['ip.checksum.status'], name).toBe('1')
    expect(frame['tcp.checksum.status'], name).toBe('1')
  }
  return frames
}

describe.skipIf(!findTshark())('captures of frames, read by tshark', () => {
  it.each(['virtual', 'live'] as const)(
    '%s: each host’s tap has the frames as that host saw them',
    async (driver) => {
      const files = await captures(
        await finished(routedSetup({ up: { delay: 3_000, loss: { rate: 0.02 } } }, 100_000), driver),
      )
      expect(Object.keys(files)).toEqual(['capture-client.pcapng', 'capture-server.pcapng'])
      const client = soundFrames(files['capture-client.pcapng'])
      const server = soundFrames(files['capture-server.pcapng'])

      // The SYN leaves when the address of the gateway is known, not before.
      const opening = client
        .slice(0, 3)
        .map((frame) => frame['arp.opcode'] || `syn ${frame['tcp.flags.syn']}`)
      expect(opening).toEqual(['1', '2', expect.stringMatching(/^syn (1|True)$/)])
      expect(client[0]).toMatchObject({ 'eth.dst': 'ff:ff:ff:ff:ff:ff', 'arp.dst.proto_ipv4': '10.77.0.1' })
      expect(client[2]).toMatchObject({
        ...{ 'eth.src': '02:00:0a:4d:00:0a', 'eth.dst': '02:00:0a:4d:00:01', 'ip.ttl': '64' },
      })

      const ip = (frames: readonly Record<string, string>[]) =>
        frames.filter((frame) => frame['ip.ttl'] !== '')
      const from = (frames: readonly Record<string, string>[], mac: string) =>
        ip(frames).filter((frame) => frame['eth.src'] === mac)
      expect(new Set(from(client, '02:00:0a:4d:00:01').map((frame) => frame['ip.ttl']))).toEqual(
        new Set(['62']),
      )
      expect(new Set(from(server, '02:00:0a:4d:02:01').map((frame) => frame['ip.ttl']))).toEqual(
        new Set(['62']),
      )
      expect(new Set(from(server, '02:00:0a:4d:02:14').map((frame) => frame['ip.ttl']))).toEqual(
        new Set(['64']),
      )
      expect(ip(server).length).toBeGreaterThan(80)
      expect(server.filter((frame) => frame['arp.opcode'] !== '')).toHaveLength(2)
    },
  )

  it('a packet that waits for nobody is in no capture', async () => {
    const setup = switchedSetup({ up: { dropMatching: [], loss: { rate: 1 } } }, 1_000)
    const run = createRun({ experiment: smallExperiment({ setup, duration: 20_000_000 }) as never })
    run.runToEnd()
    const frames = soundFrames((await captures(run))['capture-client.pcapng'])
    expect(frames.length).toBeGreaterThan(3)
    expect(frames.every((frame) => frame['arp.opcode'] === '1')).toBe(true)
  })

  it('two hosts and a link between them may speak Ethernet, too', async () => {
    const files = await captures(await finished({ ...smallSetup(), ethernet: true }))
    expect(soundFrames(files['capture-client.pcapng']).length).toBeGreaterThan(80)
  })

  it('a run without Ethernet is captured as bare IP packets', async () => {
    const files = await captures(await finished(smallSetup()))
    const frames = tsharkFields(files['capture-client.pcapng'], FIELDS)
    expect(new Set(frames.map((frame) => frame['frame.encap_type']))).toEqual(new Set([RAW_IP]))
  })
})
