/**
 * Validation of a certificate chain step by step, leaf first: RFC 5280 6.1 as far as the laboratory's chains need it, and
 * the server's name by RFC 9525. OpenSSL gives its verdict in one word; this tells what was compared with what, and the
 * tests hold the two to the same word.
 */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Trace } from '../../../shared/trace/sink.ts'

/** A step: does it hold, what was compared with what, and OpenSSL's word for the failure. */
export interface CertificateCheck {
  readonly depth: number
  readonly certificate: X509Certificate
  readonly check:
    'issuer' | 'signature' | 'validity' | 'basic_constraints' | 'key_usage' | 'host_name' | 'trust_anchor'
  readonly ok: boolean
  readonly detail: string
  /** Empty when it holds. */
  readonly code: string
}

/** The purpose of a TLS server's certificate (RFC 5280 4.2.1.12, id-kp-serverAuth). */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

type Step = Omit<CertificateCheck, 'depth' | 'certificate'>
type Given = { readonly anchors: readonly X509Certificate[]; readonly at: Date; readonly host: string }

const passed = (check: Step['check'], detail: string): Step => ({ check, ok: true, detail, code: '' })
const failed = (check: Step['check'], detail: string, code: string): Step => ({
  check,
  ok: false,
  detail,
  code,
})

/** The certificates in a PEM text, in its order. Throws for one that cannot be read. */
export const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (text) => new X509Certificate(text),
  )

/** A distinguished name on one line. */
export const nameText = (name: string): string => name.replaceAll('\n', ', ')

const day = (date: Date): string => date.toISOString().slice(0, 10)

const isSame = (a: X509Certificate, b: X509Certificate): boolean => a.fingerprint256 === b.fingerprint256

/** Whether it says of itself that it issued itself. */
const isSelfIssued = (certificate: X509Certificate): boolean => certificate.subject === certificate.issuer

/** RFC 5280 6.1.3 (a)(2). */
function checkValidity({ validFrom, validTo }: X509Certificate, at: Date): Step {
  const [from, to] = [new Date(validFrom), new Date(validTo)]
  const detail = `${day(from)} to ${day(to)}; today is ${day(at)}`
  if (at < from) return failed('validity', detail, 'CERT_NOT_YET_VALID')
  if (at > to) return failed('validity', detail, 'CERT_HAS_EXPIRED')
  return passed('validity', detail)
}

/** RFC 5280 6.1.3 (a)(4) and (a)(1): who issued it, and whether that key has signed it. */
function checkIssuer(
  certificate: X509Certificate,
  issuer: X509Certificate | undefined,
  isAlone: boolean,
): Step[] {
  const wanted = nameText(certificate.issuer)
  if (issuer === undefined) {
    const code = isAlone ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
    return [failed('issuer', `no certificate of ${wanted} was sent or is trusted`, code)]
  }
  const found = nameText(issuer.subject)
  const isNamed = certificate.issuer === issuer.subject
  const key = `${issuer.publicKey.asymmetricKeyType?.toUpperCase()} key of ${found}`
  return [
    isNamed
      ? passed('issuer', `subject of the next certificate: ${found}`)
      : failed('issuer', `${wanted} is not ${found}`, 'SUBJECT_ISSUER_MISMATCH'),
    certificate.verify(issuer.publicKey)
      ? passed('signature', `made with the ${key}`)
      : failed('signature', `not made with the ${key}, or not over these bytes`, 'CERT_SIGNATURE_FAILURE'),
  ]
}

/** RFC 5280 6.1.4 (k) and (n): whoever signs certificates must be allowed to. */
function checkAuthority(certificate: X509Certificate, issued: X509Certificate): Step[] {
  return [
    certificate.ca
      ? passed('basic_constraints', 'CA: true')
      : failed('basic_constraints', 'CA: false, and yet it issues', 'INVALID_CA'),
    // Node tells of the key usage only in this way: names, key identifiers and keyCertSign in one answer.
    issued.checkIssued(certificate)
      ? passed('key_usage', 'may sign certificates')
      : failed('key_usage', 'may not sign certificates', 'KEYUSAGE_NO_CERTSIGN'),
  ]
}

function checkLeaf(leaf: X509Certificate, host: string): Step[] {
  const names = leaf.subjectAltName ?? 'no names'
  // Absent: good for everything (RFC 5280 4.2.1.12). Node calls the extended key usage `keyUsage`.
  const mayServe = (leaf.keyUsage as readonly string[] | undefined)?.includes(SERVER_AUTH) ?? true
  return [
    mayServe
      ? passed('key_usage', 'for TLS servers')
      : failed('key_usage', 'not for TLS servers', 'INVALID_PURPOSE'),
    (isIP(host) > 0 ? leaf.checkIP(host) : leaf.checkHost(host)) !== undefined
      ? passed('host_name', `${host} is among ${names}`)
      : failed('host_name', `${host} is not among ${names}`, 'ERR_TLS_CERT_ALTNAME_INVALID'),
  ]
}

function checkAnchor(last: X509Certificate, { anchors }: Given): Step {
  if (anchors.some((anchor) => isSame(anchor, last)))
    return passed('trust_anchor', 'one that the client trusts')
  const isRoot = isSelfIssued(last)
  const detail = isRoot ? 'a root that the client does not trust' : 'the chain ends before any root'
  return failed(
    'trust_anchor',
    detail,
    isRoot ? 'SELF_SIGNED_CERT_IN_CHAIN' : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  )
}

/** The chain that can be built from what was sent, up to a root: each followed by the one that its issuer's name names. */
function buildChain(
  sent: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
): X509Certificate[] {
  const chain = [sent[0]]
  const candidates = [...sent.slice(1), ...anchors]
  for (;;) {
    const last = chain[chain.length - 1]
    const next = candidates.find(
      (one) => one.subject === last.issuer && !chain.some((known) => isSame(known, one)),
    )
    if (isSelfIssued(last) || next === undefined) return chain
    chain.push(next)
  }
}

/**
 * Checks the certificates that a server sent, its own first. `anchors` are the roots that the client trusts, `at` the date
 * to hold validities to, `host` the name that was asked for. All checks are made, after a failure too.
 */
export function walkChain(sent: readonly X509Certificate[], given: Given): CertificateCheck[] {
  const checks: CertificateCheck[] = []
  if (sent.length === 0) return checks
  const chain = buildChain(sent, given.anchors)
  for (const [depth, certificate] of chain.entries()) {
    const isLast = depth === chain.length - 1
    const issuer = isLast ? (isSelfIssued(certificate) ? certificate : undefined) : chain[depth + 1]
    const steps = [
      ...checkIssuer(certificate, issuer, chain.length === 1),
      checkValidity(certificate, given.at),
      ...(depth === 0 ? checkLeaf(certificate, given.host) : checkAuthority(certificate, chain[depth - 1])),
      ...(isLast ? [checkAnchor(certificate, given)] : []),
    ]
    for (const step of steps) checks.push({ depth, certificate, ...step })
  }
  return checks
}

/** What the walk says in one word: the code of the first failure; empty: the chain is good. */
export const verdictOf = (checks: readonly CertificateCheck[]): string =>
  checks.find(({ ok }) => !ok)?.code ?? ''

/** Writes the steps to the trace of the connection. */
export function tellChecks(trace: Trace, checks: readonly CertificateCheck[]): void {
  for (const { certificate, depth, check, ok, detail, code } of checks)
    trace.emit('security:certificate_checked', {
      depth,
      subject: nameText(certificate.subject),
      issuer: nameText(certificate.issuer),
      check,
      ok,
      detail,
      code,
    })
}
