/** The handshake of TLS 1.3 for QUIC, both ends ours: what is agreed, and what breaks it with which alert. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../../electron/engine/node-crypto.ts'
import { createRng } from '../../../../electron/protocol/random.ts'
import type { AlertName } from '../../../../electron/protocol/tls13/codes.ts'
import type { ClientOptions } from '../../../../electron/protocol/tls13/client.ts'
import type { Session } from '../../../../electron/protocol/tls13/handshake.ts'
import type { ServerOptions } from '../../../../electron/protocol/tls13/server.ts'
import { SUITES } from '../../../../electron/protocol/tls13/suites.ts'
import { TicketKeeper } from '../../../../electron/protocol/tls13/tickets.ts'
import type { Micros } from '../../../../shared/units.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'
import {
  eventsOf,
  runPair,
  secretsOf,
  signerOf,
  verifierOf,
  type Meddler,
  type Pair,
} from '../../../support/tls13-pair.ts'

const CLIENT_PARAMETERS = Uint8Array.of(0x04, 0x01, 0x32)
const SERVER_PARAMETERS = Uint8Array.of(0x04, 0x01, 0x33)
const SECOND = 1_000_000

let certificates: TestCertificates
let client: ClientOptions
let server: ServerOptions

beforeAll(async () => {
  certificates = await createCertificates()
  client = {
    serverName: 'server.test',
    protocols: ['h3'],
    parameters: CLIENT_PARAMETERS,
    verifier: verifierOf(certificates),
  }
  server = { protocols: ['h3'], parameters: SERVER_PARAMETERS, signer: signerOf(certificates.server) }
})

const complete = (pair: Pair) => ({
  client: eventsOf(pair.client, 'complete')[0]?.negotiated,
  server: eventsOf(pair.server, 'complete')[0]?.negotiated,
})

/** The alert that ended it, and at which end. */
function alertIn(pair: Pair): [string, AlertName] | undefined {
  for (const end of ['client', 'server'] as const)
    for (const { alert } of eventsOf(pair[end], 'alert')) return [end, alert.alert]
  return undefined
}

describe('2, figure 1: the full handshake', () => {
  test('both ends agree on all secrets, the protocol and the name', () => {
    const pair = runPair({ client, server })
    expect(alertIn(pair)).toBeUndefined()
    const { client: atClient, server: atServer } = complete(pair)
    expect(atClient).toEqual(atServer)
    expect(atClient).toMatchObject({
      alpn: 'h3',
      serverName: 'server.test',
      group: 'x25519',
      resumed: false,
      earlyData: 'none',
      retried: false,
      suite: { name: 'TLS_AES_128_GCM_SHA256' },
    })
    const secrets = secretsOf(pair.client, 'client')
    expect(Object.keys(secrets).sort()).toEqual([
      '1rtt of the client',
      '1rtt of the server',
      'handshake of the client',
      'handshake of the server',
    ])
    expect(secretsOf(pair.server, 'server')).toEqual(secrets)
    expect(new Set(Object.values(secrets)).size).toBe(4)
  })

  test('each end learns the transport parameters of the other', () => {
    const pair = runPair({ client, server })
    expect(eventsOf(pair.server, 'parameters')).toMatchObject([{ bytes: CLIENT_PARAMETERS }])
    expect(eventsOf(pair.client, 'parameters')).toMatchObject([{ bytes: SERVER_PARAMETERS }])
  })

  test('both write the same key log', () => {
    const pair = runPair({ client, server })
    const lines = (end: Pair['client']) => eventsOf(end, 'key_log').map(({ line }) => line)
    expect(lines(pair.client).sort()).toEqual(lines(pair.server).sort())
    expect(lines(pair.client)).toHaveLength(4)
  })

  test('messages go at the levels of RFC 9001 4.1.4, and the server reads 1-RTT only after the Finished', () => {
    const pair = runPair({ client, server })
    const levels = (end: Pair['client']) =>
      eventsOf(end, 'send').map(({ level, bytes }) => `${level} ${bytes[0]}`)
    expect(levels(pair.client)).toEqual(['initial 1', 'handshake 20'])
    expect(levels(pair.server)).toEqual([
      'initial 2',
      'handshake 8',
      'handshake 11',
      'handshake 15',
      'handshake 20',
    ])
    const order = pair.server.events.map((event) =>
      event.type === 'secret' ? `${event.level} ${event.use}` : event.type,
    )
    expect(order.indexOf('1rtt write')).toBeLessThan(order.indexOf('1rtt read'))
    expect(order.at(-1)).toBe('complete')
  })

  test('cut into single bytes it is the same', () => {
    const pair = runPair({ client, server, cut: 1 })
    expect(complete(pair).client).toEqual(complete(pair).server)
    expect(Object.keys(secretsOf(pair.client, 'client'))).toHaveLength(4)
    expect(secretsOf(pair.server, 'server')).toEqual(secretsOf(pair.client, 'client'))
  })

  test('the same seed gives the same hello and the same sizes', () => {
    const sizes = (pair: Pair) => eventsOf(pair.server, 'send').map(({ bytes }) => bytes.length)
    const [a, b] = [runPair({ client, server, seed: 5 }), runPair({ client, server, seed: 5 })]
    expect(eventsOf(a.client, 'send')[0]).toEqual(eventsOf(b.client, 'send')[0])
    expect(sizes(a)).toEqual(sizes(b))
  })
})

