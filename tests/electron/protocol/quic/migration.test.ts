/** Connection ids belong to paths (RFC 9000 9.5): which id each packet goes to when a client moves, and when ids are retired. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { QuicConnection } from '../../../../electron/protocol/quic/connection.ts'
import type { Core } from '../../../../electron/protocol/quic/core.ts'
import type { Frame } from '../../../../electron/protocol/wire/quic/frames.ts'
import { QuicNet, type NetOptions, type Side } from '../../../support/quic-net.ts'
import { forgePacket, payloadOf } from '../../../support/quic-rogue.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const RTT = 100_000
const NEW_PORT = 40_777

interface Sent {
  readonly t: number
  readonly side: Side
  readonly path: number
  readonly id: string
  readonly frames: readonly Frame[]
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const coreOf = (connection: QuicConnection) => Reflect.get(connection, 'core') as Core

/** A confirmed connection in whose course the client uploads and the server answers, and all 1-RTT packets sent from then on. */
function talking(options: Omit<NetOptions, 'certificates'> = {}, prepare?: (client: Core) => void) {
  const sent: Sent[] = []
  const nothing = () => undefined
  const net = new QuicNet({
    certificates,
    ...options,
    observe: (connection) => ({
      onReceived: nothing,
      onDropped: nothing,
      onBuffered: nothing,
      onAcked: nothing,
      onLost: nothing,
      onKeyUpdate: nothing,
      onHandshake: nothing,
      onSent: (t, { path }, level, frames, destination) => {
        const side = connection.isServer ? 'server' : 'client'
        if (level === '1rtt') sent.push({ t, side, path, id: hex(destination), frames: [...frames] })
      },
    }),
  })
  let taken = 0
  net.onEvent = ({ side, event, connection }) => {
    if (side !== 'server' || event.type !== 'readable') return
    for (let bytes = connection.read(event.id); bytes; bytes = connection.read(event.id))
      taken += bytes.length
  }
  const client = net.connect()
  prepare?.(coreOf(client))
  net.run(() => net.timeOf('client', 'confirmed') !== undefined)
  net.run(() => false, net.now + 3 * RTT)
  sent.length = 0
  const stream = client.openStream('bidirectional')!
  const upload = (bytes: number) => net.act('client', () => client.write(stream, new Uint8Array(bytes)))
  const wait = (time: number) => net.run(() => false, net.now + time)
  const of = (side: Side, path: number) => sent.filter((one) => one.side === side && one.path === path)
  const ids = (side: Side, path: number) => [...new Set(of(side, path).map(({ id }) => id))]
  /** Frames of a type: when they went, by which path, and what they are. */
  const frames = <T extends Frame['type']>(side: Side, type: T) =>
    sent
      .filter((one) => one.side === side)
      .flatMap(({ t, path, frames: all }) => all.map((frame) => ({ t, path, frame })))
      .filter((one): one is { t: number; path: number; frame: Extract<Frame, { type: T }> } =>
        one.frame.type === type ? true : false,
      )
  const server = [...net.endpoints.server.connections][0]
  return { net, client, server, upload, wait, ids, of, frames, taken: () => taken }
}

type Talk = ReturnType<typeof talking>

function move({ net, client }: Talk, port = NEW_PORT): number {
  net.act('client', (now) => expect(client.migrate(now, port)).toBe(true))
  return net.now
}

/** What the client retires of the server's ids, and the server of the client's. */
const retired = ({ frames }: Talk, side: Side) =>
  frames(side, 'retire_connection_id').map(({ t, frame }) => ({ t, number: frame.number }))

describe('9.5: each path has an id of its own', () => {
  test.each([
    ['the old path still answers (9.3.3)', true],
    ['the old path is dead', false],
  ])('the client moves, and %s', (_, answers) => {
    const talk = talking()
    const { net, upload, wait, ids, frames, taken, server } = talk
    upload(100_000)
    wait(RTT)
    const [old] = ids('server', 0)
    if (!answers)
      net.pass = (from, datagram) =>
        (from === 'server' ? datagram.remote.port : datagram.localPort) === NEW_PORT ? datagram : undefined
    const closePeriod = coreOf(server).closePeriod
    const start = move(talk)
    upload(100_000)
    wait(20 * RTT)
    expect(taken()).toBe(200_000)
    // Both paths are asked by the server, each by its own id.
    expect(new Set(frames('server', 'path_challenge').map(({ path }) => path))).toEqual(new Set([0, 1]))
    for (const side of ['client', 'server'] as const) {
      expect([ids(side, 0).length, ids(side, 1).length]).toEqual([1, 1])
      expect(ids(side, 0)).not.toEqual(ids(side, 1))
    }
    expect(ids('server', 0)).toEqual([old])
    expect(coreOf(server).path.number).toBe(1)
    // 5.1.2: the old id goes with the old path, when its check has ended and not before.
    for (const side of ['client', 'server'] as const)
      expect(retired(talk, side).map(({ number }) => number)).toEqual([0])
    expect(retired(talk, 'server')[0].t - start).toBeGreaterThan(0.8 * closePeriod)
    expect(retired(talk, 'client')[0].t - start).toBeGreaterThan(2 * RTT)
    expect(coreOf(server).paths.map(({ number }) => number)).toEqual([1])
    // 5.1.1: and there is another in its place.
    expect(frames('client', 'new_connection_id').map(({ frame }) => frame.number)).toEqual([4])
  })

  test('9.2: the first packet by the new path moves the connection, though the client has nothing to say', () => {
    const talk = talking()
    const start = move(talk)
    expect(talk.of('client', 1).map(({ frames }) => frames.map(({ type }) => type))).toEqual([
      ['path_challenge', 'ping', 'padding'],
    ])
    talk.net.run(() => coreOf(talk.server).path.number === 1)
    expect(talk.net.now - start).toBe(RTT / 2)
  })

  test('an answer on the old path goes to its id, too', () => {
    const talk = talking()
    const { wait, frames, of, ids } = talk
    move(talk)
    wait(10 * RTT)
    const answers = frames('client', 'path_response')
    expect(new Set(answers.map(({ path }) => path))).toEqual(new Set([0, 1]))
    const onOld = of('client', 0).filter(({ frames: all }) =>
      all.some(({ type }) => type === 'path_response'),
    )
    expect(onOld.map(({ id }) => id)).not.toContain(ids('client', 1)[0])
  })

  test('moves in a row: no id goes to two addresses, and the ids do not run out', () => {
    const talk = talking()
    const { upload, wait, ids, taken } = talk
    for (let i = 1; i <= 8; i++) {
      move(talk, NEW_PORT + i)
      upload(20_000)
      wait(12 * RTT)
    }
    expect(taken()).toBe(160_000)
    for (const side of ['client', 'server'] as const) {
      const all = Array.from({ length: 9 }, (_, path) => ids(side, path)).flat()
      expect(all.length).toBeGreaterThanOrEqual(9 - 1)
      expect(new Set(all).size).toBe(all.length)
    }
  })
})

