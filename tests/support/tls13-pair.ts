/** Two handshakes that are told each other's messages, with whatever is between them. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { isSignedBy, schemesOf, signWith } from '../../electron/engine/node/signatures.ts'
import { createRng } from '../../electron/protocol/random.ts'
import {
  ClientHandshake,
  type CertificateVerifier,
  type ClientOptions,
} from '../../electron/protocol/tls13/client.ts'
import { alertOf } from '../../electron/protocol/tls13/codes.ts'
import type { Handshake, HandshakeEvent, Level } from '../../electron/protocol/tls13/handshake.ts'
import { ServerHandshake, type ServerOptions, type Signer } from '../../electron/protocol/tls13/server.ts'
import type { Micros } from '../../shared/units.ts'
import type { TestCertificate, TestCertificates } from './tls-certificates.ts'

export function signerOf({ key, der }: TestCertificate): Signer {
  const privateKey = createPrivateKey(key)
  return {
    chain: [der],
    schemes: schemesOf(privateKey),
    sign: (scheme, content) => signWith(scheme, privateKey, content),
  }
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

/** Takes what the test authority signed directly, for the right name. */
export function verifierOf({ authority }: TestCertificates): CertificateVerifier {
  const root = new X509Certificate(authority)
  return {
    verifyChain: ([leaf], serverName) => {
      const certificate = parse(leaf)
      if (certificate === undefined) return alertOf('bad_certificate', 'not a certificate')
      if (!certificate.verify(root.publicKey)) return alertOf('unknown_ca', 'not signed by the authority')
      return certificate.checkHost(serverName) === undefined
        ? alertOf('bad_certificate', `not for ${serverName}`)
        : undefined
    },
    verifySignature: isSignedBy,
  }
}

export interface End {
  readonly handshake: Handshake
  readonly events: HandshakeEvent[]
}

export interface Pair {
  readonly client: End
  readonly server: End
}

/** What is done to the bytes that an end sends; returns what arrives. */
export type Meddler = (from: 'client' | 'server', level: Level, bytes: Uint8Array) => Uint8Array

export interface PairOptions {
  readonly client: ClientOptions
  readonly server: ServerOptions
  readonly now?: Micros
  readonly seed?: number
  readonly meddle?: Meddler
  /** Bytes that are handed over at a time. */
  readonly cut?: number
}

/** Runs both until neither has anything to say. */
export function runPair({
  client,
  server,
  now = 0 as Micros,
  seed = 1,
  meddle,
  cut = Infinity,
}: PairOptions): Pair {
  const rng = createRng(seed)
  const start = new ClientHandshake(nodeCrypto, rng.fork('client'), client)
  const ends = {
    client: { handshake: start as Handshake, events: [] as HandshakeEvent[] },
    server: {
      handshake: new ServerHandshake(nodeCrypto, rng.fork('server'), server) as Handshake,
      events: [] as HandshakeEvent[],
    },
  }
  start.start(now)
  for (let moved = true; moved;) {
    moved = false
    for (const from of ['client', 'server'] as const) {
      const to = ends[from === 'client' ? 'server' : 'client'].handshake
      for (let event = ends[from].handshake.pollEvent(); event; event = ends[from].handshake.pollEvent()) {
        moved = true
        ends[from].events.push(event)
        if (event.type !== 'send') continue
        const bytes = meddle?.(from, event.level, event.bytes) ?? event.bytes
        for (let at = 0; at < bytes.length; at += cut)
          to.handleBytes(now, event.level, bytes.slice(at, at + cut))
      }
    }
  }
  return ends
}

export const eventsOf = <T extends HandshakeEvent['type']>(end: End, type: T) =>
  end.events.filter((event): event is Extract<HandshakeEvent, { type: T }> => event.type === type)

/** What each secret is, by level and by who sends under it. */
export function secretsOf(end: End, self: 'client' | 'server'): Record<string, string> {
  const other = self === 'client' ? 'server' : 'client'
  return Object.fromEntries(
    eventsOf(end, 'secret').map(({ level, use, secret }) => [
      `${level} of the ${use === 'write' ? self : other}`,
      Buffer.from(secret).toString('hex'),
    ]),
  )
}
