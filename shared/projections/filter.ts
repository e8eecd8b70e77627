/**
 * The filter of the packet table: words that must all hold.
 *
 *     syn  fin  rst  ack  psh  ece  cwr      the flag is set          data   carries payload
 *     lost  delivered  flying  copy          what became of it        again  sent again, for whatever cause
 *     tcp  udp  icmp                         its protocol         ce     marked on the way, or as it was sent
 *     refused  not accepted, by whatever rule                     spurious  sent again for nothing
 *     len>0  seq=1  ack<=9  win=0  size>1000  time>1.5  no=42         (time in seconds; = != < <= > >=)
 *     anything else                          part of the node, flow, cause, reason
 *
 * A minus sign before a word turns it round: `-syn`. Upper and lower case are the same.
 */
import type { TraceStore } from '../trace/store.ts'
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../tcp-flags.ts'
import { PacketNotes, type PacketNote } from './packet-notes.ts'
import type { Packet } from './packets.ts'
import { isNewData } from '../tcp-causes.ts'

export type PacketTest = (packet: Packet, store: TraceStore) => boolean

/** A filter, or the word that cannot be understood. */
export type ParsedFilter = { readonly test: PacketTest } | { readonly problem: string }

const flag =
  (bit: number): PacketTest =>
  ({ segment }) =>
    segment !== undefined && (segment.flags & bit) !== 0

const hasNote = (store: TraceStore, pkt: number, kind: PacketNote['kind']): boolean =>
  PacketNotes.of(store)
    .of(pkt)
    .some((note) => note.kind === kind)

const WORDS: Readonly<Record<string, PacketTest>> = {
  syn: flag(SYN),
  fin: flag(FIN),
  rst: flag(RST),
  psh: flag(PSH),
  ack: flag(ACK),
  urg: flag(URG),
  ece: flag(ECE),
  cwr: flag(CWR),
  data: ({ segment }) => (segment?.payload ?? 0) > 0,
  again: ({ segment }) => segment !== undefined && !isNewData(segment.cause),
  lost: ({ fate }) => fate === 'dropped',
  delivered: ({ fate }) => fate === 'delivered',
  flying: ({ fate }) => fate === 'under_way',
  copy: ({ copy }) => copy,
  ce: ({ pkt, segment }, store) => segment?.ecn === 3 || hasNote(store, pkt, 'marked'),
  refused: ({ pkt }, store) => hasNote(store, pkt, 'refused') || hasNote(store, pkt, 'rejected'),
  spurious: ({ pkt }, store) => hasNote(store, pkt, 'spurious'),
  tcp: ({ protocol }) => protocol === 'TCP',
  udp: ({ protocol }) => protocol === 'UDP',
  icmp: ({ protocol }) => protocol === 'ICMP',
}

const NUMBERS: Readonly<Record<string, (packet: Packet) => number | undefined>> = {
  no: ({ pkt }) => pkt,
  time: ({ t }) => t / 1e6,
  size: ({ size }) => size,
  len: ({ segment }) => segment?.payload,
  seq: ({ segment }) => segment?.seq,
  ack: ({ segment }) => segment?.ack,
  win: ({ segment }) => segment?.window,
}

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

export function parseFilter(text: string): ParsedFilter {
  const tests: PacketTest[] = []
  for (const word of text.toLowerCase().split(/\s+/)) {
    if (word === '' || word === '-') continue
    const turned = word.startsWith('-')
    const test = parseWord(turned ? word.slice(1) : word)
    if (!test) return { problem: word }
    tests.push(turned ? (packet, store) => !test(packet, store) : test)
  }
  return { test: (packet, store) => tests.every((test) => test(packet, store)) }
}

function parseWord(word: string): PacketTest | undefined {
  const comparison = /^([a-z]+)(!=|<=|>=|=|<|>)(.*)$/.exec(word)
  if (comparison) {
    const [, name, operator, operand] = comparison
    const number = Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined
    const limit = Number(operand)
    if (!number || operand === '' || Number.isNaN(limit)) return undefined
    const compare = COMPARE[operator]
    return (packet) => {
      const value = number(packet)
      return value !== undefined && compare(value, limit)
    }
  }
  if (Object.hasOwn(WORDS, word)) return WORDS[word]
  return ({ node, flow, segment, reason, pkt }, store) =>
    [store.text(node), store.text(flow), segment?.cause ?? '', reason, ...wordsOf(store, pkt)].some((part) =>
      part.toLowerCase().includes(word),
    )
}

/** What notes say that is worth finding: the rule, the reason, what made a segment count as lost. */
const wordsOf = (store: TraceStore, pkt: number): string[] =>
  PacketNotes.of(store)
    .of(pkt)
    .flatMap((note) => {
      if (note.kind === 'refused') return [note.rule]
      if (note.kind === 'rejected') return [note.reason]
      return note.kind === 'lost' ? [note.trigger] : []
    })
