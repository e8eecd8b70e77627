/**
 * `packets.bin`: the bytes of the packets, as records that describe themselves, so that an index can be made anew
 * from the file alone (little-endian, each padded to 4 bytes):
 *   u32 pkt | u32 length of the packet, bit 31: as altered on its way | u32 bytes stored | the bytes
 *
 * In memory stands one 32-bit number a packet: where its record begins. The file is bounded: past three quarters
 * of its limit only headers are kept, so that captures stay readable; past the limit, nothing. Both are counted.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import type { RecordedPacket } from './types.ts'

const HEADER = 12
const ALTERED = 0x8000_0000
/** Writing is done in pieces of this size; a system call for each packet would cost more than the packet. */
const CHUNK = 262_144
/** Room for IP and TCP headers with all their options. */
const HEADERS_ONLY = 128
const LONGEST_PACKET = 65_535

/** Index entries: a record at `offset` stands as offset / 4 + FIRST. */
const UNKNOWN = 0
const NOT_STORED = 1
const FIRST = 2

export interface SpoolOptions {
  /** The most bytes that are kept of a packet. */
  readonly snapLength: number
  /** The most bytes that the file may have; at most 16 GiB. */
  readonly limit: number
}

export const DEFAULT_SPOOL: SpoolOptions = { snapLength: LONGEST_PACKET, limit: 1024 ** 3 }

export class PacketSpool {
  private readonly fd: number
  private readonly options: SpoolOptions
  private readonly index = new Offsets(1024)
  private readonly altered = new Offsets(0)
  private readonly chunk = Buffer.allocUnsafe(CHUNK)
  /** Bytes in `chunk`, to be written at `written`. */
  private pending = 0
  private written = 0
  /** Packets seen. */
  packets = 0
  /** Packets of which not all bytes were kept. */
  truncated = 0

  private constructor(fd: number, options: SpoolOptions) {
    this.fd = fd
    this.options = options
  }

  static create(path: string, options: SpoolOptions = DEFAULT_SPOOL): PacketSpool {
    return new PacketSpool(openSync(path, 'wx+'), options)
  }

  /** Opens a file for reading and makes the index anew; a record torn at the end is left out. */
  static open(path: string): PacketSpool {
    const spool = new PacketSpool(openSync(path, 'r'), DEFAULT_SPOOL)
    const size = fstatSync(spool.fd).size
    const piece = Buffer.allocUnsafe(1024 * 1024)
    let pieceAt = 0
    let pieceLength = 0
    let at = 0
    while (at + HEADER <= size) {
      if (at < pieceAt || at + HEADER > pieceAt + pieceLength) {
        pieceAt = at
        pieceLength = readSync(spool.fd, piece, 0, piece.length, at)
        if (pieceLength < HEADER) break
      }
      const pkt = piece.readUInt32LE(at - pieceAt)
      const word = piece.readUInt32LE(at - pieceAt + 4)
      const stored = piece.readUInt32LE(at - pieceAt + 8)
      const length = word & ~ALTERED
      // No more than one number may be skipped for each byte of the file: else the record is not ours.
      if (stored > length || length > LONGEST_PACKET || at + HEADER + stored > size || pkt > size) break
      spool.note(pkt, at, (word & ALTERED) !== 0, stored < length)
      at += padded(HEADER + stored)
    }
    spool.written = at
    return spool
  }

  /** Whether the packet was seen before, stored or not. */
  has(pkt: number): boolean {
    return this.index.get(pkt) !== UNKNOWN
  }

  get bytes(): number {
    return this.written + this.pending
  }

  /** Memory that the index takes, in bytes. */
  get indexBytes(): number {
    return this.index.bytes + this.altered.bytes
  }

  /** Keeps a packet; `altered`: as a link or router gave it out, where that is not as it was sent. */
  write(pkt: number, bytes: Uint8Array, altered = false): void {
    const { limit, snapLength } = this.options
    const room = this.bytes < limit * 0.75 ? snapLength : Math.min(snapLength, HEADERS_ONLY)
    const stored = Math.min(bytes.length, room)
    const size = padded(HEADER + stored)
    if (this.bytes + size > limit) {
      this.noteMissing(pkt, altered)
      return
    }
    if (this.pending + size > CHUNK) this.flush()
    const { chunk, pending } = this
    this.note(pkt, this.written + pending, altered, stored < bytes.length)
    chunk.writeUInt32LE(pkt, pending)
    chunk.writeUInt32LE(altered ? (bytes.length | ALTERED) >>> 0 : bytes.length, pending + 4)
    chunk.writeUInt32LE(stored, pending + 8)
    chunk.set(stored === bytes.length ? bytes : bytes.subarray(0, stored), pending + HEADER)
    chunk.fill(0, pending + HEADER + stored, pending + size)
    this.pending += size
  }

  /** Writes what is pending to the file. */
  flush(): void {
    if (this.pending === 0) return
    writeSync(this.fd, this.chunk, 0, this.pending, this.written)
    this.written += this.pending
    this.pending = 0
  }

  /** The packet as it was sent, or as it was altered on its way; undefined: unknown, or there was no room for it. */
  read(pkt: number, altered = false): RecordedPacket | undefined {
    const entry = (altered ? this.altered : this.index).get(pkt)
    if (entry < FIRST) return undefined
    const at = (entry - FIRST) * 4
    if (at >= this.written) this.flush()
    const header = Buffer.allocUnsafe(HEADER)
    readSync(this.fd, header, 0, HEADER, at)
    const bytes = new Uint8Array(header.readUInt32LE(8))
    readSync(this.fd, bytes, 0, bytes.length, at + HEADER)
    return { bytes, length: header.readUInt32LE(4) & ~ALTERED }
  }

  close(): void {
    closeSync(this.fd)
  }

  private note(pkt: number, offset: number, altered: boolean, cut: boolean): void {
    const entry = offset / 4 + FIRST
    if (altered) this.altered.set(pkt, entry)
    else this.setIndex(pkt, entry)
    if (cut) this.truncated++
  }

  private noteMissing(pkt: number, altered: boolean): void {
    if (!altered) this.setIndex(pkt, NOT_STORED)
    this.truncated++
  }

  private setIndex(pkt: number, entry: number): void {
    this.index.set(pkt, entry)
    this.packets++
  }
}

/** An index entry a packet, by its number. */
class Offsets {
  private entries: Uint32Array

  constructor(length: number) {
    this.entries = new Uint32Array(length)
  }

  get bytes(): number {
    return this.entries.byteLength
  }

  get(pkt: number): number {
    return pkt < this.entries.length ? this.entries[pkt] : UNKNOWN
  }

  set(pkt: number, entry: number): void {
    if (pkt >= this.entries.length) {
      const larger = new Uint32Array(Math.max(pkt + 1, Math.ceil(this.entries.length * 1.5)))
      larger.set(this.entries)
      this.entries = larger
    }
    this.entries[pkt] = entry
  }
}

const padded = (bytes: number): number => (bytes + 3) & ~3
