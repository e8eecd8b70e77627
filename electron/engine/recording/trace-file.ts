/**
 * `trace.bin`: the batches of a run one after the other, each behind its length (u32, little-endian). What is
 * torn at the end, because the engine died while it wrote, is left unread.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'

const HEADER = 4
/** Longer records are not ours: a length read from a torn file must not make us allocate without end. */
const LONGEST = 256 * 1024 * 1024

/** Appends batches. Keeps in memory where each one begins: 8 bytes a batch. */
export class TraceFile {
  private readonly fd: number
  private readonly starts: number[]
  private end: number

  private constructor(fd: number, starts: number[], end: number) {
    this.fd = fd
    this.starts = starts
    this.end = end
  }

  static create(path: string): TraceFile {
    return new TraceFile(openSync(path, 'wx+'), [], 0)
  }

  /** Opens a file for reading; all records that are whole count. */
  static open(path: string): TraceFile {
    const fd = openSync(path, 'r')
    const size = fstatSync(fd).size
    const header = Buffer.alloc(HEADER)
    const starts: number[] = []
    let at = 0
    while (at + HEADER <= size && readSync(fd, header, 0, HEADER, at) === HEADER) {
      const length = header.readUInt32LE(0)
      if (length > LONGEST || at + HEADER + length > size) break
      starts.push(at)
      at += HEADER + length
    }
    return new TraceFile(fd, starts, at)
  }

  /** How many batches there are. */
  get count(): number {
    return this.starts.length
  }

  /** Length of all whole records. */
  get bytes(): number {
    return this.end
  }

  append(batch: ArrayBuffer): void {
    const header = Buffer.alloc(HEADER)
    header.writeUInt32LE(batch.byteLength)
    writeSync(this.fd, header, 0, HEADER, this.end)
    writeSync(this.fd, new Uint8Array(batch), 0, batch.byteLength, this.end + HEADER)
    this.starts.push(this.end)
    this.end += HEADER + batch.byteLength
  }

  /** The bytes of batch `index`, from 0, in a buffer of their own. */
  read(index: number): ArrayBuffer {
    const start = this.starts[index] + HEADER
    const end = index + 1 < this.starts.length ? this.starts[index + 1] : this.end
    const bytes = new Uint8Array(end - start)
    readSync(this.fd, bytes, 0, bytes.length, start)
    return bytes.buffer
  }

  close(): void {
    closeSync(this.fd)
  }
}
