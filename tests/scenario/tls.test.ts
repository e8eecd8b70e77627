/** The experiments of TLS under what their knobs can do, and their claims where they are not true. */
import { describe, expect, it } from 'vitest'
import { claimsOf, withLane } from '../support/claims.ts'

type Setting = Readonly<Record<string, unknown>>

/** Round trips in virtual time; the tolerance of the claims is for the wall clock. */
const ROUND_TRIPS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'tls12-rsa': {
    'classic/tls_handshake_rtts': 2,
    'extended/tls_handshake_rtts': 2,
    'extended/first_byte_rtts': 4,
  },
  'tls12-ecdhe': { 'rsa/tls_handshake_rtts': 2, 'ecdhe/tls_handshake_rtts': 2, 'ecdhe/first_byte_rtts': 4 },
  tls13: {
    'tls12/tls_handshake_rtts': 2,
    'tls13/tls_handshake_rtts': 1,
    'tls12-resumed/tls_handshake_rtts': 1.5,
    'tls13-resumed/tls_handshake_rtts': 1,
    'tls12/first_byte_rtts': 4,
    'tls13/first_byte_rtts': 3,
  },
}

describe.each(Object.entries(ROUND_TRIPS))('%s', (id, counts) => {
  it.each([50_000, 300_000])('takes the same round trips with %d us each way', async (delay) => {
    const { failed, metrics } = await claimsOf(id, { delay })
    expect(failed).toEqual([])
    for (const [metric, count] of Object.entries(counts))
      expect(metrics[metric], metric).toBeCloseTo(count, 1)
  })
})

describe('tls12-rsa', () => {
  it('waits for TCP as well when the certificates do not fit into the first window', async () => {
    const { held, failed, metrics } = await claimsOf('tls12-rsa', { 'initial-window': 1 })
    expect(failed).toEqual([])
    expect(held).toContain('narrow-window')
    expect(held).not.toContain('extended-two-round-trips')
    // A round trip of 200 ms, and 40 ms for which the acknowledgment of a lone segment is delayed.
    expect(metrics['extended/tls_handshake_rtts']).toBeCloseTo(3.2, 2)
  })

  it('fails its claims where they are not true: ECDHE in the place of RSA', async () => {
    const { failed } = await claimsOf('tls12-rsa', {
      'apps.site.tls.keyExchange': 'ecdhe',
      'apps.browser.tls.keyExchange': 'ecdhe',
    })
    expect(failed).toEqual([
      'classic-read-afterwards',
      'extended-read-afterwards',
      'messages',
      'key-exchange-bytes',
    ])
  })

  it('fails its claim of the classic master secret where both ends agree to the extended one', async () => {
    const set = { 'apps.site.tls.extendedMasterSecret': true, 'apps.browser.tls.extendedMasterSecret': true }
    expect((await claimsOf(withLane('tls12-rsa', 'classic', set))).failed).toEqual(['no-transcript'])
  })
})

describe('tls12-ecdhe', () => {
  it('has longer shares on P-256 and the same round trips', async () => {
    const { held, failed } = await claimsOf('tls12-ecdhe', { group: 'secp256r1' })
    expect(failed).toEqual([])
    expect(held).toEqual(
      expect.arrayContaining([
        'server-key-exchange-p256',
        'client-key-exchange-p256',
        'ecdhe-two-round-trips',
      ]),
    )
    expect(held).not.toContain('server-key-exchange-x25519')
  })

  it('fails its claims where they are not true: RSA in the lane of ECDHE', async () => {
    const set = { 'apps.site.tls.keyExchange': 'rsa', 'apps.browser.tls.keyExchange': 'rsa' }
    const { failed } = await claimsOf(withLane('tls12-ecdhe', 'ecdhe', set))
    // False Start needs an ephemeral key exchange (RFC 7918 3), and without one nothing is signed.
    expect(failed).toEqual([
      'false-start',
      'messages',
      'server-key-exchange-x25519',
      'client-key-exchange-x25519',
      'signature-valid',
      'signature-bound',
    ])
  })
})

