/** 离线消息: a subscriber is away for a while; what waits for it when it comes back. */
import type { ExperimentInput } from '../experiment.ts'
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

const TOPIC = 'lab/news'
const LEAVES = 4 * SECOND
const RETURNS = 9 * SECOND
const EVERY = 500_000
const BEFORE = 4
const AWAY = 5
const AFTER = 3
const ALL = BEFORE + AWAY + AFTER

/** Three spells of publishing: while the subscriber is there, while it is away, and when it is back. */
const spells = [
  { times: BEFORE, at: SECOND },
  { times: AWAY, at: LEAVES + SECOND },
  { times: AFTER, at: RETURNS + SECOND },
].map((spell) => ({ topic: TOPIC, qos: 1 as const, every: EVERY, ...spell }))

const CLEAN = 'apps.subscriber.clean'
const FILTER_QOS = 'apps.subscriber.subscribe.0.qos'
const PUBLISH_QOS = [0, 1, 2].map((i) => `apps.publisher.publish.${i}.qos`)
const AS_SET = [...UNDISTURBED_MQTT, is('apps.broker.queueQoSZero', false)]

const delivered = (lane: string, value: number, text: Claim['text'], why: Claim['why']): Claim => ({
  id: `${lane}-delivered`,
  text,
  metric: `${lane}/messages_delivered`,
  op: '=',
  value,
  unit: 'count',
  why,
  given: AS_SET,
})

