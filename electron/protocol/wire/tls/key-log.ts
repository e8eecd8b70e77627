/**
 * Secrets in the text form of NSS, as the variable SSLKEYLOGFILE has programs write it and as Node's `keylog` event gives it
 * (RFC 9850): a label, the client's random (or, for RSA, the beginning of the encrypted premaster secret), the secret.
 */
import { hexOfBytes } from '../../../../shared/hex.ts'

export type TrafficLabel =
  | 'CLIENT_EARLY_TRAFFIC_SECRET'
  | 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
  | 'SERVER_HANDSHAKE_TRAFFIC_SECRET'
  | 'CLIENT_TRAFFIC_SECRET_0'
  | 'SERVER_TRAFFIC_SECRET_0'

export type SecretLabel =
  | TrafficLabel
  /** The master secret of TLS 1.2. */
  | 'CLIENT_RANDOM'
  /** The premaster secret of TLS 1.2, by client random; a label that Wireshark reads, too. */
  | 'PMS_CLIENT_RANDOM'
  /** The premaster secret, by the first 8 bytes of its encrypted form. */
  | 'RSA'

/** Lengths in bytes: of the key that a secret is found by, and the least and most of the secret. */
const LENGTHS: Readonly<Record<SecretLabel, readonly [by: number, least: number, most: number]>> = {
  CLIENT_EARLY_TRAFFIC_SECRET: [32, 32, 48],
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: [32, 32, 48],
  SERVER_HANDSHAKE_TRAFFIC_SECRET: [32, 32, 48],
  CLIENT_TRAFFIC_SECRET_0: [32, 32, 48],
  SERVER_TRAFFIC_SECRET_0: [32, 32, 48],
  CLIENT_RANDOM: [32, 48, 48],
  // As long as the prime of a finite-field exchange.
  PMS_CLIENT_RANDOM: [32, 1, 1024],
  RSA: [8, 48, 48],
}

/** Other labels that programs write; they say nothing of records. */
const WITHOUT_RECORDS = /^(EARLY_)?EXPORTER_SECRET$|^ECH_(SECRET|CONFIG)$/

export type KeyLogProblem = 'not_three_words' | 'unknown_label' | 'not_hexadecimal' | 'bad_length'

function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

/** As a key log writes bytes. */
export const hexOf = hexOfBytes

export class KeyLog {
  private readonly secrets = new Map<string, Uint8Array>()

  /** Takes in the lines of `text` and returns those that are wrong, counted from 1; the others are kept. */
  addText(text: string): { readonly line: number; readonly problem: KeyLogProblem }[] {
    return text.split(/\r\n|\r|\n/).flatMap((line, i) => {
      const problem = this.addLine(line)
      return problem === undefined ? [] : [{ line: i + 1, problem }]
    })
  }

  /** Takes in one line; comments and empty lines are fine. Returns what is wrong with it. */
  addLine(line: string): KeyLogProblem | undefined {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return undefined
    const words = trimmed.split(/[ \t]+/)
    if (words.length !== 3) return 'not_three_words'
    const [label, by, secret] = words
    if (WITHOUT_RECORDS.test(label)) return undefined
    if (!Object.hasOwn(LENGTHS, label)) return 'unknown_label'
    const [byLength, least, most] = LENGTHS[label as SecretLabel]
    const bytes = fromHex(secret)
    if (bytes === undefined || fromHex(by) === undefined) return 'not_hexadecimal'
    if (by.length !== 2 * byLength || bytes.length < least || bytes.length > most) return 'bad_length'
    this.secrets.set(`${label} ${by.toLowerCase()}`, bytes)
    return undefined
  }

  /** The secret of this label for a client random (RSA: for 8 bytes of the encrypted premaster secret). */
  find(label: SecretLabel, by: Uint8Array): Uint8Array | undefined {
    return this.secrets.get(`${label} ${hexOf(by)}`)
  }
}
