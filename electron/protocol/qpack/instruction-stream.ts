/** A stream of instructions (RFC 9204 4.2) that comes in any pieces: what is not whole yet is kept for the next time. */
import type { QpackError, QpackErrorName } from './errors.ts'
import { Reader } from './reader.ts'

const NOTHING = new Uint8Array(0)

export class InstructionStream {
  private rest: Uint8Array = NOTHING

  /**
   * Takes `bytes` and calls `execute` for each instruction that is whole; it reads one and does it only if the reader has not
   * stopped. `longest` bounds its strings, and so what is kept here.
   */
  feed(
    bytes: Uint8Array,
    longest: number,
    code: QpackErrorName,
    execute: (reader: Reader) => QpackError | undefined,
  ): QpackError | undefined {
    const all = this.rest.length === 0 ? bytes : joined(this.rest, bytes)
    const reader = new Reader(all, longest)
    let whole = 0
    while (reader.left > 0) {
      const error = execute(reader)
      if (reader.incomplete) break
      if (reader.fault !== undefined) return { code, reason: reader.fault }
      if (error !== undefined) return error
      whole = reader.at
    }
    this.rest = whole === all.length ? NOTHING : all.slice(whole)
    return undefined
  }

  /** Octets of an instruction that is not whole. */
  get pending(): number {
    return this.rest.length
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length)
  all.set(first)
  all.set(second, first.length)
  return all
}
