/**
 * The commands of the window and the answers of the engine, the same over a MessagePort and a WebSocket.
 * Both sides validate what they receive; what does not validate gets an error, never a guess.
 */
import * as v from 'valibot'
import { LinkSpec } from './link.ts'
import type { Dissection } from './dissection.ts'
import type { InputError } from './errors.ts'
import type { Setup } from './experiment.ts'
import type { Summary } from './summary.ts'

const run = v.pipe(v.number(), v.integer(), v.minValue(1))
const pkt = v.pipe(v.number(), v.integer(), v.minValue(1))
/** Lab seconds a wall second; null: as fast as it goes. Ignored by the live driver. */
const pace = v.nullable(v.pipe(v.number(), v.minValue(0.000_01), v.maxValue(1_000_000)))
const seed = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff))
const tcpPort = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))

export const DRIVERS = ['live', 'virtual'] as const
export type DriverName = (typeof DRIVERS)[number]

export const EXPORT_FORMATS = ['pcapng', 'keylog', 'har', 'qlog', 'csv', 'json', 'svg', 'summary'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** Servers in the lab that a gateway can lead to. */
export const BUILT_IN_TARGETS = ['broker', 'web', 'dns'] as const
export type BuiltInTarget = (typeof BUILT_IN_TARGETS)[number]

/** What is neither an IP packet nor an event: messages of the layers above, which the trace carries in hexadecimal. */
export const PDU_PROTOCOLS = ['mqtt', 'dns', 'websocket', 'grpc', 'arp', 'ethernet'] as const
export type PduProtocol = (typeof PDU_PROTOCOLS)[number]

export const Command = v.variant('type', [
  /** Starts an experiment: the id of a built-in one, or a whole one as a file holds it. */
  v.strictObject({
    type: v.literal('run.start'),
    experiment: v.union([v.string(), v.record(v.string(), v.unknown())]),
    /** Settings by path or by the id of a knob. */
    set: v.optional(v.record(v.string(), v.unknown()), {}),
    seed: v.optional(seed, 1),
    driver: v.optional(v.picklist(DRIVERS), 'live'),
    pace: v.optional(pace, null),
  }),
  /** Starts a gateway: the user's own client through the lossy link. */
  v.strictObject({
    type: v.literal('gateway.start'),
    /** Port on 127.0.0.1; 0: any free one. */
    listen: tcpPort,
    protocol: v.optional(v.picklist(['tcp', 'udp']), 'tcp'),
    /** Host and port of the target, or a server in the lab itself: `dns` over UDP, the others over TCP. */
    to: v.union([
      v.strictObject({
        host: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
        port: v.pipe(tcpPort, v.minValue(1)),
      }),
      v.picklist(BUILT_IN_TARGETS),
    ]),
    link: v.optional(LinkSpec, {}),
    seed: v.optional(seed, 1),
  }),
  v.strictObject({ type: v.literal('run.pause'), run }),
  v.strictObject({ type: v.literal('run.resume'), run }),
  v.strictObject({ type: v.literal('run.stop'), run }),
  /** Virtual and paused only: goes on to the next packet on any link, the next event, or by a span. */
  v.strictObject({
    type: v.literal('run.step'),
    run,
    by: v.picklist(['event', 'packet', 'time']),
    /** Microseconds, for `time`. */
    span: v.optional(v.pipe(v.number(), v.minValue(1)), 1_000),
  }),
  v.strictObject({ type: v.literal('run.pace'), run, pace }),
  /** Turns a knob: by its id or by a path of the set-up. */
  v.strictObject({ type: v.literal('run.set'), run, name: v.string(), value: v.unknown() }),
  /** Drops a packet that is on a link now. */
  v.strictObject({ type: v.literal('run.drop'), run, pkt }),
  v.strictObject({ type: v.literal('run.mark'), run, text: v.pipe(v.string(), v.maxLength(200)) }),
  /** The runs that can be looked at, those of an engine that crashed included. */
  v.strictObject({ type: v.literal('run.list') }),
  /** From now on this window receives the run's batches, the first one first. */
  v.strictObject({ type: v.literal('run.watch'), run }),
  v.strictObject({ type: v.literal('run.unwatch'), run }),
  /** Removes a recording from the disk. */
  v.strictObject({ type: v.literal('run.forget'), run }),
  v.strictObject({ type: v.literal('packet.read'), run, pkt }),
  /** The fields of a message of one of these protocols; `version` is MQTT's protocol level, which its packets don't tell. */
  v.strictObject({
    type: v.literal('pdu.dissect'),
    protocol: v.picklist(PDU_PROTOCOLS),
    hex: v.pipe(v.string(), v.regex(/^([0-9a-f]{2})*$/), v.maxLength(131_072)),
    version: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)), 4),
  }),
  /** The QUIC packets of a datagram, opened with the keys of the recording. */
  v.strictObject({ type: v.literal('packet.open'), run, pkt }),
  v.strictObject({
    type: v.literal('run.export'),
    run,
    format: v.picklist(EXPORT_FORMATS),
    /** pcapng: the sender's tap alone, or one file a tap. */
    taps: v.optional(v.picklist(['sender', 'all']), 'sender'),
    /** qlog: the current draft, or 0.3, which qvis reads. */
    qlog: v.optional(v.picklist(['draft', '0.3']), 'draft'),
    language: v.optional(v.picklist(['en', 'zh']), 'en'),
  }),
])
export type Command = v.InferOutput<typeof Command>
export type CommandInput = v.InferInput<typeof Command>

