/** QoS 0、1、2: the connection of a subscriber is cut in the middle of a delivery. */
import type { ExperimentInput, Text } from '../experiment.ts'
import { bothWays } from './link-knobs.ts'
import {
  broker,
  lossyMqttLink,
  MQTT_HOSTS,
  MQTT_PATH_KNOBS,
  mqttClient,
  OASIS_311,
  SECOND,
  type Claim,
} from './mqtt.ts'
import { is } from './web.ts'

const TOPIC = 'lab/temperature'
const MESSAGES = 40
const EVERY = 100_000
/** In the middle of the messages. */
const CUT = 15
/** Shorter than what is left of the publishing, so that messages come up meanwhile. */
const AWAY = SECOND
const QOS_LEVELS = [0, 1, 2] as const
type Qos = (typeof QOS_LEVELS)[number]

/** The publisher's own delivery is never cut, and all has been tried again in time. */
const AS_SET = [
  ...bothWays('loss.rate').map((path) => is(path, 0, 0.01, 0.02, 0.05)),
  is('apps.subscriber.reconnect', AWAY),
  is('apps.publisher.publish.0.every', EVERY),
]

/** The cut comes after this packet and before its answer; of QoS 0 there is none. */
const LANES: Record<
  Qos,
  { readonly label: Text; readonly packet: 'PUBLISH' | 'PUBREC'; readonly when: 'sent' | 'received' }
> = {
  0: { label: { en: 'QoS 0', zh: 'QoS 0，至多一次' }, packet: 'PUBLISH', when: 'received' },
  1: { label: { en: 'QoS 1', zh: 'QoS 1，至少一次' }, packet: 'PUBLISH', when: 'received' },
  2: { label: { en: 'QoS 2', zh: 'QoS 2，恰好一次' }, packet: 'PUBREC', when: 'sent' },
}

const claim = (qos: Qos, what: 'lost' | 'duplicated', op: '=' | '>', text: Text, why: Text): Claim => ({
  id: `qos${qos}-${what}`,
  text,
  metric: `qos${qos}/messages_${what}`,
  op,
  value: 0,
  unit: 'count',
  why,
  given: AS_SET,
})

