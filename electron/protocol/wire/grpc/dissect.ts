/** A message of gRPC for people: its prefix, and the wire format of protobuf as far as it speaks for itself. */
import type { Dissection } from '../../../../shared/dissection.ts'
import { RuleReader } from '../rule-reader.ts'
import { readProtobuf } from './protobuf.ts'

const RULE = 'gRPC over HTTP/2, Length-Prefixed-Message'

/** The fields of the bytes of a message with its prefix. Total. */
export function dissectGrpc(bytes: Uint8Array): Dissection {
  const reader = new RuleReader(bytes, RULE, { noting: true })
  const { flag, length } = reader.group('Prefix', () => readPrefix(reader))
  // Of a long message the trace has the beginning only.
  reader.partial = length > reader.left
  const end = Math.min(length, reader.left)
  if (!reader.stopped) reader.within(end, () => readMessage(reader, flag))
  reader.finish('Trailing bytes')
  const { breach } = reader
  const wrong = breach === undefined ? '' : ` (${breach.reason}: ${breach.rule})`
  const compressed = flag === 1 ? ', compressed' : ''
  return { summary: `gRPC message, ${length} bytes${compressed}${wrong}`, layers: reader.fields }
}

function readPrefix(reader: RuleReader): { flag: number; length: number } {
  const flag = reader.number('Compressed-Flag', 1, (value) => (value === 1 ? '1: compressed' : String(value)))
  if (flag > 1) reader.breaks(RULE, `a Compressed-Flag of ${flag}`)
  return { flag, length: reader.number('Message-Length', 4, (value) => `${value} bytes`) }
}

function readMessage(reader: RuleReader, flag: number): void {
  if (flag === 0) readProtobuf(reader, 'Message')
  else reader.rest('Message (compressed)')
}