describe('tls13', () => {
  it.each<Setting>([{ group: 'secp256r1' }, { 'certificate-key': 'p256' }])('holds with %j', async (set) => {
    const { held, failed } = await claimsOf('tls13', set)
    expect(failed).toEqual([])
    expect(held).toContain('signature-valid')
  })

  it('resumes the second connection of a lane where it may, and none elsewhere', async () => {
    const { metrics } = await claimsOf('tls13')
    expect([metrics['tls12-resumed/tls_resumed'], metrics['tls13-resumed/tls_resumed']]).toEqual([1, 1])
    expect([metrics['tls12/tls_resumed'], metrics['tls13/tls_resumed']]).toEqual([0, 0])
  })

  it('fails its claims of resumption where nothing is resumed', async () => {
    const set = { 'apps.site.tls.resumption': false, 'apps.browser.tls.resumption': false }
    for (const [lane, claim] of [
      ['tls12-resumed', 'resumed-12'],
      ['tls13-resumed', 'resumed-certificates'],
    ])
      expect((await claimsOf(withLane('tls13', lane, set))).failed).toEqual([claim])
  })
})

describe('forward-secrecy', () => {
  it.each<[string, Setting]>([
    ['without the extended master secret', { 'extended-master-secret': false }],
    ['with an empty page', { size: 0 }],
    ['with a large page', { size: 300_000 }],
    ['on P-256', { group: 'secp256r1' }],
  ])('%s: all of RSA is read, nothing of the others', async (_, set) => {
    const { held, failed, metrics } = await claimsOf('forward-secrecy', set)
    expect(failed).toEqual([])
    expect(metrics['rsa/plaintext_recovered']).toBeGreaterThan(100)
    expect(held).toEqual(expect.arrayContaining(['rsa-all', 'ecdhe-none', 'tls13-none']))
  })

  it('fails its claim of ECDHE where the key exchange is that of RSA', async () => {
    const set = { 'apps.site.tls.keyExchange': 'rsa', 'apps.browser.tls.keyExchange': 'rsa' }
    const { failed } = await claimsOf(withLane('forward-secrecy', 'ecdhe', set))
    expect(failed).toEqual(['ecdhe-none', 'still-authentic'])
  })
})

describe('certificates', () => {
  it.each(['1.2', '1.3'])('are refused for the same reasons in TLS %s', async (version) => {
    const { held, failed } = await claimsOf('certificates', { version })
    expect(failed).toEqual([])
    expect(held.filter((id) => id.endsWith('-refused'))).toHaveLength(6)
  })

  it('of ECDSA are, too', async () => {
    expect((await claimsOf('certificates', { 'certificate-key': 'p256' })).failed).toEqual([])
  })

  it('carry content when they are accepted anyway, and the failures stay', async () => {
    const { held, failed, metrics } = await claimsOf('certificates', { 'accept-anyway': true })
    expect(failed).toEqual([])
    expect(held).toContain('accepted-anyway')
    for (const [name, value] of Object.entries(metrics)) {
      if (name.endsWith('/content_bytes')) expect(value, name).toBe(1_000)
      if (name.endsWith('/certificate_checks_failed') && !name.startsWith('good/'))
        expect(value, name).toBeGreaterThan(0)
    }
  })

  it('are held against the name that was asked for', async () => {
    const { held, failed, metrics } = await claimsOf('certificates', { 'server-name': 'elsewhere.lab' })
    expect(failed).toEqual([])
    expect(held).toContain('other-name')
    expect(metrics['good/tls_failed_err_tls_cert_altname_invalid']).toBe(1)
  })

  it('fail their claims when nothing is wrong with them', async () => {
    const good = withLane('certificates', 'expired', { 'apps.site.tls.certificateFault': 'none' })
    expect((await claimsOf(good)).failed).toEqual(['expired-refused', 'expired-silent'])
  })
})

describe('under loss', () => {
  it.each(['tls12-rsa', 'tls12-ecdhe', 'tls13', 'forward-secrecy', 'certificates'])(
    '%s: nothing that is still claimed fails, and nothing is claimed of round trips',
    async (id) => {
      for (const seed of [1, 2, 3]) {
        const { failed, held } = await claimsOf(id, { loss: 0.1 }, seed)
        expect(failed).toEqual([])
        expect(held.filter((claim) => /round-trips|first-byte/.test(claim))).toEqual([])
      }
    },
  )
})
