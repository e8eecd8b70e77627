/** Runs of an MQTT broker and clients, and what came of them. */
import type * as v from 'valibot'
import type { Program, Surroundings } from '../../electron/engine/node/program.ts'
import { PROGRAMS, type ProgramTable } from '../../electron/engine/node/programs.ts'
import type { Run } from '../../electron/engine/run.ts'
import type { DriverName } from '../../shared/commands.ts'
import type { SetupInput } from '../../shared/experiment.ts'
import type { LinkInput } from '../../shared/link.ts'
import type { MqttBrokerApp, MqttClientApp } from '../../shared/mqtt.ts'
import type { TcpSettingsInput } from '../../shared/tcp.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import { createRun, smallExperiment } from './runs.ts'

export type BrokerInput = Partial<v.InferInput<typeof MqttBrokerApp>>
export type ClientInput = Partial<v.InferInput<typeof MqttClientApp>>

export interface MqttLab {
  readonly broker?: BrokerInput
  /** By name, which is their identifier, too, unless they have another. */
  readonly clients?: Readonly<Record<string, ClientInput>>
  readonly link?: LinkInput
  readonly tcp?: TcpSettingsInput
  /** A stranger, who opens a connection to the broker's port and sends bytes. */
  readonly stranger?: Script
  /** In the place of the broker: whatever comes, it says this. */
  readonly impostor?: Uint8Array
  /** Applications beside them. */
  readonly others?: SetupInput['apps']
  readonly driver?: DriverName
  readonly seed?: number
  readonly duration?: number
  readonly steps?: readonly { at: number; set: Record<string, unknown> }[]
}

/** One round trip, unless a lab has a link of its own. */
export const RTT = 20_000
/** As much time as nothing here needs. */
export const SECOND = 1_000_000

/** Bytes to send, by the time after the connection was established. */
export type Script = readonly { readonly at: number; readonly bytes: Uint8Array }[]

/** What the stranger has seen of the broker. */
export interface Seen {
  readonly bytes: number[]
  /** When the broker closed the connection, after it was established; undefined: it did not. */
  closedAt: number | undefined
}

/** It stands in the place of an HTTP client. */
class Stranger implements Program {
  done = false
  private readonly lab: Surroundings
  private readonly script: Script
  private readonly seen: Seen

  constructor(lab: Surroundings, script: Script, seen: Seen) {
    this.lab = lab
    this.script = script
    this.seen = seen
  }

  start(): void {
    const { lab, script, seen } = this
    const socket = lab.sockets.connect({ address: lab.addressOf('server'), port: 1883 })
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Uint8Array) => seen.bytes.push(...bytes))
    socket.once('close', () => (this.done = true))
    socket.once('connect', () => {
      const begin = lab.now()
      socket.once('end', () => (seen.closedAt = lab.now() - begin))
      for (const { at, bytes } of script) lab.after(at, () => socket.destroyed || socket.write(bytes))
      lab.after(Math.max(...script.map(({ at }) => at)) + PATIENCE, () => socket.destroy())
    })
  }

  stop(): void {}
}

class Impostor implements Program {
  readonly done = true
  private readonly lab: Surroundings
  private readonly bytes: Uint8Array

  constructor(lab: Surroundings, bytes: Uint8Array) {
    this.lab = lab
    this.bytes = bytes
  }

  start(): void {
    this.lab.sockets.listen(1883, (socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.write(this.bytes))
    })
  }

  stop(): void {}
}

/** How long a stranger waits after its last word. */
const PATIENCE = 5 * SECOND

const setupOf = ({ broker, clients = {}, link, tcp, others, stranger }: MqttLab): SetupInput => {
  const host = { tcp: { nagle: false, ...tcp } }
  const way = { delay: RTT / 2, rate: { limit: 10_000_000 } }
  const programs = Object.entries(clients).map(([name, client]) => [
    name,
    { kind: 'mqtt-client', host: 'client', to: 'server', clientId: name, keepAlive: 0, ...client },
  ])
  return {
    hosts: { client: { role: 'client', ...host }, server: { role: 'server', ...host } },
    links: { link: { a: 'client', b: 'server', ...(link ?? { up: way, down: way }) } },
    apps: {
      broker: { kind: 'mqtt-broker', host: 'server', ...broker },
      ...Object.fromEntries(programs),
      ...(stranger && {
        stranger: {
          kind: 'http-client',
          host: 'client',
          to: 'server',
          port: 1883,
          requests: [{ target: '/' }],
        },
      }),
      ...others,
    } as SetupInput['apps'],
  }
}

export interface MqttResult {
  readonly run: Run
  /** The data of all events of a name, with their times. */
  all<N extends EventName>(name: N): (EventData<N> & { readonly t: number })[]
  /** What the stranger saw. */
  readonly seen: Seen
  /** What a client's application got: number of the message, by the order of arrival. */
  got(client: string): number[]
  /** Event lines of all that the programs said. */
  readonly story: string[]
}

export const mqttExperiment = (lab: MqttLab) => {
  const { duration = 600 * SECOND, steps = [] } = lab
  return smallExperiment({ setup: setupOf(lab), duration, steps: steps as never })
}

/** Runs it to its end. */
export async function runMqtt(lab: MqttLab): Promise<MqttResult> {
  const { driver = 'virtual', seed = 1 } = lab
  const seen: Seen = { bytes: [], closedAt: undefined }
  const programs: ProgramTable = {
    ...PROGRAMS,
    'http-client': (_setup, surroundings) => new Stranger(surroundings, lab.stranger ?? [], seen),
  }
  const { impostor } = lab
  if (impostor !== undefined)
    Object.assign(programs, {
      'mqtt-broker': (_: unknown, here: Surroundings) => new Impostor(here, impostor),
    })
  const run = createRun({ experiment: mqttExperiment(lab) as never, driver, seed }, { programs })
  await run.start()
  await run.ended
  if (run.info.error !== undefined) throw new Error(run.info.error)
  const all: MqttResult['all'] = (name) =>
    [...run.reader.events([name])].map(({ t, data }) => ({ t, ...data })) as never
  return {
    run,
    all,
    seen,
    got: (client) =>
      all('mqtt:message_delivered')
        .filter((told) => told.client === client)
        .map(({ message }) => message),
    story: [...run.reader.events()]
      .filter(({ name }) => /^(app|mqtt):/.test(name))
      .map(({ t, node, flow, name, data }) => JSON.stringify([t, node, flow, name, data])),
  }
}
