/** A conversation of HTTP/3 between our endpoints: its datagrams, the frames in them, and what the endpoints say of it themselves. */
import { SERVER } from './quic-net.ts'
import type { Http3Observer } from '../../electron/protocol/h3/observer.ts'
import type { FieldLine, Section, TableChange } from '../../electron/protocol/qpack/fields.ts'
import type { QuicObserver } from '../../electron/protocol/quic/observer.ts'
import type { Level } from '../../electron/protocol/tls13/handshake.ts'
import { createRng } from '../../electron/protocol/random.ts'
import type { Frame } from '../../electron/protocol/wire/quic/frames.ts'
import type { CapturedDatagram } from '../../electron/protocol/wire/quic/readings.ts'
import { bySide, type BySide, type Side } from '../../electron/protocol/wire/side.ts'
import { StreamTable } from '../../electron/protocol/wire/quic/stream-table.ts'
import { join } from './cuts.ts'
import { H3Pair, type H3PairOptions } from './h3-pair.ts'
import { OPTIONS } from './h3-script.ts'

export interface TalkedPacket {
  readonly from: Side
  readonly level: Level
  readonly number: number
  readonly frames: readonly Frame[]
}

/** What one side says that it sent. */
export interface Said {
  readonly frames: { readonly id: number; readonly type: string; readonly length: number }[]
  readonly sections: { readonly id: number; readonly section: Section }[]
  readonly changes: TableChange[]
}

export interface Talk {
  readonly datagrams: readonly CapturedDatagram[]
  readonly packets: readonly TalkedPacket[]
  readonly keyLog: readonly string[]
  readonly said: BySide<Said>
  /** All bytes of each stream of each side. */
  readonly streams: BySide<ReadonlyMap<number, Uint8Array>>
}

const CLIENT = { address: 0x0a4d0001, port: 40_000 }

const requestOf = (n: number): FieldLine[] => [
  { name: ':method', value: 'POST' },
  { name: ':scheme', value: 'https' },
  { name: ':authority', value: 'server.test' },
  { name: ':path', value: `/objects/${n}` },
  { name: 'user-agent', value: 'rexmit' },
  { name: 'x-number', value: `number ${n % 5} of a few` },
]
const answerOf = (n: number): FieldLine[] => [
  { name: ':status', value: '200' },
  { name: 'content-type', value: 'text/html; charset=utf-8' },
  { name: 'x-cache', value: n % 3 ? 'hit' : `miss ${n}` },
]

const nothing = (): undefined => undefined

/** Requests with content, answered with an interim response, content and trailers. */
export function talk(options: Omit<H3PairOptions, 'observer'>, requests: number, size: number): Talk {
  const datagrams: CapturedDatagram[] = []
  const packets: TalkedPacket[] = []
  const keyLog: string[] = []
  const said = bySide((): Said => ({ frames: [], sections: [], changes: [] }))
  const quicObserver = (from: Side): QuicObserver => ({
    onSent: (_now, { number }, level, frames) => void packets.push({ from, level, number, frames }),
    onHandshake: (_now, event) => void (event.type === 'key_log' && keyLog.push(event.line)),
    ...{ onReceived: nothing, onDropped: nothing, onBuffered: nothing },
    ...{ onAcked: nothing, onLost: nothing, onKeyUpdate: nothing },
  })
  const http3Observer = (from: Side): Http3Observer => ({
    onFrameCreated: (_now, id, { type }, length) => void said[from].frames.push({ id, type, length }),
    onSectionEncoded: (_now, id, section) => void said[from].sections.push({ id, section }),
    onTableChange: (_now, table, change) => void (table === 'encoder' && said[from].changes.push(change)),
    ...{ onStreamType: nothing, onFrameParsed: nothing, onSectionDecoded: nothing },
    ...{ onBlocked: nothing, onUnblocked: nothing, onViolation: nothing },
  })
  const { fate } = options
  const pair = new H3Pair({
    ...options,
    observer: bySide(quicObserver),
    http3: bySide((side) => ({
      ...OPTIONS,
      ...options.http3?.[side],
      observer: http3Observer(side),
      grease: 7,
    })),
    fate: (from, datagram, rng, number) => {
      const [source, destination] = from === 'client' ? [CLIENT, SERVER] : [SERVER, CLIENT]
      datagrams.push({
        from: source,
        to: destination,
        payload: datagram.payload.slice(),
        tag: datagrams.length,
      })
      return fate?.(from, datagram, rng, number) ?? { delays: [20_000] }
    },
  })
  converse(pair, requests, size, options.seed ?? 1)
  return { datagrams, packets, keyLog: [...new Set(keyLog)], said, streams: streamsOf(packets) }
}

function converse(pair: H3Pair, requests: number, size: number, seed: number): void {
  const body = createRng(seed).bytes(size)
  let asked = 0
  const ask = (upTo: number): void => {
    for (; asked < upTo; asked++) {
      const id = pair.client.request(pair.quic.now, requestOf(asked))
      if (typeof id !== 'number') return
      pair.client.sendData(pair.quic.now, id, body.subarray(0, 300), true)
    }
  }
  pair.onEvent = (side, event, connection) => {
    // The first few before the dynamic table may be used.
    if (side === 'client' && event.type === 'ready') ask(Math.min(2, requests))
    if (side === 'client' && (event.type === 'settings' || event.type === 'streams_available')) ask(requests)
    if (side !== 'server' || event.type !== 'finished') return
    const { now } = pair.quic
    connection.respond(now, event.id, [{ name: ':status', value: '103' }])
    connection.respond(now, event.id, answerOf(event.id))
    connection.sendData(now, event.id, body)
    connection.sendTrailers(now, event.id, [{ name: 'x-sum', value: `sum ${event.id}` }])
  }
  if (!pair.quic.run(() => pair.of('client', 'finished').length === requests)) throw new Error('not done')
  pair.quic.run(() => false, pair.quic.now + 500_000)
}

function streamsOf(packets: readonly TalkedPacket[]): BySide<ReadonlyMap<number, Uint8Array>> {
  return bySide((side) => {
    const table = new StreamTable()
    const streams = new Map<number, Uint8Array>()
    for (const { from, frames } of packets)
      for (const frame of frames)
        if (from === side && frame.type === 'stream')
          table.handleFrame(frame.id, frame.offset, frame.data, frame.fin, (id, _offset, bytes) =>
            streams.set(id, join(streams.get(id) ?? new Uint8Array(0), bytes)),
          )
    return streams
  })
}
