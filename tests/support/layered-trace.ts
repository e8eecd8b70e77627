/**
 * Traces of one direction of one connection with all its layers: application data cut into frames or messages, these
 * into TLS records, these into segments, which are sent, lost, sent again and reordered as a plan says.
 */
import fc from 'fast-check'
import { FLOW, TraceMaker } from './trace-maker.ts'

export interface Piece {
  /** 0: of no stream. */
  readonly stream: number
  /** Bytes in all; a frame has 9 at least. */
  readonly length: number
}

/** A segment on its way: when it is sent, and when it arrives (null: never). */
export interface Flight {
  readonly from: number
  readonly to: number
  readonly sent: number
  readonly arrives: number | null
}

export interface Plan {
  readonly version: 'h2' | 'http/1.1'
  readonly pieces: readonly Piece[]
  /** Bytes of content of the TLS records, and what each adds; null: in the clear. */
  readonly records: {
    readonly cuts: readonly number[]
    readonly extra: number
    readonly first: number
  } | null
  readonly flights: readonly Flight[]
}

export interface Laid {
  readonly from: number
  readonly to: number
}

/** A record in TCP offsets, and its content in both. */
export interface LaidRecord extends Laid {
  readonly body: number
  readonly plain: number
  readonly length: number
}

export const SEQ = 4_294_967_200

/** The records that hold `total` bytes; the first one, of `first` bytes, is part of the handshake. */
export function layRecords(
  total: number,
  { cuts, extra, first }: NonNullable<Plan['records']>,
): LaidRecord[] {
  const records: LaidRecord[] = [{ from: 0, to: first, body: first, plain: 0, length: 0 }]
  let plain = 0
  for (let i = 0; plain < total; i++) {
    const length = Math.min(total - plain, cuts[i % cuts.length])
    const { to: from } = records[records.length - 1]
    const before = extra === 24 ? 8 : extra > 24 ? 16 : 0
    records.push({ from, to: from + 5 + extra + length, body: from + 5 + before, plain, length })
    plain += length
  }
  return records
}

/** Where the pieces lie among the application data. */
export function layPieces(pieces: readonly Piece[]): (Piece & Laid)[] {
  let at = 0
  return pieces.map((piece) => ({ ...piece, from: at, to: (at += piece.length) }))
}

/** The trace of a plan: what the server sends to the client. The number of a packet is that of its flight, from 1. */
export function layeredTrace({ version, pieces, records: cut, flights }: Plan): TraceMaker {
  const laid = layPieces(pieces)
  const total = laid.reduce((sum, { length }) => sum + length, 0)
  const records = cut ? layRecords(total, cut) : []
  const toTcp = (plain: number): number => {
    if (cut === null) return plain
    const record = records.find((one) => one.plain <= plain && plain < one.plain + one.length)!
    return record.body + plain - record.plain
  }
  const where = { node: 'server', flow: FLOW }
  const maker = new TraceMaker().pair()
  maker.sent(0, 9_000, 'server', { seq: SEQ - 1, flags: 0x12 })
  interface Timed {
    readonly t: number
    readonly add: () => void
  }
  const timed: Timed[] = []
  const known = { sent: 0, record: 0, piece: 0 }
  flights.forEach(({ from, to, sent, arrives }, i) => {
    const pkt = i + 1
    const segment = {
      seq: (SEQ + from) % 2 ** 32,
      payload: to - from,
      cause: from < known.sent ? 'sack' : '',
    }
    timed.push({ t: sent, add: () => maker.sent(sent, pkt, 'server', segment) })
    known.sent = Math.max(known.sent, to)
    const tell = (add: () => void): void => void timed.push({ t: sent, add })
    for (; known.record < records.length && records[known.record].to <= known.sent; known.record++) {
      const record = records[known.record]
      tell(() => addRecord(maker, sent, record, { ...where, pkt }))
    }
    for (; known.piece < laid.length && toTcp(laid[known.piece].to - 1) < known.sent; known.piece++) {
      const piece = laid[known.piece]
      tell(() => addPiece(maker, sent, version, piece, { ...where, pkt }))
    }
    if (arrives === null) {
      const drop = { direction: 1, reason: 'bernoulli', delay: 1 }
      timed.push({ t: sent, add: () => maker.add(sent, 'link:packet_dropped', drop, { node: 'link', pkt }) })
    } else timed.push({ t: arrives, add: () => maker.received(arrives, pkt, 'client', to - from) })
  })
  for (const { add } of timed.sort((a, b) => a.t - b.t)) add()
  return maker
}

