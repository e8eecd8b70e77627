/**
 * Does the server's signature hold, and what does it bind? Verified after the fact from what crossed, with the key of the
 * certificate that crossed, and so apart from the endpoints' own judgement. In TLS 1.2 the server signs both randoms and its
 * key share (RFC 8422 5.4), in TLS 1.3 the whole transcript up to its certificate (RFC 8446 4.4.3).
 */
import { constants, createHash, verify, X509Certificate } from 'node:crypto'
import { suiteCipher } from '../../protocol/wire/tls/cipher-suites.ts'
import type { Signature } from '../../protocol/wire/tls/messages.ts'
import { mean, type TlsHandshake, type WithHandshakes } from './tls-messages.ts'

/** Where the client's random lies in its ClientHello: after header (4) and version (2). */
const CLIENT_RANDOM = { start: 6, end: 38 }
/** Before the transcript's hash (RFC 8446 4.4.3). */
const CONTEXT = `${' '.repeat(64)}TLS 1.3, server CertificateVerify\0`

/** SignatureScheme (RFC 8446 4.2.3): the hash, and of RSA the padding. */
const SCHEMES: Readonly<Record<number, { readonly hash: string; readonly pss?: boolean }>> = {
  0x0401: { hash: 'sha256' },
  0x0501: { hash: 'sha384' },
  0x0601: { hash: 'sha512' },
  0x0403: { hash: 'sha256' },
  0x0503: { hash: 'sha384' },
  0x0804: { hash: 'sha256', pss: true },
  0x0805: { hash: 'sha384', pss: true },
  0x0806: { hash: 'sha512', pss: true },
}

interface Signed {
  readonly content: Buffer
  readonly signed: Signature
}

/** Both randoms and the parameters as they stand in the message (RFC 5246 7.4.3). */
function signedKeyShare(handshake: TlsHandshake, clientHello: Uint8Array): Signed | undefined {
  const exchange = handshake.read('server_key_exchange')
  const serverHello = handshake.read('server_hello')
  const crossed = handshake.crossed('server_key_exchange')
  if (exchange?.signed === undefined || exchange.parameters.kind !== 'ECDHE' || !serverHello || !crossed)
    return undefined
  // Header, then curve type (1), named curve (2), length (1) and the key share.
  const parameters = crossed.bytes.subarray(4, 8 + exchange.parameters.publicKey.length)
  const random = clientHello.subarray(CLIENT_RANDOM.start, CLIENT_RANDOM.end)
  return { content: Buffer.concat([random, serverHello.random, parameters]), signed: exchange.signed }
}

function signedTranscript(handshake: TlsHandshake, clientHello: Uint8Array): Signed | undefined {
  const signed = handshake.read('certificate_verify')
  const hello = handshake.read('server_hello')
  const suite = suiteCipher(hello?.cipherSuite ?? 0)
  // After a HelloRetryRequest the transcript begins otherwise (RFC 8446 4.4.1); no experiment makes one.
  if (signed === undefined || suite === undefined || hello?.retry !== false) return undefined
  const end = handshake.messages.findIndex(({ name }) => name === 'certificate_verify')
  const transcript = createHash(suite.hash).update(clientHello)
  for (const { bytes } of handshake.messages.slice(1, end)) transcript.update(bytes)
  return { content: Buffer.concat([Buffer.from(CONTEXT), transcript.digest()]), signed }
}

/** 1: the signature holds for this ClientHello, 0: it does not; null: nothing was signed. */
function judge(handshake: TlsHandshake, clientHello: Uint8Array): number | null {
  const found = signedKeyShare(handshake, clientHello) ?? signedTranscript(handshake, clientHello)
  const leaf = handshake.read('certificate')?.entries[0]
  const scheme = SCHEMES[found?.signed.scheme ?? 0]
  if (found === undefined || leaf === undefined || scheme === undefined) return null
  const padding = scheme.pss === true ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  try {
    const { publicKey } = new X509Certificate(leaf.data)
    const key = publicKey.asymmetricKeyType === 'rsa' ? { key: publicKey, padding } : publicKey
    return verify(scheme.hash, found.content, key, found.signed.signature) ? 1 : 0
  } catch {
    // A certificate or signature that cannot even be read proves nothing.
    return 0
  }
}

/** The share of the server's signatures that hold under the certificate's key. */
export const serverSignatureValid = (lane: WithHandshakes): number | null =>
  mean(lane, (handshake) => {
    const hello = handshake.crossed('client_hello')
    return hello === undefined ? null : judge(handshake, hello.bytes)
  })

/** Counterfactual: the share that would hold as well if they were shown to a client with another random. */
export const serverSignatureReplayable = (lane: WithHandshakes): number | null =>
  mean(lane, (handshake) => {
    const hello = handshake.crossed('client_hello')
    if (hello === undefined) return null
    const other = Buffer.from(hello.bytes)
    for (let i = CLIENT_RANDOM.start; i < CLIENT_RANDOM.end; i++) other[i] ^= 0xff
    return judge(handshake, other)
  })
