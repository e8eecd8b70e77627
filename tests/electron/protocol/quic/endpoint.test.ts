/** Endpoints: whose a datagram is, Retry, versions, resets, tokens, 0-RTT, migration, key updates, the end (RFC 9000 5 to 10). */
import { beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../../electron/engine/node-crypto.ts'
import type { QuicConnection } from '../../../../electron/protocol/quic/connection.ts'
import type { Core } from '../../../../electron/protocol/quic/core.ts'
import { createRng } from '../../../../electron/protocol/random.ts'
import { TicketKeeper } from '../../../../electron/protocol/tls13/tickets.ts'
import { decodePacket } from '../../../../electron/protocol/wire/quic/header.ts'
import { QUIC_V2 } from '../../../../electron/protocol/wire/quic/version.ts'
import { QuicNet, type Seen, type Side } from '../../../support/quic-net.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const RTT = 100_000

const isConfirmed = (net: QuicNet) => () => net.timeOf('client', 'confirmed') !== undefined
const kinds = (net: QuicNet, from: Side) =>
  net.sent
    .filter((one) => one.from === from)
    .map(({ payload }) => decodePacket(payload, 0, 8))
    .map((packet) => (packet.ok ? packet.value.kind : packet.error.reason))
const serverSide = (net: QuicNet): QuicConnection => [...net.endpoints.server.connections][0]

const coreOf = (connection: QuicConnection) => Reflect.get(connection, 'core') as Core

/** The server answers each stream that ends with as many bytes. */
function echo({ side, event, connection }: Seen): void {
  if (side !== 'server' || event.type !== 'readable') return
  for (let bytes = connection.read(event.id); bytes; bytes = connection.read(event.id))
    connection.write(event.id, bytes)
  if (connection.stream(event.id)?.receive?.isClosed && !connection.stream(event.id)?.send?.finished)
    connection.write(event.id, new Uint8Array(0), true)
}

/** Reads all that has come on a stream. */
function readAll(connection: QuicConnection, id: number): number {
  let length = 0
  for (let bytes = connection.read(id); bytes; bytes = connection.read(id)) length += bytes.length
  return length
}

describe('8.1.2: Retry', () => {
  test('costs one round trip, and the handshake goes on with what it gave', () => {
    const net = new QuicNet({ certificates, server: { retry: true } })
    net.connect()
    expect(net.run(isConfirmed(net))).toBe(true)
    expect(kinds(net, 'server')[0]).toBe('retry')
    expect(net.timeOf('client', 'connected')).toBe(2 * RTT)
  })

  test('a Retry that was changed on the way is not heeded', () => {
    const net = new QuicNet({ certificates, server: { retry: true } })
    net.pass = (from, datagram) => {
      if (from === 'client') return datagram
      const payload = datagram.payload.slice()
      payload[payload.length - 1] ^= 1
      return { ...datagram, payload }
    }
    net.connect()
    expect(net.run(isConfirmed(net), 5e6)).toBe(false)
    expect(new Set(kinds(net, 'server'))).toEqual(new Set(['retry']))
  })

  test('8.1.3: the token of an earlier connection spares it', () => {
    const net = new QuicNet({ certificates, server: { retry: true } })
    net.connect()
    net.run(isConfirmed(net))
    const [{ token }] = net.events('client', 'new_token')
    net.seen.length = 0
    const start = net.now
    net.connect({ token, localPort: 40_001 })
    expect(net.run(isConfirmed(net))).toBe(true)
    expect(net.timeOf('client', 'connected')).toBe(start + RTT)
  })

  test('a token from another address is of no use', () => {
    const net = new QuicNet({ certificates, server: { retry: true } })
    net.connect()
    net.run(isConfirmed(net))
    const [{ token }] = net.events('client', 'new_token')
    net.sent.length = 0
    net.clientAddress++
    net.connect({ token, localPort: 40_001 })
    net.run(() => kinds(net, 'server').includes('retry'), net.now + 3e6)
    expect(kinds(net, 'server')).toContain('retry')
  })
})

describe('6: versions', () => {
  test('version 2 (RFC 9369) is spoken with those who begin with it', () => {
    const net = new QuicNet({ certificates, client: { version: '2' } })
    net.connect()
    expect(net.run(isConfirmed(net))).toBe(true)
    const first = decodePacket(net.sent[0].payload, 0, 8)
    expect(first).toMatchObject({ value: { kind: 'initial', version: { number: QUIC_V2 } } })
  })

  test('an unknown one is answered with ours, and the client that knows none of them gives up', () => {
    const net = new QuicNet({ certificates })
    net.pass = (from, datagram) => {
      const payload = datagram.payload.slice()
      // The client's version as the server sees it; the offer as the client sees it.
      if (from === 'client') payload.set([0x1a, 0x1a, 0x1a, 0x1a], 1)
      else
        for (let at = payload.length - 12; at < payload.length; at += 4)
          payload.set([0xba, 0xad, 0, at & 0xff], at)
      return { ...datagram, payload }
    }
    net.connect()
    net.run(() => net.events('client', 'closed').length > 0, 5e6)
    expect(kinds(net, 'server')[0]).toBe('version_negotiation')
    expect(net.events('client', 'closed')).toMatchObject([{ reason: { by: 'version_negotiation' } }])
  })

  test('an offer that holds our own version is a trick, and not heeded (6.2)', () => {
    const net = new QuicNet({ certificates })
    net.pass = (from, datagram) => {
      if (from === 'server') return datagram
      const payload = datagram.payload.slice()
      if (net.sent.filter((one) => one.from === 'client').length === 1)
        payload.set([0x1a, 0x1a, 0x1a, 0x1a], 1)
      return { ...datagram, payload }
    }
    net.connect()
    expect(net.run(isConfirmed(net))).toBe(true)
  })
})

describe('2.3 of RFC 8446 and 4.6 of RFC 9001: 0-RTT', () => {
  function resuming(earlyData: 'once' | 'refuse') {
    const tickets = new TicketKeeper(nodeCrypto, createRng(5))
    const net = new QuicNet({ certificates, tls: { tickets, earlyData: 'once' } })
    net.connect()
    net.run(() => net.events('client', 'session').length > 0)
    const [{ session }] = net.events('client', 'session')
    const second = new QuicNet({ certificates, seed: 2, tls: { tickets, earlyData } })
    second.onEvent = echo
    second.now = net.now
    return { second, session }
  }

  test('the request goes with the first flight, and the answer is there after one round trip', () => {
    const { second, session } = resuming('once')
    const client = second.connect({ session, earlyData: true })
    const id = client.openStream('bidirectional')!
    const start = second.now
    second.act('client', () => client.write(id, new Uint8Array(500), true))
    const answered = () =>
      second.seen.some(({ side, event }) => side === 'client' && event.type === 'readable')
    expect(second.run(answered)).toBe(true)
    expect(second.now - start).toBe(RTT)
    expect(readAll(client, id)).toBe(500)
    expect(client.negotiated).toMatchObject({ resumed: true, earlyData: 'accepted' })
  })

  test('refused, it is told, and nothing of it was taken', () => {
    const { second, session } = resuming('refuse')
    const client = second.connect({ session, earlyData: true })
    const id = client.openStream('bidirectional')!
    second.act('client', () => client.write(id, new Uint8Array(500), true))
    expect(second.run(isConfirmed(second))).toBe(true)
    expect(second.events('client', 'early_refused')).toHaveLength(1)
    expect(client.negotiated).toMatchObject({ resumed: true, earlyData: 'refused' })
  })
})

describe('9: migration', () => {
  test('the client goes on from another port; the server asks whether it is there, and follows', () => {
    const net = new QuicNet({ certificates })
    net.onEvent = echo
    const client = net.connect()
    net.run(isConfirmed(net))
    net.run(() => false, net.now + RTT)
    let moved = false
    net.act('client', (now) => (moved = client.migrate(now, 40_777)))
    expect(moved).toBe(true)
    const id = client.openStream('bidirectional')!
    net.act('client', () => client.write(id, new Uint8Array(20_000), true))
    let got = 0
    const start = net.now
    expect(net.run(() => (got += readAll(client, id)) >= 20_000)).toBe(true)
    expect(net.events('server', 'migrated')).toMatchObject([{ remote: { port: 40_777 } }])
    expect(net.now - start).toBeLessThan(4 * RTT)
  })

  test('9.3: a NAT gives the client another address in mid-transfer; nothing is lost', () => {
    const net = new QuicNet({ certificates })
    const client = net.connect()
    net.run(isConfirmed(net))
    const id = client.openStream('bidirectional')!
    net.act('client', () => client.write(id, new Uint8Array(300_000), true))
    net.run(() => false, net.now + RTT)
    net.clientAddress++
    let got = 0
    const taken = () => (got += readAll(serverSide(net), id)) >= 300_000
    expect(net.run(taken, 30e6)).toBe(true)
    expect(net.events('server', 'migrated').length).toBeGreaterThan(0)
  })
})

test('RFC 9001 6: keys are updated by either side, again and again, and data cross under each', () => {
  const net = new QuicNet({ certificates })
  net.onEvent = echo
  const client = net.connect()
  net.run(isConfirmed(net))
  const updates: boolean[] = []
  const exchange = (length: number): boolean => {
    const id = client.openStream('bidirectional')!
    net.act('client', () => client.write(id, new Uint8Array(length), true))
    let got = 0
    return net.run(() => (got += readAll(client, id)) >= length)
  }
  for (let round = 0; round < 6; round++) {
    // The second one, so that each side has sent data, and not only ACKs, under the keys of this phase.
    expect([exchange(50_000), exchange(10)]).toEqual([true, true])
    net.run(() => false, net.now + 5 * RTT)
    const side = round % 2 ? 'client' : 'server'
    const end = round % 2 ? client : serverSide(net)
    net.act(side, (now) => updates.push(end.updateKeys(now)))
    // 6.1: not a second time before the peer has acknowledged a packet under the first.
    net.act(side, (now) => expect(end.updateKeys(now)).toBe(false))
  }
  expect(updates).toEqual(Array(6).fill(true))
  expect([...net.events('client', 'closed'), ...net.events('server', 'closed')]).toEqual([])
})

describe('RFC 9001 6.2: a second key update of the same side', () => {
  /** The client has updated its keys once, and the server has followed; it had nothing to send but ACKs. */
  function updated() {
    const net = new QuicNet({ certificates })
    net.onEvent = ({ side, event, connection }) => {
      if (side === 'server' && event.type === 'readable') readAll(connection, event.id)
    }
    const client = net.connect()
    net.run(isConfirmed(net))
    net.run(() => false, net.now + 5 * RTT)
    const id = client.openStream('bidirectional')!
    const send = () => net.act('client', () => client.write(id, new Uint8Array(10)))
    net.act('client', (now) => expect(client.updateKeys(now)).toBe(true))
    return { net, client, send }
  }

  test('is taken once an ACK has shown that the first was', () => {
    const { net, client, send } = updated()
    send()
    net.run(() => false, net.now + 5 * RTT)
    net.act('client', (now) => expect(client.updateKeys(now)).toBe(true))
    send()
    net.run(() => false, net.now + 5 * RTT)
    expect(net.events('client', 'closed')).toEqual([])
    expect([client, serverSide(net)].map(({ metrics }) => metrics.bytesInFlight)).toEqual([0, 0])
    expect([client, serverSide(net)].map((end) => coreOf(end).keys.phase.generation)).toEqual([2, 2])
  })

  test('is a KEY_UPDATE_ERROR if nothing could have shown it', () => {
    const { net, client, send } = updated()
    send()
    // A client that does not wait: its server gets both phases before it has sent anything under the first.
    net.act('client', (now) => {
      const core = coreOf(client)
      core.keys.update(now, Infinity, core.spaces.application.next, core.closePeriod)
    })
    net.pass = (from, datagram) => (from === 'server' ? undefined : datagram)
    send()
    net.run(() => net.events('server', 'closed').length > 0, net.now + 5 * RTT)
    expect(net.events('server', 'closed')).toMatchObject([
      { reason: { by: 'local', layer: 'transport', code: 0x0e } },
    ])
  })
})

test('RFC 9001 6: and by themselves after so many packets, when the settings say so', () => {
  const net = new QuicNet({ certificates, client: { keyUpdateAfter: 20 }, server: { keyUpdateAfter: 20 } })
  const phases = new Set<boolean>()
  const { pass } = net
  net.onEvent = echo
  const client = net.connect()
  net.run(isConfirmed(net))
  const id = client.openStream('bidirectional')!
  net.act('client', () => client.write(id, new Uint8Array(300_000), true))
  net.pass = (from, datagram) => {
    phases.add(Reflect.get(client, 'core').keys.phase.bit as boolean)
    return pass(from, datagram)
  }
  let got = 0
  expect(net.run(() => (got += readAll(client, id)) >= 300_000)).toBe(true)
  expect(phases).toEqual(new Set([false, true]))
  expect([...net.events('client', 'closed'), ...net.events('server', 'closed')]).toEqual([])
})

describe('10: the end', () => {
  test('10.2: CONNECTION_CLOSE with the application’s code and words', () => {
    const net = new QuicNet({ certificates })
    const client = net.connect()
    net.run(isConfirmed(net))
    net.act('client', (now) => client.close(now, 0x100, 'done'))
    net.run(() => net.events('server', 'closed').length > 0)
    expect(net.events('server', 'closed')).toMatchObject([
      { reason: { by: 'peer', layer: 'application', code: 0x100, reason: 'done' } },
    ])
    net.run(() => false)
    expect([...net.endpoints.client.connections, ...net.endpoints.server.connections]).toEqual([])
  })

  test('10.1: silence for longer than the shorter idle timeout', () => {
    const net = new QuicNet({ certificates, client: { idleTimeout: 3e6 }, server: { idleTimeout: 60e6 } })
    net.connect()
    net.run(isConfirmed(net))
    const start = net.now
    net.run(() => net.events('client', 'closed').length > 0)
    expect(net.events('client', 'closed')).toMatchObject([{ reason: { by: 'timeout' } }])
    expect(net.now - start).toBeGreaterThan(2.5e6)
    expect(net.now - start).toBeLessThan(4e6)
  })

  test('10.3: a server that has forgotten the connection resets it', () => {
    const net = new QuicNet({ certificates })
    const client = net.connect()
    net.run(isConfirmed(net))
    net.run(() => false, net.now + 5 * RTT)
    // The same secrets, none of the connections: a server that was started again.
    Reflect.get(net.endpoints.server, 'byId').clear()
    const id = client.openStream('bidirectional')!
    net.act('client', () => client.write(id, new Uint8Array(1_000), true))
    expect(net.run(() => net.events('client', 'closed').length > 0, net.now + 5e6)).toBe(true)
    expect(net.events('client', 'closed')).toMatchObject([{ reason: { by: 'reset' } }])
  })

  test('8.1: nothing is answered to what is too short to begin a connection', () => {
    const net = new QuicNet({ certificates })
    net.connect()
    const [{ payload }] = net.sent
    net.sent.length = 0
    net.inject('server', payload.subarray(0, 1_000))
    expect(net.sent.filter((one) => one.from === 'server')).toEqual([])
  })
})

test("RFC 9000 7.3: a client's first datagram whose source id was corrupted on the way spoils no connection", () => {
  const net = new QuicNet({ certificates })
  let seen = 0
  net.pass = (from, datagram) => {
    if (from === 'server' || ++seen > 1) return datagram
    const payload = datagram.payload.slice()
    // First byte, version, length and 8 bytes of the destination id, length of the source id.
    payload[15] ^= 1
    return { ...datagram, payload }
  }
  net.connect()
  expect(net.run(() => net.timeOf('client', 'confirmed') !== undefined)).toBe(true)
  expect(net.events('client', 'closed')).toEqual([])
})

test('RFC 9000 5.2.2: no connection is kept for a first datagram that was corrupted on the way', () => {
  const net = new QuicNet({ certificates })
  let seen = 0
  net.pass = (from, datagram) => {
    if (from === 'server' || ++seen > 1) return datagram
    const payload = datagram.payload.slice()
    // First byte, version and length of the destination id: its first byte.
    payload[6] ^= 1
    return { ...datagram, payload }
  }
  net.connect()
  net.run(() => false, RTT)
  expect([...net.endpoints.server.connections]).toEqual([])
  expect(net.endpoints.server.pollAccepted()).toBeUndefined()
  expect(net.run(isConfirmed(net))).toBe(true)
  expect([...net.endpoints.server.connections]).toHaveLength(1)
})
