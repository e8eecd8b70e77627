/** Keys and secrets of real handshakes of Node's TLS, against what Node itself says of them. */
import { createHmac, hkdfSync } from 'node:crypto'
import type * as tls from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { exchangeOf, KeySchedules, type KeySchedule } from '../../../shared/projections/keys.ts'
import { captureTls, type TlsCapture } from '../../support/tls-capture.ts'
import { createCertificates, type TestCertificates } from '../../support/tls-certificates.ts'
import { TlsTracer } from '../../support/tls-trace.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

let certificates: TestCertificates
beforeAll(async () => void (certificates = await createCertificates()))

const data = new TextEncoder().encode('a secret')
const version = (name: 'TLSv1.2' | 'TLSv1.3') => ({ minVersion: name, maxVersion: name })

async function schedulesOf(
  client: tls.ConnectionOptions,
  keys = true,
): Promise<{ capture: TlsCapture; schedules: KeySchedules; schedule: KeySchedule }> {
  const ciphers = client.ciphers === undefined ? {} : { ciphers: client.ciphers }
  const capture = await captureTls({ certificates, data, client, server: ciphers })
  const maker = new TraceMaker().pair()
  new TlsTracer(maker, keys ? { keyLog: capture.keyLog } : {}).trace(capture.crossed)
  const schedules = new KeySchedules()
  schedules.update(maker.store())
  const [schedule] = schedules.flows.values()
  return { capture, schedules, schedule }
}

const logged = ({ keyLog }: TlsCapture, label: string): string[] =>
  keyLog
    .split('\n')
    .find((line) => line.startsWith(`${label} `))!
    .split(' ')

/** The PRF of TLS 1.2 with SHA-256 (RFC 5246 5), first block. */
function prf(secret: string, label: string, seed: string): Buffer {
  const key = Buffer.from(secret, 'hex')
  const labelled = Buffer.concat([Buffer.from(label), Buffer.from(seed, 'hex')])
  const a = createHmac('sha256', key).update(labelled).digest()
  return createHmac('sha256', key).update(a).update(labelled).digest()
}

describe('TLS 1.3', () => {
  test('has four traffic secrets, as the endpoints log them, and the keys that follow from them', async () => {
    const { capture, schedule } = await schedulesOf({ ...version('TLSv1.3'), ecdhCurve: 'X25519' })
    expect(schedule).toMatchObject({ version: 'TLS 1.3', group: 'x25519', resumed: false })
    expect(exchangeOf(schedule)).toBe('ECDHE')
    expect(schedule.keys.map(({ from, epoch }) => `${from} ${epoch}`)).toEqual([
      'server handshake',
      'client handshake',
      'client application',
      'server application',
    ])
    for (const { label, secret, key } of schedule.keys) {
      const [, random, value] = logged(capture, label)
      expect([schedule.clientRandom, secret]).toEqual([random, value])
      const info = Buffer.from(`\0${String.fromCharCode(key.length / 2)}\x09tls13 key\0`, 'latin1')
      expect(key).toHaveLength(64)
      // HKDF-Expand alone, with SHA-384 as the suite has it: one block is long enough.
      const block = createHmac('sha384', Buffer.from(secret, 'hex')).update(info).update('\x01').digest('hex')
      expect(key).toBe(block.slice(0, key.length))
    }
    expect([schedule.clientShare, schedule.serverShare].map((share) => share.length)).toEqual([64, 64])
  })

  test('counts the records under each key', async () => {
    const { schedule } = await schedulesOf(version('TLSv1.3'))
    const handshake = schedule.keys.filter(({ epoch }) => epoch === 'handshake')
    // EncryptedExtensions, Certificate, CertificateVerify and Finished, each in a record of its own; the client's Finished.
    expect(handshake.map(({ from, records }) => [from, records])).toEqual([
      ['server', 4],
      ['client', 1],
    ])
    for (const { records, bytes } of schedule.keys) expect(bytes).toBeGreaterThan(records * 21)
  })

  test('without the key log has no keys; what goes in the open is known', async () => {
    const { schedules, schedule } = await schedulesOf(version('TLSv1.3'), false)
    expect(schedule.keys).toEqual([])
    expect(schedule.clientRandom).toHaveLength(64)
    expect(schedule.serverRandom).toHaveLength(64)
    expect(schedules.secret(schedule, 'EXPORTER_SECRET')).toBe('')
  })

  test('gives other secrets of the key log by their label', async () => {
    const { capture, schedules, schedule } = await schedulesOf(version('TLSv1.3'))
    expect(schedules.secret(schedule, 'EXPORTER_SECRET')).toBe(logged(capture, 'EXPORTER_SECRET')[2])
  })
})

describe('TLS 1.2', () => {
  const suite = 'ECDHE-RSA-AES128-GCM-SHA256'

  test('with ECDHE: the key block is the PRF of what is shown', async () => {
    const { capture, schedule } = await schedulesOf({
      ...version('TLSv1.2'),
      ciphers: suite,
      ecdhCurve: 'X25519',
    })
    expect(schedule).toMatchObject({
      version: 'TLS 1.2',
      cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      group: 'x25519',
      extendedMasterSecret: true,
      resumed: false,
      encryptedPremaster: '',
    })
    expect(exchangeOf(schedule)).toBe('ECDHE')
    const master = logged(capture, 'CLIENT_RANDOM')[2]
    expect(schedule.keys.map(({ secret }) => secret)).toEqual([master, master])
    const block = prf(master, 'key expansion', schedule.serverRandom + schedule.clientRandom).toString('hex')
    const [client, server] = (['client', 'server'] as const).map((side) =>
      schedule.keys.find(({ from }) => from === side)!,
    )
    expect(client.key + server.key).toBe(block)
  })

  test('with RSA: the premaster secret crosses encrypted, and there is no group', async () => {
    const { schedule } = await schedulesOf({ ...version('TLSv1.2'), ciphers: 'AES128-GCM-SHA256' })
    expect(schedule.encryptedPremaster).toHaveLength(512)
    expect(schedule).toMatchObject({ group: '', clientShare: '', serverShare: '' })
    expect(exchangeOf(schedule)).toBe('RSA')
  })

  test('the session hash is over all messages up to the ClientKeyExchange', async () => {
    const { schedule } = await schedulesOf({ ...version('TLSv1.2'), ciphers: suite })
    expect(schedule.sessionHashOver).toEqual([
      'client_hello',
      'server_hello',
      'certificate',
      'server_key_exchange',
      'server_hello_done',
      'client_key_exchange',
    ])
  })
})

test('HKDF of this test is that of Node', () => {
  // Guards the shortcut above: Expand of one block equals the library's when Extract is undone.
  const prk = createHmac('sha384', Buffer.alloc(48)).update('x').digest()
  const block = createHmac('sha384', prk).update('info').update('\x01').digest()
  expect(Buffer.from(hkdfSync('sha384', 'x', Buffer.alloc(48), 'info', 48))).toEqual(block)
})
