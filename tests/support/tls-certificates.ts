/** An authority and certificates of it for TLS endpoints under test. */
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { webcrypto } from 'node:crypto'

export interface TestCertificate {
  readonly key: string
  /** PEM, and DER as it stands in a Certificate message. */
  readonly cert: string
  readonly der: Uint8Array
}

export interface TestCertificates {
  /** PEM. */
  readonly authority: string
  readonly server: TestCertificate
  readonly client: TestCertificate
  readonly ecdsaServer: TestCertificate
}

const crypto = webcrypto as unknown as Crypto
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
}
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const VALIDITY = { notBefore: new Date('2020-01-01'), notAfter: new Date('2099-01-01') }

const generate = (algorithm: typeof RSA | typeof P256) =>
  crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>

async function pemOf(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`
}

async function issue(name: string, keys: CryptoKeyPair, by: CryptoKeyPair): Promise<TestCertificate> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${name}`,
    issuer: 'CN=Test authority',
    ...VALIDITY,
    publicKey: keys.publicKey,
    signingKey: by.privateKey,
    signingAlgorithm: RSA,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  })
  return {
    key: await pemOf(keys.privateKey),
    cert: certificate.toString('pem'),
    der: new Uint8Array(certificate.rawData),
  }
}

export async function createCertificates(): Promise<TestCertificates> {
  x509.cryptoProvider.set(crypto)
  const keys = await generate(RSA)
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Test authority',
    ...VALIDITY,
    keys,
    signingAlgorithm: RSA,
    extensions: [new x509.BasicConstraintsExtension(true)],
  })
  return {
    authority: authority.toString('pem'),
    server: await issue('server.test', await generate(RSA), keys),
    client: await issue('client.test', await generate(RSA), keys),
    ecdsaServer: await issue('server.test', await generate(P256), keys),
  }
}
