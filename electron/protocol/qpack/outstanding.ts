/** Field sections that refer to the dynamic table and are not acknowledged yet, by stream (RFC 9204 2.1.1, 2.1.2). */

export interface OutstandingSection {
  readonly requiredInsertCount: number
  /** Absolute indices, each once. */
  readonly references: readonly number[]
}

export class Outstanding {
  /** Oldest first: acknowledgments come in this order (RFC 9204 4.4.1). */
  private readonly streams = new Map<number, OutstandingSection[]>()
  /** Sections in all. */
  size = 0

  add(stream: number, section: OutstandingSection): void {
    const sections = this.streams.get(stream)
    if (sections === undefined) this.streams.set(stream, [section])
    else sections.push(section)
    this.size++
  }

  /** The oldest of a stream, which is now acknowledged. */
  shift(stream: number): OutstandingSection | undefined {
    const sections = this.streams.get(stream)
    const section = sections?.shift()
    if (section === undefined) return undefined
    if (sections!.length === 0) this.streams.delete(stream)
    this.size--
    return section
  }

  /** All of a stream, which was cancelled. */
  take(stream: number): readonly OutstandingSection[] {
    const sections = this.streams.get(stream) ?? []
    this.streams.delete(stream)
    this.size -= sections.length
    return sections
  }

  /** Streams that may be blocked: a section of theirs needs more than the decoder is known to have. */
  blockable(known: number): Set<number> {
    const found = new Set<number>()
    for (const [stream, sections] of this.streams)
      if (sections.some(({ requiredInsertCount }) => requiredInsertCount > known)) found.add(stream)
    return found
  }
}
