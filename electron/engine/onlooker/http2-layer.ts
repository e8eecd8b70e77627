/** HTTP/2: frames, messages, streams, and the tables of HPACK. */
import { hexOfBytes } from '../../../shared/hex.ts'
import type { Credit } from '../../protocol/tcp/tap.ts'
import { GrpcReader } from '../../protocol/wire/grpc/reader.ts'
import { bySide, type BySide, type Side } from '../../protocol/wire/side.ts'
import { Http2Connection } from '../../protocol/wire/h2/connection.ts'
import type { Http2Event } from '../../protocol/wire/h2/events.ts'
import { fieldValue } from '../../protocol/wire/h2/message.ts'
import { FRAME_HEADER } from '../../protocol/wire/h2/frame-reader.ts'
import { DATA, FLAG_END_STREAM, frameName, RST_STREAM, WINDOW_UPDATE } from '../../protocol/wire/h2/names.ts'
import type { HeaderBlock } from '../../protocol/wire/hpack/decoder.ts'
import { frameText } from './frame-text.ts'
import { controlOf, fieldsText, http1Length } from './header-list.ts'
import { HeaderTable } from './header-table.ts'
import type { Layer } from './layer.ts'
import type { Report } from './report.ts'

type Of<Type extends Http2Event['type']> = Extract<Http2Event, { type: Type }>

/** What a header list may come to, in octets; endpoints take less. */
const MOST_HEADERS = 131_072

/** Bytes of a message of gRPC that the trace carries. */
const MOST_MESSAGE = 512

/** Whether the messages of gRPC make up the content ("gRPC over HTTP/2", Content-Type). */
const isGrpc = (fields: HeaderBlock['fields']): boolean =>
  /^application\/grpc([+;]|$)/.test(fieldValue(fields, 'content-type') ?? '')

/** A connection that began as HTTP/1.1. */
export interface Upgraded {
  /** Of the request that asked for it, now stream 1. */
  readonly upgradedMethod: string
  /** Where each side's first octet lies among all that it has sent; may be filled in until that octet comes. */
  readonly startsAt: BySide<number>
}

export class Http2Layer implements Layer {
  private readonly report: Report
  private readonly connection: Http2Connection
  private readonly startsAt: BySide<number>
  private readonly table: HeaderTable
  /** Octets of content so far of the messages that our own side has begun and not finished, by stream. */
  private readonly unfinished = new Map<number, number>()
  /** The messages of gRPC in what our own side sends, by stream. */
  private readonly calls = new Map<number, GrpcReader>()
  /** End of the last frame of our own. */
  private frameEnd = 0

  constructor(report: Report, upgraded?: Upgraded) {
    this.report = report
    this.startsAt = upgraded?.startsAt ?? bySide(() => 0)
    this.table = new HeaderTable(report.own)
    this.connection = new Http2Connection((event) => this.onEvent(event), {
      limits: { headerBlock: MOST_HEADERS, headerList: MOST_HEADERS },
      ...(upgraded && { upgradedMethod: upgraded.upgradedMethod }),
    })
  }

  readonly handshaking = false

  handleBytes(from: Side, bytes: Uint8Array): void {
    this.connection.push(from, bytes)
  }

  handleEnd(from: Side): void {
    this.connection.end(from)
    if (from === this.report.own) for (const stream of this.unfinished.keys()) this.finish(stream, false)
  }

  credit(): Credit | undefined {
    const by = this.connection.blockedBy(this.report.own)
    return by === undefined ? undefined : `${by}_credit`
  }

  /** Where an octet of our own side lies among all that it has sent. */
  private at(offset: number): number {
    return this.startsAt[this.report.own] + offset
  }

  private onEvent(event: Http2Event): void {
    const own = event.from === this.report.own
    if (event.type === 'frame') this.onFrame(event, own)
    else if (event.type === 'data') {
      if (own) this.onContent(event)
    } else if (own) this.tell(event)
  }

