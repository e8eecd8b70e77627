/**
 * The messages that these programs exchange. Each says in its first bytes which one it is, how long it is and when it was sent, with a
 * checksum of all of it, so that whoever gets some bytes knows for certain whether they are one message, whole and as it was.
 */
import { crc32 } from 'node:zlib'
import type { Micros } from '../../../../shared/units.ts'
import type { Rng } from '../../../protocol/random.ts'

/**
 * A mark, 1 byte; number, 3; length, 3; moment of sending in microseconds, 5; CRC-32, 4. Without the mark, analysers take a length and
 * a small number after it for SMPP.
 */
const MARK = '#'.charCodeAt(0)
const NUMBER_AT = 1
const LENGTH_AT = 4
const SENT_AT = 7
const CHECKSUM_AT = 12
const HEADER = 16
/** Every message ends in this, so that none ends in zero. */
const LAST = '.'.charCodeAt(0)

/** Bytes of the shortest message that there is. */
export const LEAST_MESSAGE = HEADER + 1

/** Letters, and what framings have to look after; as many as five bits have values. */
const ALPHABET = Buffer.from('abcdefghijklmnopqrstuvwxyz\r\n\0\\ ,', 'latin1')
/** How many of them 32 random bits are good for. */
const LETTERS_A_WORD = 6

export interface Message {
  readonly number: number
  readonly sentAt: Micros
}

/** A message of `size` bytes, LEAST_MESSAGE at least; its contents are drawn from `rng`. */
export function writeMessage({ number, sentAt }: Message, size: number, rng: Rng): Uint8Array {
  const bytes = Buffer.alloc(size)
  bytes[0] = MARK
  bytes.writeUIntBE(number, NUMBER_AT, LENGTH_AT - NUMBER_AT)
  bytes.writeUIntBE(size, LENGTH_AT, SENT_AT - LENGTH_AT)
  bytes.writeUIntBE(Math.floor(sentAt), SENT_AT, CHECKSUM_AT - SENT_AT)
  for (let at = HEADER, word = 0; at < size; at++, word >>>= 5) {
    if ((at - HEADER) % LETTERS_A_WORD === 0) word = rng.uint32()
    bytes[at] = ALPHABET[word & 31]
  }
  bytes[size - 1] = LAST
  bytes.writeUInt32BE(checksumOf(bytes), CHECKSUM_AT)
  return bytes
}

/** The message that these bytes are; undefined: they are not one whole message as it was sent. */
export function readMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length < LEAST_MESSAGE || lengthIn(bytes) !== bytes.length) return undefined
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.readUInt32BE(CHECKSUM_AT) !== checksumOf(view)) return undefined
  return {
    number: view.readUIntBE(NUMBER_AT, LENGTH_AT - NUMBER_AT),
    sentAt: view.readUIntBE(SENT_AT, CHECKSUM_AT - SENT_AT) as Micros,
  }
}

/** Bytes from the beginning of a message that have to be there to know its length. */
export const LENGTH_KNOWN = SENT_AT

/** How long the message says it is that begins with these bytes, LENGTH_KNOWN at least. */
export const lengthIn = (bytes: Uint8Array): number =>
  (bytes[LENGTH_AT] << 16) | (bytes[LENGTH_AT + 1] << 8) | bytes[LENGTH_AT + 2]

/** Over all but the checksum itself. */
const checksumOf = (bytes: Buffer): number =>
  crc32(bytes.subarray(HEADER), crc32(bytes.subarray(0, CHECKSUM_AT)))
