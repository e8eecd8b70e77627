/** The applications that run within the steps of the world, by kind: what makes one. Those that live in Node are in `../node/programs.ts`. */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Rng } from '../../protocol/random.ts'
import type { Ipv4Address } from '../../protocol/wire/address.ts'
import type { App, Station } from '../station.ts'
import { ArqReceiver } from './arq-receiver.ts'
import { ArqSender } from './arq-sender.ts'
import { Payload } from './payload.ts'
import { Ping } from './ping.ts'
import { Replayer } from './replayer.ts'
import type { Streams } from './streams.ts'
import { SynFlood } from './syn-flood.ts'
import { TcpAnswer } from './tcp-answer.ts'
import { TcpAsk } from './tcp-ask.ts'
import { TcpCrowd } from './tcp-crowd.ts'
import { TcpSend } from './tcp-send.ts'
import { TcpSink } from './tcp-sink.ts'
import { Traceroute } from './traceroute.ts'

const KINDS = [
  'tcp-send',
  'tcp-sink',
  'tcp-ask',
  'tcp-answer',
  'tcp-crowd',
  'syn-flood',
  'ping',
  'traceroute',
  'arq-sender',
  'arq-receiver',
  'replayer',
] as const
type Kind = (typeof KINDS)[number]

/** The settings of an application that runs within the steps of the world. */
export type LabAppSetup = Extract<AppSetup, { kind: Kind }>

export interface LabApp extends App {
  /** New settings, of the same kind. */
  configure?(now: Micros, setup: AppSetup): void
}

/** Where an application is, and what it has there. */
interface AppPlace {
  /** Its name in the experiment. */
  readonly name: string
  readonly station: Station
  /** What is written on the connections of its lane. */
  readonly streams: Streams
  /** Events of its host. */
  readonly trace: Trace
  /** Seeded for this application; the same in every lane. */
  readonly rng: Rng
  /** The address of a host or router of the lane, or one in the words of a set-up as the lane has it. */
  addressOf(target: string): Ipv4Address
  /** Those of the network of its host at which nobody is. */
  unusedAddresses(): readonly Ipv4Address[]
}

type Makers = {
  readonly [K in Kind]?: (setup: Extract<AppSetup, { kind: K }>, place: AppPlace) => LabApp
}

const MAKERS: Makers = {
  'tcp-send': (setup, { station, streams, trace, rng, addressOf }) =>
    new TcpSend(setup, { station, streams, to: addressOf(setup.to), payload: new Payload(rng), trace }),
  'tcp-sink': (setup, { station, streams, trace, rng }) =>
    new TcpSink(setup, { station, streams, payload: new Payload(rng), trace }),
  'tcp-ask': (setup, { station, streams, trace, rng, addressOf }) =>
    new TcpAsk(setup, { station, streams, to: addressOf(setup.to), payload: new Payload(rng), trace }),
  'tcp-answer': (setup, { station, streams, trace, rng }) =>
    new TcpAnswer(setup, { station, streams, payload: new Payload(rng), trace }),
  'tcp-crowd': (setup, { station, streams, trace, rng, addressOf }) =>
    new TcpCrowd(setup, { station, streams, to: addressOf(setup.to), payload: new Payload(rng), trace }),
  'syn-flood': (setup, { station, trace, rng, addressOf, unusedAddresses }) =>
    new SynFlood(setup, { station, trace, rng, to: addressOf(setup.to), sources: unusedAddresses() }),
  ping: (setup, { name, station, trace, addressOf }) =>
    new Ping(setup, { name, station, trace, to: addressOf(setup.to) }),
  traceroute: (setup, { name, station, trace, addressOf }) =>
    new Traceroute(setup, { name, station, trace, to: addressOf(setup.to) }),
  'arq-sender': (setup, { station, trace, rng, addressOf }) =>
    new ArqSender(setup, { station, to: addressOf(setup.to), payload: new Payload(rng), rng, trace }),
  'arq-receiver': (setup, { station, trace }) => new ArqReceiver(setup, station, trace),
  replayer: (setup, { station, trace, addressOf }) =>
    new Replayer(setup, { station, to: { address: addressOf(setup.to), port: setup.port }, trace }),
}

export const isLabApp = (setup: AppSetup): setup is LabAppSetup =>
  (KINDS as readonly string[]).includes(setup.kind)

/** Makes an application and puts it on its host. */
export function createApp(setup: LabAppSetup, place: AppPlace): LabApp {
  // The table goes by kind, so the two fit; the compiler cannot follow a union through a look-up.
  const make = MAKERS[setup.kind] as ((setup: LabAppSetup, place: AppPlace) => LabApp) | undefined
  if (make === undefined) throw new Error(`${setup.kind} is not built in`)
  const app = make(setup, place)
  place.station.add(app)
  return app
}
