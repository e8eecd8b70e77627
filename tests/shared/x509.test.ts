/** Certificates as Node's own reading of them has them, and bytes that are none. */
import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readCertificate } from '../../shared/x509/certificate.ts'
import { oidOf, OID, SEQUENCE, textOf, timeOf, UTC_TIME, valuesOf } from '../../shared/x509/der.ts'
import { createCertificates, type TestCertificates } from '../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => void (certificates = await createCertificates()))

describe('a certificate', () => {
  test('of RSA says what Node says of it', () => {
    const { der } = certificates.server
    const node = new X509Certificate(der)
    const fields = readCertificate(der)!
    expect(fields).toMatchObject({
      subject: node.subject,
      issuer: node.issuer,
      key: 'RSA 2048',
      signatureAlgorithm: 'sha256WithRSAEncryption',
      names: ['server.test'],
      isAuthority: false,
      length: der.length,
    })
    expect(BigInt(`0x${fields.serial}`)).toBe(BigInt(`0x${node.serialNumber}`))
    expect(new Date(fields.notBefore).getTime()).toBe(new Date(node.validFrom).getTime())
    expect(new Date(fields.notAfter).getTime()).toBe(new Date(node.validTo).getTime())
  })

  test('of an elliptic curve names the curve', () => {
    expect(readCertificate(certificates.ecdsaServer.der)?.key).toBe('EC P-256')
  })

  test('of an authority is told from one of a server', () => {
    const { raw } = new X509Certificate(certificates.authority)
    expect(readCertificate(new Uint8Array(raw))?.isAuthority).toBe(true)
  })
})

describe('bytes that are none', () => {
  test.each([[''], ['30'], ['3080'], ['3003020101'], ['30850000000001'], ['ff'.repeat(40)]])('%s', (hex) => {
    expect(readCertificate(new Uint8Array(Buffer.from(hex, 'hex')))).toBeUndefined()
  })

  test('damaged certificates are read as far as they can be, and nothing throws', () => {
    const { der } = certificates.server
    const change = fc.record({ at: fc.nat(der.length - 1), byte: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), fc.nat(der.length), (changes, cut) => {
        const damaged = der.slice(0, cut)
        for (const { at, byte } of changes) if (at < cut) damaged[at] = byte
        const fields = readCertificate(damaged)
        expect(typeof (fields?.subject ?? '')).toBe('string')
      }),
      { numRuns: process.env.REXMIT_FULL === '1' ? 50_000 : 500 },
    )
  })
})

describe('DER', () => {
  test('values follow each other up to the first that is cut short', () => {
    const bytes = Uint8Array.of(SEQUENCE, 1, 7, 0x02, 0x81, 2, 1, 2, 0x02, 5, 0)
    expect(valuesOf(bytes)).toEqual([
      { tag: SEQUENCE, content: Uint8Array.of(7) },
      { tag: 0x02, content: Uint8Array.of(1, 2) },
    ])
  })

  test.each([
    [[0x55, 4, 3], '2.5.4.3'],
    [[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], '1.2.840.113549.1.1.11'],
    [[0x88, 0x37, 3], '2.999.3'],
  ])('object identifier %s is %s', (content, text) => {
    expect(oidOf({ tag: OID, content: Uint8Array.from(content) })).toBe(text)
  })

  test.each([
    ['490101000000Z', '2049-01-01 00:00:00 UTC'],
    ['500101000000Z', '1950-01-01 00:00:00 UTC'],
    ['20991231235959Z', '2099-12-31 23:59:59 UTC'],
    ['soon', 'soon'],
  ])('%s is %s', (text, time) => {
    expect(timeOf({ tag: UTC_TIME, content: new TextEncoder().encode(text) })).toBe(time)
  })

  test('texts are UTF-8, else Latin-1', () => {
    expect(textOf({ tag: 0x0c, content: new TextEncoder().encode('实验室') })).toBe('实验室')
    expect(textOf({ tag: 0x14, content: Uint8Array.of(0x4d, 0xfc) })).toBe('Mü')
  })
})
