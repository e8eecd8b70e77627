/** HTTP/3: what one side sends on its streams, frame by frame and message by message, and the table of its QPACK encoder. */
import type { EventData } from '../../../shared/trace/events.ts'
import type { SectionKind } from '../../protocol/h3/message.ts'
import { PassiveHttp3 } from '../../protocol/h3/passive/connection.ts'
import type {
  EndReading,
  FrameReading,
  Http3Reading,
  InstructionReading,
  SectionReading,
} from '../../protocol/h3/passive/events.ts'
import type { Section, TableChange } from '../../protocol/qpack/fields.ts'
import type { Side } from '../../protocol/wire/side.ts'
import { controlOf, http1Length } from './header-list.ts'
import { frameName, frameText, instructionText } from './http3-text.ts'
import type { Report } from './report.ts'

/** What the columns of the trace hold. */
const MOST_32 = 0xffff_ffff
const MOST_16 = 0xffff

const PARTS: Record<SectionKind, EventData<'http:message_started'>['part']> = {
  request: 'request',
  informational: 'interim',
  response: 'response',
  trailers: 'trailers',
}

export class Http3Layer {
  private readonly report: Report
  private readonly http = new PassiveHttp3((reading) => {
    if (reading.from === this.report.own) this.tell(reading)
  })
  private entries = 0

  constructor(report: Report) {
    this.report = report
  }

  /** The next bytes of a stream. Of the other side only the unidirectional streams are of use: its settings are there. */
  handleStream(from: Side, id: number, offset: number, bytes: Uint8Array, fin: boolean): void {
    this.http.handleStream(from, id, offset, bytes, fin)
  }

  handleReset(from: Side, id: number): void {
    this.http.handleReset(from, id)
  }

  /** The server has refused 0-RTT. */
  restartClient(): void {
    if (this.report.own === 'client') this.entries = 0
    this.http.restartClient()
  }

  private tell(reading: Http3Reading): void {
    const { report } = this
    const { from, id: stream } = reading
    switch (reading.type) {
      case 'stream':
        return report.emit('http:stream_opened', { from, stream, kind: reading.kind })
      case 'frame':
        return report.emit('http:frame', frameOf(reading))
      case 'section':
        return report.emit('http:message_started', messageOf(reading))
      case 'end':
        return report.emit('http:message_finished', endOf(reading))
      case 'instruction':
        return report.emit('http:qpack_instruction', instructionOf(reading))
      case 'table':
        return this.tellTable(stream, reading.change)
      case 'problem': {
        const { offset, scope, violation } = reading
        const { code, reason } = violation
        return report.emit('http:problem', { from, offset, code, scope, stream, reason })
      }
      case 'limit': {
        const { offset, limit } = reading
        const what = { from, offset, code: '', scope: 'stream', stream, reason: `limit_${limit}` }
        return report.emit('http:problem', what)
      }
    }
  }

  /** Evictions make room before an entry goes in (RFC 9204 3.2.2). */
  private tellTable(stream: number, { inserted, evicted, size: after, capacity }: TableChange): void {
    const { own: from } = this.report
    let size = after - (inserted?.size ?? 0)
    for (const { size: gone } of evicted) size += gone
    const change = (what: string, name: string, value: string): void =>
      this.report.emit('http:table_changed', {
        ...{ from, stream, what, name, value },
        ...{ entries: this.entries, size, limit: capacity },
      })
    if (inserted === undefined) change('resize', '', '')
    for (const entry of evicted) {
      this.entries--
      size -= entry.size
      change('evict', entry.name, entry.value)
    }
    if (inserted === undefined) return
    this.entries++
    size += inserted.size
    change('insert', inserted.name, inserted.value)
  }
}

const frameOf = ({ from, id, offset, length, frame }: FrameReading): EventData<'http:frame'> => ({
  from,
  stream: id,
  type: frameName(frame),
  flags: 0,
  offset,
  length: Math.min(length, MOST_32),
  detail: frameText(frame),
  connection_window: -1,
  stream_window: -1,
})

/** As HTTP/2's, with the table that an index is of behind it. */
const fieldsText = ({ lines }: Section): string =>
  JSON.stringify(
    lines.map(({ name, value, representation, length, index, table }) => [
      ...[name, value, representation, length, index ?? 0, table ?? ''],
    ]),
  )

function messageOf(reading: SectionReading): EventData<'http:message_started'> {
  const { from, id, offset, kind, section, end } = reading
  return {
    from,
    version: 'h3',
    part: PARTS[kind],
    exchange: id,
    offset,
    length: section.encodedLength,
    uncompressed: http1Length(section.lines),
    ...controlOf(section.lines),
    fields: fieldsText(section),
    end,
  }
}

const endOf = ({ from, id, offset, content, complete }: EndReading): EventData<'http:message_finished'> => ({
  from,
  part: from === 'client' ? 'request' : 'response',
  exchange: id,
  end_offset: offset,
  content,
  complete,
})

function instructionOf(reading: InstructionReading): EventData<'http:qpack_instruction'> {
  const { from, on, offset, length, instruction } = reading
  const { detail, stream } = instructionText(instruction)
  return { from, on, offset, length: Math.min(length, MOST_16), name: instruction.type, detail, stream }
}
