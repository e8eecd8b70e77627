/** What the frames and instructions of HTTP/3 say, in the words of RFC 9114 and RFC 9204. */
import type { Http3Frame, KnownType } from '../../protocol/h3/frames.ts'
import { isReserved } from '../../protocol/h3/settings.ts'
import type { DecoderInstruction, EncoderInstruction } from '../../protocol/qpack/instructions.ts'
import { STATIC_TABLE } from '../../protocol/qpack/static-table.ts'

/** Settings that are shown. */
const MOST_SETTINGS = 32

const hex = (number: number): string => `0x${number.toString(16)}`

const NAMES: Record<KnownType, string> = {
  data: 'DATA',
  headers: 'HEADERS',
  cancel_push: 'CANCEL_PUSH',
  settings: 'SETTINGS',
  push_promise: 'PUSH_PROMISE',
  goaway: 'GOAWAY',
  max_push_id: 'MAX_PUSH_ID',
  priority_update: 'PRIORITY_UPDATE',
  priority_update_push: 'PRIORITY_UPDATE',
}

/** Numbers of HTTP/3 that are there to be ignored (RFC 9114 7.2.8), and those that nobody knows. */
const numberName = (what: string, number: number): string =>
  isReserved(number) ? `reserved ${hex(number)}` : `${what}${hex(number)}`

export const frameName = (frame: Http3Frame): string =>
  frame.type === 'unknown' || frame.type === 'http2' ? numberName('type ', frame.code) : NAMES[frame.type]

/** RFC 9114 7.2.4.1, RFC 9204 5, RFC 9220 5, RFC 9297 2.1.1. */
const SETTING_NAMES = new Map([
  [0x01, 'QPACK_MAX_TABLE_CAPACITY'],
  [0x06, 'MAX_FIELD_SECTION_SIZE'],
  [0x07, 'QPACK_BLOCKED_STREAMS'],
  [0x08, 'ENABLE_CONNECT_PROTOCOL'],
  [0x33, 'H3_DATAGRAM'],
])

export const settingName = (id: number): string => SETTING_NAMES.get(id) ?? numberName('', id)

export function frameText(frame: Http3Frame): string {
  switch (frame.type) {
    case 'settings':
      return frame.settings
        .slice(0, MOST_SETTINGS)
        .map(({ id, value }) => `${settingName(id)} ${value}`)
        .join(', ')
    case 'goaway':
      return `first that is not processed ${frame.id}`
    case 'cancel_push':
    case 'max_push_id':
    case 'push_promise':
      return `push ${frame.id}`
    case 'priority_update':
      return `stream ${frame.id}, ${frame.value}`
    case 'priority_update_push':
      return `push ${frame.id}, ${frame.value}`
    default:
      return ''
  }
}

/** What an instruction says, and the stream that it is about; -1: none. */
export function instructionText(instruction: EncoderInstruction | DecoderInstruction): {
  readonly detail: string
  readonly stream: number
} {
  const said = (detail: string, stream = -1) => ({ detail, stream })
  switch (instruction.type) {
    case 'set_dynamic_table_capacity':
      return said(`capacity ${instruction.capacity}`)
    case 'insert_with_name_reference': {
      const { table, index, value } = instruction
      const name = table === 'static' ? ` ${STATIC_TABLE[index]?.name ?? ''}` : ''
      return said(`${table} ${index}${name}: ${value}`)
    }
    case 'insert_with_literal_name':
      return said(`${instruction.name}: ${instruction.value}`)
    case 'duplicate':
      return said(`dynamic ${instruction.index}`)
    case 'insert_count_increment':
      return said(`increment ${instruction.increment}`)
    default:
      return said(`stream ${instruction.stream}`, instruction.stream)
  }
}