describe('what can be chosen', () => {
  test.each(SUITES.map((suite) => [suite.name, suite] as const))('%s', (_, suite) => {
    const pair = runPair({ client: { ...client, suites: [suite] }, server })
    expect(complete(pair).client).toMatchObject({ suite })
    expect(secretsOf(pair.server, 'server')).toEqual(secretsOf(pair.client, 'client'))
  })

  test('a P-256 certificate and a P-256 key share', () => {
    const signer = signerOf(certificates.ecdsaServer)
    const groups = ['secp256r1'] as const
    const pair = runPair({ client: { ...client, groups }, server: { ...server, signer } })
    expect(alertIn(pair)).toBeUndefined()
    expect(complete(pair).server).toMatchObject({ group: 'secp256r1' })
  })

  test("the server's order decides the protocol", () => {
    const pair = runPair({
      client: { ...client, protocols: ['a', 'b'] },
      server: { ...server, protocols: ['b', 'a'] },
    })
    expect(complete(pair).client).toMatchObject({ alpn: 'b' })
  })
})

describe('4.1.4: HelloRetryRequest', () => {
  test('the server asks for another group, and the handshake goes on', () => {
    const pair = runPair({ client, server: { ...server, groups: ['secp256r1'] } })
    expect(alertIn(pair)).toBeUndefined()
    expect(complete(pair).client).toMatchObject({ group: 'secp256r1', retried: true })
    expect(secretsOf(pair.server, 'server')).toEqual(secretsOf(pair.client, 'client'))
  })

  test('no group in common: handshake_failure', () => {
    const pair = runPair({
      client: { ...client, groups: ['x25519'] },
      server: { ...server, groups: ['secp256r1'] },
    })
    expect(alertIn(pair)).toEqual(['server', 'handshake_failure'])
  })
})

