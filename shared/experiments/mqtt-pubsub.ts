/** 发布订阅与通配符: the same messages, and what subscribers with different filters get of them. */
import type { ExperimentInput, Text } from '../experiment.ts'
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

const PUBLISHING = 2 * SECOND
const EVERY = 200_000
/** After all has been published. */
const LATE = 5 * SECOND

/** What a house has to say. Temperatures are retained: who comes later shall know the last one. */
const house = [
  { topic: 'home/kitchen/temperature', times: 3, retain: true },
  { topic: 'home/bedroom/temperature', times: 3, retain: true },
  { topic: 'home/kitchen/light', times: 4 },
  { topic: 'home/kitchen', times: 1 },
  { topic: 'garden/temperature', times: 1 },
  { topic: '$lab/alive', times: 1 },
].map((one, i) => ({ ...one, qos: 1 as const, at: PUBLISHING + i * 20_000, every: EVERY }))

interface Subscriber {
  readonly id: string
  readonly filter: string
  readonly gets: number
  readonly why: Text
}

const SUBSCRIBERS: readonly Subscriber[] = [
  {
    id: 'exact',
    filter: 'home/kitchen/temperature',
    gets: 3,
    why: {
      en: 'A filter without wildcards is for that topic and no other, letter by letter, capitals included (MQTT 3.1.1, 4.7.3).',
      zh: '没有通配符的过滤器只对应这一个主题，逐字匹配，区分大小写（MQTT 3.1.1，4.7.3）。',
    },
  },
  {
    id: 'plus',
    filter: 'home/+/temperature',
    gets: 6,
    why: {
      en: 'The plus sign stands for one level, whatever it is (4.7.1.3): 3 from the kitchen, 3 from the bedroom. The garden has a level less.',
      zh: '加号代表任意的一级（4.7.1.3）：厨房 3 条，卧室 3 条；花园少一级，不匹配。',
    },
  },
  {
    id: 'hash',
    filter: 'home/kitchen/#',
    gets: 8,
    why: {
      en: 'The number sign stands for all levels from there on, none included (4.7.1.2): 3 temperatures, 4 of the light, and the 1 of home/kitchen itself.',
      zh: '井号代表此后的所有级，也包括没有（4.7.1.2）：温度 3 条、灯 4 条，还有 home/kitchen 本身的 1 条。',
    },
  },
  {
    id: 'everything',
    filter: '#',
    gets: 12,
    why: {
      en: 'All but the 1 under $lab: a wildcard in the first level is not for topics that begin with a dollar sign (4.7.2).',
      zh: '除了 $lab 下的 1 条以外全部收到：第一级的通配符不匹配以 $ 开头的主题（4.7.2）。',
    },
  },
]

const delivered = ({ id, filter, gets, why }: Subscriber): Claim => ({
  id: `${id}-delivered`,
  text: { en: `${filter} gets ${gets}`, zh: `${filter} 收到 ${gets} 条` },
  metric: `${id}/messages_delivered`,
  op: '=',
  value: gets,
  unit: 'count',
  why,
  given: UNDISTURBED_MQTT,
})

