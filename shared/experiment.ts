/**
 * What an experiment is (DESIGN 7): data that the window, the terminal and the tests read alike. An
 * experiment from a file is held to the same schema.
 */
import * as v from 'valibot'
import { ArqReceiverApp, ArqSenderApp } from './arq.ts'
import { DnsClientApp, DnsServerApp } from './dns.ts'
import { EavesdropperApp, HttpClientApp, HttpServerApp, ReplayerApp } from './http.ts'
import { DirectionSpec } from './link.ts'
import {
  FeedClientApp,
  FeedServerApp,
  MessageReceiverApp,
  MessageSenderApp,
  RpcClientApp,
  RpcServerApp,
} from './messaging.ts'
import { MqttBrokerApp, MqttClientApp } from './mqtt.ts'
import { NetworkNumber, RouterSetup, SwitchSetup } from './network.ts'
import { PingApp, TracerouteApp } from './probes.ts'
import { QuicSettings } from './quic.ts'
import { SynFloodApp, TcpAnswerApp, TcpAskApp, TcpCrowdApp, TcpSendApp, TcpSinkApp } from './tcp-apps.ts'
import { TcpSettings } from './tcp.ts'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))

/** A text in both languages. */
export const Text = v.strictObject({
  en: v.pipe(v.string(), v.maxLength(20_000)),
  zh: v.pipe(v.string(), v.maxLength(20_000)),
})
export type Text = v.InferOutput<typeof Text>

/** Anything that JSON can hold; the value of a setting. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
/** No setting nests deeper; a file that does must not exhaust the stack. */
const MAX_DEPTH = 16
const isJson = (value: unknown, depth = 0): value is Json => {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth === MAX_DEPTH) return false
  return Object.values(value).every((item) => isJson(item, depth + 1))
}
const Json = v.custom<Json>((value) => isJson(value), 'must be a JSON value')

export const App = v.variant('kind', [
  TcpSendApp,
  TcpSinkApp,
  TcpAskApp,
  TcpAnswerApp,
  TcpCrowdApp,
  SynFloodApp,
  PingApp,
  TracerouteApp,
  ArqSenderApp,
  ArqReceiverApp,
  HttpServerApp,
  HttpClientApp,
  EavesdropperApp,
  ReplayerApp,
  MessageSenderApp,
  MessageReceiverApp,
  DnsServerApp,
  DnsClientApp,
  MqttBrokerApp,
  MqttClientApp,
  FeedServerApp,
  FeedClientApp,
  RpcServerApp,
  RpcClientApp,
])
export type App = v.InferOutput<typeof App>

export const HostSetup = v.strictObject({
  role: v.picklist(['client', 'server']),
  tcp: v.optional(TcpSettings, {}),
  /** Of connections from now on, like those of TCP that can't change in an open one. */
  quic: v.optional(QuicSettings, {}),
  /**
   * The last part of its address; 0: its place in the list. A change in the run moves the host to another network: packets to
   * its old address are no longer for it, a QUIC client goes on by the new one (RFC 9000 9), a TCP connection can't.
   */
  address: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(254)), 0),
  /** The network of the lane that its interface is in. */
  network: v.optional(NetworkNumber, 0),
  /** The router that it sends to what is not for its own network (RFC 1122 3.3.1.1); null: there is none. */
  gateway: v.optional(v.nullable(name), null),
  /** Off: it crashed, and takes and sends nothing. On again: it has started anew, and knows nothing of its connections. */
  power: v.optional(v.picklist(['on', 'off']), 'on'),
})

/** A link between two hosts, switches or routers; up is from a to b. */
export const LinkSetup = v.strictObject({
  a: name,
  b: name,
  up: v.optional(DirectionSpec, {}),
  down: v.optional(DirectionSpec, {}),
})

/** Everything that can be set, at the start or later; a path such as `links.link.up.loss.rate` names a part. */
export const Setup = v.strictObject({
  hosts: v.record(name, HostSetup),
  links: v.record(name, LinkSetup),
  apps: v.record(name, App),
  switches: v.optional(v.record(name, SwitchSetup), {}),
  routers: v.optional(v.record(name, RouterSetup), {}),
  /** Hosts and routers speak Ethernet and find each other by ARP (RFC 826); needed where there is a switch or router. */
  ethernet: v.optional(v.boolean(), false),
})
export type Setup = v.InferOutput<typeof Setup>
export type SetupInput = v.InferInput<typeof Setup>

/** A part may be a target of a site (`apps.site.resources./page.delay`), so slashes count as letters. */
const path = v.pipe(v.string(), v.regex(/^(hosts|links|apps|switches|routers)(\.[A-Za-z0-9/-]+)+$/))
const Changes = v.record(path, Json)