export const mqttQos: ExperimentInput = {
  id: 'mqtt-qos',
  chapter: 'mqtt',
  title: { en: 'QoS 0, 1 and 2', zh: 'QoS 0、1、2：三种服务质量' },
  question: {
    en: 'A subscriber loses its connection in the middle of a delivery and comes back. Which messages are missing then, and which come twice?',
    zh: '订阅者正在收消息时连接断了，随后重新连上。哪些消息会丢，哪些会收到两遍？',
  },
  narrative: [
    {
      en: 'A sensor publishes 40 messages, one every 100 ms, and a display has subscribed to them with a session that outlives its connection (Clean Session 0). The link loses 2 % of all packets. That alone costs MQTT nothing but time: it stands on TCP, and within a connection nothing is lost, doubled or out of order, whatever the QoS. QoS is about what TCP cannot promise: what becomes of a message when the connection itself goes.',
      zh: '传感器每 100 ms 发布一条消息，共 40 条；显示屏订阅了这些消息，它的会话在连接断开后依然保留（Clean Session 为 0）。链路会丢掉 2 % 的包。单是丢包，MQTT 只不过多花些时间：它建立在 TCP 之上，在一条连接之内，不论哪种 QoS，消息都不会丢、不会重、不会乱。QoS 管的是 TCP 保证不了的事：连接本身没了，消息怎么办。',
    },
    {
      en: 'So here the display’s connection is cut at a chosen moment, and it comes back 1 s later. With QoS 0 the broker sends and forgets. What it had handed to the dead connection is gone, and what was published while the display was away was not even kept. At most once (MQTT 3.1.1, 4.3.1).',
      zh: '所以这里在选定的时刻切断显示屏的连接，1 s 后它再连上来。QoS 0 时，代理发出去就忘掉。已经交给那条断掉的连接的消息没了；显示屏离线期间发布的，代理也根本没有留下。这就是“至多一次”（MQTT 3.1.1，4.3.1）。',
    },
    {
      en: 'With QoS 1 the broker keeps each message until PUBACK comes. The cut falls between PUBLISH and its PUBACK: the display has the message, the broker does not know it. When the session is taken up again the broker sends it once more, now with the DUP flag, and the application sees it twice. At least once (4.3.2). The flag is a hint and no number: an application that must not count a reading twice has to recognise it by its content.',
      zh: 'QoS 1 时，代理把每条消息留到 PUBACK 到来为止。这里恰好在 PUBLISH 之后、PUBACK 之前切断：显示屏已经拿到消息，代理却不知道。会话恢复后，代理把它再发一遍，这次带上 DUP 标志，应用于是看到两遍。这就是“至少一次”（4.3.2）。DUP 只是提示，并不是编号：不能重复计数的应用，得自己从内容认出来。',
    },
    {
      en: 'With QoS 2 the receiver remembers the packet identifier from PUBLISH until PUBREL. The cut falls after the display’s PUBREC. Whichever of the two the broker repeats after the return, the display knows the identifier and gives the message to the application once. Exactly once (4.3.3): not because nothing is repeated on the wire, but because both ends remember what they have already done.',
      zh: 'QoS 2 时，接收方从 PUBLISH 到 PUBREL 一直记着报文标识符。这里在显示屏发出 PUBREC 之后切断。重新连上后，不论代理重发的是哪一个，显示屏都认得这个标识符，只向应用交付一次。这就是“恰好一次”（4.3.3）：不是线上没有重复，而是两端都记得自己做到了哪一步。',
    },
    {
      en: 'Two things are often told otherwise. MQTT 3.1.1 has no timer that repeats an unanswered PUBLISH: only a new connection with the old session makes it send again (4.4); within the connection that is TCP’s affair. And each QoS is a promise between two neighbours, publisher and broker, broker and subscriber. The lower of the two is what a message gets in the end (3.8.4), and no PUBACK ever tells the publisher that anybody has read it.',
      zh: '有两点常常说错。第一，MQTT 3.1.1 没有“超时重发 PUBLISH”的定时器：只有带着旧会话重新连接，才会重发（4.4）；在一条连接之内，重传是 TCP 的事。第二，每种 QoS 都只是相邻两方之间的约定：发布者与代理，代理与订阅者。消息最终得到的是两段中较低的那一个（3.8.4），而 PUBACK 从不告诉发布者有没有人读过。',
    },
  ],
  rfcs: [],
  standards: [OASIS_311],
  setup: {
    hosts: MQTT_HOSTS,
    links: lossyMqttLink(0.02),
    apps: {
      broker: broker(),
      subscriber: mqttClient('display', {
        clean: false,
        reconnect: AWAY,
        actions: [{ at: 12 * SECOND, do: 'disconnect' }],
      }),
      publisher: mqttClient('sensor', {
        start: SECOND,
        publish: [{ topic: TOPIC, times: MESSAGES, every: EVERY, at: SECOND }],
        actions: [{ at: 11 * SECOND, do: 'disconnect' }],
      }),
    },
  },
  lanes: QOS_LEVELS.map((qos) => ({
    id: `qos${qos}`,
    label: LANES[qos].label,
    set: {
      'apps.subscriber.subscribe': [{ filter: TOPIC, qos }],
      'apps.publisher.publish.0.qos': qos,
      'apps.subscriber.cuts': [{ packet: LANES[qos].packet, when: LANES[qos].when, nth: CUT }],
    },
  })),
  knobs: [
    ...MQTT_PATH_KNOBS,
    {
      id: 'away',
      label: { en: 'Away for', zh: '离线时长' },
      hint: {
        en: 'How long the subscriber waits before it connects again. The longer, the more QoS 0 misses.',
        zh: '订阅者隔多久重新连接。隔得越久，QoS 0 丢得越多。',
      },
      group: 'mqtt',
      paths: ['apps.subscriber.reconnect'],
      kind: 'number',
      unit: 'us',
      min: 100_000,
      max: 3 * SECOND,
      step: 100_000,
    },
    {
      id: 'keep-qos0',
      label: { en: 'Broker keeps QoS 0, too', zh: '代理也保留 QoS 0' },
      hint: {
        en: 'The standard allows a broker to keep messages of QoS 0 for a client that is away (3.1.2.4). Few rely on it.',
        zh: '标准允许代理为离线客户端保留 QoS 0 的消息（3.1.2.4），但很少有人指望它。',
      },
      group: 'mqtt',
      paths: ['apps.broker.queueQoSZero'],
      kind: 'switch',
    },
  ],
  expectations: [
    {
      ...claim(
        0,
        'lost',
        '>',
        { en: 'QoS 0: messages are lost', zh: 'QoS 0：有消息丢失' },
        {
          en: 'At most once (MQTT 3.1.1, 4.3.1): what comes up while the subscriber is away is kept by nobody, nor what was on its way into the dead connection.',
          zh: '至多一次（MQTT 3.1.1，4.3.1）：订阅者离线期间的消息没有人保留，已经送进断掉的连接的也一样。',
        },
      ),
      given: [...AS_SET, is('apps.broker.queueQoSZero', false)],
    },
    claim(
      0,
      'duplicated',
      '=',
      { en: 'QoS 0: none comes twice', zh: 'QoS 0：没有重复' },
      { en: 'Nothing is ever sent a second time.', zh: '什么都不会发第二遍。' },
    ),
    claim(
      1,
      'lost',
      '=',
      { en: 'QoS 1: none is lost', zh: 'QoS 1：一条不丢' },
      {
        en: 'At least once (4.3.2): the broker keeps each until its PUBACK, across connections.',
        zh: '至少一次（4.3.2）：代理把每条消息留到 PUBACK 到来，跨连接也有效。',
      },
    ),
    claim(
      1,
      'duplicated',
      '>',
      { en: 'QoS 1: some come twice', zh: 'QoS 1：有消息重复' },
      {
        en: 'What the subscriber had, but had not acknowledged when its connection was cut, is sent again (4.4).',
        zh: '连接切断时，订阅者已收到但尚未确认的消息会再发一遍（4.4）。',
      },
    ),
    claim(
      2,
      'lost',
      '=',
      { en: 'QoS 2: none is lost', zh: 'QoS 2：一条不丢' },
      {
        en: 'The broker keeps each until PUBREC, and its identifier until PUBCOMP (4.3.3).',
        zh: '代理把每条消息留到 PUBREC，把标识符留到 PUBCOMP（4.3.3）。',
      },
    ),
    claim(
      2,
      'duplicated',
      '=',
      { en: 'QoS 2: none comes twice', zh: 'QoS 2：没有重复' },
      {
        en: 'The subscriber knows the identifiers of what it has begun, and delivers each once (4.3.3).',
        zh: '订阅者记得进行中的标识符，每条只交付一次（4.3.3）。',
      },
    ),
    {
      id: 'qos2-packets',
      text: {
        en: 'QoS 2 costs more packets a message than QoS 1',
        zh: '每条消息所用的报文，QoS 2 比 QoS 1 多',
      },
      metric: 'qos2/mqtt_qos_packets',
      op: '>',
      value: 'qos1/mqtt_qos_packets',
      unit: 'count',
      why: {
        en: 'Four packets on each leg, PUBLISH, PUBREC, PUBREL, PUBCOMP, instead of two; one of QoS 0.',
        zh: '每一段 4 个报文：PUBLISH、PUBREC、PUBREL、PUBCOMP；QoS 1 是 2 个，QoS 0 只有 1 个。',
      },
      given: AS_SET,
    },
  ],
  views: ['mqtt', 'deliveries', 'pdus', 'ladder', 'packets', 'topology'],
  duration: 20 * SECOND,
  prediction: {
    question: {
      en: 'QoS 2 promises exactly once. Is any PUBLISH or PUBREL sent twice over the network?',
      zh: 'QoS 2 保证恰好一次。网络上会不会有 PUBLISH 或 PUBREL 发两遍？',
    },
    choices: [
      {
        text: { en: 'No: else the message would arrive twice', zh: '不会，否则消息就收到两遍了' },
        right: false,
        because: {
          en: 'Then a lost answer would leave the sender without a way to go on. It must repeat.',
          zh: '那样的话，应答一丢，发送方就无路可走。它必须重发。',
        },
      },
      {
        text: { en: 'Yes, and the receiver sorts it out', zh: '会，由接收方来去重' },
        right: true,
        because: {
          en: 'It remembers the identifier and delivers the message only once.',
          zh: '接收方记着标识符，消息只交付一次。',
        },
      },
    ],
  },
}
