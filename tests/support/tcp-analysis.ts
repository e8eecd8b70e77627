/**
 * The segments that pass a tap, named twice: by the trace, in the terms of the RFCs, and by tshark's analysis of sequence numbers, which
 * knows no more than what passes there. Both give a segment a set of the same words, so that a difference can be put down to its cause.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { captureAt } from '../../electron/engine/export/capture.ts'
import { dataSender, survey } from '../../electron/engine/export/survey.ts'
import { packetsAt, readFates } from '../../electron/engine/export/tap.ts'
import type { Run } from '../../electron/engine/run.ts'
import { ACK, FIN, RST, SYN } from '../../electron/protocol/wire/tcp.ts'
import type { EventData } from '../../shared/trace/events.ts'
import { laneOfName } from '../../shared/trace/store.ts'
import { temporaryFolder } from './runs.ts'
import { expectSound, SOUND_FIELDS, SOUND_PREFERENCES, wholeFrames } from './sound.ts'
import { tsharkFields } from './tshark.ts'

export const WORDS = [
  'retransmission',
  'spurious_retransmission',
  'out_of_order',
  'duplicate_ack',
  'zero_window',
  'zero_window_probe',
  'zero_window_probe_ack',
  'window_update',
  'keep_alive',
  'keep_alive_ack',
] as const
export type Word = (typeof WORDS)[number]

/** A segment as the trace knows it. */
interface Segment extends EventData<'tcp:segment_sent'> {
  readonly from: string
  readonly flow: string
  /** Octets of the sequence space that it takes: payload, SYN and FIN. */
  readonly length: number
  /** It came, and nothing of its payload was new. */
  readonly useless: boolean
  /** Made by the link of the one that was sent. */
  readonly isCopy: boolean
}

/** One way of a connection, as far as the tap has seen it. */
interface Way {
  /** After the highest octet, and when that passed. */
  readonly next?: number
  readonly nextAt: number
  /** The highest packet that took octets. */
  readonly newest: number
  readonly last?: Segment
  readonly lastAt: number
  /** The highest acknowledgment, and how many duplicates of it have come. */
  readonly acked?: number
  readonly duplicates: number
}

const NOTHING_YET: Way = { nextAt: 0, newest: 0, lastAt: 0, duplicates: 0 }

/** A segment that passes, what both call it, and what had passed before: on its way, and on the way back. */
export interface Passing {
  readonly pkt: number
  /** Microseconds. */
  readonly t: number
  readonly segment: Segment
  readonly own: Way
  readonly back: Way
  readonly ours: ReadonlySet<Word>
  readonly theirs: ReadonlySet<Word>
}

export const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0
export const endOf = ({ seq, length }: Segment): number => (seq + length) >>> 0
/** Nothing but an acknowledgment. */
export const isBare = ({ payload, flags }: Segment): boolean => payload === 0 && !(flags & (SYN | FIN | RST))
/** The same ACK as the one before. */
export const isRepeated = ({ segment, own }: Pick<Passing, 'segment' | 'own'>): boolean =>
  isBare(segment) && own.last?.ack === segment.ack && own.next === segment.seq
/** The peer has not acknowledged all that has passed. */
export const isOutstanding = ({ next }: Way, { acked }: Way): boolean =>
  next !== undefined && acked !== undefined && isBefore(acked, next)

/** Causes of segments that carry nothing which was sent before. */
const NEW = new Set(['', 'limited_transmit', 'mtu_probe', 'window_probe', 'keep_alive'])

function segmentsOf(reader: Run['reader']): Map<number, Segment> {
  const segments = new Map<number, Segment>()
  const names = ['tcp:segment_sent', 'tcp:segment_received', 'link:packet_duplicated'] as const
  for (const { name, node, pkt, flow, data } of reader.events(names)) {
    const segment = segments.get(pkt)
    if (name === 'tcp:segment_sent') {
      const length = data.payload + Number((data.flags & SYN) > 0) + Number((data.flags & FIN) > 0)
      segments.set(pkt, { ...data, from: node, flow, length, useless: false, isCopy: false })
    } else if (segment === undefined) continue
    else if (name === 'link:packet_duplicated') segments.set(data.copy, { ...segment, isCopy: true })
    else if (data.payload > 0 && data.new_data === 0) segments.set(pkt, { ...segment, useless: true })
  }
  return segments
}

