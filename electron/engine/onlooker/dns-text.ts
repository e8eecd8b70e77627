/** A DNS message as the trace tells of it. */
import { hexOfBytes } from '../../../shared/hex.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { readDns, recordText, type DnsMessage } from '../../protocol/wire/dns/message.ts'
import { rcodeName, typeName } from '../../protocol/wire/dns/names.ts'
import type { Side } from '../../protocol/wire/side.ts'

/** Bytes of a message that the trace carries, and characters of its answers. */
const MOST_BYTES = 4_096
const MOST_DETAIL = 4_096

/** Who has sent it, and over what. */
export interface DnsWay {
  readonly from: Side
  readonly over: 'udp' | 'tcp'
}

/** Writes what the message in `bytes` says, or which rule it breaks. */
export function tellDns(
  trace: Pick<Trace, 'emit'>,
  message: Uint8Array,
  { from, over }: DnsWay,
  pkt?: number,
): void {
  const { message: read, breach } = readDns(message)
  const bytes = hexOfBytes(message.subarray(0, MOST_BYTES))
  if (breach !== undefined) {
    const { rule, reason, offset } = breach
    return trace.emit('dns:problem', { from, rule, reason, offset, bytes }, pkt)
  }
  const { id, response, rcode, questions, answers } = read
  const [question] = questions
  const detail = answers.map(recordText).join('; ')
  trace.emit(
    'dns:message',
    {
      ...{ from, over, id, response, rcode: rcodeName(rcode), flags: flagsOf(read) },
      name: question?.name ?? '',
      type: question === undefined ? '' : typeName(question.type),
      answers: answers.length,
      detail: detail.length > MOST_DETAIL ? `${detail.slice(0, MOST_DETAIL)}...` : detail,
      length: message.length,
      bytes,
    },
    pkt,
  )
}

function flagsOf(message: DnsMessage): string {
  const flags: [string, boolean][] = [
    ['aa', message.authoritative],
    ['tc', message.truncated],
    ['rd', message.recursionDesired],
    ['ra', message.recursionAvailable],
  ]
  return flags.flatMap(([name, set]) => (set ? [name] : [])).join(', ')
}
