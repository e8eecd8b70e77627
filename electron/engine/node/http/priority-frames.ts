/**
 * PRIORITY frames of RFC 7540 6.3, by hand: RFC 9113 5.3.2 has given the scheme up, and Node sends none from 24.2 on. A
 * stream between Node's session and its connection follows the frames that go out, and lets one more go after the header
 * block that opens a stream, where one frame ends and the next begins. So it works over TLS as it does in the clear.
 */
import { Duplex } from 'node:stream'
import type { RequestSetup } from '../../../../shared/http.ts'
import { CONTINUATION, FLAG_END_HEADERS, HEADERS, PRIORITY } from '../../../protocol/wire/h2/names.ts'

export type PriorityFrame = NonNullable<RequestSetup['priorityFrame']>

/** Length 24 bits, type 8, flags 8, stream identifier 32 (RFC 9113 4.1). */
const FRAME_HEADER = 9
/** What a client sends first (RFC 9113 3.4). */
const PREFACE = 24

export class PriorityFrames extends Duplex {
  private readonly lower: Duplex
  /** What is to be said of a stream, as soon as it is open. */
  private readonly due = new Map<number, PriorityFrame>()
  private header = Buffer.alloc(0)
  /** Octets of the preface or of a payload that are yet to pass. */
  private passing = PREFACE
  /** The stream whose header block is whole when these have passed; 0: none. */
  private opening = 0

  constructor(lower: Duplex) {
    super({ allowHalfOpen: true })
    this.lower = lower
    lower.on('data', (bytes: Uint8Array) => {
      if (!this.push(bytes)) lower.pause()
    })
    lower.once('end', () => this.push(null))
    lower.once('error', (error: Error) => this.destroy(error))
    lower.once('close', () => this.destroy())
  }

  /** Lets a frame follow the header block of a stream that is about to be opened. */
  follow(stream: number, frame: PriorityFrame): void {
    this.due.set(stream, frame)
  }

  override _read(): void {
    this.lower.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const out: Buffer[] = []
    for (let at = 0; at < chunk.length;) {
      if (this.passing > 0) {
        const length = Math.min(this.passing, chunk.length - at)
        out.push(chunk.subarray(at, at + length))
        this.passing -= length
        at += length
      } else at += this.takeHeader(chunk.subarray(at), out)
      if (this.passing === 0 && this.opening !== 0) out.push(...this.endBlock())
    }
    this.lower.write(Buffer.concat(out), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.lower.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.lower.destroy(error ?? undefined)
    done(error)
  }

  /** Collects a frame header, which may come in pieces, and reads it; returns how many octets it took. */
  private takeHeader(bytes: Buffer, out: Buffer[]): number {
    const taken = Math.min(FRAME_HEADER - this.header.length, bytes.length)
    this.header = Buffer.concat([this.header, bytes.subarray(0, taken)])
    if (this.header.length < FRAME_HEADER) return taken
    const [type, flags] = [this.header[3], this.header[4]]
    const isBlock = type === HEADERS || type === CONTINUATION
    this.opening = isBlock && (flags & FLAG_END_HEADERS) !== 0 ? this.header.readUInt32BE(5) : 0
    this.passing = this.header.readUIntBE(0, 3)
    out.push(this.header)
    this.header = Buffer.alloc(0)
    return taken
  }

  private endBlock(): Buffer[] {
    const stream = this.opening
    const frame = this.due.get(stream)
    this.opening = 0
    this.due.delete(stream)
    return frame === undefined ? [] : [encodePriority(stream, frame)]
  }
}

/** RFC 7540 6.3; a weight of 1 to 256 goes as one less. */
function encodePriority(stream: number, { dependsOn, weight, exclusive }: PriorityFrame): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER + 5)
  bytes.writeUIntBE(5, 0, 3)
  bytes[3] = PRIORITY
  bytes.writeUInt32BE(stream, 5)
  bytes.writeUInt32BE((exclusive ? 0x8000_0000 : 0) + dependsOn, FRAME_HEADER)
  bytes[FRAME_HEADER + 4] = weight - 1
  return bytes
}
