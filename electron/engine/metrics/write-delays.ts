/** How long what an application writes on a connection takes until the application at the other end has read it. */

interface Written {
  readonly t: number
  /** Bytes of this direction up to its end. */
  readonly end: number
}

/** One direction of a connection. */
class Way {
  readonly underWay: Written[] = []
  private first = 0
  private written = 0
  private read = 0

  write(t: number, bytes: number): void {
    this.written += bytes
    this.underWay.push({ t, end: this.written })
  }

  /** Bytes were read; gives the delay of each write that is whole by now. */
  *take(t: number, bytes: number): Generator<number> {
    this.read += bytes
    while (this.first < this.underWay.length && this.underWay[this.first].end <= this.read)
      yield t - this.underWay[this.first++].t
  }
}

/** The writes of both directions of a connection, and the rounds of the end that asks. */
export class WriteDelays {
  /** Microseconds from each write until all of it was read. */
  readonly delays: number[] = []
  /** Microseconds from the first write of a question until the last byte of its answer was read. */
  readonly rounds: number[] = []
  private readonly ways = new Map<string, Way>()
  /** The end that wrote first, and its round: when it began, and when something was last read in it. */
  private asking: string | undefined
  private begun = 0
  private answeredAt: number | undefined

  onWritten(t: number, node: string, bytes: number): void {
    this.asking ??= node
    if (node === this.asking) this.ask(t)
    this.way(node).write(t, bytes)
  }

  onRead(t: number, node: string, bytes: number): void {
    if (node === this.asking) this.answeredAt = t
    for (const [writer, way] of this.ways) if (writer !== node) this.delays.push(...way.take(t, bytes))
  }

  /** The round that is answered and not followed by another is over, too. */
  get allRounds(): readonly number[] {
    return this.answeredAt === undefined ? this.rounds : [...this.rounds, this.answeredAt - this.begun]
  }

  private ask(t: number): void {
    if (this.ways.size > 0 && this.answeredAt === undefined) return
    if (this.answeredAt !== undefined) this.rounds.push(this.answeredAt - this.begun)
    this.begun = t
    this.answeredAt = undefined
  }

  private way(node: string): Way {
    let way = this.ways.get(node)
    if (way === undefined) this.ways.set(node, (way = new Way()))
    return way
  }
}
