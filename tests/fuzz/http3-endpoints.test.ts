/**
 * Whatever a peer sends on the streams of HTTP/3, an endpoint of the laboratory ends the request or the connection that it came on:
 * nothing is thrown out of it, nothing hangs, and the next one is served. The peer's QUIC and TLS are honest; `quic.test.ts` is about
 * those that are not.
 */
import { expect, test } from 'vitest'
import type { Program, Surroundings } from '../../electron/engine/node/program.ts'
import { PROGRAMS, type ProgramTable } from '../../electron/engine/node/programs.ts'
import { clientHandshake, serverHandshakes } from '../../electron/engine/node/quic-tls.ts'
import { identityOf } from '../../electron/engine/node/tls.ts'
import type { QuicHost, QuicOwner } from '../../electron/engine/quic/quic-host.ts'
import type { Run } from '../../electron/engine/run.ts'
import type { QuicConnection } from '../../electron/protocol/quic/connection.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import type { Experiment } from '../../shared/experiment.ts'
import type { HttpClientApp, HttpServerApp } from '../../shared/http.ts'
import type { Micros } from '../../shared/units.ts'
import { cut, wound } from '../support/cuts.ts'
import { createRun, smallExperiment } from '../support/runs.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 1_000 : 30
const PORT = 443

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/** What goes on our unidirectional streams: control with SETTINGS, with GOAWAY, QPACK with a table and an entry, a reserved type. */
const UNIDIRECTIONAL = [
  hex('00 04 00'),
  hex('00 04 04 0150 0064 07 01 00'),
  hex('02 3fe11f c004 68656c6f'),
  hex('03'),
  hex('21 0102'),
] as const
/** GET https://server.lab/ with and without more behind it. */
const QUESTIONS = [
  hex('01 11 0000 d1d7c1 500a 7365727665722e6c6162'),
  hex('01 11 0000 d1d7c1 500a 7365727665722e6c6162 00 03 616263'),
  hex('01 11 0000 d1d7c1 500a 7365727665722e6c6162 21 02 0000 01 03 0000d1'),
] as const
/** 200 with content, 204, 103 and then 200, a dynamic reference that is not there yet. */
const ANSWERS = [
  hex('01 03 0000d9 00 05 68656c6c6f'),
  hex('01 04 0000 ff01'),
  hex('01 03 0000d8 01 03 0000d9 00 01 61'),
  hex('01 03 028080'),
] as const

const one = <T>(rng: Rng, of: readonly T[]): T => of[rng.int(of.length)]

/** Writes bytes with some wounds in pieces, and ends, resets or leaves the stream. */
function writeHostile(rng: Rng, connection: QuicConnection, id: number, bytes: Uint8Array): void {
  for (const piece of cut(rng, wound(rng, bytes))) connection.write(id, piece)
  const end = rng.int(5)
  if (end < 2) connection.write(id, new Uint8Array(0), true)
  else if (end === 2) connection.resetStream(id, rng.int(0x120))
  if (rng.int(6) === 0) connection.stopSending(id, rng.int(0x120))
}

function openHostile(rng: Rng, connection: QuicConnection): void {
  for (let left = rng.int(5); left > 0; left--) {
    const id = connection.openStream('unidirectional')
    if (id !== undefined) writeHostile(rng, connection, id, one(rng, UNIDIRECTIONAL))
  }
}

/** Puts QUIC on a host of the run, with no HTTP/3 on top. */
function quicOn(run: Run, host: string, options: Parameters<Run['scene']['addQuic']>[1]): QuicHost {
  const [lane] = run.scene.lanes
  return run.scene.addQuic(lane.hosts.get(host)!, options)
}

/** A client that asks what is not quite a question, on one connection after the other, and at last an honest one. */
class HostileClient implements Program, QuicOwner {
  done = false
  answer = ''
  private left = COUNT
  private readonly rng = createRng(6)
  private readonly lab: Surroundings
  private readonly setup: HttpClientApp
  private readonly run: () => Run
  private quic!: QuicHost

  constructor(setup: HttpClientApp, lab: Surroundings, run: () => Run) {
    this.setup = setup
    this.lab = lab
    this.run = run
  }

  start(): void {
    this.quic = quicOn(this.run(), 'client', { rng: this.rng.fork('quic'), owner: this })
    this.next()
  }

  stop(): void {}
  onAccepted(): void {}

  onEvent: QuicOwner['onEvent'] = (_now, connection, event) => {
    const { rng } = this
    if (event.type === 'connected' && this.left > 0) {
      openHostile(rng, connection)
      const id = connection.openStream('bidirectional')
      if (id !== undefined) writeHostile(rng, connection, id, one(rng, QUESTIONS))
    } else if (event.type === 'connected') {
      connection.write(connection.openStream('unidirectional')!, UNIDIRECTIONAL[0])
      connection.write(connection.openStream('bidirectional')!, QUESTIONS[0], true)
    } else if (event.type === 'readable')
      for (let bytes = connection.read(event.id); bytes; bytes = connection.read(event.id))
        if (this.left === 0 && event.id === 0) this.answer += Buffer.from(bytes).toString('latin1')
  }

