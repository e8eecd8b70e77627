/** Node's own TLS endpoints, read from outside: what they sent is what is found. */
import { constants, createPrivateKey, privateDecrypt, X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { TlsDissector } from '../../../../../electron/protocol/wire/tls/dissector.ts'
import { findExtension } from '../../../../../electron/protocol/wire/tls/extensions.ts'
import type { HandshakeMessage } from '../../../../../electron/protocol/wire/tls/messages.ts'
import { hexOf, KeyLog } from '../../../../../electron/protocol/wire/tls/key-log.ts'
import { nodeCrypto } from '../../../../../electron/engine/node-crypto.ts'
import type { DissectedField } from '../../../../../shared/dissection.ts'
import { captureTls, type CaptureOptions, type TlsCapture } from '../../../../support/tls-capture.ts'
import { createCertificates, type TestCertificates } from '../../../../support/tls-certificates.ts'
import { recordFields } from '../../../../../electron/protocol/wire/tls/record-fields.ts'
import { complaintsOf, courseOf, cut, dataOf, of, readTls } from '../../../../support/tls-reading.ts'

const data = createRng(1).bytes(50_000)
const answer = Buffer.from(data).reverse()
/** SSL_OP_NO_ENCRYPT_THEN_MAC of OpenSSL, which Node has no name for. */
const NO_ENCRYPT_THEN_MAC = 0x80000
/** SSL_OP_NO_EXTENDED_MASTER_SECRET. */
const NO_EXTENDED_MASTER_SECRET = 1
let certificates: TestCertificates

beforeAll(async () => {
  certificates = await createCertificates()
})

const capture = (options: Omit<CaptureOptions, 'certificates' | 'data'> = {}): Promise<TlsCapture> =>
  captureTls({ certificates, data, ...options })

/** Both ends forced to one suite of TLS 1.2. */
const suite12 = (ciphers: string) => ({
  client: { maxVersion: 'TLSv1.2', ciphers } as const,
  server: { ciphers },
})

/** Reads the conversation in random cuts; nothing may be amiss, and all bytes must be there. */
function readWhole({ crossed, keyLog }: TlsCapture, seed = 1) {
  const events = readTls(cut(crossed, createRng(seed), 3000), keyLog)
  expect(complaintsOf(events)).toEqual([])
  expect(dataOf(events, 'client').equals(data)).toBe(true)
  expect(dataOf(events, 'server').equals(answer)).toBe(true)
  return events
}

function messageOf<T extends HandshakeMessage['type']>(events: ReturnType<typeof readTls>, type: T) {
  const found = of(events, 'handshake').find(({ message }) => message.type === type)
  return found?.message as Extract<HandshakeMessage, { type: T }>
}

const FULL_12 = [
  'client client_hello',
  'server server_hello',
  'server certificate',
  'server server_hello_done',
  'client client_key_exchange',
  'client change_cipher_spec',
  'client finished',
  'server new_session_ticket',
  'server change_cipher_spec',
  'server finished',
  'server alert close_notify',
]

/** The same with what the server signs for the exchange. */
const FULL_12_ECDHE = FULL_12.toSpliced(3, 0, 'server server_key_exchange')

const FULL_13 = [
  'client client_hello',
  'server server_hello',
  'server change_cipher_spec',
  'server encrypted_extensions',
  'server certificate',
  'server certificate_verify',
  'server finished',
  'client change_cipher_spec',
  'client finished',
  'server new_session_ticket',
  'server new_session_ticket',
  'server alert close_notify',
]

describe('TLS 1.3', () => {
  test.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])(
    '%s, in full',
    async (ciphers) => {
      const events = readWhole(await capture({ client: { ciphers } }))
      expect(courseOf(events)).toEqual(FULL_13)
      const keys = of(events, 'keys').map(({ from, label }) => `${from} ${label}`)
      expect(keys.toSorted()).toEqual([
        'client CLIENT_HANDSHAKE_TRAFFIC_SECRET',
        'client CLIENT_TRAFFIC_SECRET_0',
        'server SERVER_HANDSHAKE_TRAFFIC_SECRET',
        'server SERVER_TRAFFIC_SECRET_0',
      ])
    },
  )

  test('the certificate is there in DER', async () => {
    const events = readWhole(await capture())
    const [entry] = messageOf(events, 'certificate').entries
    expect(Buffer.from(entry.data).equals(certificates.server.der)).toBe(true)
    expect(new X509Certificate(entry.data).subject).toBe('CN=server.test')
  })

  test('resumed with a ticket, without certificates', async () => {
    const { session } = await capture()
    const again = await capture({ client: { session } })
    expect(again.reused).toBe(true)
    const events = readWhole(again)
    expect(courseOf(events).join()).not.toContain('certificate')
    const offered = messageOf(events, 'client_hello').extensions.find((e) => e.name === 'pre_shared_key')
    expect(offered?.content).toMatchObject({ kind: 'pre_shared_key', identities: [{}], binders: [{}] })
    const chosen = messageOf(events, 'server_hello').extensions.find((e) => e.name === 'pre_shared_key')
    expect(chosen?.content).toEqual({ kind: 'pre_shared_key_selected', identity: 0 })
  })

  test('a HelloRetryRequest asks for another group', async () => {
    const retried = await capture({ client: { ecdhCurve: 'X25519:P-256' }, server: { ecdhCurve: 'P-256' } })
    const events = readWhole(retried)
    expect(courseOf(events).slice(0, 6)).toEqual([
      'client client_hello',
      'server server_hello',
      'server change_cipher_spec',
      'client change_cipher_spec',
      'client client_hello',
      'server server_hello',
    ])
    const hellos = of(events, 'handshake', 'server').flatMap(({ message }) =>
      message.type === 'server_hello' ? [message] : [],
    )
    expect(hellos.map(({ retry }) => retry)).toEqual([true, false])
    const shares = hellos.map(({ extensions }) => extensions.find((e) => e.name === 'key_share')?.content)
    expect(shares[0]).toEqual({ kind: 'key_share_request', group: 23 })
    expect(shares[1]).toMatchObject({ kind: 'key_share', shares: [{ group: 23 }] })
  })

  test('a client certificate that is asked for', async () => {
    const { client } = certificates
    const events = readWhole(await capture({ client, server: { requestCert: true } }))
    expect(courseOf(events)).toContain('server certificate_request')
    expect(courseOf(events)).toContain('client certificate_verify')
  })
})

