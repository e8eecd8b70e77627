/** Reading recordings of Node's own TLS endpoints with the server's private key, and nothing else. */
import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { decryptPremaster, withoutPadding } from '../../../../electron/engine/node/premaster.ts'
import { readRecording } from '../../../../electron/engine/node/read-recording.ts'
import { captureTls, type CaptureOptions, type TlsCapture } from '../../../support/tls-capture.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

const data = Buffer.from('What nobody but the server was to read. '.repeat(700))
const suite = (ciphers: string, ecdhCurve?: string): Partial<CaptureOptions> => ({
  client: { maxVersion: 'TLSv1.2', ciphers },
  server: { maxVersion: 'TLSv1.2', ciphers, ecdhCurve },
})

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const capture = (options: Partial<CaptureOptions>): Promise<TlsCapture> =>
  captureTls({ certificates, data, ...options })
const serverKey = () => createPrivateKey(certificates.server.key)

describe('RSA key exchange', () => {
  it.each(['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA256', 'AES256-SHA'])(
    '%s: every byte of both directions comes to light',
    async (ciphers) => {
      const { crossed, error } = await capture(suite(`${ciphers}:@SECLEVEL=0`))
      expect(error).toBeUndefined()
      const found = readRecording(crossed, serverKey())!
      // What the client sent, and the same reversed from the server.
      expect(found).toMatchObject({ recovered: 2 * data.length, reason: '' })
      expect(found.total).toBeGreaterThan(found.recovered)
      expect(found.sample.startsWith('What nobody but the server was to read.')).toBe(true)
    },
  )

  it("stays closed to anyone else's key", async () => {
    const { crossed } = await capture(suite('AES128-GCM-SHA256'))
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const found = readRecording(crossed, privateKey)!
    expect(found).toMatchObject({ recovered: 0, sample: '' })
    expect(found.reason).not.toBe('')
  })

  it('is readable up to the place where the recording ends', async () => {
    const { crossed } = await capture(suite('AES128-GCM-SHA256'))
    const found = readRecording(crossed.slice(0, -2), serverKey())!
    expect(found.recovered).toBeGreaterThan(0)
    expect(found.recovered).toBeLessThan(2 * data.length)
  })
})

describe('an ephemeral key exchange', () => {
  it.each<[string, Partial<CaptureOptions>]>([
    ['TLS 1.2, X25519', suite('ECDHE-RSA-AES128-GCM-SHA256', 'X25519')],
    ['TLS 1.2, P-256', suite('ECDHE-RSA-AES256-GCM-SHA384', 'P-256')],
    ['TLS 1.3', { client: { minVersion: 'TLSv1.3' } }],
  ])("%s: the server's key brings nothing, and the attempt says why", async (_, options) => {
    const { crossed, error, keyLog } = await capture(options)
    expect(error).toBeUndefined()
    expect(keyLog).not.toBe('')
    const found = readRecording(crossed, serverKey())!
    expect(found).toMatchObject({ recovered: 0, sample: '' })
    expect(found.total).toBeGreaterThan(2 * data.length)
    expect(found.reason).toMatch(/DHE/)
  })
})

it('what is no TLS is passed over', () => {
  const hello = { from: 'client' as const, bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') }
  expect(readRecording([hello], serverKey())).toBeUndefined()
  expect(readRecording([], serverKey())).toBeUndefined()
})

describe('the padding of PKCS#1 v1.5 (RFC 8017 7.2.2)', () => {
  it('is taken off what a public key has encrypted, of any length', () => {
    const key = serverKey()
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), (secret) => {
        const padding = constants.RSA_PKCS1_PADDING
        const encrypted = publicEncrypt({ key: createPublicKey(key), padding }, secret)
        expect(decryptPremaster(encrypted, key)).toEqual(Buffer.from(secret))
      }),
      { numRuns: 20 },
    )
  })

  const form = (head: number[], padding: number, rest: number[]) =>
    Uint8Array.of(...head, ...Array<number>(padding).fill(7), ...rest)

  it.each<[string, Uint8Array, boolean]>([
    ['as the RFC has it', form([0, 2], 8, [0, 1, 2]), true],
    ['an empty message', form([0, 2], 8, [0]), true],
    ['too little padding', form([0, 2], 7, [0, 1, 2, 3]), false],
    ['no end of the padding', form([0, 2], 20, []), false],
    ['a block of another type', form([0, 1], 8, [0, 1]), false],
    ['no zero in front', form([1, 2], 8, [0, 1]), false],
    ['nothing', new Uint8Array(0), false],
  ])('%s', (_, message, good) => {
    expect(withoutPadding(message) !== undefined).toBe(good)
  })

  it('refuses secrets of another length, and what is no encryption at all, without a throw', () => {
    const key = serverKey()
    const padding = constants.RSA_PKCS1_PADDING
    const short = publicEncrypt({ key: createPublicKey(key), padding }, Buffer.alloc(47, 1))
    expect(decryptPremaster(short, key)).toBeUndefined()
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(256, 255), Buffer.alloc(300, 1), Buffer.alloc(32, 9)])
      expect(decryptPremaster(bytes, key)).toBeUndefined()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(decryptPremaster(short, privateKey)).toBeUndefined()
  })
})