/** A copy of the topology with some settings of its own, run beside the others by the same clock. */
export const Lane = v.strictObject({
  id: name,
  label: Text,
  set: v.optional(Changes, {}),
  /** Applications of the set-up that this lane does not have. */
  without: v.optional(v.array(name)),
})
export type Lane = v.InferOutput<typeof Lane>

/** Something that happens at a moment of the run: in all lanes, or in those that it names. */
export const Step = v.strictObject({
  at: span,
  text: v.optional(Text),
  set: v.optional(Changes, {}),
  lanes: v.optional(v.array(name)),
})

export const KNOB_UNITS = ['ratio', 'us', 'bit/s', 'B', 'B/s', 'packets', 'segments', 'count', ''] as const

/** A setting worth turning. Its value is that of the first path; all paths are set together. */
export const Knob = v.strictObject({
  id: name,
  label: Text,
  hint: v.optional(Text),
  group: v.picklist(['link', 'ip', 'tcp', 'quic', 'tls', 'http', 'dns', 'mqtt', 'application']),
  paths: v.pipe(v.array(path), v.minLength(1)),
  /** A number has a range, a choice its options, a switch neither. */
  kind: v.picklist(['number', 'choice', 'switch']),
  unit: v.optional(v.picklist(KNOB_UNITS), ''),
  min: v.optional(v.number()),
  max: v.optional(v.number()),
  step: v.optional(v.number()),
  scale: v.optional(v.picklist(['linear', 'log']), 'linear'),
  options: v.optional(v.array(v.strictObject({ value: Json, label: Text }))),
  /** May be turned while the experiment runs. */
  live: v.optional(v.boolean(), false),
})
export type Knob = v.InferOutput<typeof Knob>

export const OPERATORS = ['=', '<', '<=', '>', '>='] as const

/** A number with a reason: what is claimed of a metric. */
export const Expectation = v.strictObject({
  id: name,
  text: Text,
  /** A metric of the run, such as `reno/goodput`. */
  metric: v.string(),
  op: v.picklist(OPERATORS),
  /** A number, or the name of another metric of the run (a model's figure is one). */
  value: v.union([v.number(), v.string()]),
  /** For `=`: how far off it may be, as a share of the value. */
  tolerance: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  unit: v.optional(v.picklist(['us', 'bit/s', 'B', 'ratio', 'rtt', 'count', 'segments', '']), ''),
  why: Text,
  /** The claim is made only while these settings have one of these values. */
  given: v.optional(v.array(v.strictObject({ path, oneOf: v.array(Json) })), []),
})
export type Expectation = v.InferOutput<typeof Expectation>

export const VIEW_IDS = [
  'topology',
  'ladder',
  'windows',
  'rtt',
  'sequence',
  'goodput',
  'queue',
  'stalls',
  'states',
  'packets',
  'layers',
  'waterfall',
  'streams',
  'frames',
  'hpack',
  'tls',
  'keys',
  'certificates',
  'cache',
  'headline',
  'quic',
  'acks',
  'credit',
  'paths',
  'qpack',
  'journey',
  'mqtt',
  'pdus',
  'deliveries',
  'calls',
  'framing',
  'probes',
  'routes',
  'fragments',
  'writes',
  'held',
  'listener',
  'arq',
] as const
export type ViewId = (typeof VIEW_IDS)[number]

export const CHAPTERS = [
  'tcp-connections',
  'tcp-transfer',
  'ip',
  'http',
  'tls',
  'quic',
  'mqtt',
  'own-client',
] as const
export type ChapterId = (typeof CHAPTERS)[number]

export const Experiment = v.strictObject({
  id: name,
  chapter: v.picklist(CHAPTERS),
  title: Text,
  question: Text,
  /** What happens and why, a paragraph each. */
  narrative: v.array(Text),
  rfcs: v.array(v.strictObject({ number: v.pipe(v.number(), v.integer()), title: v.string() })),
  /** Standards of others than the IETF, by their title. */
  standards: v.optional(v.array(v.pipe(v.string(), v.maxLength(200))), []),
  setup: Setup,
  lanes: v.pipe(v.array(Lane), v.minLength(1), v.maxLength(8)),
  steps: v.optional(v.array(Step), []),
  knobs: v.array(Knob),
  expectations: v.array(Expectation),
  views: v.pipe(v.array(v.picklist(VIEW_IDS)), v.minLength(1)),
  /** The run ends when all applications are done and the link is empty, or after this much lab time. */
  duration: v.pipe(span, v.minValue(1)),
  /** A question to the learner before the answer shows. */
  prediction: v.optional(
    v.strictObject({
      question: Text,
      choices: v.array(v.strictObject({ text: Text, right: v.boolean(), because: Text })),
    }),
  ),
})
export type Experiment = v.InferOutput<typeof Experiment>
export type ExperimentInput = v.InferInput<typeof Experiment>
