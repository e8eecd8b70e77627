/**
 * What one side of a run over QUIC sent, counted twice: from the trace, and by tshark from the capture at its host and no key but
 * those in the file. Both as sorted lines of text, so that a difference can be read.
 */
import type { RecordingReader } from '../../electron/engine/recording/types.ts'
import { FRAME, type FrameType } from '../../electron/protocol/wire/quic/frames.ts'
import { varintLength } from '../../electron/protocol/wire/quic/varint.ts'
import { tsharkFields } from './tshark.ts'

/**
 * Packets by keys, frames by type, streams, and frames of HTTP/3 by type, as often as they stood whole in a STREAM frame: tshark 4.0
 * puts no frame together from several packets, and tells one again that was sent again.
 */
export interface Sent {
  readonly packets: string[]
  readonly frames: string[]
  readonly streams: string[]
  readonly http3: string[]
}

class Tally {
  private readonly counts = new Map<string, number>()

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  get lines(): string[] {
    return [...this.counts].map(([what, count]) => `${what}: ${count}`).sort()
  }
}

/** RFC 9114 7.2, RFC 9218 7.2. */
const HTTP3_TYPES: Readonly<Record<string, number>> = {
  DATA: 0x00,
  HEADERS: 0x01,
  CANCEL_PUSH: 0x03,
  SETTINGS: 0x04,
  PUSH_PROMISE: 0x05,
  GOAWAY: 0x07,
  MAX_PUSH_ID: 0x0d,
  PRIORITY_UPDATE: 0xf0700,
}

/** Types that are one of ours, for each number on the wire that begins a range of them. */
const BEGIN: readonly (readonly [number, FrameType])[] = [
  [FRAME.padding, 'padding'],
  [FRAME.ping, 'ping'],
  [FRAME.ack, 'ack'],
  [FRAME.resetStream, 'reset_stream'],
  [FRAME.stopSending, 'stop_sending'],
  [FRAME.crypto, 'crypto'],
  [FRAME.newToken, 'new_token'],
  [FRAME.stream, 'stream'],
  [FRAME.maxData, 'max_data'],
  [FRAME.maxStreamData, 'max_stream_data'],
  [FRAME.maxStreamsBidirectional, 'max_streams'],
  [FRAME.dataBlocked, 'data_blocked'],
  [FRAME.streamDataBlocked, 'stream_data_blocked'],
  [FRAME.streamsBlockedBidirectional, 'streams_blocked'],
  [FRAME.newConnectionId, 'new_connection_id'],
  [FRAME.retireConnectionId, 'retire_connection_id'],
  [FRAME.pathChallenge, 'path_challenge'],
  [FRAME.pathResponse, 'path_response'],
  [FRAME.connectionClose, 'connection_close'],
  [FRAME.handshakeDone, 'handshake_done'],
  [FRAME.immediateAck, 'immediate_ack'],
  [FRAME.datagram, 'datagram'],
  [FRAME.ackFrequency, 'ack_frequency'],
]

const typeOf = (number: number): string => BEGIN.findLast(([begin]) => begin <= number)![1]

interface StreamFrame {
  readonly type: string
  readonly id: number
  readonly offset: number
  readonly length: number
}

/** As the endpoint and the onlooker at its host have it. `since`: leaves out what was sent before. */
export function sentByTrace(reader: RecordingReader, node: string, since = 0): Sent {
  const [packets, frames, streams, http3] = Array.from({ length: 4 }, () => new Tally())
  const carried = new Map<string, StreamFrame[]>()
  for (const { t, node: of, flow, data } of reader.events(['transport:packet_sent'])) {
    if (of !== node || t < since) continue
    packets.add(data.level)
    for (const frame of JSON.parse(data.frames) as StreamFrame[]) {
      frames.add(frame.type)
      if (frame.type !== 'stream') continue
      // tshark learns what a connection carries from its handshake, which is still to come.
      const isEarly = data.level === '0rtt'
      const stream = `${flow} ${frame.id}`
      const list = carried.get(stream)
      if (list === undefined) streams.add(`stream ${frame.id}`)
      carried.set(stream, [...(list ?? []), ...(isEarly ? [] : [frame])])
    }
  }
  for (const { node: of, flow, data } of reader.events(['http:frame'])) {
    if (of !== node) continue
    const type = HTTP3_TYPES[data.type] ?? 0
    const end = data.offset + varintLength(type) + varintLength(data.length) + data.length
    for (const { offset, length } of carried.get(`${flow} ${data.stream}`) ?? [])
      if (offset <= data.offset && offset + length >= end) http3.add(`type ${type}`)
  }
  return linesOf(packets, frames, streams, http3)
}

