/** 建立与关闭连接: CONNECT and every answer to it; who ends a connection, and how. */
import type { ExperimentInput, Text } from '../experiment.ts'
import { bothWays } from './link-knobs.ts'
import { broker, MQTT_HOSTS, MQTT_PATH_KNOBS, mqttClient, OASIS_311, SECOND, type Claim } from './mqtt.ts'
import { is, UNDISTURBED, webLink, withinRoundTrips } from './web.ts'

/** So long that what the first use of the libraries takes is little beside a round trip. */
const DELAY = 100_000
const AS_SET = [...UNDISTURBED, ...bothWays('delay').map((path) => is(path, DELAY, 150_000, 200_000))]
const CLIENT = 'apps.client'
const BROKER = 'apps.broker'
const LEAVES = 3 * SECOND
const CLOSES = 2 * SECOND

/** The return codes of CONNACK that refuse (MQTT 3.1.1, 3.2.2.3), and what each lane does to get one. */
const REFUSALS: readonly {
  readonly id: string
  readonly code: number
  readonly label: Text
  readonly set: Record<string, string | number | boolean | number[]>
  readonly why: Text
}[] = [
  {
    id: 'version',
    code: 1,
    label: { en: 'Unknown version', zh: '不支持的版本' },
    set: { [`${CLIENT}.version`]: 3, [`${BROKER}.versions`]: [4] },
    why: {
      en: 'Unacceptable protocol version: the client is an old one of MQTT 3.1, and this broker speaks MQTT 3.1.1 only. A client that knows both has to connect again with the other.',
      zh: '不支持的协议版本：客户端是老的 MQTT 3.1，而这个代理只会 MQTT 3.1.1。两种都会的客户端得换一种再连。',
    },
  },
  {
    id: 'identifier',
    code: 2,
    label: { en: 'Identifier refused', zh: '标识符被拒' },
    set: { [`${CLIENT}.clientId`]: 'stranger' },
    why: {
      en: 'Identifier rejected: well-formed, but this broker does not want it.',
      zh: '客户端标识符被拒：格式没错，但这个代理不接受。',
    },
  },
  {
    id: 'unavailable',
    code: 3,
    label: { en: 'Broker unavailable', zh: '代理不可用' },
    set: { [`${BROKER}.unavailable`]: true },
    why: {
      en: 'Server unavailable: the network connection stands, the MQTT service behind it does not.',
      zh: '服务不可用：网络连接建好了，后面的 MQTT 服务却不在。',
    },
  },
  {
    id: 'password',
    code: 4,
    label: { en: 'Wrong password', zh: '密码错误' },
    set: { [`${CLIENT}.password`]: 'guess' },
    why: { en: 'Bad user name or password.', zh: '用户名或密码错误。' },
  },
  {
    id: 'unauthorized',
    code: 5,
    label: { en: 'Not authorized', zh: '未获授权' },
    set: { [`${CLIENT}.username`]: 'guest', [`${CLIENT}.password`]: 'guest' },
    why: {
      en: 'Not authorized: known, and not allowed.',
      zh: '未获授权：认得这个用户，但不准连接。',
    },
  },
]

const refused = ({ id, code, label, why }: (typeof REFUSALS)[number]): Claim => ({
  id: `${id}-code`,
  text: { en: `${label.en}: return code ${code}`, zh: `${label.zh}：返回码 ${code}` },
  metric: `${id}/mqtt_return_code`,
  op: '=',
  value: code,
  unit: 'count',
  why,
})