/** A command on its way; `id` comes back with the answer. */
export const Request = v.strictObject({ id: v.pipe(v.number(), v.integer()), command: Command })
export type Request = v.InferOutput<typeof Request>

/** The window has taken batch `number` of the run; at most three are on the way without (DESIGN 6). */
export const BatchAck = v.strictObject({ type: v.literal('ack'), run, number: v.number() })
export type BatchAck = v.InferOutput<typeof BatchAck>

export type RunState = 'running' | 'paused' | 'finished' | 'stopped' | 'failed' | 'recovered'

/** A run as the window lists it. */
export interface RunInfo {
  readonly run: number
  readonly kind: 'experiment' | 'gateway'
  /** Id of the experiment; `gateway` for a gateway. */
  readonly experiment: string
  readonly title: { readonly en: string; readonly zh: string }
  readonly seed: number
  readonly driver: DriverName
  readonly pace: number | null
  readonly state: RunState
  /** Lab time in microseconds. */
  readonly now: number
  /** What went wrong, for `failed` and `recovered`. */
  readonly error?: string
  /** The set-up as it is now, and each lane's own. */
  readonly setup: Setup
  readonly lanes: readonly {
    readonly id: string
    readonly label: { readonly en: string; readonly zh: string }
    readonly set: Readonly<Record<string, unknown>>
  }[]
  readonly gateway?: GatewayInfo
  /** Bytes on the disk; packet bytes that did not fit are counted. */
  readonly recording: { readonly bytes: number; readonly packets: number; readonly truncatedPackets: number }
}

/** A gateway: where it listens, where it leads (`host:port` or a built-in server), and who has come. */
export interface GatewayInfo {
  readonly listen: string
  readonly to: string
  readonly protocol: 'tcp' | 'udp'
  /** Of TCP; of UDP, those who have sent something of late. `refused`: there were too many. */
  readonly connections: { readonly open: number; readonly total: number; readonly refused: number }
}

/** A file that an export made. */
export interface ExportedFile {
  readonly name: string
  readonly mime: string
  readonly bytes: Uint8Array
  /** The file holds keys: whoever has it can read what was sent encrypted. */
  readonly secret?: boolean
}

/** What each command answers. */
export interface Results {
  'run.start': RunInfo
  'gateway.start': RunInfo
  'run.pause': RunInfo
  'run.resume': RunInfo
  'run.stop': RunInfo
  'run.step': RunInfo
  'run.pace': RunInfo
  'run.set': RunInfo
  'run.drop': { readonly dropped: boolean }
  'run.mark': null
  'run.list': readonly RunInfo[]
  'run.watch': RunInfo
  'run.unwatch': null
  'run.forget': null
  'packet.read': { readonly bytes: Uint8Array; readonly length: number; readonly dissection: Dissection }
  'pdu.dissect': Dissection
  'packet.open': readonly OpenedPacket[]
  'run.export': readonly ExportedFile[]
}

/** What was sealed in a QUIC packet: its frames. */
export interface OpenedPacket {
  readonly level: 'initial' | '0rtt' | 'handshake' | '1rtt'
  readonly number: number
  readonly bytes: Uint8Array
  /** Places are those in `bytes`. */
  readonly dissection: Dissection
}

/** What the engine says. A batch goes as a message with its buffer, never inside JSON. */
export type EngineMessage =
  | { readonly type: 'reply'; readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly type: 'reply'; readonly id: number; readonly ok: false; readonly error: InputError }
  | { readonly type: 'run'; readonly info: RunInfo }
  | { readonly type: 'summary'; readonly run: number; readonly summary: Summary }
  | { readonly type: 'batch'; readonly run: number; readonly number: number; readonly data: ArrayBuffer }
  /** A run that is over, or a recording: its last batch has been sent to this window. */
  | { readonly type: 'complete'; readonly run: number }
  /** The engine is gone (`crashed`) or there again (`ready`); said by the carrier, not by the engine. */
  | { readonly type: 'engine'; readonly state: 'ready' | 'crashed'; readonly detail: string }
