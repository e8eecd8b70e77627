/** Time downwards, on a scale that can fold the silences of a run: they take a fixed room, however long they are. */
import type { TimeRange } from '../../shared/charts/context.ts'

/** Something that lasts, such as a packet on its way; microseconds. */
export interface Lasting {
  readonly t: number
  readonly until: number
}

/** A time in which nothing goes on: the part that is worth folding, and how long it is as a whole. */
export interface Silence extends TimeRange {
  readonly lasts: number
}

/** A part of the scale. */
interface Piece extends TimeRange {
  readonly y1: number
  readonly y2: number
}

/** A part that is folded. */
interface Fold extends Piece {
  readonly silence: Silence
}

/** A silence shorter than this many times the longest way of a packet is no silence, but waiting for an answer. */
const WAYS = 2
/** What takes so many times as long as most is held back on its way: it is told of when it is sent and when it arrives. */
const HELD = 8

/**
 * The times between `range.from` and `range.to` in which nothing goes on and that are worth folding. `lasting` is sorted
 * by its beginnings. A little is left at both ends, so that what goes on keeps its distance from the fold.
 */
export function silencesIn(all: readonly Lasting[], range: TimeRange): Silence[] {
  const lasting = momentsOfHeld(all)
  const longest = Math.max(0, ...lasting.map(({ t, until }) => until - t))
  const least = Math.max(WAYS * longest, (range.to - range.from) / 12)
  const silences: Silence[] = []
  let quietSince = lasting.length > 0 ? lasting[0].until : Infinity
  for (const { t, until } of lasting) {
    const lasts = t - quietSince
    if (lasts > least) {
      const margin = Math.min(longest / 4, lasts / 10)
      silences.push({ from: quietSince + margin, to: t - margin, lasts })
    }
    quietSince = Math.max(quietSince, until)
  }
  return silences.filter(({ from, to }) => from > range.from && to < range.to)
}

/** With the two ends of what is held back in its place, sorted by the beginnings. */
function momentsOfHeld(lasting: readonly Lasting[]): readonly Lasting[] {
  const ways = lasting.map(({ t, until }) => until - t).sort((a, b) => a - b)
  const most = HELD * (ways[ways.length >> 1] ?? 0)
  if (most === 0 || ways[ways.length - 1] <= most) return lasting
  return lasting
    .flatMap((one) => {
      const { t, until } = one
      return until - t <= most
        ? [one]
        : [
            { t, until: t },
            { t: until, until },
          ]
    })
    .sort((a, b) => a.t - b.t)
}

export class TimeScale {
  /** The folded parts, with their places. */
  readonly folds: readonly Fold[]
  /** Microseconds that are not folded. */
  readonly open: number
  private readonly pieces: readonly Piece[]

  /** `room`: pixels that a fold takes. */
  constructor(range: TimeRange, top: number, bottom: number, silences: readonly Silence[], room: number) {
    const folded = silences.reduce((sum, { from, to }) => sum + to - from, 0)
    this.open = range.to - range.from - folded
    const scale = Math.max(1, bottom - top - room * silences.length) / this.open
    const pieces: Piece[] = []
    const folds: Fold[] = []
    let at: Piece = { from: range.from, to: range.from, y1: top, y2: top }
    for (const silence of silences) {
      const { from, to } = silence
      const before = { from: at.to, to: from, y1: at.y2, y2: at.y2 + (from - at.to) * scale }
      const fold = { from, to, y1: before.y2, y2: before.y2 + room, silence }
      pieces.push(before, fold)
      folds.push(fold)
      at = fold
    }
    pieces.push({ from: at.to, to: range.to, y1: at.y2, y2: at.y2 + (range.to - at.to) * scale })
    this.pieces = pieces
    this.folds = folds
  }

  /** Pixels of a moment; one outside of the range lies on the continued scale. */
  readonly toY = (t: number): number => {
    const { from, to, y1, y2 } = this.pieces.find((piece) => t <= piece.to) ?? this.pieces.at(-1)!
    return y1 + ((t - from) / (to - from)) * (y2 - y1)
  }

  readonly toTime = (y: number): number => {
    const { from, to, y1, y2 } = this.pieces.find((piece) => y <= piece.y2) ?? this.pieces.at(-1)!
    return from + ((y - y1) / (y2 - y1)) * (to - from)
  }
}
