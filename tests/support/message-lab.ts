/** Runs of a message sender and a receiver over one link, and what they said. */
import type { Run } from '../../electron/engine/run.ts'
import type { DriverName } from '../../shared/commands.ts'
import type { SetupInput } from '../../shared/experiment.ts'
import type { LinkInput } from '../../shared/link.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import { finishedRun, smallExperiment } from './runs.ts'

type AppInput<K> = Partial<Omit<Extract<SetupInput['apps'][string], { kind: K }>, 'kind'>>

export interface MessageLab {
  readonly both?: Pick<AppInput<'message-sender'>, 'over' | 'framing' | 'longest'>
  readonly sender?: AppInput<'message-sender'>
  readonly receiver?: AppInput<'message-receiver'>
  readonly link?: LinkInput
  readonly nagle?: boolean
  readonly driver?: DriverName
  readonly seed?: number
  readonly steps?: readonly { at: number; set: Record<string, unknown> }[]
}

export interface MessageResult {
  readonly run: Run
  /** The data of all events of a name. */
  all<N extends EventName>(name: N): EventData<N>[]
}

export async function runMessages(lab: MessageLab): Promise<MessageResult> {
  const { both, nagle = false, driver = 'virtual', seed = 1, steps = [] } = lab
  const tcp = { nagle }
  const setup = {
    hosts: { client: { role: 'client', tcp }, server: { role: 'server', tcp } },
    links: { link: { a: 'client', b: 'server', up: { delay: 5_000 }, down: { delay: 5_000 }, ...lab.link } },
    apps: {
      sender: {
        ...{ kind: 'message-sender', host: 'client', to: 'server', port: 4711 },
        ...both,
        ...lab.sender,
      },
      receiver: { kind: 'message-receiver', host: 'server', port: 4711, ...both, ...lab.receiver },
    },
  } as SetupInput
  const experiment = smallExperiment({ setup, steps: steps as never })
  const run = await finishedRun({ experiment, driver, seed })
  return { run, all: (name) => [...run.reader.events([name])].map(({ data }) => data) as never }
}