describe('TLS 1.2', () => {
  test.each(['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA', 'AES256-SHA256'])(
    '%s: the RSA key exchange',
    async (ciphers) => {
      const events = readWhole(await capture(suite12(ciphers)))
      expect(courseOf(events)).toEqual(FULL_12)
      expect(messageOf(events, 'client_key_exchange')).toMatchObject({ kind: 'RSA' })
    },
  )

  test.each([
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-RSA-AES128-SHA',
    'ECDHE-RSA-AES256-SHA384',
  ])('%s: ephemeral keys, signed', async (ciphers) => {
    const events = readWhole(await capture(suite12(ciphers)))
    expect(courseOf(events)).toEqual(FULL_12_ECDHE)
    const { parameters, signed } = messageOf(events, 'server_key_exchange')
    expect(parameters).toMatchObject({ kind: 'ECDHE', group: 29 })
    expect(signed?.signature).toHaveLength(256)
  })

  test('CBC with the MAC under the encryption, too', async () => {
    const { client, server } = suite12('ECDHE-RSA-AES256-SHA384')
    const secureOptions = NO_ENCRYPT_THEN_MAC
    const events = readWhole(await capture({ client: { ...client, secureOptions }, server }))
    const { extensions } = messageOf(events, 'server_hello')
    expect(extensions.map(({ name }) => name)).not.toContain('encrypt_then_mac')
  })

  test('a certificate of the elliptic kind', async () => {
    const { ecdsaServer } = certificates
    const { client, server } = suite12('ECDHE-ECDSA-AES128-GCM-SHA256')
    const events = readWhole(await capture({ client, server: { ...server, ...ecdsaServer } }))
    expect(courseOf(events)).toEqual(FULL_12_ECDHE)
  })

  test('resumed with a ticket: the server is first to finish', async () => {
    const options = suite12('ECDHE-RSA-AES128-GCM-SHA256')
    const { session } = await capture(options)
    const again = await capture({ ...options, client: { ...options.client, session } })
    expect(again.reused).toBe(true)
    expect(courseOf(readWhole(again))).toEqual([
      'client client_hello',
      'server server_hello',
      'server change_cipher_spec',
      'server finished',
      'client change_cipher_spec',
      'client finished',
      'server alert close_notify',
    ])
  })

  test('a client certificate that is asked for', async () => {
    const { client, server } = suite12('ECDHE-RSA-AES128-GCM-SHA256')
    const options = {
      client: { ...client, ...certificates.client },
      server: { ...server, requestCert: true },
    }
    const events = readWhole(await capture(options))
    const request = messageOf(events, 'certificate_request')
    expect(Array.from(request.certificateTypes)).toContain(1)
    expect(request.signatureSchemes).toContain(0x0804)
    expect(request.authorities).toHaveLength(1)
    expect(courseOf(events)).toContain('client certificate_verify')
  })

  test.each([
    ['with the extended master secret', 0],
    ['with the master secret of old', NO_EXTENDED_MASTER_SECRET],
  ])('the private key of an RSA key exchange opens what was recorded, %s', async (_, secureOptions) => {
    const { client, server } = suite12('AES128-GCM-SHA256')
    const recorded = await capture({ client: { ...client, secureOptions }, server })
    const closed = readTls(recorded.crossed, '')
    const { random } = messageOf(closed, 'client_hello')
    const { exchange } = messageOf(closed, 'client_key_exchange')
    const extensions = messageOf(closed, 'server_hello').extensions.map(({ name }) => name)
    expect(extensions.includes('extended_master_secret')).toBe(secureOptions === 0)
    const key = createPrivateKey(certificates.server.key)
    const padded = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, exchange)
    const premaster = hexOf(padded.subarray(-48))
    readWhole({ ...recorded, keyLog: `PMS_CLIENT_RANDOM ${hexOf(random)} ${premaster}` })
    readWhole({ ...recorded, keyLog: `RSA ${hexOf(exchange.subarray(0, 8))} ${premaster}` })
  })
})

