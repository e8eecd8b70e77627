/** 遗愿: four ways to leave, and whether the others hear of it. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays } from './link-knobs.ts'
import {
  broker,
  MQTT_HOSTS,
  MQTT_PATH_KNOBS,
  mqttClient,
  mqttLink,
  OASIS_311,
  SECOND,
  UNDISTURBED_MQTT,
  type Claim,
} from './mqtt.ts'
import { is } from './web.ts'

const TOPIC = 'home/heater/status'
const LEAVES = 5 * SECOND
const KEEP_ALIVE = 4 * SECOND
/** Long enough for keep alive to expire, short enough for the monitor's own connection to live through it. */
const DARK = 12 * SECOND

const AS_SET = [...UNDISTURBED_MQTT, is('apps.heater.keepAlive', KEEP_ALIVE)]

const count = (
  lane: string,
  metric: string,
  value: number,
  text: Claim['text'],
  why: Claim['why'],
): Claim => ({
  id: `${lane}-${metric.replaceAll('_', '-')}`,
  text,
  metric: `${lane}/${metric}`,
  op: '=',
  value,
  unit: 'count',
  why,
  given: AS_SET,
})

export const mqttWill: ExperimentInput = {
  id: 'mqtt-will',
  chapter: 'mqtt',
  title: { en: 'The last will', zh: '遗愿（遗嘱消息）' },
  question: {
    en: 'A heater is gone. Do the others hear of it, when, and does it matter how it left?',
    zh: '一台加热器不见了。别人会知道吗？什么时候知道？离开的方式有没有关系？',
  },
  narrative: [
    {
      en: 'When it connects, a client may leave a will with the broker: a topic, a message, a QoS. The broker publishes it when the connection ends otherwise than by DISCONNECT (MQTT 3.1.1, 3.1.2.5). So those who have subscribed to the status of the heater learn that it is gone, although it can no longer say so.',
      zh: '客户端连接时可以在代理那里留下遗嘱：一个主题、一条消息、一个 QoS。连接若不是以 DISCONNECT 结束，代理就发布它（MQTT 3.1.1，3.1.2.5）。于是订阅了加热器状态的人会得知它不在了，尽管它自己已经说不出话。',
    },
    {
      en: 'The heater leaves at 5 s, in each lane in another way. With DISCONNECT it leaves on purpose, and the broker throws the will away. In the second lane its TCP connection is reset: the broker sees the connection end without DISCONNECT, and publishes the will at once.',
      zh: '加热器在 5 s 时离开，每一组方式不同。用 DISCONNECT 是有意离开，代理丢弃遗嘱。第二组里 TCP 连接被重置：代理看到连接结束而没有 DISCONNECT，立即发布遗嘱。',
    },
    {
      en: 'In the third lane the network goes dark. Nothing tells the broker: no FIN, no RST, just silence, and a silent TCP connection may be a healthy one. Only the keep alive ends it. The heater had promised to send something every 4 s; after one and a half times as long without a packet the broker must treat the connection as broken (3.1.2.10), and the will is published then, up to 6 s after the heater was last heard. The monitor stands behind the same link here, so it reads it when the light is on again.',
      zh: '第三组里网络断了。没有任何东西告诉代理：没有 FIN，没有 RST，只有沉默，而沉默的 TCP 连接也可能完好无损。只有保活能了结它。加热器承诺每 4 s 至少发点什么；超过它的 1.5 倍还没有收到报文，代理就必须当作连接已断（3.1.2.10），这时才发布遗嘱，离最后一次听到加热器最多 6 s。这里监视器也在同一条链路后面，要等网络恢复才读得到。',
    },
    {
      en: 'The last lane is as dark, but without keep alive. Then nothing ever tells the broker, and there is no will: half-open connections stay until TCP itself has something to send and gives up. A will without a keep alive is a promise for half of the cases.',
      zh: '最后一组同样断网，但没有保活。那就再没有什么能告诉代理，遗嘱也不会发布：半开连接一直留着，直到 TCP 自己有东西要发而最终放弃。没有保活的遗嘱，只管得了一半的情形。',
    },
    {
      en: 'A will is mostly used with RETAIN, together with a retained “online” that the client publishes after it has connected: whoever subscribes later then sees which of both is the last word. And it is a message about a connection, not about a device: a heater that has lost the network may heat on.',
      zh: '遗嘱通常带 RETAIN，并与客户端连上后发布的一条保留的“在线”消息配合：后来的订阅者看到的就是两者中最新的一条。还要记住，它说的是连接，不是设备：断了网的加热器可能还在加热。',
    },
  ],
  rfcs: [],
  standards: [OASIS_311],
  setup: {
    hosts: MQTT_HOSTS,
    links: mqttLink(),
    apps: {
      broker: broker(),
      monitor: mqttClient('monitor', {
        subscribe: [{ filter: 'home/+/status', qos: 1 }],
        actions: [{ at: 21 * SECOND, do: 'disconnect' }],
      }),
      heater: mqttClient('heater', {
        keepAlive: KEEP_ALIVE,
        reconnect: 0,
        will: { topic: TOPIC, qos: 1 },
        publish: [{ topic: 'home/heater/power', at: SECOND }],
      }),
    },
  },
  lanes: [
    {
      id: 'disconnect',
      label: { en: 'DISCONNECT', zh: '发送 DISCONNECT' },
      set: { 'apps.heater.actions': [{ at: LEAVES, do: 'disconnect' }] },
    },
    {
      id: 'reset',
      label: { en: 'Connection reset', zh: '连接被重置' },
      set: { 'apps.heater.actions': [{ at: LEAVES, do: 'break' }] },
    },
    {
      id: 'dark',
      label: { en: 'Network dark, keep alive', zh: '断网，有保活' },
      set: darkness(),
    },
    {
      id: 'no-keep-alive',
      label: { en: 'Network dark, no keep alive', zh: '断网，无保活' },
      set: { ...darkness(), 'apps.heater.keepAlive': 0 },
    },
  ],
  knobs: [
    ...MQTT_PATH_KNOBS,
    {
      id: 'keep-alive',
      label: { en: 'Keep alive of the heater', zh: '加热器的保活时间' },
      hint: {
        en: 'The lane without keep alive stays without.',
        zh: '不设保活的那一组不受影响。',
      },
      group: 'mqtt',
      paths: ['apps.heater.keepAlive'],
      kind: 'number',
      unit: 'us',
      min: SECOND,
      max: 6 * SECOND,
      step: SECOND,
    },
  ],
  expectations: [
    count(
      'disconnect',
      'wills_published',
      0,
      { en: 'DISCONNECT: the will is not published', zh: 'DISCONNECT：不发布遗嘱' },
      {
        en: 'MQTT 3.1.1 (3.14.4): upon DISCONNECT the server must discard it.',
        zh: 'MQTT 3.1.1（3.14.4）：收到 DISCONNECT，服务器必须丢弃遗嘱。',
      },
    ),
    count(
      'disconnect',
      'wills_discarded',
      1,
      { en: 'It is thrown away', zh: '遗嘱被丢弃' },
      { en: 'There was one, and it is no longer needed.', zh: '本来有一份，现在用不着了。' },
    ),
    count(
      'reset',
      'wills_published',
      1,
      { en: 'Reset: it is published', zh: '重置：发布遗嘱' },
      {
        en: 'MQTT 3.1.1 (3.1.2.5): the network connection was closed without DISCONNECT.',
        zh: 'MQTT 3.1.1（3.1.2.5）：网络连接关闭前没有 DISCONNECT。',
      },
    ),
    count(
      'dark',
      'wills_published',
      1,
      { en: 'Dark, with keep alive: it is published', zh: '断网，有保活：发布遗嘱' },
      {
        en: 'MQTT 3.1.1 (3.1.2.5, 3.1.2.10): the client failed to communicate within the keep alive time.',
        zh: 'MQTT 3.1.1（3.1.2.5、3.1.2.10）：客户端在保活时间内没有通信。',
      },
    ),
    {
      id: 'dark-silence',
      text: { en: 'But only after 6 s of silence', zh: '但要沉默 6 s 之后' },
      metric: 'dark/keep_alive_silence',
      op: '=',
      value: 1.5 * KEEP_ALIVE,
      tolerance: 0.05,
      unit: 'us',
      why: {
        en: 'One and a half times the keep alive of 4 s, counted from the last packet that the broker received.',
        zh: '4 s 保活时间的 1.5 倍，从代理收到的最后一个报文算起。',
      },
      given: AS_SET,
    },
    {
      ...count(
        'no-keep-alive',
        'wills_published',
        0,
        { en: 'Dark, without keep alive: it is not', zh: '断网，无保活：不发布' },
        {
          en: 'Nothing arrives, and nothing was promised. The connection is half open and looks idle.',
          zh: '什么也没到，也没有承诺过什么。连接半开着，看上去只是空闲。',
        },
      ),
      given: UNDISTURBED_MQTT,
    },
  ],
  views: ['mqtt', 'pdus', 'ladder', 'states', 'packets', 'topology'],
  duration: 30 * SECOND,
  prediction: {
    question: {
      en: 'The plug of the heater is pulled. When does the broker publish its will?',
      zh: '加热器的插头被拔了。代理什么时候发布它的遗嘱？',
    },
    choices: [
      {
        text: { en: 'At once', zh: '立即' },
        right: false,
        because: {
          en: 'Only if something ends the TCP connection. A device without power sends neither FIN nor RST.',
          zh: '除非 TCP 连接被结束。没有电的设备既发不出 FIN，也发不出 RST。',
        },
      },
      {
        text: { en: 'After 1.5 times its keep alive', zh: '保活时间的 1.5 倍之后' },
        right: true,
        because: {
          en: 'Counted from the last packet that arrived.',
          zh: '从最后到达的报文算起。',
        },
      },
      {
        text: { en: 'Never: it cannot send it', zh: '永远不会：它发不出来' },
        right: false,
        because: {
          en: 'The broker has had it since CONNECT.',
          zh: '遗嘱在 CONNECT 时就交给代理了。',
        },
      },
    ],
  },
}

/** Both directions of the link are down from the moment on, for a while. */
function darkness(): Record<string, number> {
  const outage = { up: LEAVES, downFor: DARK }
  return Object.fromEntries(
    Object.entries(outage).flatMap(([key, value]) => bothWays(`outage.${key}`).map((path) => [path, value])),
  )
}
