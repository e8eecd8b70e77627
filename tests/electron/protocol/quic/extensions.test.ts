/** ECN, ACK frequency, and a transport parameter that nobody knows, in virtual time. */
import { beforeAll, describe, expect, test } from 'vitest'
import { ReceivedPackets } from '../../../../electron/protocol/quic/received.ts'
import type { Micros } from '../../../../shared/units.ts'
import { QuicPair, type PairOptions } from '../../../support/quic-pair.ts'
import { quicRun } from '../../../support/quic-run.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const HALF = 50_000

/** The client sends so many bytes, the server reads them; returns whether all were acknowledged. */
function upload(pair: QuicPair, bytes: number): boolean {
  pair.onEvent = (side, event, connection) => {
    if (side === 'client' && event.type === 'confirmed')
      connection.write(connection.openStream('bidirectional')!, new Uint8Array(bytes), true)
    if (side === 'server' && event.type === 'readable') while (connection.read(event.id) !== undefined);
  }
  return pair.run(() => pair.client.stream(0)?.send?.state === 'data_received')
}

describe('ECN (RFC 9000 13.4)', () => {
  /** The marks of the client's datagrams in their order, on a link that may change them. */
  function marks(link: (ecn: string, number: number) => 'not-ect' | 'ect0' | 'ce' | undefined, ecn = true) {
    const sent: string[] = []
    const pair = new QuicPair({
      certificates,
      settings: { client: { ecn } },
      fate: (from, datagram) => {
        if (from === 'server') return { delays: [HALF] }
        sent.push(datagram.ecn)
        const changed = link(datagram.ecn, sent.length)
        return { delays: [HALF], ...(changed && { ecn: changed }) }
      },
    })
    expect(upload(pair, 100_000)).toBe(true)
    return sent
  }

  test('all datagrams carry ECT(0) once the counts of the peer have shown that the path keeps it', () => {
    const sent = marks(() => undefined)
    expect(sent.slice(0, 10).every((mark) => mark === 'ect0')).toBe(true)
    expect(sent.at(-1)).toBe('ect0')
  })

  test('off: none does', () => {
    expect(new Set(marks(() => undefined, false))).toEqual(new Set(['not-ect']))
  })

  test('a path that takes the marks away: no more of them after the first acknowledgment', () => {
    const sent = marks(() => 'not-ect')
    expect(sent[0]).toBe('ect0')
    expect(sent.slice(15).every((mark) => mark === 'not-ect')).toBe(true)
  })

  test('A.4: while the test of ten packets is out, no more are marked', () => {
    const sent: string[] = []
    const pair = new QuicPair({
      certificates,
      settings: { client: { ecn: true } },
      // Nothing comes back after the handshake.
      fate: (from, datagram, _rng, number) => {
        if (from === 'client') sent.push(datagram.ecn)
        return { delays: from === 'server' && number > 4 ? [] : [HALF] }
      },
    })
    pair.run(() => pair.timeOf('client', 'connected') !== undefined)
    pair.act('client', (connection) =>
      connection.write(connection.openStream('unidirectional')!, new Uint8Array(50_000)),
    )
    expect(sent.filter((mark) => mark === 'ect0').length).toBeGreaterThan(8)
  })

  test('RFC 9002 7.1: a mark of congestion halves the window as a loss does, and nothing is lost', () => {
    const changes: string[] = []
    let full = 0
    const options: PairOptions = {
      certificates,
      settings: { client: { ecn: true, congestion: 'newreno', pacing: false } },
      fate: (from, { payload, ecn }) =>
        from === 'client' && payload.length > 1_300 && ++full === 12 && ecn === 'ect0'
          ? { delays: [HALF], ecn: 'ce' }
          : { delays: [HALF] },
      observer: {
        client: {
          onSent: () => undefined,
          onReceived: () => undefined,
          onDropped: () => undefined,
          onBuffered: () => undefined,
          onAcked: () => undefined,
          onLost: () => changes.push('lost'),
          onKeyUpdate: () => undefined,
          onHandshake: () => undefined,
          onChange: (change) =>
            change.type === 'congestion' && changes.push(`${change.to} ${change.trigger}`),
        },
      },
    }
    expect(upload(new QuicPair(options), 100_000)).toBe(true)
    expect(changes).toEqual(['recovery ecn', 'congestion_avoidance acknowledged'])
  })

  test('on a link of the lab whose CoDel marks instead of dropping: marks, a smaller window, no loss', () => {
    const queue = { discipline: 'codel' as const, ecn: true, limit: 1_000_000 }
    const { run, asker } = quicRun({
      certificates,
      link: { up: { delay: 10_000, rate: { limit: 5e6 }, queue }, down: { delay: 10_000 } },
      size: 1_000_000,
      silent: true,
      client: { ecn: true },
    })
    run.runToEnd({ summarize: false })
    expect(asker.received).toBe(1)
    expect([...run.reader.events(['link:packet_marked'])].length).toBeGreaterThan(0)
    expect([...run.reader.events(['link:packet_dropped', 'recovery:packet_lost'])]).toEqual([])
    const phases = [...run.reader.events(['recovery:congestion_state_changed'])]
    expect(phases.some(({ data }) => data.trigger === 'ecn')).toBe(true)
  })
})

