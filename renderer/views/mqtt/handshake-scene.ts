/** The handshakes of one message as a ladder: the publisher, the broker, and each subscriber. */
import type { Language } from '../../../shared/charts/texts.ts'
import {
  carriersOf,
  type LaneMqtt,
  type MqttMessage,
  type MqttStep,
} from '../../../shared/projections/mqtt.ts'
import type { Layers } from '../../../shared/projections/layers.ts'
import type { Packet } from '../../../shared/projections/packets.ts'
import type { Path, Paths } from '../../../shared/projections/paths.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import type { LadderFrame, LadderSide } from '../ladder-frame.ts'
import { shortName } from '../lane.ts'
import { silencesIn } from '../time-scale.ts'

/** A packet of TCP that carried a packet of MQTT; undefined: it was never sent. */
export interface Try {
  readonly step: MqttStep
  /** 0 for the first. */
  readonly place: number
  readonly path: Path | undefined
  /** Columns, by their place from the left. */
  readonly from: number
  readonly to: number
}

export interface HandOver {
  readonly t: number
  readonly column: number
  readonly copy: number
}

export interface HandshakeScene {
  readonly frame: LadderFrame
  readonly tries: readonly Try[]
  /** When applications got the message. */
  readonly handOvers: readonly HandOver[]
  /** Subscribers that have no column. */
  readonly hidden: number
}

export interface HandshakeAsk {
  readonly store: TraceStore
  readonly paths: Paths
  readonly layers: Layers
  readonly lane: LaneMqtt
  readonly message: MqttMessage
  readonly language: Language
  readonly cursor: number | null
  /** No more columns than these. */
  readonly most: number
  readonly broker: string
}

/** No message of an honest session is sent so often. */
const MOST_TRIES = 400

export function handshakeScene(ask: HandshakeAsk): HandshakeScene {
  const { store, message, lane, cursor, language } = ask
  const subscribers = [
    ...new Set([
      ...message.steps.filter(({ client }) => client !== message.publisher).map(({ client }) => client),
      ...message.intended.filter((client) => client !== message.publisher),
    ]),
  ]
  const publisher = message.publisher === '' ? [] : [message.publisher]
  const shown = subscribers.slice(0, Math.max(1, ask.most - publisher.length - 1))
  const columns = [...publisher, '', ...shown]
  const tries = triesOf(ask, columns)
  const handOvers = message.deliveries.flatMap(({ client, t, copy }) => {
    const column = columns.indexOf(client)
    return column < 0 ? [] : [{ t, column, copy }]
  })
  const lasting = [
    { t: message.t, until: message.t },
    ...tries.map(({ step, path }) => ({ t: path?.packet.t ?? step.t, until: path?.packet.until ?? step.t })),
    ...handOvers.map(({ t }) => ({ t, until: t })),
  ].sort((a, b) => a.t - b.t)
  const from = lasting[0].t
  const last = Math.max(...lasting.map(({ until }) => until))
  const silences = silencesIn(lasting, { from: from - 1, to: last + 1 })
  const open = last - from - silences.reduce((sum, silence) => sum + silence.to - silence.from, 0)
  const room = Math.max(500, open * 0.08)
  return {
    frame: {
      language,
      range: { from: Math.max(0, from - room), to: last + room },
      silences,
      sides: columns.map((client) => sideOf(lane, client, ask)),
      cursor,
      end: store.end,
    },
    tries,
    handOvers,
    hidden: subscribers.length - shown.length,
  }
}

/** The states of a connection, in the words of a ladder's sides. */
function sideOf(lane: LaneMqtt, client: string, { broker }: HandshakeAsk): LadderSide {
  if (client === '') return { name: broker, role: 'server', states: [] }
  const states = lane.clients.get(client)?.states ?? []
  const word: Readonly<Record<string, string>> = { connected: 'open', connecting: 'connecting' }
  return {
    name: shortName(client),
    role: 'client',
    states: states.map(({ t, value }) => ({ t, state: word[value] ?? 'closed', why: '' })),
  }
}

function triesOf({ store, paths, layers, message }: HandshakeAsk, columns: readonly string[]): Try[] {
  const broker = columns.indexOf('')
  return message.steps
    .flatMap((step): Try[] => {
      const column = columns.indexOf(step.client)
      if (column < 0) return []
      const [from, to] = step.from === 'client' ? [column, broker] : [broker, column]
      const packets = carriersOf(store, layers, step).flatMap((pkt): Packet[] => {
        const index = paths.packets.indexOf(pkt)
        return index < 0 ? [] : [paths.packets.get(store, index)]
      })
      if (packets.length === 0) return [{ step, place: 0, path: undefined, from, to }]
      return packets.map((packet, place) => ({ step, place, path: paths.pathOf(store, packet), from, to }))
    })
    .slice(0, MOST_TRIES)
}
