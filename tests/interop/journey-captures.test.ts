/** The captures of `url-journey` as a stranger reads them: tshark, with checksum checks switched on and the secrets in the file. */
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import { finishedRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const FIELDS = [
  ...['frame.protocols', '_ws.malformed', 'ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status'],
  ...['eth.src', 'eth.dst', 'ip.src', 'ip.dst', 'ip.ttl', 'arp.opcode', 'tcp.flags.syn', 'tcp.flags.ack'],
  ...[
    'dns.id',
    'dns.flags.response',
    'dns.qry.name',
    'dns.a',
    'dns.flags.truncated',
    'dns.count.answers',
    'http2.headers.authority',
  ],
]
const BAD = '0'

async function framesOf(set: Record<string, unknown> = {}): Promise<Map<string, Record<string, string>[]>> {
  const run = await finishedRun({ experiment: 'url-journey', set })
  const folder = temporaryFolder()
  const taps = new Map<string, Record<string, string>[]>()
  for (const { name, chunks } of await openExport(run.reader, 'pcapng', { taps: 'all' })) {
    const path = join(folder, basename(name))
    writeFileSync(path, Buffer.concat([...chunks]))
    taps.set(/(client|server|dns)/.exec(name)![0], tsharkFields(path, FIELDS))
  }
  return taps
}

const isTrue = (value: string): boolean => value === '1' || value === 'True'

describe.skipIf(!findTshark())('tshark', () => {
  it.each([{}, { addresses: 100 }])('reads every frame at each host, with %j', async (set) => {
    const taps = await framesOf(set)
    expect([...taps.keys()].sort()).toEqual(['client', 'dns', 'server'])
    for (const [tap, frames] of taps)
      for (const [i, frame] of frames.entries()) {
        const name = `${tap}, frame ${i + 1}: ${frame['frame.protocols']}`
        expect(frame['_ws.malformed'], name).toBe('')
        for (const layer of ['ip', 'tcp', 'udp'])
          expect(frame[`${layer}.checksum.status`], name).not.toBe(BAD)
      }
    const seen = (tap: string) =>
      taps
        .get(tap)!
        .map((frame) => frame['frame.protocols'])
        .join(' ')
    for (const protocol of ['eth', 'arp', 'dns', 'tcp', 'tls', 'http2'])
      expect(seen('client')).toContain(protocol)
    expect(seen('dns')).not.toContain('tls')
    expect(seen('server')).not.toContain('dns')
  })

  it('sees the query, its answer, and the request for that name', async () => {
    const client = (await framesOf()).get('client')!
    const [query, response, ...others] = client.filter((frame) => frame['dns.id'] !== '')
    expect(others).toEqual([])
    expect(query['dns.qry.name']).toBe('www.rexmit.lab')
    expect([query['dns.flags.response'], response['dns.flags.response']].map(isTrue)).toEqual([false, true])
    expect(response['dns.id']).toBe(query['dns.id'])
    expect(response['dns.a']).toBe('10.77.2.20')
    expect(client.some((frame) => frame['http2.headers.authority'] === 'www.rexmit.lab')).toBe(true)
  })

  it('sees the SYN arrive with other MAC addresses, the same IP addresses and a TTL that is two less', async () => {
    const taps = await framesOf()
    const syn = (tap: string) =>
      taps.get(tap)!.find((frame) => isTrue(frame['tcp.flags.syn']) && !isTrue(frame['tcp.flags.ack']))!
    const [left, came] = [syn('client'), syn('server')]
    expect([came['ip.src'], came['ip.dst']]).toEqual([left['ip.src'], left['ip.dst']])
    expect(new Set([left['eth.src'], left['eth.dst'], came['eth.src'], came['eth.dst']]).size).toBe(4)
    expect(Number(came['ip.ttl'])).toBe(Number(left['ip.ttl']) - 2)
  })

  it('sees the answer cut over UDP and whole over TCP', async () => {
    const client = (await framesOf({ addresses: 100 })).get('client')!
    const responses = client.filter((frame) => isTrue(frame['dns.flags.response']))
    expect(responses.map((frame) => isTrue(frame['dns.flags.truncated']))).toEqual([true, false])
    expect(responses[1]['frame.protocols']).toContain('tcp')
    expect(responses.map((frame) => frame['dns.count.answers'])).toEqual(['0', '100'])
  })
})
