/** What a stranger, tshark with checksum checks on, sees of ECN and of the pings in the captures of `bufferbloat`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import { createRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const FIELDS = [
  'frame.number',
  'ip.src',
  'ip.dsfield.ecn',
  'tcp.len',
  'tcp.flags.syn',
  'tcp.flags.ece',
  'tcp.flags.cwr',
  'icmp.type',
  'icmp.checksum.status',
  'ip.checksum.status',
  'tcp.checksum.status',
  '_ws.malformed',
]
const GOOD = '1'
const CE = '3'
const ECT_0 = '2'

const isSet = (flag: string): boolean => flag === '1' || flag === 'True'

describe.skipIf(findTshark() === undefined)('tshark reads bufferbloat', () => {
  it('sees sound packets, ECN negotiated, marks, echoes and answers as the trace tells them', async () => {
    const run = createRun({ experiment: 'bufferbloat', seed: 1, set: { bytes: 1_500_000 } })
    run.runToEnd()
    expect(run.info.state).toBe('finished')
    const folder = temporaryFolder()
    for (const { name, chunks } of await openExport(run.reader, 'pcapng', { taps: 'all' })) {
      const file = join(folder, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, Buffer.concat([...chunks]))
      const frames = tsharkFields(file, FIELDS)
      expect(frames.length, name).toBeGreaterThan(10)
      for (const frame of frames) {
        const label = `${name}: frame ${frame['frame.number']}`
        expect(frame['ip.checksum.status'], label).toBe(GOOD)
        expect(
          frame['icmp.type'] === '' ? frame['tcp.checksum.status'] : frame['icmp.checksum.status'],
          label,
        ).toBe(GOOD)
        expect(frame['_ws.malformed'], label).toBe('')
      }
      const ecn = frames.filter((frame) => frame['ip.dsfield.ecn'] !== '0')
      if (!name.includes('ecn')) {
        expect(ecn, name).toEqual([])
        continue
      }
      // SYN, SYN-ACK and ACK; then only data know ECN.
      const syns = frames.filter((frame) => isSet(frame['tcp.flags.syn']))
      expect(syns.map((frame) => [isSet(frame['tcp.flags.ece']), isSet(frame['tcp.flags.cwr'])])).toEqual([
        [true, true],
        [true, false],
      ])
      expect(ecn.length, name).toBeGreaterThan(500)
      expect(ecn.filter((frame) => frame['tcp.len'] === '0' || frame['icmp.type'] !== '')).toEqual([])
      if (!name.includes('server')) {
        expect(new Set(ecn.map((frame) => frame['ip.dsfield.ecn']))).toEqual(new Set([ECT_0]))
        continue
      }
      const marked = ecn.filter((frame) => frame['ip.dsfield.ecn'] === CE)
      expect(marked.length).toBe(run.summary!.metrics['ecn/marks'])
      expect(marked.length).toBeGreaterThan(0)
      const answered = frames.filter(
        (frame) => isSet(frame['tcp.flags.cwr']) && !isSet(frame['tcp.flags.syn']),
      )
      // Each reduction is told once; the last one perhaps after the last data.
      const reductions = run.summary!.metrics['ecn/ecn_reductions']!
      expect(answered.length).toBeGreaterThanOrEqual(reductions - 1)
      expect(answered.length).toBeLessThanOrEqual(reductions)
    }
  })
})
