import { beforeAll, describe, expect, test } from 'vitest'
import { CertificateChains } from '../../../shared/projections/certificates.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import { captureTls } from '../../support/tls-capture.ts'
import { createCertificates, type TestCertificates } from '../../support/tls-certificates.ts'
import { TlsTracer } from '../../support/tls-trace.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

let certificates: TestCertificates
beforeAll(async () => void (certificates = await createCertificates()))

type Checked = EventData<'security:certificate_checked'>
const check = (depth: number, fields: Partial<Checked>): Checked => ({
  depth,
  subject: depth === 0 ? 'CN=server.test' : 'CN=Test authority',
  issuer: 'CN=Test authority',
  check: 'validity',
  ok: true,
  detail: 'a to b',
  code: '',
  ...fields,
})
const finished = {
  version: '',
  cipher_suite: '',
  group: '',
  alpn: '',
  resumed: false,
  error: '',
  message: '',
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('the chain of a %s handshake', (version) => {
  test('is read from the Certificate message and joined with its checks', async () => {
    const data = Uint8Array.of(1)
    const versions = { minVersion: version, maxVersion: version }
    const { crossed, keyLog } = await captureTls({ certificates, data, client: versions })
    const maker = new TraceMaker().pair()
    new TlsTracer(maker, { keyLog }).trace(crossed)
    const at = { node: 'client', flow: FLOW }
    maker
      .add(9e5, 'security:certificate_checked', check(0, {}), at)
      .add(9e5, 'security:certificate_checked', check(0, { check: 'host_name', ok: false, code: 'X' }), at)
      .add(9e5, 'security:certificate_checked', check(2, { check: 'trust_anchor' }), at)
      .add(9e5, 'security:handshake_finished', finished, { node: 'server', flow: FLOW })
    const chains = new CertificateChains()
    chains.update(maker.store())
    const [chain] = chains.all()
    expect(chain.error).toBeNull()
    expect(chain.links.map(({ depth, sent }) => [depth, sent?.subject])).toEqual([
      [0, 'CN=server.test'],
      [1, 'CN=Test authority'],
      [2, undefined],
    ])
    expect(chain.links[0].checks.map((one) => [one.check, one.ok, one.code])).toEqual([
      ['validity', true, ''],
      ['host_name', false, 'X'],
    ])
    expect(chain.links[0].sent).toMatchObject({ names: ['server.test'], key: 'RSA 2048' })
    expect(chain.pkt).toBeGreaterThan(0)
  })
})

test("the verdict is the client's, whatever the server says", () => {
  const error = { ...finished, error: 'CERT_HAS_EXPIRED', message: 'certificate has expired' }
  const maker = new TraceMaker()
    .pair()
    .add(1, 'security:certificate_checked', check(0, {}), { node: 'client', flow: FLOW })
    .add(2, 'security:handshake_finished', error, { node: 'client', flow: FLOW })
    .add(3, 'security:handshake_finished', finished, { node: 'server', flow: FLOW })
  const chains = new CertificateChains()
  chains.update(maker.store())
  expect(chains.all()[0]).toMatchObject({ error: 'CERT_HAS_EXPIRED', message: 'certificate has expired' })
})

test('a chain without end is cut', () => {
  const maker = new TraceMaker().add(1, 'security:certificate_checked', check(255, {}), { flow: FLOW })
  const chains = new CertificateChains()
  chains.update(maker.store())
  expect(chains.all()[0].links.length).toBeLessThanOrEqual(16)
})