describe('2.2 and 4.2.11: resumption', () => {
  const keeper = (lifetime?: number) => new TicketKeeper(nodeCrypto, createRng(3), lifetime)

  function sessionFrom(options: ServerOptions): Session {
    const pair = runPair({ client, server: options })
    return eventsOf(pair.client, 'session')[0].session
  }

  test('a ticket takes the place of the certificate, with fresh secrets', () => {
    const resuming = { ...server, tickets: keeper() }
    const session = sessionFrom(resuming)
    const pair = runPair({ client: { ...client, session }, server: resuming, now: SECOND as Micros, seed: 2 })
    expect(alertIn(pair)).toBeUndefined()
    expect(complete(pair).server).toMatchObject({ resumed: true, earlyData: 'none' })
    expect(eventsOf(pair.client, 'certificates')).toEqual([])
    expect(secretsOf(pair.server, 'server')).toEqual(secretsOf(pair.client, 'client'))
  })

  test.each(['once', 'always'] as const)('0-RTT accepted (%s): both have its secret', (earlyData) => {
    const resuming = { ...server, tickets: keeper(), earlyData }
    const session = sessionFrom(resuming)
    const again = { ...client, session, earlyData: true }
    const pair = runPair({ client: again, server: resuming, now: SECOND as Micros, seed: 2 })
    expect(complete(pair).client).toMatchObject({ resumed: true, earlyData: 'accepted' })
    expect(secretsOf(pair.server, 'server')).toHaveProperty('0rtt of the client')
    expect(secretsOf(pair.server, 'server')).toEqual(secretsOf(pair.client, 'client'))
  })

  test('8.1: the same ticket twice: 0-RTT is taken once, or always where the server says so', () => {
    for (const [earlyData, second] of [
      ['once', 'refused'],
      ['always', 'accepted'],
    ] as const) {
      const resuming = { ...server, tickets: keeper(), earlyData }
      const session = sessionFrom(resuming)
      const again = { ...client, session, earlyData: true }
      const outcomes = [2, 3].map(
        (seed) => complete(runPair({ client: again, server: resuming, seed })).client,
      )
      expect(outcomes).toMatchObject([{ earlyData: 'accepted' }, { earlyData: second, resumed: true }])
    }
  })

  test('8.3: 0-RTT that comes much later than the client says is refused', () => {
    const resuming = { ...server, tickets: keeper(), earlyData: 'once' as const }
    const session = sessionFrom(resuming)
    const late = { ...session, receivedAt: (60 * SECOND) as Micros }
    const again = { ...client, session: late, earlyData: true }
    const pair = runPair({ client: again, server: resuming, now: (60 * SECOND) as Micros })
    expect(complete(pair).client).toMatchObject({ resumed: true, earlyData: 'refused' })
  })

  test('a ticket that has run out, or of another server, is passed over: a full handshake', () => {
    const short = { ...server, tickets: keeper(10) }
    const session = { ...sessionFrom(short), lifetime: 1_000 }
    const later = runPair({ client: { ...client, session }, server: short, now: (11 * SECOND) as Micros })
    expect(complete(later).client).toMatchObject({ resumed: false })
    const other = { ...server, tickets: new TicketKeeper(nodeCrypto, createRng(99)) }
    expect(complete(runPair({ client: { ...client, session }, server: other })).client).toMatchObject({
      resumed: false,
    })
  })

  test('with a HelloRetryRequest 0-RTT is over, resumption is not', () => {
    const resuming = { ...server, tickets: keeper(), earlyData: 'once' as const }
    const session = sessionFrom(resuming)
    const strict = { ...resuming, groups: ['secp256r1'] as const }
    const pair = runPair({ client: { ...client, session, earlyData: true }, server: strict })
    expect(alertIn(pair)).toBeUndefined()
    expect(complete(pair).client).toMatchObject({ resumed: true, earlyData: 'refused', retried: true })
  })

  test('a wrong binder: decrypt_error', () => {
    const resuming = { ...server, tickets: keeper() }
    const session = sessionFrom(resuming)
    const forged = { ...session, psk: new Uint8Array(session.psk.length).fill(1) }
    const pair = runPair({ client: { ...client, session: forged }, server: resuming })
    expect(alertIn(pair)).toEqual(['server', 'decrypt_error'])
  })
})