  private onFrame(event: Of<'frame'>, own: boolean): void {
    const { type, flags, streamId, offset, length } = event.frame
    if (own) {
      this.frameEnd = offset + FRAME_HEADER + length
      this.tellFrame(event)
      if (type === DATA && (flags & FLAG_END_STREAM) !== 0) this.finish(streamId, true)
    }
    // Whoever resets a stream ends what our own side sends on it.
    if (type === RST_STREAM) this.finish(streamId, false)
  }

  private onContent({ streamId, bytes }: Of<'data'>): void {
    this.calls.get(streamId)?.push(bytes)
    const content = this.unfinished.get(streamId)
    if (content !== undefined) this.unfinished.set(streamId, content + bytes.length)
  }

  private tellFrame({ from, frame, payload, windows }: Of<'frame'>): void {
    const { type, flags, streamId, offset, length } = frame
    const changes = type === DATA || type === WINDOW_UPDATE ? windows : undefined
    const ofConnection = type === DATA || streamId === 0
    this.report.emit('http:frame', {
      from,
      stream: streamId,
      type: frameName(type),
      flags,
      offset: this.at(offset),
      length,
      detail: frameText(frame, payload),
      connection_window: (ofConnection ? changes?.connection : undefined) ?? -1,
      stream_window: changes?.stream ?? -1,
    })
  }

  private tell(event: Exclude<Http2Event, { type: 'frame' | 'data' }>): void {
    const { report } = this
    const { from } = event
    switch (event.type) {
      case 'headers':
        return this.onHeaders(event)
      case 'stream': {
        const { streamId: stream, before, after, offset } = event
        return report.emit('http:stream_state', { from, stream, before, after, offset: this.at(offset) })
      }
      case 'problem': {
        const { offset, code, scope, streamId: stream, reason } = event.error
        return report.emit('http:problem', { from, offset: this.at(offset), code, scope, stream, reason })
      }
      case 'skipped':
        return this.tellPassedOver(event.offset, `skipped ${event.length} octets`)
      case 'limit':
        return this.tellPassedOver(event.offset, `limit_${event.limit}`)
    }
  }

  /** Nothing is wrong with the octets, but they were not read. */
  private tellPassedOver(offset: number, reason: string): void {
    const { own: from } = this.report
    this.report.emit('http:problem', {
      from,
      offset: this.at(offset),
      code: '',
      scope: 'connection',
      stream: 0,
      reason,
    })
  }

  private onHeaders({ from, part, streamId, endStream, block, fragments }: Of<'headers'>): void {
    for (const change of this.table.changes(streamId, block)) this.report.emit('http:table_changed', change)
    this.report.emit('http:message_started', {
      from,
      version: 'h2',
      part,
      exchange: streamId,
      offset: this.at(fragments[0]?.offset ?? this.frameEnd),
      length: block.encodedLength,
      uncompressed: http1Length(block.fields),
      ...controlOf(block.fields),
      fields: fieldsText(block.fields),
      end: endStream,
    })
    // Not those that are more than the onlooker of the connection keeps in mind.
    const tracked = this.connection.stream(streamId) !== undefined
    if (tracked && (part === 'request' || part === 'response')) {
      this.unfinished.set(streamId, 0)
      if (isGrpc(block.fields)) this.calls.set(streamId, this.grpcReader(streamId))
    }
    if (endStream) this.finish(streamId, true)
  }

  private grpcReader(stream: number): GrpcReader {
    const { report } = this
    return new GrpcReader(({ compressed, length, bytes }) => {
      const shown = hexOfBytes(bytes.subarray(0, MOST_MESSAGE))
      report.emit('grpc:message', { from: report.own, stream, compressed, length, bytes: shown })
    })
  }

  private finish(stream: number, complete: boolean): void {
    const content = this.unfinished.get(stream)
    if (content === undefined) return
    this.unfinished.delete(stream)
    this.calls.delete(stream)
    const { own: from } = this.report
    this.report.emit('http:message_finished', {
      from,
      part: from === 'client' ? 'request' : 'response',
      exchange: stream,
      end_offset: this.at(this.frameEnd),
      content,
      complete,
    })
  }
}
