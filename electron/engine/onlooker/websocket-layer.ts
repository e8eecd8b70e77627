/** WebSocket, from the byte behind the 101 answer on: frames, and the rules that are broken. */
import { hexOfBytes } from '../../../shared/hex.ts'
import { shownText } from '../../protocol/wire/rule-reader.ts'
import { bySide, type BySide, type Side } from '../../protocol/wire/side.ts'
import { decodeUtf8 } from '../../protocol/wire/utf8.ts'
import type { WsFrame } from '../../protocol/wire/websocket/frame.ts'
import { BINARY, CLOSE, codeName, opcodeName } from '../../protocol/wire/websocket/names.ts'
import { WsReader, type WsItem } from '../../protocol/wire/websocket/reader.ts'
import type { Layer } from './layer.ts'
import type { Report } from './report.ts'

/** Bytes of a frame that the trace carries, and of its text that are shown. */
const MOST_BYTES = 512
const MOST_TEXT = 200

export interface OpenedWebSocket {
  /** Where each side's first byte lies among all that it has sent; may be filled in until that byte comes. */
  readonly startsAt: BySide<number>
  /** permessage-deflate was agreed on (RFC 7692). */
  readonly compressed: boolean
}

export class WebSocketLayer implements Layer {
  private readonly report: Report
  private readonly startsAt: BySide<number>
  private readonly readers: BySide<WsReader>

  constructor(report: Report, { startsAt, compressed }: OpenedWebSocket) {
    this.report = report
    this.startsAt = startsAt
    this.readers = bySide((side) => new WsReader(side, (item) => this.tell(item), compressed))
  }

  readonly handshaking = false

  /** Each side's frames speak for themselves: those of the other one are its own onlooker's. */
  handleBytes(from: Side, bytes: Uint8Array): void {
    if (from === this.report.own) this.readers[from].push(bytes)
  }

  handleEnd(): void {}

  credit(): undefined {}

  private tell(item: WsItem): void {
    const { from } = item
    const start = this.startsAt[from]
    const bytes = hexOfBytes(item.bytes.subarray(0, MOST_BYTES))
    if (item.type === 'problem') {
      const { rule, code, reason } = item
      return this.report.emit('ws:problem', { from, offset: start + item.at, rule, code, reason, bytes })
    }
    const { opcode, fin, rsv, key, header, length } = item.frame
    this.report.emit('ws:frame', {
      from,
      opcode: opcodeName(opcode),
      fin,
      rsv,
      masked: key !== undefined,
      key: key === undefined ? '' : hexOfBytes(key),
      header,
      length,
      offset: start + item.offset,
      detail: detailOf(item.frame),
      bytes,
    })
  }
}

function detailOf({ opcode, rsv, code, reason = '', payload }: WsFrame): string {
  if (rsv !== 0) return 'compressed'
  if (opcode === BINARY) return ''
  if (opcode === CLOSE) {
    if (code === undefined) return ''
    return [`${code}: ${codeName(code)}`, shownText(reason)].filter((part) => part !== '').join(', ')
  }
  return textOf(payload.subarray(0, MOST_TEXT))
}

/** What of the beginning is text; its end may lie within a character. */
function textOf(beginning: Uint8Array): string {
  for (let end = beginning.length; end >= 0 && end > beginning.length - 4; end--) {
    const text = decodeUtf8(beginning, 0, end)
    if (text !== undefined) return shownText(text)
  }
  return ''
}
