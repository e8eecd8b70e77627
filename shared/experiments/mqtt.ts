/** What the experiments of MQTT share: a broker, its clients, the path between them, the conditions of their claims. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { is, UNDISTURBED, WEB_HOSTS, webLink } from './web.ts'

type AppInput = ExperimentInput['setup']['apps'][string]
type ClientInput = Extract<AppInput, { kind: 'mqtt-client' }>
type BrokerInput = Extract<AppInput, { kind: 'mqtt-broker' }>
export type Claim = ExperimentInput['expectations'][number]

export const SECOND = 1_000_000
/** One way; the round trip takes 50 ms. */
export const MQTT_DELAY = 25_000

export const OASIS_311 = 'MQTT Version 3.1.1, OASIS Standard, 2014'

/** Devices on the one side, the broker on the other. Small packets go at once, as brokers and their clients have it. */
export const MQTT_HOSTS = WEB_HOSTS
export const mqttLink = (limit = 10_000_000) => webLink(MQTT_DELAY, limit)

/** The same path with a share of the packets of both directions lost. */
export const lossyMqttLink = (rate: number): ExperimentInput['setup']['links'] => {
  const direction = { delay: MQTT_DELAY, rate: { limit: 10_000_000 }, loss: { rate } }
  return { link: { a: 'client', b: 'server', up: direction, down: direction } }
}

export const broker = (more: Partial<BrokerInput> = {}): BrokerInput => ({
  kind: 'mqtt-broker',
  host: 'server',
  ...more,
})

/** A client that stays silent but for what it is told to do: keep alive is off unless it is the point. */
export const mqttClient = (clientId: string, more: Partial<ClientInput> = {}): ClientInput => ({
  kind: 'mqtt-client',
  host: 'client',
  to: 'server',
  clientId,
  keepAlive: 0,
  ...more,
})

/** Nothing is lost or held up on the path as it was set. */
export const UNDISTURBED_MQTT = [...UNDISTURBED, ...bothWays('delay').map((path) => is(path, MQTT_DELAY))]

export const MQTT_PATH_KNOBS: ExperimentInput['knobs'] = [
  { ...LINK_KNOBS.delay, paths: bothWays('delay'), max: 200_000 },
  {
    ...LINK_KNOBS.loss,
    hint: {
      en: 'Share of packets lost in each direction. TCP repairs it: MQTT sees delays, never a gap.',
      zh: '每个方向随机丢失的比例。TCP 会补上：MQTT 看到的只是延迟，绝不会是缺口。',
    },
    paths: bothWays('loss.rate'),
    max: 0.1,
  },
]