describe('without what it takes', () => {
  test('no key log: records keep their places and stay closed', async () => {
    const { crossed } = await capture()
    const events = readTls(crossed, '')
    expect(dataOf(events, 'client')).toHaveLength(0)
    const reasons = new Set(of(events, 'undecryptable').map(({ reason }) => reason))
    expect([...reasons]).toEqual(['no_secret'])
    expect(messageOf(events, 'server_hello')).toBeDefined()
  })

  test('the secrets of another connection: not authentic', async () => {
    const { crossed, keyLog } = await capture()
    const wrong = keyLog.replace(
      / ([0-9a-f])([0-9a-f]+)\n/g,
      (_, first, rest) => ` ${first === '0' ? 1 : 0}${rest}\n`,
    )
    const reasons = new Set(of(readTls(crossed, wrong), 'undecryptable').map(({ reason }) => reason))
    expect([...reasons]).toEqual(['bad_record_mac'])
  })

  test('a recording that begins in the middle', async () => {
    const { crossed, keyLog } = await capture()
    const late = crossed.slice(Math.floor(crossed.length / 2))
    const events = readTls(late, keyLog)
    expect(of(events, 'undecryptable').every(({ reason }) => reason === 'no_handshake')).toBe(true)
    expect(of(events, 'undecryptable').length).toBeGreaterThan(0)
  })

  test('a certificate that is refused: the alert says why', async () => {
    const { server } = suite12('ECDHE-RSA-AES128-GCM-SHA256')
    const { crossed, keyLog } = await capture({
      client: { ciphers: 'ECDHE-RSA-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' },
      server,
    })
    expect(courseOf(readTls(crossed, keyLog))).toEqual([
      'client client_hello',
      'server alert handshake_failure',
    ])
  })
})

