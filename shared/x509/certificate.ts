/** The fields of an X.509 certificate (RFC 5280 4.1 and 4.2), as text. */
import { hexOfBytes } from '../hex.ts'
import {
  ABSENT,
  BIT_STRING,
  BOOLEAN,
  explicit,
  INTEGER,
  OCTET_STRING,
  oidOf,
  OID,
  partsOf,
  textOf,
  timeOf,
  valuesOf,
  type DerValue,
} from './der.ts'

export interface CertificateFields {
  readonly subject: string
  readonly issuer: string
  /** Hexadecimal. */
  readonly serial: string
  readonly notBefore: string
  readonly notAfter: string
  /** Such as `RSA 2048` or `EC P-256`. */
  readonly key: string
  readonly signatureAlgorithm: string
  /** Host names and addresses that it is for. */
  readonly names: readonly string[]
  /** May it sign certificates (basic constraints)? */
  readonly isAuthority: boolean
  readonly keyUsage: readonly string[]
  /** Bytes of the whole. */
  readonly length: number
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
}

const ALGORITHMS: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.1': 'RSA',
  '1.2.840.113549.1.1.10': 'RSASSA-PSS',
  '1.2.840.113549.1.1.11': 'sha256WithRSAEncryption',
  '1.2.840.113549.1.1.12': 'sha384WithRSAEncryption',
  '1.2.840.113549.1.1.13': 'sha512WithRSAEncryption',
  '1.2.840.10045.2.1': 'EC',
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'Ed25519',
}

/** The bits of KeyUsage from the first on (RFC 5280 4.2.1.3). */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
]

const EXTENSIONS = { keyUsage: '2.5.29.15', names: '2.5.29.17', basicConstraints: '2.5.29.19' }

const algorithmName = (value: DerValue): string => {
  const oid = oidOf(value)
  return ALGORITHMS[oid] ?? oid
}

/** `CN=server.lab, O=...` */
const nameOf = (name: DerValue): string =>
  partsOf(name)
    .flatMap(({ content }) => valuesOf(content))
    .map((attribute) => {
      const [type = ABSENT, value = ABSENT] = partsOf(attribute)
      const oid = oidOf(type)
      return `${ATTRIBUTES[oid] ?? oid}=${textOf(value)}`
    })
    .join(', ')

/** Algorithm and size (RFC 3279 2.3, RFC 5480 2). */
function keyOf(info: DerValue): string {
  const [algorithm = ABSENT, bits = ABSENT] = partsOf(info)
  const [type = ABSENT, parameters = ABSENT] = partsOf(algorithm)
  const name = algorithmName(type)
  if (parameters.tag === OID) return `${name} ${algorithmName(parameters)}`
  if (name !== 'RSA' || bits.tag !== BIT_STRING) return name
  const [sequence = ABSENT] = valuesOf(bits.content.subarray(1))
  const [modulus = ABSENT] = partsOf(sequence)
  const digits = modulus.content[0] === 0 ? modulus.content.subarray(1) : modulus.content
  const leading = digits.length === 0 ? 0 : Math.clz32(digits[0]) - 24
  return modulus.tag === INTEGER ? `${name} ${digits.length * 8 - leading}` : name
}

/** The content of each extension by its identifier. */
function extensionsOf(list: DerValue | undefined): Map<string, DerValue> {
  const [sequence = ABSENT] = valuesOf(list?.content ?? ABSENT.content)
  return new Map(
    partsOf(sequence).map((extension) => {
      const parts = partsOf(extension)
      const octets = parts.find(({ tag }) => tag === OCTET_STRING) ?? ABSENT
      const [content = ABSENT] = valuesOf(octets.content)
      return [oidOf(parts[0] ?? ABSENT), content]
    }),
  )
}

const DNS_NAME = 0x82
const IP_ADDRESS = 0x87

const alternativeNames = (names: DerValue): string[] =>
  partsOf(names).flatMap(({ tag, content }) => {
    if (tag === DNS_NAME) return [textOf({ tag, content })]
    if (tag === IP_ADDRESS) return [content.length === 4 ? content.join('.') : hexOfBytes(content)]
    return []
  })

function keyUsages({ tag, content }: DerValue): string[] {
  if (tag !== BIT_STRING) return []
  return KEY_USAGES.filter((_, i) => ((content[1 + (i >> 3)] ?? 0) & (0x80 >> (i & 7))) !== 0)
}

/** What the certificate in `der` says; undefined, if it is none. */
export function readCertificate(der: Uint8Array): CertificateFields | undefined {
  const [certificate = ABSENT] = valuesOf(der)
  const [tbs = ABSENT, algorithm = ABSENT] = partsOf(certificate)
  const parts = partsOf(tbs)
  // The version stands first, but for the oldest (RFC 5280 4.1.2.1).
  if (parts[0]?.tag === explicit(0)) parts.shift()
  const [serial, , issuer, validity, subject, key] = parts as (DerValue | undefined)[]
  if (!serial || !issuer || !validity || !subject || !key) return undefined
  const [notBefore = ABSENT, notAfter = ABSENT] = partsOf(validity)
  const extensions = extensionsOf(parts.find(({ tag }) => tag === explicit(3)))
  const extension = (name: keyof typeof EXTENSIONS): DerValue => extensions.get(EXTENSIONS[name]) ?? ABSENT
  const [authority] = partsOf(extension('basicConstraints'))
  return {
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    serial: hexOfBytes(serial.content),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    key: keyOf(key),
    signatureAlgorithm: algorithmName(partsOf(algorithm)[0] ?? ABSENT),
    names: alternativeNames(extension('names')),
    isAuthority: (authority as DerValue | undefined)?.tag === BOOLEAN && authority.content[0] !== 0,
    keyUsage: keyUsages(extension('keyUsage')),
    length: der.length,
  }
}
