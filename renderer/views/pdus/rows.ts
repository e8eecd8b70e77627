/** The rows of the list of messages: those of a lane that pass a filter, kept up as the run goes on. */
import type { Pdu, Pdus } from '../../../shared/projections/pdus.ts'
import { lowerBound } from '../../../shared/projections/series.ts'
import { Column } from '../../../shared/trace/columns.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { pduWords, protocolName, type PduWords } from './words.ts'

/**
 * Words that must all hold: `client` and `server` are who sends, `problem` is what breaks a rule; anything else is looked for in protocol,
 * type, contents and rule. A minus sign turns a word round.
 */
export function passes(pdu: Pdu, { type, summary }: PduWords, words: readonly string[]): boolean {
  const text = `${protocolName(pdu.protocol)} ${type} ${summary}`.toLowerCase()
  return words.every((word) => {
    const wanted = !word.startsWith('-')
    return holds(pdu, text, wanted ? word : word.slice(1)) === wanted
  })
}

function holds({ from, rule }: Pdu, text: string, word: string): boolean {
  if (word === 'client' || word === 'server') return from === word
  if (word === 'problem') return rule !== ''
  return text.includes(word)
}

export class PduRows {
  /** Numbers of messages. */
  private readonly rows = new Column('u32', 64)
  /** Messages of the lane, whether they pass or not. */
  total = 0
  /** Its protocols so far. */
  readonly protocols = new Set<string>()
  private next = 0
  private readonly lane: string
  private readonly words: readonly string[]

  constructor(lane: string, query: string) {
    this.lane = lane
    this.words = query
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '' && word !== '-')
  }

  get length(): number {
    return this.rows.length
  }

  /** Number of the message in a row. */
  at(row: number): number {
    return this.rows.data[row]
  }

  /** Row of a message, -1 when it is not among them. */
  indexOf(number: number): number {
    const at = lowerBound(this.rows, number)
    return at < this.rows.length && this.rows.data[at] === number ? at : -1
  }

  /** Looks at the messages that are new. */
  update(store: TraceStore, pdus: Pdus): void {
    for (; this.next < pdus.length; this.next++) {
      const pdu = pdus.get(store, this.next)
      if (pdu.lane !== this.lane) continue
      this.total++
      this.protocols.add(pdu.protocol)
      if (this.words.length === 0 || passes(pdu, pduWords(store, pdu), this.words)) this.rows.push(this.next)
    }
  }
}