  private next(): void {
    const run = this.run()
    const host = run.scene.lanes[0].hosts.get('client')!
    const verifier = { verifyChain: () => undefined, verifySignature: () => true }
    const connection = run.driver.act(host.node, (now) => {
      const rng = this.rng.fork(`tls ${this.left}`)
      const made = this.quic.connect(now, {
        localPort: this.quic.bind()!,
        remote: { address: this.lab.addressOf('server'), port: PORT },
        handshake: clientHandshake(this.setup.tls!, verifier, rng, undefined),
      })
      host.station.settle(now)
      return made
    })
    this.lab.after(500_000, () => {
      this.act((now) => connection.close(now, 0x100, ''))
      this.done = this.left === 0
      if (this.left-- > 0) this.next()
    })
  }

  private act(action: (now: Micros) => void): void {
    const run = this.run()
    const host = run.scene.lanes[0].hosts.get('client')!
    run.driver.act(host.node, (now) => {
      action(now)
      this.quic.settle(now)
      host.station.settle(now)
    })
  }
}

/** A server that answers each request with what is not quite an answer. */
class HostileServer implements Program, QuicOwner {
  readonly done = true
  private readonly rng = createRng(5)
  private readonly lab: Surroundings
  private readonly setup: HttpServerApp
  private readonly run: () => Run

  constructor(setup: HttpServerApp, lab: Surroundings, run: () => Run) {
    this.setup = setup
    this.lab = lab
    this.run = run
  }

  start(): void {
    const { lab, setup, rng } = this
    const tls = setup.tls!
    void lab.hold(lab.authority.identity(identityOf('server', tls))).then((identity) => {
      const run = this.run()
      const accept = serverHandshakes(tls, identity, rng.fork('tls'))
      const quic = quicOn(run, 'server', { rng: rng.fork('quic'), owner: this, accept })
      run.driver.act(run.scene.lanes[0].hosts.get('server')!.node, () => quic.bind(PORT))
    })
  }

  stop(): void {}

  onAccepted(): void {}

  onEvent: QuicOwner['onEvent'] = (now, connection, event) => {
    const { rng } = this
    if (event.type === 'connected') openHostile(rng, connection)
    if (event.type !== 'readable') return
    while (connection.read(event.id) !== undefined);
    if (event.id % 4 !== 0 || connection.stream(event.id)?.send?.end !== 0) return
    writeHostile(rng, connection, event.id, one(rng, ANSWERS))
    if (rng.int(8) === 0) connection.close(now, rng.int(0x210), 'because')
  }
}

type Setup = Experiment['setup']

function hostileRun(programs: (run: () => Run) => ProgramTable, client: object): Run {
  const tls = { version: '1.3' }
  const setup = {
    hosts: { client: { role: 'client' }, server: { role: 'server' } },
    links: { link: { a: 'client', b: 'server', up: { delay: 10_000 }, down: { delay: 10_000 } } },
    apps: {
      site: {
        kind: 'http-server',
        host: 'server',
        port: PORT,
        tls,
        versions: ['h3'],
        resources: { '/': { size: 20, objects: 2, objectSize: 30 } },
      },
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: PORT,
        tls,
        version: 'h3',
        ...client,
      },
    },
  } as unknown as Setup
  const run: Run = createRun(
    { experiment: smallExperiment({ setup: setup as never, duration: 86_400_000_000 }) as never, seed: 2 },
    { programs: programs(() => run) },
  )
  return run
}

test.each([
  ['one after the other', {}],
  ['with cache, cookies and retries', { cache: true, cookies: 'on', retries: 1 }],
  ['each on its own connection', { reuse: false }],
])('a client ends each request, whatever is answered: %s', async (_name, client) => {
  const requests = [{ target: '/', times: COUNT, after: true, page: true }]
  const run = hostileRun(
    (of) => ({ ...PROGRAMS, 'http-server': (setup, lab) => new HostileServer(setup, lab, of) }),
    { requests, timeout: 2_000_000, ...client },
  )
  await run.start()
  await run.ended
  expect(run.info).toMatchObject({ state: 'finished' })
  const ends = [...run.reader.events(['http:response_finished'])].map(({ data }) => data.error)
  expect(ends.length).toBeGreaterThanOrEqual(COUNT)
  // Some did no harm, most did.
  const failed = ends.filter((error) => error !== '').length
  expect(failed).toBeGreaterThan(0)
  expect(failed).toBeLessThan(ends.length)
})

test('a server goes on to serve, whatever was asked', async () => {
  const clients: HostileClient[] = []
  const run = hostileRun(
    (of) => ({
      ...PROGRAMS,
      'http-client': (setup, lab) => {
        clients.push(new HostileClient(setup, lab, of))
        return clients[0]
      },
    }),
    { requests: [{ target: '/' }] },
  )
  await run.start()
  await run.ended
  expect(run.info).toMatchObject({ state: 'finished' })
  expect(clients[0].answer).toContain('/object/2')
})
