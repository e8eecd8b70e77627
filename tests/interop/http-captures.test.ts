/**
 * Captures of TLS and HTTP as a stranger reads them: tshark, with checksum checks switched on and no key but those in the
 * file. What it counts is what our onlooker has counted; where the two differ, one of them is wrong.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import type { Run } from '../../electron/engine/run.ts'
import { laneOfName } from '../../shared/trace/store.ts'
import { countedByTrace, countedByTshark } from '../support/http-counts.ts'
import { readByTshark, sentByTrace } from '../support/quic-counts.ts'
import { readHar } from '../support/har.ts'
import { representatives } from '../support/representatives.ts'
import { finishedRun, smallExperiment, temporaryFolder } from '../support/runs.ts'
import { expectSound, SOUND_FIELDS, SOUND_PREFERENCES } from '../support/sound.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const full = process.env.REXMIT_FULL === '1'

/** Writes the captures of a run; returns where each is. */
async function capturesOf(run: Run, taps: 'sender' | 'all'): Promise<Map<string, string>> {
  const folder = temporaryFolder()
  const paths = new Map<string, string>()
  for (const { name, chunks } of await openExport(run.reader, 'pcapng', { taps })) {
    paths.set(name, join(folder, name))
    writeFileSync(join(folder, name), Buffer.concat([...chunks]))
  }
  return paths
}

const captureOf = async (run: Run): Promise<string> =>
  (await capturesOf(run, 'sender')).get('capture.pcapng')!

/** Ports of a lane on which HTTP/2 is spoken without TLS. */
function clearHttp2({ reader }: Run, lane: string): number[] {
  const flows = (name: 'security:record' | 'http:frame'): string[] =>
    [...reader.events([name])].filter(({ node }) => laneOfName(node) === lane).map(({ flow }) => flow)
  const secured = new Set(flows('security:record'))
  const clear = flows('http:frame').filter((flow) => !secured.has(flow))
  return [...new Set(clear)].flatMap((flow) => flow.split('-').map((end) => Number(end.split(':')[1])))
}

/**
 * A segment that came out of order belongs where its number says. Off by default; then tshark lays a retransmission over
 * what it has put together already, and calls that malformed.
 */
const IN_ORDER = ['tcp.reassemble_out_of_order:TRUE']

/** What was sent is sound. */
function expectSoundCapture(file: string): void {
  expectSound(tsharkFields(file, SOUND_FIELDS, { preferences: [...IN_ORDER, ...SOUND_PREFERENCES] }))
}

/** By lane the capture at its server; a lane without one, such as one that only pings, has none. */
async function serverCaptures(run: Run): Promise<Map<string, string>> {
  const files = await capturesOf(run, 'all')
  const { lanes } = run.info
  const captures = new Map<string, string>()
  for (const { id } of lanes) {
    const file = files.get(lanes.length > 1 ? `capture-${id}-server.pcapng` : 'capture-server.pcapng')
    if (file !== undefined) captures.set(id, file)
  }
  return captures
}

const NOTHING = { frames: [], streams: [], messages: [], handshakes: [] }

/** In each lane tshark counts at the server what the trace has. */
function expectSameCounts(run: Run, captures: ReadonlyMap<string, string>): void {
  for (const { id } of run.info.lanes) {
    const file = captures.get(id)
    const counted = file === undefined ? NOTHING : countedByTshark(file, { clearHttp2: clearHttp2(run, id) })
    expect(counted, id).toEqual(countedByTrace(run.reader, id))
  }
}

/** Ports at which servers of a lane speak QUIC, and whether someone sends the datagrams of others again. */
function quicPorts({ reader, info }: Run, lane: string): Set<number> {
  const replayed = Object.values(info.setup.apps).some(({ kind }) => kind === 'replayer')
  const address = [...reader.events(['sim:node_added'])].find(({ node }) => node === `${lane}/server`)?.data
    .address
  const flows = [...reader.events(['transport:packet_sent'])].filter(({ node }) => laneOfName(node) === lane)
  const ends = replayed ? [] : [...new Set(flows.map(({ flow }) => flow))].flatMap((flow) => flow.split('-'))
  return new Set(
    ends.filter((end) => end.startsWith(`${address}:`)).map((end) => Number(end.slice(end.indexOf(':') + 1))),
  )
}

/** In each lane with QUIC tshark reads what the server has sent, frame by frame. */
function expectSameQuic(run: Run, captures: ReadonlyMap<string, string>): void {
  for (const { id } of run.info.lanes) {
    const ports = quicPorts(run, id)
    if (ports.size === 0) continue
    const { sentFrom } = readByTshark(captures.get(id)!)
    expect(
      sentFrom((port) => ports.has(port)),
      id,
    ).toEqual(sentByTrace(run.reader, `${id}/server`))
  }
}

type Apps = Record<string, Record<string, unknown>>

const PAGE = { '/': { size: 5_000, objects: 12, objectSize: 20_000, type: 'text/html', compressible: true } }

/** A page over one kind of connection. */
function pageOver(server: object, client: object): Apps {
  return {
    site: { kind: 'http-server', host: 'server', port: 443, resources: PAGE, ...server },
    browser: {
      kind: 'http-client',
      host: 'client',
      to: 'server',
      port: 443,
      requests: [{ target: '/', page: true }],
      ...client,
    },
  }
}

const RSA = { version: '1.2', keyExchange: 'rsa' }
const OLD_RSA = { ...RSA, extendedMasterSecret: false }
const ECDHE = { version: '1.2' }

