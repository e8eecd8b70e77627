/**
 * Captures of HTTP/3 over QUIC as a stranger reads them: tshark, with checksum checks switched on and no key but those in the
 * file. What it counts is what our endpoints and onlookers have counted; where the two differ, one of them is wrong. Field sections
 * are beyond Debian's tshark 4.0, which knows no QPACK: those are held against the passive dissector instead.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import type { Run } from '../../electron/engine/run.ts'
import { H3_LABS, type H3LabName } from '../support/h3-labs.ts'
import { runHttp } from '../support/http-lab.ts'
import { readByTshark, sentByTrace } from '../support/quic-counts.ts'
import { temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

/** The captures at both hosts, by side. */
async function capturesOf(run: Run): Promise<Map<string, string>> {
  const folder = temporaryFolder()
  const files = new Map<string, string>()
  for (const { name, chunks } of await openExport(run.reader, 'pcapng', { taps: 'all' })) {
    writeFileSync(join(folder, name), Buffer.concat([...chunks]))
    files.set(/capture-(\w+)/.exec(name)![1], join(folder, name))
  }
  return files
}

const SERVER_PORT = 80
const isFrom = (side: string) => (port: number) => (port === SERVER_PORT) === (side === 'server')

/** A version that is there to be negotiated away (RFC 9000 15). */
const RESERVED = /^0x.a.a.a.a$/

const quick: H3LabName[] = [
  'with 3 % loss',
  'after a Retry',
  'in version 2',
  'with 0-RTT',
  'with key updates',
  'of a client that moves',
]
const names = process.env.REXMIT_FULL === '1' ? (Object.keys(H3_LABS) as H3LabName[]) : quick

describe.skipIf(!findTshark())('pages over HTTP/3, read by tshark with the file alone', () => {
  it.each(names.filter((name) => name !== 'after a version that nobody has'))(
    '%s: sound; packets, frames, streams and HTTP/3 are those of the trace',
    async (name) => {
      const { run, exchanges } = await runHttp(H3_LABS[name])
      expect(exchanges.every(({ status, error }) => status === 200 && error === '')).toBe(true)
      for (const [side, file] of await capturesOf(run)) {
        const { unsound, unread, sentFrom } = readByTshark(file)
        expect([unsound, unread]).toEqual([[], []])
        const told = sentByTrace(run.reader, `one/${side}`)
        expect(sentFrom(isFrom(side)), side).toEqual(told)
        expect(told.http3.length).toBeGreaterThan(1)
      }
    },
  )

  it('after a version that nobody has: nobody can read what was sent under it', async () => {
    const { run } = await runHttp(H3_LABS['after a version that nobody has'])
    const [negotiated] = [...run.reader.events(['connectivity:connection_closed'])]
    expect(negotiated.data.by).toBe('version_negotiation')
    for (const [side, file] of await capturesOf(run)) {
      const { unsound, unread, sentFrom } = readByTshark(file)
      expect(unsound).toEqual([])
      expect(unread.length).toBeGreaterThan(0)
      expect(unread.filter((version) => !RESERVED.test(version))).toEqual([])
      expect(sentFrom(isFrom(side)), side).toEqual(sentByTrace(run.reader, `one/${side}`, negotiated.t))
    }
  })

  it('needs the keys: with none it sees frames of the first packets only, whose keys everyone knows', async () => {
    const { run } = await runHttp(H3_LABS['with 0-RTT'])
    const withoutSecrets = Object.create(run.reader, {
      events: {
        value: (names?: Parameters<Run['reader']['events']>[0]) =>
          names?.includes('security:secret_logged') === true ? [] : run.reader.events(names),
      },
    }) as Run['reader']
    const [{ chunks, secret }] = await openExport(withoutSecrets, 'pcapng')
    expect(secret).toBe(false)
    const file = join(temporaryFolder(), 'closed.pcapng')
    writeFileSync(file, Buffer.concat([...chunks]))
    expect(tsharkFields(file, ['frame.number'], 'http3 || quic.stream.stream_id')).toEqual([])
    expect(tsharkFields(file, ['frame.number'], 'quic.frame_type == 6').length).toBeGreaterThan(0)
  })
})
