/** Reads a recorded TLS connection as far as the server's private key allows. */
import type { KeyObject } from 'node:crypto'
import type { EventData } from '../../../shared/trace/events.ts'
import { octetText } from '../../protocol/wire/octets.ts'
import type { Side } from '../../protocol/wire/side.ts'
import { TlsDissector } from '../../protocol/wire/tls/dissector.ts'
import type { TlsEvent } from '../../protocol/wire/tls/events.ts'
import { hexOf, KeyLog } from '../../protocol/wire/tls/key-log.ts'
import { nodeCrypto } from '../node-crypto.ts'
import { decryptPremaster } from './premaster.ts'

/** Bytes that crossed in one piece. */
export interface Crossed {
  readonly from: Side
  readonly bytes: Uint8Array
}

/** ContentType of RFC 8446 5.1. */
const APPLICATION_DATA = 23
const RECORD_HEADER = 5
/** Octets of what was read that are shown. */
const SAMPLE = 200

function* dissect(recording: readonly Crossed[], keyLog: KeyLog): Generator<TlsEvent> {
  const dissector = new TlsDissector(nodeCrypto, keyLog)
  for (const { from, bytes } of recording) {
    dissector.handleBytes(from, bytes)
    for (let event = dissector.pollEvent(); event !== undefined; event = dissector.pollEvent()) yield event
  }
}

/** What the handshake gives away. */
interface Clues {
  /** Lines of a key log. */
  readonly lines: readonly string[]
  readonly handshakes: number
  readonly keyExchanges: number
}

/** Tries the key on whatever the client sent as its part of the key exchange. */
function findClues(recording: readonly Crossed[], key: KeyObject): Clues {
  const lines: string[] = []
  let handshakes = 0
  let keyExchanges = 0
  for (const event of dissect(recording, new KeyLog())) {
    if (event.kind !== 'handshake') continue
    const { message } = event
    if (message.type === 'server_hello') handshakes++
    if (message.type !== 'client_key_exchange') continue
    keyExchanges++
    const premaster = decryptPremaster(message.exchange, key)
    if (premaster !== undefined)
      lines.push(`RSA ${hexOf(message.exchange.subarray(0, 8))} ${hexOf(premaster)}`)
  }
  return { lines, handshakes, keyExchanges }
}

function reasonOf({ lines, keyExchanges }: Clues, closed: number): string {
  if (lines.length > 0) return closed === 0 ? '' : `${closed} records stay closed`
  return keyExchanges === 0
    ? 'no secret crossed: the handshake agreed on one by (EC)DHE, or took up one of before'
    : "what the client sent is no secret encrypted for this key: (EC)DHE public values tell nobody the secret, and the server's key has only signed"
}

/**
 * @returns what the attempt brought, counted in the bytes that it read itself; undefined: this is no TLS
 */
export function readRecording(
  recording: readonly Crossed[],
  key: KeyObject,
): EventData<'security:decryption_attempted'> | undefined {
  const clues = findClues(recording, key)
  if (clues.handshakes === 0) return undefined
  const keyLog = new KeyLog()
  for (const line of clues.lines) keyLog.addLine(line)
  let total = 0
  let recovered = 0
  let closed = 0
  let sample = ''
  for (const event of dissect(recording, keyLog)) {
    if (event.kind === 'record' && event.type === APPLICATION_DATA) total += event.length - RECORD_HEADER
    if (event.kind === 'undecryptable') closed++
    if (event.kind !== 'application_data') continue
    recovered += event.data.length
    if (sample.length < SAMPLE)
      sample += octetText(event.data, 0, Math.min(event.data.length, SAMPLE - sample.length))
  }
  return { total, recovered, reason: reasonOf(clues, closed), sample }
}
