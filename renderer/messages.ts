/** Holds what the engine says to the contract (shared/commands.ts), before anything else of the window sees it. */
import * as v from 'valibot'
import {
  DRIVERS,
  type Command,
  type EngineMessage,
  type ExportedFile,
  type Results,
  type RunInfo,
} from '../shared/commands.ts'
import type { Dissection, DissectedField } from '../shared/dissection.ts'
import { fromIssues, type InputError, type Result } from '../shared/errors.ts'
import { Setup, Text } from '../shared/experiment.ts'
import { Summary } from '../shared/summary.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const RunInfoSchema: v.GenericSchema<unknown, RunInfo> = v.object({
  run: v.pipe(count, v.minValue(1)),
  kind: v.picklist(['experiment', 'gateway']),
  experiment: v.string(),
  title: Text,
  seed: v.number(),
  driver: v.picklist(DRIVERS),
  pace: v.nullable(v.number()),
  state: v.picklist(['running', 'paused', 'finished', 'stopped', 'failed', 'recovered']),
  now: v.number(),
  error: v.optional(v.string()),
  setup: Setup,
  lanes: v.array(v.object({ id: v.string(), label: Text, set: v.record(v.string(), v.unknown()) })),
  gateway: v.optional(
    v.object({
      listen: v.string(),
      to: v.string(),
      protocol: v.picklist(['tcp', 'udp']),
      connections: v.object({ open: count, total: count, refused: count }),
    }),
  ),
  recording: v.object({ bytes: count, packets: count, truncatedPackets: count }),
})

const InputErrorSchema: v.GenericSchema<unknown, InputError> = v.object({
  code: v.picklist(['invalid', 'not_found', 'wrong_state', 'busy', 'failed']),
  message: v.string(),
  field: v.optional(v.string()),
  value: v.optional(v.string()),
  allowed: v.optional(v.string()),
})

const bytes = v.instance(Uint8Array<ArrayBufferLike>)

const ExportedFiles: v.GenericSchema<unknown, readonly ExportedFile[]> = v.array(
  v.object({ name: v.string(), mime: v.string(), bytes, secret: v.optional(v.boolean()) }),
)

const Field: v.GenericSchema<unknown, DissectedField> = v.object({
  name: v.string(),
  text: v.string(),
  offset: count,
  length: count,
  problem: v.optional(v.string()),
  children: v.optional(v.array(v.lazy(() => Field))),
})
const DissectionSchema: v.GenericSchema<unknown, Dissection> = v.object({
  summary: v.string(),
  layers: v.array(Field),
})

const RESULTS: { readonly [T in Command['type']]: v.GenericSchema<unknown, Results[T]> } = {
  'run.start': RunInfoSchema,
  'gateway.start': RunInfoSchema,
  'run.pause': RunInfoSchema,
  'run.resume': RunInfoSchema,
  'run.stop': RunInfoSchema,
  'run.step': RunInfoSchema,
  'run.pace': RunInfoSchema,
  'run.set': RunInfoSchema,
  'run.drop': v.object({ dropped: v.boolean() }),
  'run.mark': v.null(),
  'run.list': v.array(RunInfoSchema),
  'run.watch': RunInfoSchema,
  'run.unwatch': v.null(),
  'run.forget': v.null(),
  'packet.read': v.object({ bytes, length: count, dissection: DissectionSchema }),
  'pdu.dissect': DissectionSchema,
  'packet.open': v.array(
    v.object({
      level: v.picklist(['initial', '0rtt', 'handshake', '1rtt']),
      number: count,
      bytes,
      dissection: DissectionSchema,
    }),
  ),
  'run.export': ExportedFiles,
}

/** The answer to a command of this type, or what is wrong with it. */
export function parseResult<T extends Command['type']>(type: T, result: unknown): Result<Results[T]> {
  const schema: v.GenericSchema<unknown, Results[T]> = RESULTS[type]
  const parsed = v.safeParse(schema, result)
  if (parsed.success) return { ok: true, value: parsed.output }
  const { message } = fromIssues(parsed.issues)
  return { ok: false, error: { code: 'failed', message: `${type}: ${message}` } }
}

const Reply = v.union([
  v.object({ type: v.literal('reply'), id: v.number(), ok: v.literal(true), result: v.unknown() }),
  v.object({ type: v.literal('reply'), id: v.number(), ok: v.literal(false), error: InputErrorSchema }),
])

/** Everything that is not a batch. */
export type TextMessage = Exclude<EngineMessage, { type: 'batch' }>

const Message: v.GenericSchema<unknown, TextMessage> = v.union([
  Reply as v.GenericSchema<unknown, Extract<TextMessage, { type: 'reply' }>>,
  v.object({ type: v.literal('run'), info: RunInfoSchema }),
  v.object({ type: v.literal('summary'), run: count, summary: Summary }),
  v.object({ type: v.literal('complete'), run: count }),
  v.object({ type: v.literal('engine'), state: v.picklist(['ready', 'crashed']), detail: v.string() }),
])

/** A message of the engine, or undefined when it is none. */
export function parseMessage(message: unknown): TextMessage | undefined {
  const parsed = v.safeParse(Message, message)
  return parsed.success ? parsed.output : undefined
}
