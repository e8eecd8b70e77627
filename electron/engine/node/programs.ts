/** Which programs there are: the kind of an application that lives in Node, and what makes one. */
import type { App } from '../../../shared/experiment.ts'
import type { LabAppSetup } from '../apps/create.ts'
import { DnsClient } from './dns/client.ts'
import { DnsServer } from './dns/server.ts'
import { Eavesdropper } from './eavesdropper.ts'
import { FeedClient } from './feed/feed-client.ts'
import { FeedServer } from './feed/feed-server.ts'
import { HttpClient } from './http/client.ts'
import { HttpServer } from './http/server.ts'
import { MessageReceiver } from './messaging/receiver.ts'
import { MessageSender } from './messaging/sender.ts'
import { MqttBroker } from './mqtt/broker.ts'
import { MqttClient } from './mqtt/client.ts'
import type { Program, Surroundings } from './program.ts'
import { RpcClient } from './rpc/rpc-client.ts'
import { RpcServer } from './rpc/rpc-server.ts'

/** The settings of an application that lives in Node. */
export type ProgramSetup = Exclude<App, LabAppSetup>
type Kind = ProgramSetup['kind']

/** What makes a program of each kind that is built in. */
export type ProgramTable = {
  readonly [K in Kind]?: (setup: Extract<ProgramSetup, { kind: K }>, surroundings: Surroundings) => Program
}

export const PROGRAMS: ProgramTable = {
  'http-server': (setup, surroundings) => new HttpServer(setup, surroundings),
  'http-client': (setup, surroundings) => new HttpClient(setup, surroundings),
  eavesdropper: (setup, surroundings) => new Eavesdropper(setup, surroundings),
  'mqtt-broker': (setup, surroundings) => new MqttBroker(setup, surroundings),
  'mqtt-client': (setup, surroundings) => new MqttClient(setup, surroundings),
  'dns-server': (setup, surroundings) => new DnsServer(setup, surroundings),
  'dns-client': (setup, surroundings) => new DnsClient(setup, surroundings),
  'message-sender': (setup, surroundings) => new MessageSender(setup, surroundings),
  'message-receiver': (setup, surroundings) => new MessageReceiver(setup, surroundings),
  'feed-server': (setup, surroundings) => new FeedServer(setup, surroundings),
  'feed-client': (setup, surroundings) => new FeedClient(setup, surroundings),
  'rpc-server': (setup, surroundings) => new RpcServer(setup, surroundings),
  'rpc-client': (setup, surroundings) => new RpcClient(setup, surroundings),
}

const KINDS: Readonly<Record<Kind, true>> = {
  'http-server': true,
  'http-client': true,
  eavesdropper: true,
  'message-sender': true,
  'message-receiver': true,
  'dns-server': true,
  'dns-client': true,
  'mqtt-broker': true,
  'mqtt-client': true,
  'feed-server': true,
  'feed-client': true,
  'rpc-server': true,
  'rpc-client': true,
}

export const isProgram = (setup: App): setup is ProgramSetup => Object.hasOwn(KINDS, setup.kind)

/** Makes a program. Throws for a kind that is not in `table`: a plan that was checked has none. */
export function createProgram(setup: ProgramSetup, surroundings: Surroundings, table: ProgramTable): Program {
  // The table goes by kind, so the two fit; the compiler cannot follow a union through a look-up.
  const make = table[setup.kind] as ((setup: ProgramSetup, surroundings: Surroundings) => Program) | undefined
  if (make === undefined) throw new Error(`${setup.kind} is not built in`)
  return make(setup, surroundings)
}
