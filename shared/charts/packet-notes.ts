/** What was said of a packet, in a few words of both languages. */
import type { PacketNote } from '../projections/packet-notes.ts'
import { formatSpan } from '../quantity.ts'
import { tcpIpWord } from './tcp-ip-texts.ts'
import type { Language } from './texts.ts'

/** ICMP types and codes by the names that they have in RFC 792 and RFC 1191; English everywhere, as names of protocols are. */
const ICMP: Readonly<Record<string, string>> = {
  '0/0': 'echo reply',
  '8/0': 'echo request',
  '3/0': 'net unreachable',
  '3/1': 'host unreachable',
  '3/2': 'protocol unreachable',
  '3/3': 'port unreachable',
  '3/4': 'fragmentation needed',
  '11/0': 'time exceeded: TTL',
  '11/1': 'time exceeded: reassembly',
}

/** `time exceeded: TTL`; a type that is not known by its numbers. */
export const icmpName = (type: number, code: number): string => ICMP[`${type}/${code}`] ?? `${type}/${code}`

/** `R timeout  DATA 7`, or `ACK 8  9-11`: English everywhere, as flags and names of protocols are. */
export function arqName({ ack, number, ranges, cause }: Extract<PacketNote, { kind: 'arq' }>): string {
  const parts = [...(cause === '' ? [] : [`R ${causeText(cause)}`]), `${ack ? 'ACK' : 'DATA'} ${number}`]
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const [from, to] = [ranges[i], ranges[i + 1] - 1]
    parts.push(from === to ? `${from}` : `${from}-${to}`)
  }
  return parts.join('  ')
}

/** Triggers and causes as the trade writes them. */
export function causeText(cause: string): string {
  const short = ['rto', 'sack', 'rack', 'mtu', 'syn', 'fin']
  return short.includes(cause) ? cause.toUpperCase() : cause.replaceAll('_', ' ')
}

/** What a refused segment is answered with, in the names of RFC 9293 and RFC 5961. */
const ANSWERS: Readonly<Record<string, string>> = {
  ack: 'ACK',
  challenge_ack: 'challenge ACK',
  rst: 'RST',
  none: '–',
}

export function noteText(language: Language, note: PacketNote): string {
  switch (note.kind) {
    case 'refused':
      return tcpIpWord(language, 'refused', { rule: note.rule, answer: ANSWERS[note.answer] ?? note.answer })
    case 'rejected':
      return tcpIpWord(language, 'rejected', { layer: note.layer, reason: note.reason.replaceAll('_', ' ') })
    case 'lost':
      return note.trigger === 'rack'
        ? tcpIpWord(language, 'lostByRack', { late: formatSpan(note.late), window: formatSpan(note.window) })
        : tcpIpWord(language, 'lostBy', { trigger: causeText(note.trigger) })
    case 'spurious':
      return tcpIpWord(language, 'spurious')
    case 'marked':
      return tcpIpWord(language, 'markedByLink')
    case 'fragment':
      return tcpIpWord(language, 'fragmentOf', { ...note })
    case 'icmp':
      return icmpName(note.type, note.code)
    case 'arq':
      return arqName(note)
    case 'thrown_away':
      return tcpIpWord(language, 'thrownAway', { verdict: note.verdict.replaceAll('_', ' ') })
  }
}

/** Notes that say what a packet is: they stand with its protocol. */
export const isName = ({ kind }: PacketNote): boolean => kind === 'icmp' || kind === 'arq'

/** All that was said of a packet, names apart. */
export const noteTexts = (language: Language, notes: readonly PacketNote[]): string[] =>
  notes.filter((note) => !isName(note)).map((note) => noteText(language, note))