export const mqttConnect: ExperimentInput = {
  id: 'mqtt-connect',
  chapter: 'mqtt',
  title: { en: 'Connecting and disconnecting', zh: '建立与关闭连接' },
  question: {
    en: 'A TCP connection is not yet an MQTT connection. Who may come in, how is one told that one may not, and how does it end?',
    zh: '有了 TCP 连接，还不等于有了 MQTT 连接。谁能进来？进不来时怎么知道？又怎样结束？',
  },
  narrative: [
    {
      en: 'A client opens a TCP connection and sends CONNECT, with its identifier, what it wants of its session, perhaps a will and credentials. The broker answers with CONNACK and a return code: 0 means welcome, anything else a refusal, after which the broker closes the network connection (MQTT 3.1.1, 3.2.2.3). From CONNECT to CONNACK is one round trip; with that of TCP it makes two until the first message may be sure of its welcome.',
      zh: '客户端先建立 TCP 连接，再发送 CONNECT，里面有自己的标识符、对会话的要求，也许还有遗嘱和凭据。代理用 CONNACK 和一个返回码应答：0 表示接受，其他都是拒绝，随后代理关闭网络连接（MQTT 3.1.1，3.2.2.3）。从 CONNECT 到 CONNACK 是一个往返；加上 TCP 的，要两个往返之后才知道自己进来了。',
    },
    {
      en: 'The client need not wait that long. It may send PUBLISH right after CONNECT, on the risk that it is refused and all of it is thrown away (3.1.4). Most libraries wait.',
      zh: '客户端不一定要等。它可以紧跟着 CONNECT 就发 PUBLISH，只是一旦被拒，这些都作废（3.1.4）。多数库会等。',
    },
    {
      en: 'The next lanes are refused, each for another reason, with the return codes from 1 to 5. Code 1 is the one that matters when versions change: the level stands in the first bytes of CONNECT, so a broker can read that much of any version and say no. (A client of MQTT 5 gets the same answer here, in the form of MQTT 3.1.1, whose broker knows no other; some analysers call that malformed.)',
      zh: '接下来的几组各因不同的原因被拒，返回码从 1 到 5。版本更替时要紧的是 1：协议级别就写在 CONNECT 开头的几个字节里，所以不管什么版本，代理都读得到这里，并能拒绝。（MQTT 5 的客户端在这里得到同样的应答，用的是 MQTT 3.1.1 的格式，因为代理只懂这一种；有的分析工具会说它格式错误。）',
    },
    {
      en: 'In the first lane the client leaves after 3 s with DISCONNECT: 2 bytes, and no answer. It is not there to close the connection, TCP does that, but to say that this is meant: upon it the broker throws the will away (3.14.4). In the last lane the broker closes after 2 s. In MQTT 3.1.1 it has no packet to say why: the client sees its TCP connection end and can only guess. It connects again a second later. MQTT 5 lets the server send DISCONNECT with a reason, too.',
      zh: '第一组里，客户端在 3 s 时用 DISCONNECT 离开：只有 2 个字节，也没有应答。它并不是用来关连接的，那是 TCP 的事；它的意思是“我是有意离开的”，代理据此丢弃遗嘱（3.14.4）。最后一组里，代理在 2 s 时关闭连接。MQTT 3.1.1 没有报文让代理说明原因：客户端只看到 TCP 连接结束，为什么就只能猜了。一秒之后它重新连接。MQTT 5 允许服务器也发送带原因的 DISCONNECT。',
    },
  ],
  rfcs: [],
  standards: [OASIS_311, 'MQTT Version 5.0, OASIS Standard, 2019: 3.14'],
  setup: {
    hosts: MQTT_HOSTS,
    links: webLink(DELAY, 10_000_000),
    apps: {
      broker: broker({
        users: { lab: 'secret', guest: 'guest' },
        unauthorized: ['guest'],
        refusedClients: ['stranger'],
      }),
      client: mqttClient('sensor', {
        username: 'lab',
        password: 'secret',
        reconnect: 0,
        publish: [{ topic: 'lab/hello', qos: 1, at: SECOND }],
        actions: [{ at: LEAVES, do: 'disconnect' }],
      }),
    },
  },
  lanes: [
    { id: 'accepted', label: { en: 'Welcome', zh: '接受' } },
    ...REFUSALS.map(({ id, label, set }) => ({ id, label, set })),
    {
      id: 'closed',
      label: { en: 'Closed by the broker', zh: '由代理关闭' },
      set: {
        [`${BROKER}.closings`]: [{ client: 'sensor', at: CLOSES }],
        [`${CLIENT}.reconnect`]: SECOND,
        [`${CLIENT}.actions`]: [{ at: 5 * SECOND, do: 'disconnect' }],
      },
    },
  ],
  knobs: [...MQTT_PATH_KNOBS],
  expectations: [
    {
      id: 'welcome',
      text: { en: 'Welcome: return code 0', zh: '接受：返回码 0' },
      metric: 'accepted/mqtt_return_code',
      op: '=',
      value: 0,
      unit: 'count',
      why: { en: 'MQTT 3.1.1 (3.2.2.3): connection accepted.', zh: 'MQTT 3.1.1（3.2.2.3）：接受连接。' },
    },
    {
      id: 'one-round-trip',
      text: { en: 'From CONNECT to CONNACK: 1 round trip', zh: '从 CONNECT 到 CONNACK：1 个往返' },
      metric: 'accepted/connect_rtts',
      op: '=',
      value: 1,
      tolerance: withinRoundTrips(1),
      unit: 'rtt',
      why: {
        en: 'A packet there, a packet back; TCP has spent a round trip of its own before.',
        zh: '一个报文去，一个报文回；此前 TCP 已经用去一个往返。',
      },
      given: AS_SET,
    },
    ...REFUSALS.map(refused),
    {
      id: 'comes-back',
      text: {
        en: 'Closed by the broker, the client connects 2 times',
        zh: '被代理关闭后，客户端一共连接 2 次',
      },
      metric: 'closed/mqtt_connects',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'The library takes the end of the TCP connection for an accident and tries again.',
        zh: '库把 TCP 连接的结束当作意外，于是重试。',
      },
      given: AS_SET,
    },
  ],
  views: ['mqtt', 'pdus', 'ladder', 'states', 'packets', 'topology'],
  duration: 20 * SECOND,
  prediction: {
    question: {
      en: 'The broker wants to get rid of a client of MQTT 3.1.1. What does it send?',
      zh: '代理想断开一个 MQTT 3.1.1 客户端，它会发什么？',
    },
    choices: [
      {
        text: { en: 'DISCONNECT', zh: 'DISCONNECT 报文' },
        right: false,
        because: {
          en: 'In 3.1.1 only the client may send it (3.14). In MQTT 5 both may.',
          zh: '3.1.1 里只有客户端能发（3.14），到 MQTT 5 双方才都能发。',
        },
      },
      {
        text: { en: 'Nothing: it closes the TCP connection', zh: '什么也不发，直接关闭 TCP 连接' },
        right: true,
        because: { en: 'There is no packet for it.', zh: '没有这样的报文。' },
      },
      {
        text: { en: 'CONNACK with an error', zh: '带错误码的 CONNACK' },
        right: false,
        because: {
          en: 'That answers CONNECT, once, and nothing else.',
          zh: '它只用来应答 CONNECT，而且只有一次。',
        },
      },
    ],
  },
}