type Where = { node: string; flow: string; pkt: number }

function addRecord(
  maker: TraceMaker,
  t: number,
  { from, to, plain, length }: LaidRecord,
  where: Where,
): void {
  maker.add(
    t,
    'security:record',
    {
      from: 'server',
      offset: from,
      length: to - from,
      content_type: length > 0 ? 23 : 22,
      inner_type: length > 0 ? 23 : 22,
      version: 0x0303,
      protected: length > 0,
      plain_offset: length > 0 ? plain : -1,
      plain_length: length,
      problem: '',
    },
    where,
  )
}

function addPiece(
  maker: TraceMaker,
  t: number,
  version: Plan['version'],
  { stream, length, from, to }: Piece & Laid,
  where: Where,
): void {
  if (version === 'h2') {
    const frame = { type: stream === 0 ? 'SETTINGS' : 'DATA', flags: 0, detail: '' }
    const windows = { connection_window: -1, stream_window: -1 }
    maker.add(
      t,
      'http:frame',
      { from: 'server', stream, offset: from, length: length - 9, ...frame, ...windows },
      where,
    )
    return
  }
  if (stream === 0) return
  const message = { from: 'server', version, part: 'response', exchange: stream, offset: from, length: 1 }
  const line = { uncompressed: 1, method: '', target: '', status: 200, fields: '[]', end: false }
  maker.add(t, 'http:message_started', { ...message, ...line }, where)
  const end = { part: 'response', exchange: stream, end_offset: to, content: length - 1, complete: true }
  maker.add(t, 'http:message_finished', { from: 'server', ...end }, where)
}

const piece = fc.record({ stream: fc.nat(4), length: fc.integer({ min: 9, max: 40 }) })
const cuts = (max: number) => fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: 6 })

/** Plans with everything that can go wrong: losses, losses of what is sent again, reordering, other segmentation. */
export const anyPlan = (troubles: { loss: boolean; reordering: boolean }): fc.Arbitrary<Plan> =>
  fc
    .record({
      version: fc.constantFrom('h2' as const, 'http/1.1' as const),
      pieces: fc.array(piece, { minLength: 1, maxLength: 14 }),
      records: fc.option(
        fc.record({
          cuts: cuts(60),
          extra: fc.constantFrom(16, 17, 24, 40),
          first: fc.integer({ min: 1, max: 30 }),
        }),
      ),
      segments: cuts(50),
      fates: fc.array(
        fc.record({ wait: fc.nat(5), delay: fc.nat(30), lost: fc.boolean(), cut: fc.boolean() }),
        { minLength: 40, maxLength: 40 },
      ),
    })
    .map(({ segments, fates, ...plan }) => ({
      ...plan,
      pieces: plan.version === 'h2' ? plan.pieces : asExchanges(plan.pieces),
      flights: fly(lengthOf(plan), segments, fates, troubles),
    }))

/** Exchanges follow each other; none comes twice. */
const asExchanges = (pieces: readonly Piece[]): Piece[] =>
  pieces.map(({ length, stream }, i) => ({ length, stream: stream === 0 ? 0 : i + 1 }))

function lengthOf({ pieces, records }: Pick<Plan, 'pieces' | 'records'>): number {
  const total = pieces.reduce((sum, { length }) => sum + length, 0)
  return records ? layRecords(total, records).at(-1)!.to : total
}

interface Fate {
  readonly wait: number
  readonly delay: number
  readonly lost: boolean
  readonly cut: boolean
}

function fly(
  total: number,
  segments: readonly number[],
  fates: readonly Fate[],
  { loss, reordering }: { loss: boolean; reordering: boolean },
): Flight[] {
  const flights: Flight[] = []
  const again: Laid[] = []
  let at = 0
  let now = 0
  for (let i = 0; at < total || again.length > 0; i++) {
    const { wait, delay, lost, cut } = fates[i % fates.length]
    const fresh = at < total && (again.length === 0 || delay % 3 > 0)
    const from = fresh ? at : again[0].from
    let to = fresh ? Math.min(total, at + segments[i % segments.length]) : again[0].to
    // What is sent again may be cut otherwise than before.
    if (!fresh && cut && to - from > 1)
      again[0] = { from: (to = Math.floor((from + to) / 2)), to: again[0].to }
    else if (!fresh) again.shift()
    if (fresh) at = to
    now += wait
    const dies = loss && lost && i < fates.length
    flights.push({ from, to, sent: now, arrives: dies ? null : now + 10 + (reordering ? delay : 0) })
    if (dies && !(delay === 7)) again.push({ from, to })
  }
  return flights
}