describe('9.5: a client that gives no ids', () => {
  const greedy = (client: Core) => Reflect.set(client.localIds, 'issueUpTo', () => [])

  test('behind a NAT that rebinds, and so with the same id of ours: the server keeps its own, too', () => {
    const talk = talking({}, greedy)
    const { net, upload, wait, ids, taken } = talk
    upload(50_000)
    wait(RTT)
    net.clientAddress++
    upload(50_000)
    wait(20 * RTT)
    expect(taken()).toBe(100_000)
    expect(ids('server', 1)).toEqual(ids('server', 0))
    // The path in use shares it, so it is not retired with the old one.
    expect(coreOf(talk.server).paths.map(({ number }) => number)).toEqual([1])
    expect(retired(talk, 'server')).toEqual([])
  })

  test('that moves by itself, to another id of ours: the server is silent there until it is given one', () => {
    const talk = talking({}, greedy)
    const { net, client, of, upload, wait, ids } = talk
    move(talk)
    upload(5_000)
    wait(2 * RTT)
    expect(of('client', 1).length).toBeGreaterThan(0)
    expect(of('server', 1)).toEqual([])
    const given = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    const frame: Frame = {
      type: 'new_connection_id',
      number: 1,
      retirePriorTo: 0,
      id: given,
      resetToken: new Uint8Array(16),
    }
    net.inject('server', forgePacket(client, payloadOf([frame])), NEW_PORT)
    expect(ids('server', 1)).toEqual([hex(given)])
  })

  test('and needs none, for its own are empty: all paths do without (5.1)', () => {
    const talk = talking({ client: { connectionIdLength: 0 } })
    const { upload, wait, ids, taken } = talk
    move(talk)
    upload(50_000)
    wait(20 * RTT)
    expect(taken()).toBe(50_000)
    expect([ids('server', 0), ids('server', 1)]).toEqual([[''], ['']])
    expect(retired(talk, 'server')).toEqual([])
  })
})

describe('5.1.2: Retire Prior To', () => {
  const newId = (number: number, retirePriorTo: number): Frame => ({
    type: 'new_connection_id',
    number,
    retirePriorTo,
    id: Uint8Array.of(9, 9, 9, 9, 9, 9, 9, number),
    resetToken: new Uint8Array(16).fill(number),
  })

  test('holds for the path in use and for the one that was left, each of which goes on with another', () => {
    const talk = talking()
    const { net, client, server, upload, wait, frames } = talk
    upload(20_000)
    move(talk)
    upload(20_000)
    wait(RTT)
    net.inject('server', forgePacket(client, payloadOf([newId(10, 10), newId(11, 10)])), NEW_PORT)
    const core = coreOf(server)
    expect(core.path.remoteId?.number).toBe(10)
    expect(core.paths.map(({ remoteId }) => remoteId?.number ?? 10)).toEqual([10, 10])
    wait(RTT / 2)
    expect(new Set(frames('server', 'retire_connection_id').map(({ frame }) => frame.number))).toEqual(
      new Set([0, 1, 2, 3]),
    )
  })

  test('19.15: an id that was retired with its path does not come back when NEW_CONNECTION_ID is repeated', () => {
    const talk = talking()
    const { net, client, server, upload, wait } = talk
    const core = coreOf(server)
    const first = move(talk)
    upload(1_000)
    wait(15 * RTT)
    move(talk, NEW_PORT + 1)
    upload(1_000)
    wait(15 * RTT)
    expect(first).toBeLessThan(net.now)
    expect(retired(talk, 'server').map(({ number }) => number)).toEqual([0, 1])
    const again = newId(1, 0)
    net.inject('server', forgePacket(client, payloadOf([again])), NEW_PORT + 1)
    expect(net.events('server', 'closed')).toEqual([])
    expect(core.remoteIds.take()?.number).not.toBe(1)
  })
})