export const mqttOffline: ExperimentInput = {
  id: 'mqtt-offline',
  chapter: 'mqtt',
  title: { en: 'Messages for who is away', zh: '离线消息' },
  question: {
    en: 'A subscriber is offline for five seconds. When does the broker keep messages for it, and when not?',
    zh: '订阅者离线 5 秒。代理什么时候会替它留着消息，什么时候不会？',
  },
  narrative: [
    {
      en: 'A subscriber leaves at 4 s and comes back at 9 s, both times in good order. Meanwhile 5 messages are published under the topic that it had asked for; 4 came before, and 3 come after. Whether it gets the 5 is decided by three settings, and all three must be right.',
      zh: '订阅者 4 s 时离开，9 s 时回来，来去都按规矩。其间它订阅的主题发布了 5 条消息；此前有 4 条，此后还有 3 条。它能不能得到那 5 条，取决于三个设置，缺一不可。',
    },
    {
      en: 'First, the session. With Clean Session 0 the broker keeps what it knows of a client when the connection ends: its subscriptions, and the messages of QoS 1 and 2 that it has not acknowledged or not yet been sent (MQTT 3.1.1, 3.1.2.4). When the client comes back under the same identifier, CONNACK says Session Present, and the messages follow at once. With Clean Session 1 nothing of this outlives the connection, and the subscriber has to subscribe anew.',
      zh: '第一是会话。Clean Session 为 0 时，连接结束后代理仍保留它对客户端的记忆：订阅，以及 QoS 1 和 2 的消息中尚未确认或尚未发送的部分（MQTT 3.1.1，3.1.2.4）。客户端用同一个标识符回来，CONNACK 里的 Session Present 就置 1，消息随即补上。Clean Session 为 1 时，这一切随连接而去，订阅者得重新订阅。',
    },
    {
      en: 'Second, the QoS of the subscription, and third, that of the message. What counts is the lower of the two (3.8.4): with either at 0, these messages are for who is there, and the broker need not keep them. Our broker does not; the knob lets it, as the standard allows.',
      zh: '第二是订阅的 QoS，第三是消息的 QoS。起作用的是两者中较低的一个（3.8.4）：只要有一个是 0，消息就只给在场的人，代理不必保留。我们的代理不保留；旋钮可以让它保留，标准是允许的。',
    },
    {
      en: 'What does the publisher know of all this? Nothing. Its PUBACK comes from the broker, as soon as the broker has the message, in every lane alike. And a broker’s memory is not endless: how many messages it keeps for an absent client, and for how long, is its own decision in MQTT 3.1.1. MQTT 5 lets the client say how long its session is good for.',
      zh: '发布者对此知道多少？一无所知。PUBACK 来自代理，代理一拿到消息就发，各组都一样。代理的记忆也不是无限的：替离线的客户端留多少、留多久，在 MQTT 3.1.1 里由代理自己决定。MQTT 5 让客户端说明会话保留多久。',
    },
  ],
  rfcs: [],
  standards: [OASIS_311, 'MQTT Version 5.0, OASIS Standard, 2019: 3.1.2.11.2 (Session Expiry Interval)'],
  setup: {
    hosts: MQTT_HOSTS,
    links: mqttLink(),
    apps: {
      broker: broker(),
      subscriber: mqttClient('reader', {
        clean: false,
        subscribe: [{ filter: TOPIC, qos: 1 }],
        actions: [
          { at: LEAVES, do: 'disconnect' },
          { at: RETURNS, do: 'connect' },
          { at: 13 * SECOND, do: 'disconnect' },
        ],
      }),
      publisher: mqttClient('writer', {
        publish: spells,
        actions: [{ at: 13 * SECOND, do: 'disconnect' }],
      }),
    },
  },
  lanes: [
    { id: 'kept', label: { en: 'Session kept, QoS 1', zh: '保留会话，QoS 1' } },
    { id: 'clean', label: { en: 'Clean session', zh: '清除会话' }, set: { [CLEAN]: true } },
    {
      id: 'subscribed-0',
      label: { en: 'Subscribed with QoS 0', zh: '以 QoS 0 订阅' },
      set: { [FILTER_QOS]: 0 },
    },
    {
      id: 'published-0',
      label: { en: 'Published with QoS 0', zh: '以 QoS 0 发布' },
      set: Object.fromEntries(PUBLISH_QOS.map((path) => [path, 0])),
    },
  ],
  knobs: [
    ...MQTT_PATH_KNOBS,
    {
      id: 'keep-qos0',
      label: { en: 'Broker keeps QoS 0, too', zh: '代理也保留 QoS 0' },
      hint: {
        en: 'Then the last two lanes get everything, too, as long as the session is kept.',
        zh: '打开后，只要会话保留，后两组也能收全。',
      },
      group: 'mqtt',
      paths: ['apps.broker.queueQoSZero'],
      kind: 'switch',
    },
  ],
  expectations: [
    delivered(
      'kept',
      ALL,
      { en: 'Session kept, QoS 1: all 12 arrive', zh: '保留会话，QoS 1：12 条全到' },
      {
        en: 'The subscription stays while its client is away, and each message waits for it (MQTT 3.1.1, 3.1.2.4).',
        zh: '客户端离线，订阅仍在，每条消息都等着它（MQTT 3.1.1，3.1.2.4）。',
      },
    ),
    {
      id: 'kept-queue',
      text: { en: '5 of them have waited at the broker', zh: '其中 5 条在代理那里等过' },
      metric: 'kept/messages_queued_max',
      op: '=',
      value: AWAY,
      unit: 'count',
      why: { en: 'Those that were published meanwhile.', zh: '就是离线期间发布的那些。' },
      given: AS_SET,
    },
    {
      id: 'kept-resumed',
      text: { en: 'The session is resumed 1 time', zh: '会话恢复了 1 次' },
      metric: 'kept/sessions_resumed',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'The same client identifier, and Clean Session 0: CONNACK says Session Present (3.2.2.2).',
        zh: '标识符相同，Clean Session 为 0：CONNACK 里 Session Present 置 1（3.2.2.2）。',
      },
      given: AS_SET,
    },
    delivered(
      'clean',
      BEFORE + AFTER,
      { en: 'Clean session: 7', zh: '清除会话：7 条' },
      {
        en: 'The subscription ended with the connection. To the broker nobody was missing (3.1.2.4).',
        zh: '订阅随连接一起结束，在代理看来并没有谁缺席（3.1.2.4）。',
      },
    ),
    delivered(
      'subscribed-0',
      BEFORE + AFTER,
      { en: 'Subscribed with QoS 0: 7', zh: '以 QoS 0 订阅：7 条' },
      {
        en: 'The lower of both levels is granted (3.8.4), and at QoS 0 nothing is kept.',
        zh: '取两者中较低的一级（3.8.4），QoS 0 不保留。',
      },
    ),
    delivered(
      'published-0',
      BEFORE + AFTER,
      { en: 'Published with QoS 0: 7, too', zh: '以 QoS 0 发布：也是 7 条' },
      { en: 'The same, the other way round.', zh: '同理，只是反过来。' },
    ),
  ],
  views: ['mqtt', 'deliveries', 'pdus', 'ladder', 'packets', 'topology'],
  duration: 30 * SECOND,
  prediction: {
    question: {
      en: 'A sensor publishes with QoS 1. Is it enough for a subscriber who was offline to get the message later?',
      zh: '传感器以 QoS 1 发布。这是否足以让离线的订阅者之后收到消息？',
    },
    choices: [
      {
        text: { en: 'Yes: at least once is at least once', zh: '足够：至少一次就是至少一次' },
        right: false,
        because: {
          en: 'That promise ends at the broker. The rest depends on the subscriber’s session and on the QoS that it subscribed with.',
          zh: '这个保证到代理为止。其余要看订阅者的会话，和它订阅时的 QoS。',
        },
      },
      {
        text: { en: 'No: the subscriber decides, too', zh: '不够：还要看订阅者怎么设置' },
        right: true,
        because: {
          en: 'Clean Session 0 and a subscription of QoS 1 or 2 are needed as well.',
          zh: '还需要 Clean Session 为 0，以及 QoS 1 或 2 的订阅。',
        },
      },
    ],
  },
}
