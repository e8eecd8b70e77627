/** Connection ids of both sides: giving them out, using them, retiring them (RFC 9000 5.1, 19.15, 19.16). */
import { sameBytes } from '../wire/bytes.ts'
import type { Frame } from '../wire/quic/frames.ts'
import { violation, type Violation } from './violation.ts'

export interface IssuedId {
  readonly number: number
  readonly id: Uint8Array
  readonly resetToken: Uint8Array
}

/** Ids that we give out, by which the peer's packets find us. */
export class LocalIds {
  private readonly issued = new Map<number, IssuedId>()
  private next = 0
  private readonly make: () => Omit<IssuedId, 'number'>

  /** `make` gives a new id and its reset token. */
  constructor(make: () => Omit<IssuedId, 'number'>, first: Omit<IssuedId, 'number'>) {
    this.make = make
    this.issued.set(this.next, { ...first, number: this.next })
    this.next++
  }

  get all(): Iterable<IssuedId> {
    return this.issued.values()
  }

  get(number: number): IssuedId | undefined {
    return this.issued.get(number)
  }

  /** New ones until the peer has as many as it can keep. */
  issueUpTo(limit: number): IssuedId[] {
    const fresh: IssuedId[] = []
    while (this.issued.size < limit) {
      const entry = { ...this.make(), number: this.next }
      this.issued.set(this.next++, entry)
      fresh.push(entry)
    }
    return fresh
  }

  /** RETIRE_CONNECTION_ID; `usedBy` is the id that the packet came with. Returns what was retired. */
  retire(number: number, usedBy: Uint8Array): IssuedId | Violation | undefined {
    if (number >= this.next)
      return violation('PROTOCOL_VIOLATION', `9000 19.16: connection id ${number} was never given out`)
    const entry = this.issued.get(number)
    if (entry === undefined) return undefined
    if (sameBytes(entry.id, usedBy))
      return violation('PROTOCOL_VIOLATION', '9000 19.16: retires the connection id that it comes with')
    this.issued.delete(number)
    return entry
  }
}

/** An id of the peer's. It belongs to the path that took it. */
export interface RemoteId {
  readonly number: number
  id: Uint8Array
  resetToken: Uint8Array | undefined
  /** A path has it, or had it: no other gets it (RFC 9000 9.5). */
  isTaken: boolean
}

/** RFC 9000 5.1.2: how many retirements may wait to be told; a peer that wants more is a nuisance. */
const MOST_RETIRING = 64

/** Ids that the peer has given us, by which our packets find it. */
export class RemoteIds {
  private readonly known: RemoteId[]
  private retirePriorTo = 0
  /** What we have retired ourselves: NEW_CONNECTION_ID may come once more, and late (RFC 9000 19.15). */
  private readonly gone = new Set<number>()
  /** Sequence numbers to be told in RETIRE_CONNECTION_ID. */
  readonly retired: number[] = []
  /** Our active_connection_id_limit. */
  private readonly limit: number

  constructor(first: Uint8Array, limit: number) {
    this.known = [{ number: 0, id: first, resetToken: undefined, isTaken: false }]
    this.limit = limit
  }

  /** There is one that no path has. */
  get hasSpare(): boolean {
    return this.known.some(({ isTaken }) => !isTaken)
  }

  /** One for a path that has none yet; undefined: the peer has given too few. Empty ids are all the same. */
  take(): RemoteId | undefined {
    if (this.isEmpty) return this.known[0]
    const unused = this.known.find(({ isTaken }) => !isTaken)
    if (unused !== undefined) unused.isTaken = true
    return unused
  }

  /** It may still be used: neither side has retired it. */
  has(id: RemoteId): boolean {
    return this.known.includes(id)
  }

  /** The path is given up, and its id with it (RFC 9000 5.1.2). */
  retire(id: RemoteId): void {
    const at = this.known.indexOf(id)
    if (at < 0) return
    this.known.splice(at, 1)
    this.gone.add(id.number)
    this.retired.push(id.number)
  }

  /** RETIRE_CONNECTION_ID is sent. */
  onRetirementSent(number: number): void {
    const at = this.retired.indexOf(number)
    if (at >= 0) this.retired.splice(at, 1)
  }

  /** The server has chosen its own, or Retry another for the client's first (RFC 9000 7.2). */
  replaceFirst(id: Uint8Array): void {
    this.known[0].id = id
  }

  /** From the transport parameters. */
  setFirstResetToken(token: Uint8Array): void {
    const first = this.known.find(({ number }) => number === 0)
    if (first !== undefined) first.resetToken = token
  }

  /** RFC 9000 10.3.1: whether these bytes reset a connection whose id we use. */
  isReset(token: Uint8Array): boolean {
    return this.known.some(({ resetToken }) => resetToken !== undefined && sameBytes(resetToken, token))
  }

  /** NEW_CONNECTION_ID (RFC 9000 19.15). */
  add(frame: Extract<Frame, { type: 'new_connection_id' }>): Violation | undefined {
    if (this.isEmpty) return violation('PROTOCOL_VIOLATION', '9000 19.15: the peer uses empty connection ids')
    const twin = this.known.find(({ number, id }) => (number === frame.number) !== sameBytes(id, frame.id))
    if (twin !== undefined)
      return violation('PROTOCOL_VIOLATION', '9000 19.15: the same number or id again, for another')
    const isKnown = this.gone.has(frame.number) || this.known.some(({ number }) => number === frame.number)
    if (frame.number < this.retirePriorTo) {
      if (!this.retired.includes(frame.number)) this.retired.push(frame.number)
    } else if (!isKnown)
      this.known.push({
        number: frame.number,
        id: frame.id.slice(),
        resetToken: frame.resetToken.slice(),
        isTaken: false,
      })
    if (frame.retirePriorTo > this.retirePriorTo) this.retireBelow(frame.retirePriorTo)
    if (this.known.length > this.limit)
      return violation('CONNECTION_ID_LIMIT_ERROR', `9000 5.1.1: more than ${this.limit} connection ids`)
    if (this.retired.length > MOST_RETIRING)
      return violation('CONNECTION_ID_LIMIT_ERROR', '9000 5.1.2: retires faster than it hears of it')
    return undefined
  }

  /** RFC 9000 5.1: the peer needs no ids, and gives no others. */
  private get isEmpty(): boolean {
    return this.known[0]?.id.length === 0
  }

  private retireBelow(number: number): void {
    this.retirePriorTo = number
    for (const one of this.gone) if (one < number) this.gone.delete(one)
    const kept = this.known.filter((entry) => entry.number >= number)
    for (const entry of this.known) if (entry.number < number) this.retired.push(entry.number)
    // The new id came with the frame that retires the old ones, so one is left.
    if (kept.length > 0) this.known.splice(0, this.known.length, ...kept)
  }
}
