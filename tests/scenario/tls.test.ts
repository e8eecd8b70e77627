/** The experiments of TLS under what their knobs can do. */
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../shared/summary.ts'
import { finishedRun } from '../support/runs.ts'

async function verdicts(
  experiment: string,
  set: Record<string, unknown>,
  seed = 1,
): Promise<Map<string, Verdict>> {
  const run = await finishedRun({ experiment, set, seed })
  return new Map(run.summary!.expectations.map((verdict) => [verdict.id, verdict]))
}

const failed = (all: Map<string, Verdict>) => [...all.values()].filter(({ holds }) => holds === false)
const held = (all: Map<string, Verdict>) => [...all.values()].filter(({ holds }) => holds).map(({ id }) => id)

describe('tls12-rsa', () => {
  it('waits for TCP as well when the certificates do not fit into the first window', async () => {
    const all = await verdicts('tls12-rsa', { 'initial-window': 1 })
    expect(failed(all)).toEqual([])
    expect(held(all)).toContain('narrow-window')
    expect(all.get('extended-two-round-trips')!.holds).toBeNull()
    // A round trip of 200 ms, and 40 ms for which the acknowledgment of a lone segment is delayed.
    expect(all.get('narrow-window')!.measured).toBeCloseTo(3.2, 2)
  })

  it.each([50_000, 150_000])('takes as many round trips at a delay of %d us', async (delay) => {
    const all = await verdicts('tls12-rsa', { delay })
    expect(failed(all)).toEqual([])
    expect(held(all)).toContain('extended-two-round-trips')
  })

  it('fails its claims when they are not true: RSA in name, ECDHE in fact', async () => {
    const all = await verdicts('tls12-rsa', {
      'apps.site.tls.keyExchange': 'ecdhe',
      'apps.browser.tls.keyExchange': 'ecdhe',
    })
    expect(failed(all).map(({ id }) => id)).toEqual([
      'classic-read-afterwards',
      'extended-read-afterwards',
      'messages',
      'key-exchange-bytes',
    ])
  })

  it('makes no claim about round trips under loss', async () => {
    const all = await verdicts('tls12-rsa', { loss: 0.05 }, 3)
    expect(failed(all)).toEqual([])
    expect(all.get('first-byte')!.holds).toBeNull()
  })
})

describe('tls12-ecdhe', () => {
  it('has longer shares on P-256 and the same round trips', async () => {
    const all = await verdicts('tls12-ecdhe', { group: 'secp256r1' })
    expect(failed(all)).toEqual([])
    expect(held(all)).toEqual(
      expect.arrayContaining([
        'server-key-exchange-p256',
        'client-key-exchange-p256',
        'ecdhe-two-round-trips',
      ]),
    )
    expect(all.get('server-key-exchange-x25519')!.holds).toBeNull()
  })
})

describe('tls13', () => {
  it.each([{ group: 'secp256r1' }, { 'certificate-key': 'p256' }])('holds with %j', async (set) => {
    const all = await verdicts('tls13', set)
    expect(failed(all)).toEqual([])
    expect(held(all)).toContain('signature-valid')
  })

  it('resumes the second connection of a lane where it may, and none elsewhere', async () => {
    const { metrics } = (await finishedRun({ experiment: 'tls13' })).summary!
    expect([metrics['tls12-resumed/tls_resumed'], metrics['tls13-resumed/tls_resumed']]).toEqual([1, 1])
    expect([metrics['tls12/tls_resumed'], metrics['tls13/tls_resumed']]).toEqual([0, 0])
  })
})

describe('forward-secrecy', () => {
  it.each([
    ['without the extended master secret', { 'extended-master-secret': false }],
    ['with an empty page', { size: 0 }],
    ['with a large page', { size: 300_000 }],
    ['on P-256', { group: 'secp256r1' }],
  ])('%s: all of RSA is read, nothing of the others', async (_, set) => {
    const all = await verdicts('forward-secrecy', set)
    expect(failed(all)).toEqual([])
    expect(all.get('rsa-all')!.measured).toBeGreaterThan(100)
    expect(held(all)).toEqual(expect.arrayContaining(['rsa-all', 'ecdhe-none', 'tls13-none']))
  })
})

describe('certificates', () => {
  it.each(['1.2', '1.3'])('are refused for the same reasons in TLS %s', async (version) => {
    const all = await verdicts('certificates', { version })
    expect(failed(all)).toEqual([])
    expect(held(all).filter((id) => id.endsWith('-refused'))).toHaveLength(6)
  })

  it('of ECDSA are, too', async () => {
    expect(failed(await verdicts('certificates', { 'certificate-key': 'p256' }))).toEqual([])
  })

  it('carry content when they are accepted anyway, and the failures stay', async () => {
    const run = await finishedRun({ experiment: 'certificates', set: { 'accept-anyway': true } })
    const { expectations, metrics } = run.summary!
    expect(expectations.find(({ id }) => id === 'accepted-anyway')!.holds).toBe(true)
    for (const { id } of run.info.lanes) {
      expect(metrics[`${id}/content_bytes`], id).toBe(1_000)
      if (id !== 'good') expect(metrics[`${id}/certificate_checks_failed`], id).toBeGreaterThan(0)
    }
  })

  it('are held against the name that was asked for', async () => {
    const all = await verdicts('certificates', { 'server-name': 'elsewhere.lab' })
    expect(failed(all)).toEqual([])
    expect(held(all)).toContain('other-name')
    const { metrics } = (
      await finishedRun({ experiment: 'certificates', set: { 'server-name': 'elsewhere.lab' } })
    ).summary!
    expect(metrics['good/tls_failed_err_tls_cert_altname_invalid']).toBe(1)
  })
})

describe('every experiment of TLS under loss', () => {
  it.each(['tls12-rsa', 'tls12-ecdhe', 'tls13', 'forward-secrecy', 'certificates'])(
    '%s: nothing that is still claimed fails',
    async (id) => {
      for (const seed of [1, 2, 3]) expect(failed(await verdicts(id, { loss: 0.1 }, seed))).toEqual([])
    },
  )
})