/** What the trace calls a segment. */
function oursOf(pkt: number, segment: Segment, own: Way, back: Way): Set<Word> {
  const { window, cause, ack, flags, length, useless, isCopy } = segment
  const isNew = !isCopy && (NEW.has(cause) || (cause === 'loss_probe' && segment.seq === own.next))
  const again = length > 0 && !isNew
  const repeated = isRepeated({ segment, own })
  const same = repeated && own.last?.window === window
  const holds: Record<Word, boolean> = {
    retransmission: again,
    spurious_retransmission: again && useless,
    // One that left later has passed already.
    out_of_order: length > 0 && isNew && pkt < own.newest,
    // RFC 5681 2 (a) to (e).
    duplicate_ack: same && ack === own.acked && isOutstanding(back, own),
    zero_window: window === 0 && !(flags & (SYN | FIN | RST)),
    zero_window_probe: cause === 'window_probe',
    zero_window_probe_ack: same && back.last?.cause === 'window_probe' && window === 0,
    window_update: repeated && window > 0 && window !== own.last?.window,
    keep_alive: cause === 'keep_alive',
    keep_alive_ack: same && back.last?.cause === 'keep_alive',
  }
  return new Set(WORDS.filter((word) => holds[word]))
}

const fieldOf = (word: Word): string => `tcp.analysis.${word}`

/** Both ways of each connection at a tap. */
class Onlooker {
  private readonly ways = new Map<string, Way>()

  pass(pkt: number, t: number, outgoing: boolean, segment: Segment, theirs: ReadonlySet<Word>): Passing {
    const name = `${laneOfName(segment.from)} ${segment.flow}`
    const [to, from] = outgoing ? ['out', 'in'] : ['in', 'out']
    const { flags, cause, isCopy } = segment
    // A SYN that is not sent again opens another connection between the same ports.
    if (flags & SYN && !(flags & ACK) && cause === '' && !isCopy)
      for (const way of ['in', 'out']) this.ways.delete(`${name} ${way}`)
    const own = this.ways.get(`${name} ${to}`) ?? NOTHING_YET
    const back = this.ways.get(`${name} ${from}`) ?? NOTHING_YET
    const ours = oursOf(pkt, segment, own, back)
    this.ways.set(`${name} ${to}`, after(own, pkt, t, segment, ours.has('duplicate_ack')))
    return { pkt, t, segment, own, back, ours, theirs }
  }
}

function after(way: Way, pkt: number, t: number, segment: Segment, isDuplicate: boolean): Way {
  const end = endOf(segment)
  const advances = way.next === undefined || isBefore(way.next, end)
  const acks = (segment.flags & ACK) > 0 && (way.acked === undefined || isBefore(way.acked, segment.ack))
  return {
    next: advances ? end : way.next,
    nextAt: advances ? t : way.nextAt,
    newest: segment.length > 0 && !segment.isCopy ? Math.max(way.newest, pkt) : way.newest,
    last: segment,
    lastAt: t,
    acked: acks ? segment.ack : way.acked,
    duplicates: acks ? 0 : way.duplicates + Number(isDuplicate),
  }
}

/** The hosts of each lane that sent data over TCP, who sent most first; of a lane without, the sender of its datagrams. */
function sendersOf({ reader }: Run): string[][] {
  const sent = new Map<string, number>()
  for (const { node, data } of reader.events(['tcp:segment_sent']))
    sent.set(node, (sent.get(node) ?? 0) + data.payload)
  const run = survey(reader)
  return run.lanes.map((lane) => {
    const hosts = [...sent].filter(([node, bytes]) => laneOfName(node) === lane && bytes > 0)
    if (hosts.length === 0) return [dataSender(run, lane)!.name]
    return hosts.sort(([, a], [, b]) => b - a).map(([node]) => node)
  })
}

/** The senders' taps, grouped so that in no group a packet passes twice: who sent most in each lane, the second, and so on. */
export function senderTaps(run: Run): string[][] {
  const senders = sendersOf(run)
  const most = Math.max(...senders.map(({ length }) => length))
  return Array.from({ length: most }, (_, i) => senders.flatMap((lane) => lane.slice(i, i + 1)))
}

/** The TCP segments that pass these taps, in order. All packets there are sound, those of other protocols, too. */
export function readTaps({ reader }: Run, hosts: readonly string[]): Passing[] {
  const surveyed = survey(reader)
  const fates = readFates(reader)
  const nodes = hosts.map((host) => surveyed.nodes.get(host)!)
  const path = join(temporaryFolder(), 'capture.pcapng')
  const settings = { snapLength: 0, keyLog: '' }
  writeFileSync(path, Buffer.concat([...captureAt(reader, nodes, surveyed, fates, settings)]))
  const fields = [...SOUND_FIELDS, ...WORDS.map(fieldOf)]
  const frames = tsharkFields(path, fields, { preferences: SOUND_PREFERENCES })
  expectSound(frames)
  const whole = wholeFrames(frames)
  const packets = [...packetsAt(reader, hosts, surveyed, fates)]
  expect(frames).toHaveLength(packets.length)
  const segments = segmentsOf(reader)
  const onlooker = new Onlooker()
  return packets.flatMap(({ pkt, t, outgoing }, i) => {
    const segment = segments.get(pkt)
    if (segment === undefined) return []
    const theirs = new Set(WORDS.filter((word) => whole[i][fieldOf(word)] !== ''))
    return [onlooker.pass(pkt, t, outgoing, segment, theirs)]
  })
}
