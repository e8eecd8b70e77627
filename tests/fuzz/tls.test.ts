import { beforeAll, describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { TlsDissector } from '../../electron/protocol/wire/tls/dissector.ts'
import type { KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import { decodeHandshake } from '../../electron/protocol/wire/tls/handshake.ts'
import type { DissectedField } from '../../shared/dissection.ts'
import { captureTls, type Crossed, type TlsCapture } from '../support/tls-capture.ts'
import { createCertificates } from '../support/tls-certificates.ts'
import { cut, keyLogOf, of, poll, readTls } from '../support/tls-reading.ts'

const full = process.env.REXMIT_FULL === '1'
const STREAMS = full ? 30_000 : 400
const MESSAGES = full ? 1_000_000 : 20_000

const captures: TlsCapture[] = []

beforeAll(async () => {
  const certificates = await createCertificates()
  const data = createRng(3).bytes(600)
  const v12 = (ciphers: string) => ({
    client: { maxVersion: 'TLSv1.2', ciphers } as const,
    server: { ciphers },
  })
  const asks = { client: certificates.client, server: { requestCert: true } }
  const retries = { client: { ecdhCurve: 'X25519:P-256' }, server: { ecdhCurve: 'P-256' } }
  const variants = [{}, asks, retries, v12('AES128-GCM-SHA256'), v12('ECDHE-RSA-AES256-SHA384')]
  for (const options of variants) captures.push(await captureTls({ certificates, data, ...options }))
})

/** Throws if a field lies outside `length` bytes, or a child outside its field. */
function within(fields: readonly DissectedField[], start: number, end: number): void {
  for (const { name, offset, length, children } of fields) {
    if (!(offset >= start && length >= 0 && offset + length <= end))
      throw new Error(`${name}: ${offset}+${length} beyond ${start}-${end}`)
    if (children) within(children, offset, offset + length)
  }
}

const EDGES = [0, 1, 2, 3, 4, 20, 21, 22, 23, 0x7f, 0x80, 0xff]

/** Up to eight wounds: bits, edge values, cuts, and pieces put in from elsewhere. */
function wound(rng: Rng, from: Uint8Array): Uint8Array {
  let bytes = from.slice()
  for (let wounds = 1 + rng.int(8); wounds > 0 && bytes.length > 0; wounds--) {
    const at = rng.int(bytes.length)
    switch (rng.int(6)) {
      case 0:
        bytes[at] ^= 1 << rng.int(8)
        break
      case 1:
      case 2:
        bytes[at] = EDGES[rng.int(EDGES.length)]
        break
      case 3:
        bytes[rng.int(Math.min(48, bytes.length))] = rng.int(256)
        break
      case 4:
        bytes = bytes.slice(0, at)
        break
      default: {
        const piece = from.subarray(rng.int(from.length), rng.int(from.length) + 1)
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)])
      }
    }
  }
  return bytes
}

/** A conversation with some of its pieces wounded, lost, doubled, or sent by the other side. */
function disturb(rng: Rng, crossed: readonly Crossed[]): Crossed[] {
  return crossed.flatMap((piece) => {
    switch (rng.int(16)) {
      case 0:
        return [{ ...piece, bytes: wound(rng, piece.bytes) }]
      case 1:
        return []
      case 2:
        return [piece, piece]
      case 3:
        return [{ ...piece, from: piece.from === 'client' ? 'server' : 'client' } as const]
      default:
        return [piece]
    }
  })
}

/** Feeds the pieces and holds every event to the bytes that there were. */
function readChecked(crossed: readonly Crossed[], keyLog: KeyLog): Set<string> {
  const dissector = new TlsDissector(nodeCrypto, keyLog)
  const seen = new Set<string>()
  const length = { client: 0, server: 0 }
  const check = () => {
    for (const event of poll(dissector)) {
      const { kind, from, offset } = event
      seen.add(kind === 'malformed' || kind === 'undecryptable' ? event.reason : kind)
      if (offset < 0 || offset + event.length > length[from])
        throw new Error(`${kind} ${offset}+${event.length} of ${length[from]}`)
      if (kind === 'handshake') within(event.fields, 0, event.bytes.length)
    }
  }
  for (const { from, bytes } of crossed) {
    length[from] += bytes.length
    dissector.handleBytes(from, bytes)
    check()
  }
  dissector.handleEnd('client')
  dissector.handleEnd('server')
  check()
  return seen
}

describe('TLS', () => {
  it('no stream breaks the dissector', () => {
    const rng = createRng(1)
    const logs = captures.map(({ keyLog }) => keyLogOf(keyLog))
    const seen = new Set<string>()
    for (let i = 0; i < STREAMS; i++) {
      const which = rng.int(captures.length)
      const crossed = cut(disturb(rng, captures[which].crossed), rng, 1 + rng.int(2000))
      for (const what of readChecked(crossed, logs[which])) seen.add(what)
    }
    // The disturbances are of use only if they reach what lies deep.
    const wanted = [
      'application_data',
      'keys',
      'resumed',
      'truncated',
      'bad_record_mac',
      'interrupted_handshake',
    ]
    for (const what of wanted) expect(seen).toContain(what)
  })

  it('no handshake message breaks its decoder', () => {
    const rng = createRng(2)
    const messages = captures.flatMap(({ crossed, keyLog }) =>
      of(readTls(crossed, keyLog), 'handshake').map(({ bytes }) => bytes),
    )
    const suites = [0x1301, 0x009c, 0xc028, 0x009e, 0]
    let whole = 0
    for (let i = 0; i < MESSAGES; i++) {
      const bytes = wound(rng, messages[rng.int(messages.length)])
      const context = { version: 0x0301 + rng.int(4), cipherSuite: suites[rng.int(suites.length)] }
      const { fields, error } = decodeHandshake(bytes, context)
      within(fields, 0, bytes.length)
      if (error === undefined) whole++
      else if (error.offset > bytes.length)
        throw new Error(`${error.reason} at ${error.offset} of ${bytes.length}`)
    }
    expect(whole).toBeGreaterThan(MESSAGES / 100)
    expect(whole).toBeLessThan(MESSAGES)
  })
})
