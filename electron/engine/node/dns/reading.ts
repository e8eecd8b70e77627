/** What a resolver makes of a response: an answer, a no, or that it is none of its business. */
import type { Answer } from 'dns-packet'
import type { DnsQuestion } from './inquiry.ts'
import { canonical, valueOf, type Fault, type Message } from './message.ts'

/** The most significant bit of a TTL counts as zero (RFC 2181 8). */
const LONGEST_TTL = 0x7fff_ffff

export interface Answered {
  readonly outcome: 'answer' | 'nxdomain' | 'nodata' | 'failed'
  readonly values: readonly string[]
  /** Seconds for which that is good; 0: for nobody else. */
  readonly ttl: number
}

/** Why a message is no answer to a question that was asked with this id (RFC 5452 9.1); undefined: it is one. */
export function whyNoAnswer({ packet }: Message, id: number, asked: DnsQuestion): Fault | undefined {
  const rule = 'RFC 5452 9.1'
  if (!packet.flag_qr)
    return { rule: 'RFC 1035 4.1.1', reason: 'a query where a response should be', offset: 2 }
  if (packet.id !== id) return { rule, reason: 'the id is not that of the query', offset: 0 }
  const question = packet.questions?.[0]
  // A server that could not read the query has nothing to repeat.
  if (question === undefined && rcodeOf(packet) === 'FORMERR') return undefined
  if (
    question === undefined ||
    canonical(question.name) !== asked.name ||
    question.type !== asked.type ||
    question.class !== 'IN'
  )
    return { rule, reason: 'it answers another question', offset: 12 }
  return undefined
}

/** The name of the response code, which the types of `dns-packet` leave out. */
export const rcodeOf = (packet: Message['packet']): string => (packet as unknown as { rcode: string }).rcode

/** What a response says, its aliases followed (RFC 1034 3.6.2, 5.3.3). */
export function readAnswer({ packet }: Message, asked: DnsQuestion): Answered {
  const rcode = rcodeOf(packet)
  const nothing = { values: [], ttl: 0 }
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return { outcome: 'failed', ...nothing }
  const { answers = [], authorities = [] } = packet
  const { values, ttl } = follow(answers, asked)
  if (values.length > 0) return { outcome: 'answer', values, ttl }
  // RFC 2308 5: for the lesser of the SOA's own TTL and its last field; without one, for nobody else.
  const soa = authorities.find((record) => record.type === 'SOA')
  const negative = soa === undefined ? 0 : Math.min(ttlOf(soa), soa.data.minimum ?? 0, ttl)
  return { outcome: rcode === 'NXDOMAIN' ? 'nxdomain' : 'nodata', values: [], ttl: negative }
}

/** The values at the end of the chain, and for how long all of the chain is good. */
function follow(
  answers: readonly Answer[],
  { name: asked, type }: DnsQuestion,
): { values: string[]; ttl: number } {
  const passed = new Set<string>()
  let ttl = LONGEST_TTL
  for (let name = asked; !passed.has(name);) {
    passed.add(name)
    const here = answers.filter((record) => canonical(record.name) === name)
    const fitting = here.filter((record) => record.type === type)
    for (const record of fitting) ttl = Math.min(ttl, ttlOf(record))
    if (fitting.length > 0) return { values: fitting.map(valueOf), ttl }
    const alias = here.find((record) => record.type === 'CNAME')
    if (alias === undefined) break
    ttl = Math.min(ttl, ttlOf(alias))
    name = canonical(valueOf(alias))
  }
  return { values: [], ttl }
}

function ttlOf(record: Answer): number {
  const ttl = 'ttl' in record ? (record.ttl ?? 0) : 0
  return ttl > LONGEST_TTL ? 0 : ttl
}