describe('ACK frequency (draft-ietf-quic-ack-frequency)', () => {
  const acksFor = (client: { ackEvery?: number }, server: { maxAckDelay?: number } = {}) => {
    const pair = new QuicPair({ certificates, settings: { client, server } })
    expect(upload(pair, 400_000)).toBe(true)
    return pair.sent.server
  }

  test('ackEvery 10: the peer sends a fraction of the ACKs that it would', () => {
    const [usual, asked] = [acksFor({}), acksFor({ ackEvery: 10 })]
    expect(usual).toBeGreaterThan(150)
    expect(asked).toBeLessThan(usual / 2.5)
  })

  const at = (t: number): Micros => t as Micros
  /** When an ACK is due after each of these packets. */
  const dueAfter = (reordering: number, numbers: readonly number[]) => {
    const received = new ReceivedPackets(25_000)
    received.policy = { every: 100, delay: 40_000, reordering }
    return numbers.map((number, i) => {
      received.add(at(i), number, true, 'not-ect')
      return received.deadline
    })
  }

  test('6.2: reordering 0 tells of gaps when its time has come, 1 at once, 3 when a packet is three ahead', () => {
    expect(dueAfter(0, [0, 2, 3, 4])).toEqual([40_000, 40_000, 40_000, 40_000])
    expect(dueAfter(1, [0, 2])).toEqual([40_000, 1])
    expect(dueAfter(3, [0, 2, 3, 4])).toEqual([40_000, 40_000, 40_000, 3])
  })

  test('a threshold of so many', () => {
    const received = new ReceivedPackets(25_000)
    received.policy = { every: 4, delay: 40_000, reordering: 1 }
    const due = [0, 1, 2, 3].map((number) => {
      received.add(at(number), number, true, 'not-ect')
      return received.deadline
    })
    expect(due).toEqual([40_000, 40_000, 40_000, 3])
  })
})

describe('RFC 9000 18.1: a transport parameter of the kind that nobody knows', () => {
  test('is declared, seen by the peer, and changes nothing', () => {
    const { run, asker } = quicRun({ certificates, size: 5_000, client: { unknownParameter: true } })
    run.runToEnd({ summarize: false })
    expect(asker.received).toBe(5_000)
    const declared = [...run.reader.events(['transport:parameters_set'])].map(({ node, data }) => ({
      at: `${node} ${data.owner}`,
      unknown: (JSON.parse(data.parameters) as { unknown?: { id: number; value: string }[] }).unknown,
    }))
    const own = declared.find(({ at }) => at === 'one/client local')!.unknown!
    expect(own).toHaveLength(1)
    expect((own[0].id - 27) % 31).toBe(0)
    expect(declared.find(({ at }) => at === 'one/server remote')!.unknown).toEqual(own)
    expect(declared.find(({ at }) => at === 'one/server local')!.unknown).toBeUndefined()
  })
})
