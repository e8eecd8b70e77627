import { describe, expect, it } from 'vitest'
import { CERTIFICATE_FAULTS, type CertificateFault } from '../../../../shared/tls.ts'
import type { EventName } from '../../../../shared/trace/events.ts'
import type { Run } from '../../../../electron/engine/run.ts'
import { createProgramRun, happenings, perform } from '../../../support/program-run.ts'
import { exchange } from '../../../support/tls-exchange.ts'

const REPETITIONS = process.env.REXMIT_FULL === '1' ? 30 : 5

const eventsOf = <N extends EventName>(run: Run, name: N) => [...run.reader.events([name])]
const handshakes = (run: Run) =>
  Object.fromEntries(eventsOf(run, 'security:handshake_finished').map(({ node, data }) => [node, data]))

describe.each(['virtual', 'live'] as const)('TLS in %s time', (driver) => {
  it('carries bytes both ways, and both ends tell how the handshake ended', async () => {
    const cast = exchange({ alpn: { client: ['h2', 'http/1.1'], server: ['http/1.1'] } })
    const run = await perform(cast, { driver, serverTls: {}, clientTls: {} })
    expect(cast.outcomes).toEqual([{ received: 30_000, error: undefined, authorizationError: '' }])
    const finished = {
      version: 'TLSv1.3',
      cipher_suite: 'TLS_AES_128_GCM_SHA256',
      group: 'x25519',
      alpn: 'http/1.1',
      resumed: false,
      error: '',
      message: '',
    }
    expect(handshakes(run)).toEqual({ 'one/client': finished, 'one/server': finished })
  })

  it('ends in an error on both sides when the certificate does not hold, and the run goes on to its end', async () => {
    const cast = exchange()
    const run = await perform(cast, { driver, serverTls: { certificateFault: 'expired' }, clientTls: {} })
    expect(cast.outcomes[0].error).toMatchObject({ code: 'CERT_HAS_EXPIRED' })
    expect(handshakes(run)['one/client']).toMatchObject({
      error: 'CERT_HAS_EXPIRED',
      message: 'certificate has expired',
    })
  })
})

