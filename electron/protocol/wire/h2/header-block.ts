/** A header block over HEADERS or PUSH_PROMISE and the CONTINUATION frames behind it (RFC 9113 4.3). */
import { Gather } from '../octets.ts'
import type { FrameHeader, Place } from './events.ts'

/** Fragments whose place is kept; empty CONTINUATION frames could be without number. */
const MOST_FRAGMENTS = 1024

export interface BlockStart {
  readonly frame: FrameHeader
  /** Legal where it stands; otherwise it is read for the tables' sake only. */
  readonly legal: boolean
  /** Set for PUSH_PROMISE. */
  readonly promisedStreamId?: number
}

export class HeaderAssembly {
  /** What is being put together. */
  start: BlockStart | undefined
  fragments: Place[] = []
  /** It grew beyond the limit; its octets are dropped. */
  overflow = false
  private readonly maxLength: number
  private readonly octets = new Gather()

  constructor(maxLength: number) {
    this.maxLength = maxLength
  }

  begin(start: BlockStart): void {
    this.start = start
    this.fragments = []
    this.overflow = false
    this.octets.clear()
  }

  add(fragment: Uint8Array, offset: number): void {
    this.overflow ||=
      this.octets.length + fragment.length > this.maxLength || this.fragments.length >= MOST_FRAGMENTS
    if (this.overflow) return
    this.octets.add(fragment, 0, fragment.length)
    this.fragments.push({ offset, length: fragment.length })
  }

  /** The block, as a view that the next one overwrites. */
  get block(): Uint8Array {
    return this.octets.bytes
  }

  drop(): void {
    this.start = undefined
  }
}