export const mqttPubsub: ExperimentInput = {
  id: 'mqtt-pubsub',
  chapter: 'mqtt',
  title: { en: 'Publish, subscribe, wildcards', zh: '发布订阅与通配符' },
  question: {
    en: 'Who publishes does not know who listens. How does the broker find out who gets what?',
    zh: '发布者不知道谁在听。代理怎样判断哪条消息该给谁？',
  },
  narrative: [
    {
      en: 'A house publishes 13 messages under six topics. It addresses nobody: a PUBLISH carries a topic and a payload, and goes to the broker. The broker compares the topic with the filter of each subscription and passes a copy on for each client that has one that fits. Publisher and subscriber need not know each other’s address, nor be written in the same year, nor (with retained messages and sessions) be there at the same time.',
      zh: '一座房子在 6 个主题下发布 13 条消息。它不指定收信人：PUBLISH 里只有主题和载荷，发给代理。代理把主题与每个订阅的过滤器比较，凡有匹配的客户端，就转发一份。发布者和订阅者不必知道对方的地址，不必同时开发，借助保留消息和会话，甚至不必同时在线。',
    },
    {
      en: 'A topic is text in levels, with slashes between. Nobody has to create it. A filter may hold two wildcards: + stands for exactly one level, # for all that follow and only at the end. Each lane has one subscriber, with another filter; the same 13 messages come by.',
      zh: '主题是用斜杠分级的文字，无须事先创建。过滤器里可以用两种通配符：+ 恰好代表一级，# 代表此后的所有级，只能放在末尾。每一组里有一个订阅者，过滤器各不相同，经过的都是同样的 13 条消息。',
    },
    {
      en: 'Two rules are easily forgotten. home/kitchen/# is for home/kitchen, too, since # stands for no level as well. And # alone is not for everything: topics that begin with $ are left out, so that a broker’s own statistics under $SYS do not flood those who wanted the whole house (MQTT 3.1.1, 4.7.2).',
      zh: '有两条规则容易忘。home/kitchen/# 也匹配 home/kitchen，因为 # 可以一级都不代表。而单独一个 # 并不是“全部”：以 $ 开头的主题不算在内，免得代理放在 $SYS 下的统计数据淹没只想看整座房子的人（MQTT 3.1.1，4.7.2）。',
    },
    {
      en: 'The last subscriber comes at 5 s, when all is over, and still gets 2 messages at once: the last temperature of each room, which were published with the RETAIN flag. The broker keeps one such message for a topic, the last, and gives it to every new subscription that fits, marked as retained (3.3.1.3). A lamp’s switching is better not retained: who comes later would take an old order for a new one.',
      zh: '最后一个订阅者 5 s 时才来，一切都已结束，却立刻收到 2 条消息：两个房间最后的温度，它们发布时带有 RETAIN 标志。每个主题代理只保留最后一条这样的消息，交给每个新来的、匹配的订阅，并标明是保留消息（3.3.1.3）。开关灯的命令不宜保留：后来的人会把旧命令当成新的。',
    },
  ],
  rfcs: [],
  standards: [OASIS_311],
  setup: {
    hosts: MQTT_HOSTS,
    links: mqttLink(),
    apps: {
      broker: broker(),
      subscriber: mqttClient('panel', { actions: [{ at: 8 * SECOND, do: 'disconnect' }] }),
      house: mqttClient('house', { publish: house, actions: [{ at: 8 * SECOND, do: 'disconnect' }] }),
    },
  },
  lanes: [
    ...SUBSCRIBERS.map(({ id, filter }) => ({
      id,
      label: { en: filter, zh: `过滤器 ${filter}` },
      set: { 'apps.subscriber.subscribe': [{ filter, qos: 1 }] },
    })),
    {
      id: 'late',
      label: { en: 'home/#, but late', zh: 'home/#，但来晚了' },
      set: { 'apps.subscriber.subscribe': [{ filter: 'home/#', qos: 1, at: LATE }] },
    },
  ],
  knobs: [
    ...MQTT_PATH_KNOBS,
    {
      id: 'retain',
      label: { en: 'Kitchen temperature is retained', zh: '保留厨房温度' },
      group: 'mqtt',
      paths: ['apps.house.publish.0.retain'],
      kind: 'switch',
    },
  ],
  expectations: [
    ...SUBSCRIBERS.map(delivered),
    {
      id: 'late-delivered',
      text: { en: 'Who comes late gets 2: what was retained', zh: '来晚的收到 2 条：保留的那些' },
      metric: 'late/messages_delivered',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'MQTT 3.1.1 (3.3.1.3): of each topic the last one with RETAIN, and there are two such topics.',
        zh: 'MQTT 3.1.1（3.3.1.3）：每个主题最后一条带 RETAIN 的消息，而这样的主题有 2 个。',
      },
      given: [...UNDISTURBED_MQTT, { path: 'apps.house.publish.0.retain', oneOf: [true] }],
    },
    {
      id: 'published',
      text: { en: '13 messages are published in each lane', zh: '每一组都发布 13 条消息' },
      metric: 'exact/messages_sent',
      op: '=',
      value: house.reduce((sum, { times }) => sum + times, 0),
      unit: 'count',
      why: { en: 'Whoever listens, or nobody.', zh: '不管有没有人听。' },
    },
  ],
  views: ['mqtt', 'deliveries', 'pdus', 'ladder', 'packets', 'topology'],
  duration: 20 * SECOND,
  prediction: {
    question: {
      en: 'Which filter gets a message of the topic home/kitchen?',
      zh: '主题 home/kitchen 的消息，哪个过滤器收得到？',
    },
    choices: [
      {
        text: { en: 'home/kitchen/+', zh: 'home/kitchen/+ 收得到' },
        right: false,
        because: {
          en: 'A plus sign stands for a level, and there is none.',
          zh: '加号必须对应一级，这里没有。',
        },
      },
      {
        text: { en: 'home/kitchen/#', zh: 'home/kitchen/# 收得到' },
        right: true,
        because: { en: 'The number sign may stand for nothing.', zh: '井号可以什么都不对应。' },
      },
      {
        text: { en: 'Neither', zh: '都收不到' },
        right: false,
        because: { en: 'One of them does.', zh: '有一个收得到。' },
      },
    ],
  },
}