/** What is spoken, and the applications that speak it. */
const CONNECTIONS: Readonly<Record<string, Apps>> = {
  'HTTP/1.1 in the clear': pageOver({ port: 80, versions: ['http/1.1'] }, { port: 80, connections: 4 }),
  'HTTP/1.1, pipelined': pageOver({ port: 80, versions: ['http/1.1'] }, { port: 80, pipelining: true }),
  'HTTP/1.1 over TLS 1.2, RSA': pageOver({ tls: RSA }, { tls: RSA, connections: 2 }),
  'HTTP/1.1 over TLS 1.3': pageOver({ tls: {} }, { tls: {}, connections: 2 }),
  'HTTP/2 over TLS 1.2, RSA': pageOver({ tls: RSA }, { tls: RSA, version: 'h2' }),
  'HTTP/2 over TLS 1.2, RSA, without extended master secret': pageOver(
    { tls: OLD_RSA },
    { tls: OLD_RSA, version: 'h2' },
  ),
  'HTTP/2 over TLS 1.2, ECDHE': pageOver({ tls: ECDHE }, { tls: ECDHE, version: 'h2' }),
  'HTTP/2 over TLS 1.3': pageOver({ tls: {} }, { tls: {}, version: 'h2' }),
  'HTTP/2 in the clear': pageOver({ port: 80 }, { port: 80, version: 'h2' }),
}

const LOSSY = { loss: { rate: 0.02 } }

const runOf = (apps: Apps, more: object = {}, seed = 1): Promise<Run> => {
  const direction = { delay: 20_000, rate: { limit: 10_000_000 }, ...more }
  const host = { tcp: { nagle: false } }
  const setup = {
    hosts: { client: { role: 'client', ...host }, server: { role: 'server', ...host } },
    links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
    apps,
  }
  return finishedRun({ experiment: smallExperiment({ setup: setup as never }), seed } as Parameters<
    typeof finishedRun
  >[0])
}

describe.skipIf(!findTshark())('captures of TLS and HTTP, read by tshark with the file alone', () => {
  describe.each(Object.entries(CONNECTIONS))('%s', (_, apps) => {
    it('sound; frames, streams, requests and handshake messages are those of the trace', async () => {
      const run = await runOf(apps)
      expectSoundCapture(await captureOf(run))
      const { frames, messages } = countedByTrace(run.reader, 'one')
      expect(frames.length + messages.length).toBeGreaterThan(0)
      expectSameCounts(run, await serverCaptures(run))
    })

    it.each(full ? [1, 2, 3] : [1])('the same with packets lost, seed %d', async (seed) => {
      const run = await runOf(apps, LOSSY, seed)
      expect([...run.reader.events(['link:packet_dropped'])].length).toBeGreaterThan(0)
      expectSoundCapture(await captureOf(run))
      expectSameCounts(run, await serverCaptures(run))
    })
  })

  it('is told by ports alone, too, but for what a server sends before the preface of HTTP/2 in the clear', async () => {
    const run = await runOf(CONNECTIONS['HTTP/2 in the clear'])
    const file = await captureOf(run)
    const told = countedByTshark(file, { clearHttp2: clearHttp2(run, 'one') })
    const guessed = countedByTshark(file)
    const missing = told.frames.filter((line) => !guessed.frames.includes(line))
    // The server's SETTINGS may leave before anything says what is spoken here (RFC 9113 3.4).
    expect(missing).toEqual(['10.77.0.2 type 4: 2'])
    expect(guessed.frames).toContain('10.77.0.2 type 4: 1')
  })

  it('is called malformed by tshark as it comes only where a segment was sent again', async () => {
    const run = await runOf(CONNECTIONS['HTTP/2 over TLS 1.3'], LOSSY)
    const file = await captureOf(run)
    const complaints = tsharkFields(file, ['_ws.malformed', 'frame.comment'], '_ws.malformed')
    for (const complaint of complaints) {
      expect(complaint['_ws.malformed']).toContain('(retransmission?)')
      expect(complaint['frame.comment']).toContain('retransmission: ')
    }
  })

  it('needs the keys: without its block of secrets a file shows no frame', async () => {
    const run = await runOf(CONNECTIONS['HTTP/2 over TLS 1.3'])
    const file = await captureOf(run)
    expect(tsharkFields(file, ['http2.type'], 'http2').length).toBeGreaterThan(0)
    const [stream] = await openExport(withoutSecrets(run), 'pcapng')
    writeFileSync(file, Buffer.concat([...stream.chunks]))
    expect(tsharkFields(file, ['http2.type'], 'http2')).toEqual([])
  })
})

/** The same recording, of which nobody has logged the secrets. */
function withoutSecrets({ reader }: Run): Run['reader'] {
  return Object.create(reader, {
    events: {
      value: (names?: Parameters<Run['reader']['events']>[0]) =>
        names?.includes('security:secret_logged') === true ? [] : reader.events(names),
    },
  }) as Run['reader']
}

describe.skipIf(!findTshark())('every experiment', () => {
  it.each(representatives().map(({ id }) => id))(
    '%s: tshark counts what the trace has; its page loads are valid HAR',
    async (experiment) => {
      const run = await finishedRun({ experiment })
      expectSoundCapture(await captureOf(run))
      const captures = await serverCaptures(run)
      expectSameCounts(run, captures)
      expectSameQuic(run, captures)
      for (const { chunks } of await openExport(run.reader, 'har')) {
        const { entries } = readHar(Buffer.concat([...chunks]).toString())
        expect(entries.length).toBeGreaterThan(0)
      }
    },
  )
})