const linesOf = (packets: Tally, frames: Tally, streams: Tally, http3: Tally): Sent => ({
  packets: packets.lines,
  frames: frames.lines,
  streams: streams.lines,
  http3: http3.lines,
})

/** Of version 1 (RFC 9000 17.2) and of version 2 (RFC 9369 3.2); Retry has no number. */
const LONG_LEVELS: Readonly<Record<string, string>> = { '0': 'initial', '1': '0rtt', '2': 'handshake' }
const LONG_LEVELS_2: Readonly<Record<string, string>> = { '1': 'initial', '2': '0rtt', '3': 'handshake' }
const FIELDS = [
  'frame.number',
  'ip.checksum.status',
  'udp.checksum.status',
  '_ws.malformed',
  'udp.srcport',
  'quic.version',
  'quic.connection.unknown',
  'quic.decryption_failed',
  'quic.connection.number',
  'quic.header_form',
  'quic.long.packet_type',
  'quic.long.packet_type_v2',
  'quic.frame_type',
  'quic.stream.stream_id',
  'http3.frame_type',
] as const
type Row = Readonly<Record<string, string>>

/** The values that tshark has for a checksum that is right. */
const GOOD = '1'

const values = (text: string): string[] => (text === '' ? [] : text.split(','))

export interface TsharkReading {
  /** What was sent from a port. */
  sentFrom(isThis: (port: number) => boolean): Sent
  /** Numbers of packets that are malformed or have a wrong checksum. */
  readonly unsound: string[]
  /** Versions of QUIC of the packets that could not be read; empty where a packet says none. */
  readonly unread: string[]
}

/** As tshark has it. */
export function readByTshark(file: string): TsharkReading {
  const preferences = ['udp.check_checksum:TRUE']
  const rows: Row[] = tsharkFields(file, FIELDS, { occurrence: 'a', preferences })
  const isUnread = (row: Row): boolean =>
    row['quic.decryption_failed'] !== '' ||
    row['quic.connection.unknown'] !== '' ||
    row['quic.header_form'] === ''
  return {
    unsound: rows
      .filter(
        (row) =>
          row['ip.checksum.status'] !== GOOD ||
          row['udp.checksum.status'] !== GOOD ||
          row['_ws.malformed'] !== '',
      )
      .map((row) => row['frame.number']),
    unread: rows.filter(isUnread).map((row) => row['quic.version']),
    sentFrom: (isThis) =>
      countRows(rows.filter((row) => !isUnread(row) && isThis(Number(row['udp.srcport'])))),
  }
}

function countRows(rows: readonly Row[]): Sent {
  const [packets, frames, streams, http3] = Array.from({ length: 4 }, () => new Tally())
  const seen = new Set<string>()
  for (const row of rows) {
    for (const type of values(row['quic.long.packet_type']))
      if (LONG_LEVELS[type] !== undefined) packets.add(LONG_LEVELS[type])
    for (const type of values(row['quic.long.packet_type_v2']))
      if (LONG_LEVELS_2[type] !== undefined) packets.add(LONG_LEVELS_2[type])
    for (const form of values(row['quic.header_form']))
      if (form === '0' || form === 'False') packets.add('1rtt')
    for (const type of values(row['quic.frame_type'])) frames.add(typeOf(Number(type)))
    for (const id of values(row['quic.stream.stream_id'])) {
      const stream = `${row['quic.connection.number']} ${id}`
      if (!seen.has(stream)) streams.add(`stream ${id}`)
      seen.add(stream)
    }
    for (const type of values(row['http3.frame_type'])) http3.add(`type ${Number(type)}`)
  }
  return linesOf(packets, frames, streams, http3)
}
