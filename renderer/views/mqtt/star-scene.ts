/** What the picture of a broker and its clients says at one moment. */
import { topicMatches } from '../../../shared/mqtt.ts'
import type { FlyingPacket } from '../../../shared/projections/flight.ts'
import type { Layers } from '../../../shared/projections/layers.ts'
import {
  carriersOf,
  type ClientAt,
  type LaneMqtt,
  type MqttClient,
  type MqttMessage,
  type MqttStep,
} from '../../../shared/projections/mqtt.ts'
import type { Paths } from '../../../shared/projections/paths.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import type { Translate } from '../journey/words.ts'
import type { StarClient, StarPacket, StarScene } from './star-paint.ts'

export interface StarAsk {
  readonly store: TraceStore
  readonly paths: Paths
  readonly lane: LaneMqtt
  readonly now: number
  readonly flying: readonly FlyingPacket[]
  /** The message that is followed, and the numbers of the packets that carry it. */
  readonly message: MqttMessage | undefined
  readonly carriers: ReadonlySet<number>
  readonly t: Translate
}

/** More clients than these have no room around a broker. */
const MOST_CLIENTS = 16
const MOST_RETAINED = 3

export function starScene(ask: StarAsk): StarScene {
  const { lane, now, t, message } = ask
  const involved = new Set(message?.steps.map(({ client }) => client))
  // Who only publishes stands at the left, as in a ladder. Those who have to do with the message come before the others, if not all have room.
  const hears = (client: MqttClient): number => (client.subscriptions.length > 0 ? 1 : 0)
  const all = [...lane.clients.values()].sort((a, b) => hears(a) - hears(b))
  const first = all.length > MOST_CLIENTS ? all.filter(({ id }) => involved.has(id)) : []
  const shown = [...new Set([...first, ...all])].slice(0, MOST_CLIENTS)
  const retained = lane.retainedAt(now)
  return {
    broker: t('view.mqtt.broker'),
    lines:
      retained.length === 0
        ? []
        : [
            t('view.mqtt.retained', { count: retained.length }),
            ...retained
              .slice(-MOST_RETAINED)
              .map((one) => (one.message > 0 ? `${one.topic} #${one.message}` : one.topic)),
          ],
    clients: shown.map((client) => {
      const at = lane.clientAt(client, now)
      return {
        id: client.id,
        lines: linesOf(t, at),
        connection: connectionOf(at),
        isLit: involved.has(client.id),
        subscriptions: at.subscriptions.map(({ filter, qos }) => ({
          text: `${filter} · QoS ${qos}`,
          isMeant: message !== undefined && topicMatches(filter, message.topic),
        })),
      }
    }),
    packets: ask.flying.flatMap((one) => packetOf(ask, one)),
    hidden: all.length - shown.length,
    more: (count) => t('view.mqtt.more_clients', { count }),
  }
}

function connectionOf({ state, isKept }: ClientAt): StarClient['connection'] {
  if (state === 'connected') return 'open'
  if (state === 'connecting') return 'opening'
  return isKept ? 'away' : 'none'
}

const STATES: readonly string[] = ['connecting', 'connected', 'refused', 'closed', 'waiting']

function linesOf(t: Translate, { state, isKept, queued, will }: ClientAt): string[] {
  const word = STATES.includes(state) ? t(`view.mqtt.state.${state}`) : t('view.mqtt.state.absent')
  const lines = [isKept && state !== 'connecting' ? t('view.mqtt.away', { count: queued }) : word]
  if (will && ['registered', 'published', 'discarded'].includes(will.action))
    lines.push(t(`view.mqtt.will.${will.action}`, { topic: will.topic }))
  return lines
}

/** Where a packet is between its client and the broker, over all links on the way. */
function packetOf({ store, paths, lane, carriers }: StarAsk, flying: FlyingPacket): StarPacket[] {
  const { packet, link, direction, place } = flying
  if (packet.flow === 0) return []
  const client = lane.clientOf(store, packet.flow)
  if (!lane.clients.has(client)) return []
  const route = paths.routeOf(packet, paths.receiverOf(store, packet))
  const at = Math.max(
    0,
    route.findIndex((hop) => hop.link.id === link && hop.direction === direction),
  )
  const share = (at + place) / Math.max(1, route.length)
  const fromClient = packet.node !== lane.broker
  return [
    {
      flying,
      client,
      fromClient,
      place: fromClient ? share : 1 - share,
      isLit: carriers.has(packet.pkt),
    },
  ]
}

/** A moment at which a message is on its way to a subscriber, or to the broker; without one the end of the recording. */
export function momentOf(
  store: TraceStore,
  { packets }: Paths,
  layers: Layers,
  message: MqttMessage | undefined,
): number {
  const publishes = message?.steps.filter(({ type }) => type === 'PUBLISH') ?? []
  const step = publishes.find(({ from }) => from === 'server') ?? (publishes[0] as MqttStep | undefined)
  if (!step) return message?.t ?? store.end
  const index = packets.indexOf(carriersOf(store, layers, step)[0] ?? 0)
  const packet = index < 0 ? undefined : packets.get(store, index)
  return packet ? (packet.t + packet.until) / 2 : step.t
}
