/**
 * Makes the laboratory's certificates: a root, an intermediate, and leaves under it (RFC 5280).
 *
 * A run must repeat to the byte count, on any day. So whatever goes into a certificate has one length: serial numbers,
 * moduli and signatures of RSA-2048, dates in UTCTime. Only the leaf may be a P-256 key, which makes the server's
 * signature in the handshake vary by a byte or two.
 */
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import type { CertificateFault } from '../../../shared/tls.ts'
import type { Authority, Identity } from './authority.ts'

type CryptoKey = webcrypto.CryptoKey
type CryptoKeyPair = webcrypto.CryptoKeyPair

/** Node's, under the name that the library has for it: it takes a browser's. */
const crypto = webcrypto as unknown as NonNullable<Parameters<typeof x509.X509CertificateGenerator.create>[1]>
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
}
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Good on the laboratory's calendar and on the user's; the end of UTCTime is that of 2049 (RFC 5280 4.1.2.5.1). */
const SOUND: Validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2049-12-31') }
const OVER: Validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2025-12-31') }
const TO_COME: Validity = { notBefore: new Date('2049-01-01'), notAfter: new Date('2049-12-31') }

const ORGANISATION = 'O=Rexmit laboratory'
const nameOf = (commonName: string): string => `CN=${commonName}, ${ORGANISATION}`

/** Somebody who signs: a certificate and its key. */
interface Issuer {
  readonly certificate: x509.X509Certificate
  readonly keys: CryptoKeyPair
}

const generate = (algorithm: typeof RSA | typeof P256): Promise<CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>

/** Sixteen bytes that DER neither shortens nor lengthens: positive, without a zero in front (RFC 5280 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = 0x40 | (bytes[0] & 0x3f)
  return bytes.toString('hex')
}

const der = (tag: number, ...content: readonly number[]): number[] => [tag, content.length, ...content]
const dnsName = (name: string): number[] => der(0x30, ...der(0x82, ...Buffer.from(name)))
const addresses = (...range: readonly number[]): number[] => der(0x30, ...der(0x87, ...range))

/**
 * RFC 5280 4.2.1.10: what hangs under the root can be for the laboratory and this machine only, whoever gets hold of
 * its keys and whoever comes to trust it. A name stands for itself and all below it; an address has its mask behind it.
 */
const NAME_CONSTRAINTS = new x509.Extension(
  '2.5.29.30',
  true,
  Uint8Array.from(
    der(
      0x30,
      ...der(
        0xa0,
        ...dnsName('lab'),
        ...dnsName('localhost'),
        ...addresses(10, 77, 0, 0, 255, 255, 0, 0),
        ...addresses(127, 0, 0, 1, 255, 255, 255, 255),
        ...addresses(...Array<number>(15).fill(0), 1, ...Array<number>(16).fill(255)),
      ),
    ),
  ),
)

const usage = x509.KeyUsageFlags

/** Signs a certificate; without `by` it is signed with its own key. */
async function certify(
  what: { readonly name: string; readonly publicKey: CryptoKey; readonly validity: Validity },
  by: { readonly name: string; readonly keys: CryptoKeyPair },
  extensions: readonly x509.Extension[],
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: what.name,
      issuer: by.name,
      ...what.validity,
      publicKey: what.publicKey,
      signingKey: by.keys.privateKey,
      signingAlgorithm: RSA,
      extensions: [
        ...extensions,
        await x509.SubjectKeyIdentifierExtension.create(what.publicKey, false, crypto),
        await x509.AuthorityKeyIdentifierExtension.create(by.keys.publicKey, false, crypto),
      ],
    },
    crypto,
  )
}

async function makeRoot(name: string, keys: CryptoKeyPair): Promise<Issuer> {
  const certificate = await certify({ name, publicKey: keys.publicKey, validity: SOUND }, { name, keys }, [
    new x509.BasicConstraintsExtension(true, 1, true),
    new x509.KeyUsagesExtension(usage.keyCertSign | usage.cRLSign, true),
    NAME_CONSTRAINTS,
  ])
  return { certificate, keys }
}

