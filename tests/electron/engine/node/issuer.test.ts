import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Authority, Identity } from '../../../../electron/engine/node/authority.ts'
import { createAuthority } from '../../../../electron/engine/node/issuer.ts'
import { CERTIFICATE_FAULTS, type CertificateFault } from '../../../../shared/tls.ts'
import { LAB_EPOCH } from '../../../../shared/units.ts'

let authority: Authority
beforeAll(async () => {
  authority = await createAuthority()
})

const chainOf = ({ chain }: Identity) =>
  chain.match(/-----BEGIN[^]+?END CERTIFICATE-----/g)!.map((pem) => new X509Certificate(pem))

const identity = (fault: CertificateFault = 'none', key: 'rsa' | 'p256' = 'rsa', from = authority) =>
  from.identity({ names: ['server.lab', '10.77.0.2'], key, fault })

describe("the laboratory's certificates", () => {
  it('make a chain from the leaf by an intermediate to the root', async () => {
    const [leaf, intermediate, ...rest] = chainOf(await identity())
    const root = new X509Certificate(authority.root)
    expect(rest).toEqual([])
    expect([leaf.verify(intermediate.publicKey), intermediate.verify(root.publicKey)]).toEqual([true, true])
    expect([leaf.checkIssued(intermediate), intermediate.checkIssued(root)]).toEqual([true, true])
    expect([leaf.ca, intermediate.ca, root.ca]).toEqual([false, true, true])
    expect(leaf.subjectAltName).toBe('DNS:server.lab, IP Address:10.77.0.2')
  })

  it.each(['rsa', 'p256'] as const)('have a leaf with a key of %s', async (key) => {
    const made = await identity('none', key)
    const [leaf, intermediate] = chainOf(made)
    const isRsa = key === 'rsa'
    expect(leaf.publicKey.asymmetricKeyType).toBe(isRsa ? 'rsa' : 'ec')
    expect(leaf.publicKey.asymmetricKeyDetails).toEqual(
      isRsa ? { modulusLength: 2048, publicExponent: 65_537n } : { namedCurve: 'prime256v1' },
    )
    expect(intermediate.publicKey.asymmetricKeyType).toBe('rsa')
  })

  it('hold on the calendar of the laboratory and on that of the user', async () => {
    for (const certificate of [...chainOf(await identity()), new X509Certificate(authority.root)])
      for (const date of [LAB_EPOCH, Date.now()]) {
        expect(Date.parse(certificate.validFrom)).toBeLessThan(date)
        expect(Date.parse(certificate.validTo)).toBeGreaterThan(date)
      }
  })

  it('are constrained to the laboratory and this machine (RFC 5280 4.2.1.10)', () => {
    const constraints = Buffer.from('551d1e0101ff', 'hex') // id-ce-nameConstraints, critical
    const { raw } = new X509Certificate(authority.root)
    const at = raw.indexOf(constraints)
    expect(at).toBeGreaterThan(0)
    const value = raw.subarray(at, at + 120)
    for (const permitted of [
      Buffer.from('lab'),
      Buffer.from('localhost'),
      Buffer.from([10, 77, 0, 0, 255, 255, 0, 0]),
      Buffer.from([127, 0, 0, 1, 255, 255, 255, 255]),
    ])
      expect(value.includes(permitted)).toBe(true)
  })

  it('are the same for the same question', async () => {
    expect(await identity()).toBe(await identity())
    expect(await identity()).not.toBe(await identity('expired'))
  })

  it('have the same lengths whoever made them, whatever is wrong with them', async () => {
    const other = await createAuthority()
    const lengths = async (from: Authority) => {
      const all = CERTIFICATE_FAULTS.flatMap((fault) =>
        (['rsa', 'p256'] as const).map(async (key) =>
          chainOf(await identity(fault, key, from)).map(({ raw }) => raw.length),
        ),
      )
      return [new X509Certificate(from.root).raw.length, ...(await Promise.all(all))]
    }
    expect(await lengths(other)).toEqual(await lengths(authority))
  })

  it('are tampered with by one bit of what was signed, and are still read', async () => {
    const [good] = chainOf(await identity())
    const [bad, intermediate] = chainOf(await identity('tampered'))
    expect(bad.subject).not.toBe(good.subject)
    expect(bad.issuer).toBe(good.issuer)
    expect(bad.verify(intermediate.publicKey)).toBe(false)
  })
})