describe('places', () => {
  test('records tile the stream of each direction', async () => {
    const { crossed, keyLog } = await capture()
    const events = readTls(crossed, keyLog)
    for (const from of ['client', 'server'] as const) {
      let next = 0
      for (const { offset, length } of of(events, 'record', from)) {
        expect(offset).toBe(next)
        next = offset + length
      }
      const sent = crossed.filter((piece) => piece.from === from)
      expect(next).toBe(sent.reduce((sum, { bytes }) => sum + bytes.length, 0))
    }
  })

  test('the fields of a record and of a message tile its bytes', async () => {
    const { crossed, keyLog } = await capture()
    const events = readTls(crossed, keyLog)
    const tiles = (fields: readonly DissectedField[], start: number, end: number) => {
      let next = start
      for (const { offset, length, children } of fields) {
        expect(offset).toBe(next)
        next = offset + length
        // A vector's children begin behind its length.
        if (children?.length) tiles(children, children[0].offset, next)
      }
      expect(next).toBe(end)
    }
    for (const record of of(events, 'record'))
      tiles([recordFields(record)], record.offset, record.offset + record.length)
    for (const { bytes, fields } of of(events, 'handshake')) tiles(fields, 0, bytes.length)
    const [sealed] = of(events, 'record', 'server').filter(({ innerType }) => innerType === 22)
    expect(recordFields(sealed)).toMatchObject({
      text: `application_data, inside handshake, ${sealed.length} bytes`,
      children: [{ text: 'application_data' }, { text: 'TLS 1.2' }, {}, { name: 'Encrypted record' }],
    })
  })

  test('a ClientHello opened down to its fields', async () => {
    const { crossed, keyLog } = await capture({ client: { ALPNProtocols: ['h2', 'http/1.1'] } })
    const [{ fields, bytes }] = of(readTls(crossed, keyLog), 'handshake')
    const [, , , , , suites, , extensions] = fields
    expect(suites.children?.map(({ text }) => text)).toContain('TLS_AES_128_GCM_SHA256')
    const serverName = extensions.children?.find(({ name }) => name === 'Extension server_name')
    const host = serverName?.children?.[1].children?.[0].children?.[1]
    expect(host).toMatchObject({ name: 'Host name', text: 'server.test' })
    const { offset, length } = host!
    expect(Buffer.from(bytes.subarray(offset + 2, offset + length)).toString()).toBe('server.test')
    const hello = messageOf(readTls(crossed, keyLog), 'client_hello')
    expect(findExtension(hello.extensions, 'alpn')?.protocols).toEqual(['h2', 'http/1.1'])
    expect(findExtension(hello.extensions, 'server_name')?.hostNames).toEqual(['server.test'])
    expect(findExtension(hello.extensions, 'supported_versions')?.versions).toEqual([0x0304, 0x0303])
  })

  test('the record that bytes wait for is known before it is whole', async () => {
    const { crossed, keyLog } = await capture()
    const log = new KeyLog()
    log.addText(keyLog)
    const dissector = new TlsDissector(nodeCrypto, log)
    const hello = crossed[0].bytes
    dissector.handleBytes('client', hello.subarray(0, 3))
    expect(dissector.partialRecord('client')).toEqual({ offset: 0, length: undefined, have: 3 })
    dissector.handleBytes('client', hello.subarray(3, 20))
    expect(dissector.partialRecord('client')).toEqual({ offset: 0, length: hello.length, have: 20 })
    dissector.handleBytes('client', hello.subarray(20))
    expect(dissector.partialRecord('client')).toBeUndefined()
  })

  test('any cut gives the same events', async () => {
    const { crossed, keyLog } = await captureTls({ certificates, data: data.subarray(0, 500) })
    const whole = readTls(crossed, keyLog)
    for (let seed = 1; seed <= 10; seed++)
      expect(readTls(cut(crossed, createRng(seed), seed * 7), keyLog)).toEqual(whole)
  })
})
