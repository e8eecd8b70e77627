/** Figures of TLS handshakes, from what Node's own endpoints sent each other. */
import { beforeAll, describe, expect, it } from 'vitest'
import {
  serverSignatureReplayable,
  serverSignatureValid,
} from '../../../../electron/engine/metrics/server-signature.ts'
import * as figures from '../../../../electron/engine/metrics/tls-messages.ts'
import { hexOf } from '../../../../electron/protocol/wire/tls/key-log.ts'
import { captureTls, type CaptureOptions } from '../../../support/tls-capture.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'
import { readTls } from '../../../support/tls-reading.ts'

const NO_TICKET = 0x4000
const NO_EXTENDED_MASTER_SECRET = 1
const suite12 = (ciphers: string, options = 0): Partial<CaptureOptions> => ({
  client: { maxVersion: 'TLSv1.2', ciphers, secureOptions: NO_TICKET | options },
  server: { ciphers, ecdhCurve: 'X25519', secureOptions: NO_TICKET | options },
})
const RSA = suite12('AES128-GCM-SHA256')
const ECDHE = suite12('ECDHE-RSA-AES128-GCM-SHA256')
const TLS13: Partial<CaptureOptions> = { client: { minVersion: 'TLSv1.3' } }

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

interface Read {
  readonly from: string
  readonly name: string
  readonly protected: boolean
  readonly bytes: Uint8Array
}

/** A conversation as the trace has it: the handshake messages and how each crossed. */
async function conversation(options: Partial<CaptureOptions>): Promise<Read[]> {
  const { crossed, keyLog } = await captureTls({ certificates, data: Buffer.from('hello'), ...options })
  const sealed = new Map<string, boolean>()
  return readTls(crossed, keyLog).flatMap((event) => {
    if (event.kind === 'record') sealed.set(`${event.from}${event.offset}`, event.protected)
    if (event.kind !== 'handshake') return []
    const isProtected = sealed.get(`${event.from}${event.offset}`)!
    return [{ from: event.from, name: event.message.type, protected: isProtected, bytes: event.bytes }]
  })
}

function laneOf(...conversations: Read[][]) {
  const handshakes = new Map<string, figures.TlsHandshake>()
  for (const [i, messages] of conversations.entries()) {
    const handshake = new figures.TlsHandshake()
    for (const { bytes, ...message } of messages)
      handshake.onMessage({
        ...message,
        bytes: hexOf(bytes),
        offset: 0,
        length: bytes.length,
        type: bytes[0],
        fields: '[]',
      })
    handshakes.set(String(i), handshake)
  }
  return { tls: { handshakes } }
}

const lane = async (options: Partial<CaptureOptions>) => laneOf(await conversation(options))

describe('flights and messages', () => {
  it.each([
    ['TLS 1.2 with RSA', RSA, { flights: 4, messages: 7, clear: 5 }],
    ['TLS 1.2 with ECDHE', ECDHE, { flights: 4, messages: 8, clear: 6 }],
    ['TLS 1.3', TLS13, { flights: 3, messages: 7, clear: 2 }],
  ])('%s', async (_, options, { flights, messages, clear }) => {
    const facts = await lane(options)
    expect(figures.tlsFlights(facts)).toBe(flights)
    expect(figures.tlsMessages(facts)).toBe(messages)
    expect(figures.tlsMessagesInClear(facts)).toBe(clear)
    expect(figures.tlsCertificatesSent(facts)).toBe(1)
    expect(figures.tlsCertificatesInClear(facts)).toBe(clear === 2 ? 0 : 1)
  })

  it('leaves out what comes after the handshake', async () => {
    const messages = await conversation(TLS13)
    expect(messages.some(({ name }) => name === 'new_session_ticket')).toBe(true)
    expect(figures.tlsMessages(laneOf(messages))).toBe(7)
  })

  it('weighs the key exchange: an encrypted premaster secret of RSA-2048, shares of X25519 with a signature', async () => {
    const [rsa, ecdhe] = [await lane(RSA), await lane(ECDHE)]
    const clientKeyExchange = figures.messageBytes('client_key_exchange')
    const serverKeyExchange = figures.messageBytes('server_key_exchange')
    expect(clientKeyExchange(rsa)).toBe(4 + 2 + 256)
    expect(serverKeyExchange(rsa)).toBeNull()
    expect(clientKeyExchange(ecdhe)).toBe(4 + 1 + 32)
    expect(serverKeyExchange(ecdhe)).toBe(4 + 3 + 1 + 32 + 2 + 2 + 256)
    const messages = [...ecdhe.tls.handshakes.values()].flatMap((handshake) => handshake.messages)
    expect(figures.tlsMessageBytes(ecdhe)).toBe(messages.reduce((sum, { bytes }) => sum + bytes.length, 0))
  })

  it('knows whether the extended master secret was agreed', async () => {
    expect(figures.extendedMasterSecret(await lane(RSA))).toBe(1)
    const without = suite12('AES128-GCM-SHA256', NO_EXTENDED_MASTER_SECRET)
    expect(figures.extendedMasterSecret(await lane(without))).toBe(0)
  })

  it('yields nothing of a handshake that was not finished, and of none', async () => {
    const begun = laneOf((await conversation(ECDHE)).slice(0, -1))
    for (const facts of [begun, laneOf()]) {
      expect(figures.tlsFlights(facts)).toBeNull()
      expect(figures.tlsMessages(facts)).toBeNull()
    }
    expect(figures.tlsCertificatesSent(begun)).toBe(1)
    expect(figures.extendedMasterSecret(laneOf())).toBeNull()
  })
})

describe("the server's signature", () => {
  it.each([
    ['over randoms and key share in TLS 1.2', ECDHE],
    ['over the transcript in TLS 1.3', TLS13],
  ])('%s holds, and holds for this client only', async (_, options) => {
    const facts = await lane(options)
    expect(serverSignatureValid(facts)).toBe(1)
    expect(serverSignatureReplayable(facts)).toBe(0)
  })

  it('of ECDSA holds as well', async () => {
    const { key, cert } = certificates.ecdsaServer
    expect(serverSignatureValid(await lane({ ...TLS13, server: { key, cert } }))).toBe(1)
  })

  it('does not hold once a bit of the key share has changed', async () => {
    const messages = await conversation(ECDHE)
    messages.find(({ name }) => name === 'server_key_exchange')!.bytes[20] ^= 1
    expect(serverSignatureValid(laneOf(messages))).toBe(0)
  })

  it('does not hold under a certificate that is none', async () => {
    const messages = await conversation(ECDHE)
    messages.find(({ name }) => name === 'certificate')!.bytes.fill(0, 10)
    expect(serverSignatureValid(laneOf(messages))).toBe(0)
  })

  it('is not there with RSA key exchange', async () => {
    expect(serverSignatureValid(await lane(RSA))).toBeNull()
  })
})
