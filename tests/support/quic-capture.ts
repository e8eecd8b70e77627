/** The datagrams of a run as a capture has them, read by the passive dissector; and what the run itself says of the same. */
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { frameName } from '../../electron/engine/onlooker/http3-text.ts'
import { packetsAt, readFates } from '../../electron/engine/export/tap.ts'
import { survey as surveyOf } from '../../electron/engine/export/survey.ts'
import { datagramOf } from '../../electron/engine/opened-packets.ts'
import type { Run } from '../../electron/engine/run.ts'
import { Http3Dissector } from '../../electron/protocol/h3/dissector.ts'
import type { Http3Reading } from '../../electron/protocol/h3/passive/events.ts'
import type { Frame } from '../../electron/protocol/wire/quic/frames.ts'
import type { CapturedDatagram, QuicReading } from '../../electron/protocol/wire/quic/readings.ts'
import { hexOf, KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import { readPcapng } from './pcapng.ts'

/** All datagrams as their senders' hosts saw them leave, in that order. */
export function* sentDatagrams({ reader }: Run): Generator<CapturedDatagram> {
  for (const { pkt } of reader.events(['udp:datagram_sent'])) {
    const datagram = datagramOf(reader.packet(pkt)!.bytes, pkt)
    if (datagram !== undefined) yield datagram
  }
}

/** What a tap at one host saw: what it sent, and what reached it. */
export function* datagramsAt({ reader }: Run, host: string): Generator<CapturedDatagram> {
  const survey = surveyOf(reader)
  for (const { pkt, outgoing } of packetsAt(reader, [host], survey, readFates(reader))) {
    const packet = (outgoing ? undefined : reader.alteredPacket(pkt)) ?? reader.packet(pkt)
    const datagram = packet && datagramOf(packet.bytes, pkt)
    if (datagram !== undefined) yield datagram
  }
}

/** A capture file: its datagrams, numbered from 0, and the keys that stand in it. */
export function readCapture(file: Uint8Array): { datagrams: CapturedDatagram[]; keyLog: string[] } {
  const { packets, keyLogs } = readPcapng(file)
  const datagrams = packets.flatMap(({ bytes }, tag) => datagramOf(bytes, tag) ?? [])
  return { datagrams, keyLog: keyLogs.join('\n').split('\n') }
}

export const keyLogOf = ({ reader }: Run): string[] => [
  ...new Set([...reader.events(['security:secret_logged'])].map(({ data }) => data.line)),
]

/** A frame as the trace has it: bytes by their length or in hexadecimal; runs of PADDING that touch are one. */
export function described(frames: readonly Frame[]): Record<string, unknown>[] {
  return frames.map((frame) =>
    Object.fromEntries(
      Object.entries(frame).map(([name, value]: [string, unknown]) =>
        value instanceof Uint8Array
          ? name === 'data'
            ? ['length', value.length]
            : [name, hexOf(value)]
          : [name, value],
      ),
    ),
  )
}

export function joinedPadding(frames: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const joined: Record<string, unknown>[] = []
  for (const frame of frames) {
    const last = joined.at(-1)
    if (frame.type === 'padding' && last?.type === 'padding')
      joined[joined.length - 1] = {
        type: 'padding',
        length: (last.length as number) + (frame.length as number),
      }
    else joined.push(frame)
  }
  return joined
}

/** A packet in a form that two sources of it can be compared in. */
export interface ComparedPacket {
  readonly level: string
  readonly number: number
  readonly size: number
  readonly frames: readonly Record<string, unknown>[]
}

/** What the dissector made of a capture. */
export class Dissection {
  readonly quic: QuicReading[] = []
  /** By the packet of the run that they came in. */
  readonly packets = new Map<number, ComparedPacket[]>()
  /** Lines that tell of HTTP/3, with their packets. */
  readonly http: string[] = []
  private readonly keyLog = new KeyLog()
  private readonly dissector = new Http3Dissector(nodeCrypto, this.keyLog, {
    onQuic: (reading) => this.onQuic(reading),
    onHttp3: (_connection, tag, reading) => {
      const line = httpLine(reading)
      if (line !== undefined) this.http.push(`${tag} ${line}`)
    },
  })

  /** `early`: all keys are there before the first packet; else they come after the last. */
  constructor(capture: Iterable<CapturedDatagram>, keyLog: readonly string[], early = true) {
    if (early) for (const line of keyLog) this.keyLog.addLine(line)
    for (const datagram of capture) this.dissector.handleDatagram(datagram)
    if (!early) for (const line of keyLog) this.keyLog.addLine(line)
    this.dissector.handleSecrets()
    this.dissector.finish()
  }

  count(type: QuicReading['type']): number {
    return this.quic.filter((reading) => reading.type === type).length
  }

  private onQuic(reading: QuicReading): void {
    this.quic.push(reading)
    if (reading.type !== 'packet') return
    const { tag, level, number, size, frames } = reading
    const all = this.packets.get(tag) ?? []
    all.push({ level, number, size, frames: described(frames) })
    this.packets.set(tag, all)
  }
}

/** What a reading says, as far as the trace says it, too. */
function httpLine(reading: Http3Reading): string | undefined {
  const { from, id, type } = reading
  switch (type) {
    case 'stream':
      return JSON.stringify([from, id, 'stream', reading.kind])
    case 'frame':
      return JSON.stringify([from, id, frameName(reading.frame), reading.offset, reading.length])
    case 'section': {
      const { kind, offset, end, section } = reading
      const fields = section.lines.map(({ name, value, representation, length, index, table }) => [
        ...[name, value, representation, length, index ?? 0, table ?? ''],
      ])
      const part = kind === 'informational' ? 'interim' : kind
      return JSON.stringify([from, id, part, offset, section.encodedLength, end, fields])
    }
    case 'end':
      return JSON.stringify([from, id, 'end', reading.offset, reading.content, reading.complete])
    case 'instruction':
      return JSON.stringify([from, reading.on, reading.offset, reading.length, reading.instruction.type])
    case 'problem':
      return JSON.stringify([from, id, 'problem', reading.violation.reason])
    default:
      return undefined
  }
}

/** The packets that the endpoints say they have sent, by the packet of the run. */
export function packetsOf({ reader }: Run): Map<number, ComparedPacket[]> {
  const packets = new Map<number, ComparedPacket[]>()
  for (const { pkt, data } of reader.events(['transport:packet_sent'])) {
    const { level, number, size } = data
    const frames = joinedPadding(JSON.parse(data.frames) as Record<string, unknown>[])
    const all = packets.get(pkt) ?? []
    all.push({ level, number, size, frames })
    packets.set(pkt, all)
  }
  return packets
}

/** What the onlookers of a run wrote of HTTP/3, in the lines of `Dissection.http`. */
export function onlookersLines({ reader }: Run): string[] {
  const lines: string[] = []
  const names = [
    'http:stream_opened',
    'http:frame',
    'http:message_started',
    'http:message_finished',
    'http:qpack_instruction',
    'http:problem',
  ] as const
  for (const { name, pkt, data } of reader.events([...names])) {
    const add = (...words: unknown[]): void => void lines.push(`${pkt} ${JSON.stringify(words)}`)
    if (name === 'http:stream_opened') add(data.from, data.stream, 'stream', data.kind)
    else if (name === 'http:frame') add(data.from, data.stream, data.type, data.offset, data.length)
    else if (name === 'http:message_started')
      add(
        ...[data.from, data.exchange, data.part, data.offset, data.length, data.end],
        JSON.parse(data.fields),
      )
    else if (name === 'http:message_finished')
      add(data.from, data.exchange, 'end', data.end_offset, data.content, data.complete)
    else if (name === 'http:qpack_instruction') add(data.from, data.on, data.offset, data.length, data.name)
    else add(data.from, data.stream, 'problem', data.reason)
  }
  return lines
}