async function makeIntermediate(name: string, keys: CryptoKeyPair, root: Issuer): Promise<Issuer> {
  const by = { name: root.certificate.subject, keys: root.keys }
  const certificate = await certify({ name, publicKey: keys.publicKey, validity: SOUND }, by, [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(usage.keyCertSign | usage.cRLSign, true),
  ])
  return { certificate, keys }
}

function makeLeaf(
  names: readonly string[],
  publicKey: CryptoKey,
  validity: Validity,
  issuer: Issuer,
): Promise<x509.X509Certificate> {
  const isRsa = publicKey.algorithm.name === RSA.name
  const what = { name: nameOf(names[0]), publicKey, validity }
  return certify(what, { name: issuer.certificate.subject, keys: issuer.keys }, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    // RSA key exchange (RFC 5246 7.4.7.1) enciphers with the server's key; the others only sign.
    new x509.KeyUsagesExtension(usage.digitalSignature | (isRsa ? usage.keyEncipherment : 0), true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(
      names.map((value) => ({ type: isIP(value) > 0 ? ('ip' as const) : ('dns' as const), value })),
    ),
  ])
}

const pem = (label: string, bytes: ArrayBuffer | Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes as Uint8Array)
    .toString('base64')
    .replace(/.{64}/g, '$&\n')
    .trimEnd()}\n-----END ${label}-----\n`

const pemOf = (certificate: x509.X509Certificate): string => pem('CERTIFICATE', certificate.rawData)

/** Flips one bit inside what was signed: in the name of the subject, where one can see it. */
function tamper(certificate: x509.X509Certificate): string {
  const bytes = Buffer.from(certificate.rawData.slice(0))
  const subject = Buffer.from(certificate.subjectName.toArrayBuffer())
  const commonName = certificate.subjectName.getField('CN')[0]
  bytes[bytes.indexOf(subject) + subject.indexOf(commonName)] ^= 1
  return pem('CERTIFICATE', bytes)
}

/** Makes keys and the root and intermediate of a new authority: some 0.5 s of work, most of it in the thread pool. */
export async function createAuthority(): Promise<Authority> {
  const [rootKeys, intermediateKeys, strangerKeys, rsa, p256] = await Promise.all([
    ...[RSA, RSA, RSA, RSA].map(generate),
    generate(P256),
  ])
  const root = await makeRoot(nameOf('Rexmit root'), rootKeys)
  const intermediate = await makeIntermediate(nameOf('Rexmit intermediate'), intermediateKeys, root)
  // Someone whom no client trusts: same intermediate by name and key, signed by another root.
  const stranger = await makeRoot(nameOf('Unknown root'), strangerKeys)
  const strangers = await makeIntermediate(nameOf('Rexmit intermediate'), intermediateKeys, stranger)
  const leafKeys = { rsa, p256 }
  const rootPem = pemOf(root.certificate)

  async function issue(
    names: readonly string[],
    key: 'rsa' | 'p256',
    fault: CertificateFault,
  ): Promise<Identity> {
    const keys = leafKeys[key]
    const validity = fault === 'expired' ? OVER : fault === 'not-yet-valid' ? TO_COME : SOUND
    const issuer = fault === 'unknown-root' ? strangers : intermediate
    const carried = fault === 'wrong-host' ? ['elsewhere.lab'] : names
    const leaf = await makeLeaf(carried, keys.publicKey, validity, issuer)
    const leafPem = fault === 'tampered' ? tamper(leaf) : pemOf(leaf)
    return {
      chain: fault === 'missing-intermediate' ? leafPem : leafPem + pemOf(issuer.certificate),
      key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
    }
  }

  const identities = new Map<string, Promise<Identity>>()
  return {
    root: rootPem,
    identity({ names, key, fault }) {
      const question = JSON.stringify([names, key, fault])
      const known = identities.get(question) ?? issue(names, key, fault)
      identities.set(question, known)
      return known
    },
  }
}