describe('the settings of TLS', () => {
  const messagesOf = (run: Run) => eventsOf(run, 'security:handshake_message').map(({ data }) => data)

  it.each([
    ['1.2 with RSA', { version: '1.2', keyExchange: 'rsa' }, 'TLS_RSA_WITH_AES_128_GCM_SHA256', ''],
    ['1.2 with ECDHE', { version: '1.2' }, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'x25519'],
    ['1.3 with P-256', { groups: 'secp256r1' }, 'TLS_AES_128_GCM_SHA256', 'secp256r1'],
  ] as const)('choose TLS %s', async (_name, tls, suite, group) => {
    const run = await perform(exchange(), { serverTls: tls, clientTls: tls })
    expect(handshakes(run)['one/client']).toMatchObject({ cipher_suite: suite, group, error: '' })
    const names = messagesOf(run).map(({ name }) => name)
    // A key exchange by RSA has no share of the server's (RFC 5246 7.4.3).
    expect(names.includes('server_key_exchange')).toBe(suite.includes('1.2') || suite.includes('ECDHE'))
  })

  it('choose the key of the certificate', async () => {
    const tls = { version: '1.2' } as const
    const run = await perform(exchange(), { serverTls: { ...tls, certificate: 'p256' }, clientTls: tls })
    expect(handshakes(run)['one/client'].cipher_suite).toBe('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256')
  })

  it.each([true, false])(
    'choose whether there is an extended master secret: %s',
    async (extendedMasterSecret) => {
      const tls = { version: '1.2', extendedMasterSecret } as const
      const run = await perform(exchange(), { serverTls: tls, clientTls: tls })
      const hellos = messagesOf(run).filter(({ name }) => /^(client|server)_hello$/.test(name))
      expect(hellos).toHaveLength(2)
      for (const { fields } of hellos)
        expect(fields.includes('extended_master_secret')).toBe(extendedMasterSecret)
    },
  )

  it.each(['1.2', '1.3'] as const)('let a second connection of TLS %s resume the first', async (version) => {
    const tls = { version, resumption: true }
    const run = await perform(exchange({ times: 2 }), { serverTls: tls, clientTls: tls })
    const resumed = eventsOf(run, 'security:handshake_finished').map(({ node, data }) => [node, data.resumed])
    expect(resumed.filter(([node]) => node === 'one/client')).toEqual([
      ['one/client', false],
      ['one/client', true],
    ])
    // Only the first shows a certificate.
    expect(messagesOf(run).filter(({ name }) => name === 'certificate')).toHaveLength(1)
  })

  it('that do not fit each other end in an alert, which both ends tell of', async () => {
    const run = await perform(exchange(), { serverTls: { version: '1.2' }, clientTls: { version: '1.3' } })
    expect(handshakes(run)).toMatchObject({
      'one/client': { error: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' },
      'one/server': { error: 'ERR_SSL_UNSUPPORTED_PROTOCOL' },
    })
    expect(eventsOf(run, 'security:alert').map(({ data }) => data.name)).toContain('protocol_version')
  })

  it('that the library cannot do are refused by name before the run begins', async () => {
    const tls = { groups: 'x25519mlkem768' } as const
    const run = createProgramRun(exchange(), { serverTls: tls, clientTls: tls })
    const isNew = Number(process.versions.openssl.split('.', 2).join('.')) >= 3.5
    if (isNew) await run.start()
    else
      await expect(run.start()).rejects.toThrow(/^apps\.server\.tls\.groups: x25519mlkem768 is not to be had/)
  })
})

describe('a certificate that does not hold', () => {
  const OPENSSL: Readonly<Record<CertificateFault, string>> = {
    none: '',
    tampered: 'CERT_SIGNATURE_FAILURE',
    expired: 'CERT_HAS_EXPIRED',
    'not-yet-valid': 'CERT_NOT_YET_VALID',
    'wrong-host': 'ERR_TLS_CERT_ALTNAME_INVALID',
    'unknown-root': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'missing-intermediate': 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  }
  const faults = CERTIFICATE_FAULTS.flatMap((fault) => [[fault, 'rsa'] as const, [fault, 'p256'] as const])

  it.each(faults)(
    '%s, %s: the first check that fails is named as OpenSSL names it',
    async (fault, certificate) => {
      const cast = exchange()
      const run = await perform(cast, {
        serverTls: { certificate, certificateFault: fault },
        clientTls: { acceptAnyway: true },
      })
      expect(cast.outcomes).toEqual([
        { received: 30_000, error: undefined, authorizationError: OPENSSL[fault] },
      ])
      const failed = eventsOf(run, 'security:certificate_checked').filter(({ data }) => !data.ok)
      expect(failed[0]?.data.code ?? '').toBe(OPENSSL[fault])
    },
  )

  it('is walked from the leaf to the root that is trusted, each step with what was compared', async () => {
    const run = await perform(exchange(), { serverTls: {}, clientTls: {} })
    const checks = eventsOf(run, 'security:certificate_checked').map(({ data }) => data)
    expect(checks.map(({ depth, check }) => `${depth} ${check}`)).toEqual([
      '0 issuer',
      '0 signature',
      '0 validity',
      '0 key_usage',
      '0 host_name',
      '1 issuer',
      '1 signature',
      '1 validity',
      '1 basic_constraints',
      '1 key_usage',
      '2 issuer',
      '2 signature',
      '2 validity',
      '2 basic_constraints',
      '2 key_usage',
      '2 trust_anchor',
    ])
    expect(checks.every(({ ok, code }) => ok && code === '')).toBe(true)
    expect(checks[2].detail).toBe('2020-01-01 to 2049-12-31; today is 2026-01-01')
    expect(checks[4].detail).toBe('server.lab is among DNS:server.lab')
    expect(checks[0].subject).toBe('CN=server.lab, O=Rexmit laboratory')
  })
})

describe('the key log', () => {
  const linesOf = (run: Run) => eventsOf(run, 'security:secret_logged').map(({ data }) => data.line)
  const unread = (run: Run) => eventsOf(run, 'security:record').filter(({ data }) => data.problem !== '')

  it('of TLS 1.2 comes from the server when a session is taken up, which is then first to encrypt', async () => {
    const tls = { version: '1.2', resumption: true } as const
    const run = await perform(exchange({ times: 2 }), { serverTls: tls, clientTls: tls })
    expect(eventsOf(run, 'security:secret_logged').map(({ node }) => node)).toEqual([
      'one/client',
      'one/server',
    ])
    expect(unread(run)).toEqual([])
  })

  it.each(['1.2', '1.3'] as const)(
    'of TLS %s has each line once, before anything is sent under it',
    async (version) => {
      const run = await perform(exchange(), { serverTls: { version }, clientTls: { version } })
      const lines = linesOf(run)
      expect(new Set(lines).size).toBe(lines.length)
      expect(lines.length).toBe(version === '1.2' ? 1 : 5)
      // The onlookers could read every record when it was sent.
      const records = eventsOf(run, 'security:record').map(({ data }) => data)
      expect(unread(run)).toEqual([])
      expect(records.some((record) => record.protected)).toBe(true)
    },
  )
})

describe('bytes that are not TLS', () => {
  it.each([
    ['a request in the clear', 'GET / HTTP/1.1\r\n\r\n'],
    ['a ClientHello that breaks off', Buffer.from('1603010200010001fc0303', 'hex')],
    ['nothing at all', ''],
  ])('%s: the server tells of the failure and lives on', async (_name, bytes) => {
    let done = false
    const run = await perform(
      {
        server: exchange().server,
        client: (lab) => ({
          get done() {
            return done
          },
          start() {
            const socket = lab.sockets.connect({ address: lab.addressOf('server'), port: 443 })
            socket.on('error', () => undefined)
            socket.on('close', () => (done = true))
            socket.end(bytes)
            socket.resume()
          },
        }),
      },
      { serverTls: {}, clientTls: {} },
    )
    expect(handshakes(run)['one/server'].error).not.toBe('')
    expect(run.info.now).toBeLessThan(1e6)
  })

  it('in the middle of a connection end it with an error, and the run goes on', async () => {
    const run = await perform(exchange({ down: 300_000 }), {
      serverTls: {},
      clientTls: {},
      // The checksum is repaired, so only TLS can tell.
      link: { down: { delay: 5_000, corrupt: { rate: 0.02, repair: true } } },
      seed: 3,
    })
    expect(eventsOf(run, 'link:packet_corrupted').length).toBeGreaterThan(0)
    expect(eventsOf(run, 'security:alert').map(({ data }) => data.name)).toContain('bad_record_mac')
  })
})

describe('a run with TLS', () => {
  const lossy = { up: { delay: 5_000, loss: { rate: 0.05 } }, down: { delay: 5_000, loss: { rate: 0.05 } } }

  it.each([
    ['1.3', {}],
    ['1.3 with P-256', { groups: 'secp256r1' }],
    ['1.3 with tickets', { resumption: true }],
    ['1.2 with ECDHE', { version: '1.2' }],
    ['1.2 with RSA', { version: '1.2', keyExchange: 'rsa' }],
  ] as const)('of version %s repeats to the last event under loss', async (_name, tls) => {
    const perRun = async () => {
      const run = await perform(exchange({ down: 100_000, times: 2 }), {
        serverTls: tls,
        clientTls: tls,
        link: lossy,
      })
      return happenings(run)
    }
    const first = await perRun()
    expect(first.length).toBeGreaterThan(500)
    for (let again = 0; again < REPETITIONS; again++) expect(await perRun()).toEqual(first)
  })

  it('with another seed loses other packets', async () => {
    const dropped = async (seed: number) => {
      const options = { serverTls: {}, clientTls: {}, link: lossy, seed }
      const run = await perform(exchange({ down: 100_000 }), options)
      return eventsOf(run, 'link:packet_dropped').map(({ pkt }) => pkt)
    }
    expect(await dropped(1)).not.toEqual(await dropped(2))
  })
})