describe('what breaks it, and the alert of 6.2', () => {
  test('no protocol in common (RFC 9001 8.1)', () => {
    const pair = runPair({ client: { ...client, protocols: ['hq'] }, server })
    expect(alertIn(pair)).toEqual(['server', 'no_application_protocol'])
  })

  test('no transport parameters (RFC 9001 8.2), at either end', () => {
    const noClient = runPair({ client: { ...client, parameters: undefined }, server })
    expect(alertIn(noClient)).toEqual(['server', 'missing_extension'])
    const noServer = runPair({ client, server: { ...server, parameters: undefined } })
    expect(alertIn(noServer)).toEqual(['client', 'missing_extension'])
  })

  test('a certificate for another name', () => {
    const pair = runPair({ client: { ...client, serverName: 'other.lab' }, server })
    expect(alertIn(pair)).toEqual(['client', 'bad_certificate'])
  })

  test('a signature by another key: decrypt_error', () => {
    const signer = { ...signerOf(certificates.server), chain: [certificates.client.der] }
    const pair = runPair({ client: { ...client, serverName: 'client.test' }, server: { ...server, signer } })
    expect(alertIn(pair)).toEqual(['client', 'decrypt_error'])
  })

  /** Changes the last byte of the message of a type. */
  const spoil =
    (who: 'client' | 'server', type: number): Meddler =>
    (from, _level, bytes) => {
      if (from !== who || bytes[0] !== type) return bytes
      const changed = bytes.slice()
      changed[changed.length - 1] ^= 1
      return changed
    }

  test.each([
    ['CertificateVerify', 'server', 15, ['client', 'decrypt_error']],
    ["the server's Finished", 'server', 20, ['client', 'decrypt_error']],
    ["the client's Finished", 'client', 20, ['server', 'decrypt_error']],
  ] as const)('%s changed on the way', (_, who, type, expected) => {
    expect(alertIn(runPair({ client, server, meddle: spoil(who, type) }))).toEqual(expected)
  })

  test.each([
    ['KeyUpdate (RFC 9001 6)', Uint8Array.of(24, 0, 0, 1, 0), '1rtt'],
    ['EndOfEarlyData (RFC 9001 8.3)', Uint8Array.of(5, 0, 0, 0), 'handshake'],
    ['a second ServerHello', Uint8Array.of(2, 0, 0, 0), 'handshake'],
  ] as const)('%s: unexpected_message', (_, bytes, level) => {
    const pair = runPair({ client, server })
    pair.client.handshake.handleBytes(0 as Micros, level, bytes)
    expect(pair.client.handshake.pollEvent()).toMatchObject({ alert: { alert: 'unexpected_message' } })
  })

  test('a message that would be longer than anyone needs: decode_error, and nothing is kept', () => {
    const pair = runPair({ client, server })
    pair.client.handshake.handleBytes(0 as Micros, '1rtt', Uint8Array.of(4, 0xff, 0xff, 0xff))
    expect(pair.client.handshake.pollEvent()).toMatchObject({ alert: { alert: 'decode_error' } })
  })
})

test('bytes changed anywhere in flight: an alert, or no handshake, but never a throw and never different secrets', () => {
  const flip = fc.record({ message: fc.nat(7), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) })
  fc.assert(
    fc.property(flip, ({ message, at, mask }) => {
      let count = 0
      const meddle: Meddler = (_from, _level, bytes) => {
        if (count++ !== message) return bytes
        const changed = bytes.slice()
        changed[at % changed.length] ^= mask
        return changed
      }
      const pair = runPair({ client, server, meddle })
      const { client: atClient, server: atServer } = complete(pair)
      if (atClient === undefined || atServer === undefined) return
      expect(secretsOf(pair.server, 'server')).toEqual(secretsOf(pair.client, 'client'))
    }),
    { numRuns: process.env.REXMIT_FULL === '1' ? 2_000 : 60 },
  )
})

test('any bytes at any level: an alert at most', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom('initial', 'handshake', '1rtt' as const), fc.uint8Array({ maxLength: 300 })),
        {
          maxLength: 5,
        },
      ),
      (pieces) => {
        const pair = runPair({ client, server, meddle: () => new Uint8Array(0) })
        for (const end of [pair.client, pair.server])
          for (const [level, bytes] of pieces)
            end.handshake.handleBytes(0 as Micros, level as 'initial', bytes)
      },
    ),
    { numRuns: process.env.REXMIT_FULL === '1' ? 20_000 : 300 },
  )
})
