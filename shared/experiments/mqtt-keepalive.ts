/** 心跳与半开连接: how long a broker takes to see that a client is gone. */
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

const KEEP_ALIVE = 4 * SECOND
const DARK = 10 * SECOND
const OUTAGE = bothWays('outage.up')
const OUTAGE_FOR = bothWays('outage.downFor')
/** From then on nothing passes any more. */
const goesDark = Object.fromEntries([
  ...OUTAGE.map((path) => [path, DARK] as const),
  ...OUTAGE_FOR.map((path) => [path, 3_600 * SECOND] as const),
])

const AS_SET = [
  ...UNDISTURBED_MQTT,
  is('apps.client.keepAlive', 2 * SECOND, 3 * SECOND, KEEP_ALIVE, 5 * SECOND),
]

const claim = (
  lane: string,
  metric: string,
  op: Claim['op'],
  value: number,
  text: Claim['text'],
  why: Claim['why'],
): Claim => ({
  id: `${lane}-${metric.replaceAll('_', '-')}`,
  text,
  metric: `${lane}/${metric}`,
  op,
  value,
  unit: 'count',
  why,
  given: AS_SET,
})

export const mqttKeepalive: ExperimentInput = {
  id: 'mqtt-keepalive',
  chapter: 'mqtt',
  title: { en: 'Keep alive and half-open connections', zh: '心跳与半开连接' },
  question: {
    en: 'A client vanishes without a word. How long does the broker believe that it is still there?',
    zh: '客户端不声不响地消失了。代理要多久才会发觉？',
  },
  narrative: [
    {
      en: 'TCP has no heartbeat of its own. If one end vanishes, power cut, cable pulled, mapping in a NAT forgotten, the other learns of it only when it sends and gets no acknowledgment; a broker that has nothing to send learns nothing at all. Such a connection is half open (RFC 9293, 3.5.1). Each one costs memory, and stands in the way of the will.',
      zh: 'TCP 自己没有心跳。一端消失了，断电、拔线、NAT 忘了映射，另一端要等到发送数据却收不到确认才会发觉；代理若没有东西要发，就一直不知道。这样的连接叫半开连接（RFC 9293，3.5.1）。每一条都占着内存，还挡着遗嘱。',
    },
    {
      en: 'So in CONNECT the client promises a keep alive: not more than so many seconds between two packets of its own. When it has nothing to say it sends PINGREQ, 2 bytes, and the broker answers PINGRESP (MQTT 3.1.1, 3.1.2.10). It is the client that pings, never the broker.',
      zh: '所以客户端在 CONNECT 里承诺一个保活时间：自己的两个报文之间不会超过这么多秒。没有话说时就发 PINGREQ，2 个字节，代理回 PINGRESP（MQTT 3.1.1，3.1.2.10）。发心跳的总是客户端，不是代理。',
    },
    {
      en: 'In the first lane nothing goes wrong: an idle client with a keep alive of 4 s pings, and stays. In the second it publishes every second with QoS 1: to the broker each message is a sign of life, to the client each PUBACK, and no ping is needed. (With QoS 0 this client’s library would ping all the same, since it hears nothing back.) In the third the network goes dark at 10 s. The broker waits one and a half times the keep alive from the last packet that it received, here 6 s, and closes the connection. The grace of a half is for the network: a ping may be late.',
      zh: '第一组一切正常：空闲的客户端保活时间为 4 s，它发心跳，连接一直保持。第二组里客户端每秒以 QoS 1 发布一条：对代理来说，每条消息都是活着的迹象；对客户端来说，每个 PUBACK 也是，用不着心跳。（若用 QoS 0，这个客户端所用的库照样会发心跳，因为它收不到任何回音。）第三组里网络在 10 s 时断掉。代理从收到的最后一个报文算起，等待保活时间的 1.5 倍，这里是 6 s，然后关闭连接。多出来的一半是留给网络的余地：心跳可能迟到。',
    },
    {
      en: 'The clock starts with the last packet, not with the accident. Just before the network went dark the client may have pinged, or not for almost the whole keep alive; so seen from the accident the broker takes anything from half the keep alive to one and a half times. The notes that say the broker closes after the keep alive itself are too strict.',
      zh: '计时从最后一个报文开始，而不是从断网那一刻开始。断网之前，客户端可能刚发过心跳，也可能已经快一个保活时间没发了；所以从断网算起，代理要过半个到 1.5 个保活时间才发觉。有的笔记说代理在一个保活时间后就关闭，那就说得太紧了。',
    },
    {
      en: 'The last lane has keep alive 0, which means none. The network goes dark just the same, and at the end of the run the broker still has a client that has long been gone. The client’s side is less strictly ruled: if PINGRESP does not come within a reasonable time, it should close the connection; how long that is, the library decides.',
      zh: '最后一组的保活时间是 0，也就是不用保活。网络同样断了，到运行结束，代理还以为那个早已消失的客户端在线。客户端这边规定得没那么严：PINGRESP 迟迟不来，就应当关闭连接；等多久由库决定。',
    },
  ],
  rfcs: [
    {
      number: 9293,
      title: 'Transmission Control Protocol (TCP): 3.5.1 (Half-Open Connections) and 3.8.4 (Keep-Alives)',
    },
  ],
  standards: [OASIS_311],
  setup: {
    hosts: MQTT_HOSTS,
    links: mqttLink(),
    apps: {
      broker: broker(),
      client: mqttClient('sensor', {
        keepAlive: KEEP_ALIVE,
        reconnect: 0,
        actions: [{ at: 28 * SECOND, do: 'disconnect' }],
      }),
    },
  },
  lanes: [
    { id: 'idle', label: { en: 'Idle', zh: '空闲' } },
    {
      id: 'busy',
      label: { en: 'Publishing', zh: '在发布' },
      set: { 'apps.client.publish': [{ topic: 'lab/beat', qos: 1, at: SECOND, times: 27, every: SECOND }] },
    },
    { id: 'half-open', label: { en: 'Vanished', zh: '消失' }, set: goesDark },
    {
      id: 'none',
      label: { en: 'Vanished, no keep alive', zh: '消失，无保活' },
      set: { ...goesDark, 'apps.client.keepAlive': 0 },
    },
  ],
  knobs: [
    ...MQTT_PATH_KNOBS,
    {
      id: 'keep-alive',
      label: { en: 'Keep alive', zh: '保活时间' },
      hint: {
        en: 'Short: the dead are found soon, and every idle client costs packets and power. Long: the reverse.',
        zh: '短：很快发现失联者，但空闲的客户端要多费流量和电；长：反过来。',
      },
      group: 'mqtt',
      paths: ['apps.client.keepAlive'],
      kind: 'number',
      unit: 'us',
      min: SECOND,
      max: 10 * SECOND,
      step: SECOND,
    },
  ],
  expectations: [
    {
      id: 'factor',
      text: {
        en: 'The broker closes 1.5 times the keep alive after the last packet',
        zh: '代理在最后一个报文之后 1.5 倍保活时间关闭连接',
      },
      metric: 'half-open/keep_alive_factor',
      op: '=',
      value: 1.5,
      tolerance: 0.05,
      unit: 'ratio',
      why: {
        en: 'MQTT 3.1.1 (3.1.2.10): if nothing was received within one and a half times the keep alive, the server must disconnect the client. With 4 s that is 6 s.',
        zh: 'MQTT 3.1.1（3.1.2.10）：在 1.5 倍保活时间内什么都没收到，服务器必须断开客户端。保活时间 4 s 时就是 6 s。',
      },
      given: AS_SET,
    },
    claim(
      'half-open',
      'keep_alive_expired',
      '=',
      1,
      { en: 'The vanished client is found', zh: '消失的客户端被发现' },
      { en: 'It can keep its promise no longer.', zh: '它再也无法兑现承诺。' },
    ),
    {
      ...claim(
        'none',
        'keep_alive_expired',
        '=',
        0,
        { en: 'Without keep alive it is not', zh: '没有保活就发现不了' },
        {
          en: 'A silent connection looks like an idle one, and TCP has no reason to send (RFC 9293, 3.8.4: its own keep-alives are off by default).',
          zh: '沉默的连接看上去与空闲的无异，TCP 也没有理由发包（RFC 9293，3.8.4：TCP 自带的保活默认关闭）。',
        },
      ),
      given: UNDISTURBED_MQTT,
    },
    claim(
      'idle',
      'keep_alive_expired',
      '=',
      0,
      { en: 'The idle client stays', zh: '空闲的客户端一直在线' },
      { en: 'It pings in time.', zh: '它按时发心跳。' },
    ),
    claim(
      'idle',
      'pings',
      '>=',
      4,
      { en: 'It pings', zh: '靠的是心跳' },
      {
        en: 'PINGREQ at least once in each keep alive (3.1.2.10).',
        zh: '每个保活时间内至少一个 PINGREQ（3.1.2.10）。',
      },
    ),
    {
      ...claim(
        'busy',
        'pings',
        '=',
        0,
        { en: 'The busy one has no need to', zh: '忙着发布的不用发心跳' },
        {
          en: 'Any packet counts: PUBLISH for the broker, PUBACK for the client.',
          zh: '任何报文都算数：对代理是 PUBLISH，对客户端是 PUBACK。',
        },
      ),
      given: [...UNDISTURBED_MQTT, is('apps.client.keepAlive', KEEP_ALIVE, 5 * SECOND)],
    },
  ],
  views: ['mqtt', 'pdus', 'ladder', 'states', 'packets', 'topology'],
  duration: 30 * SECOND,
  prediction: {
    question: {
      en: 'Keep alive is 4 s. How long after the cable is pulled does the broker close the connection?',
      zh: '保活时间是 4 s。拔掉网线之后多久，代理会关闭连接？',
    },
    choices: [
      {
        text: { en: 'After 4 s', zh: '4 s 之后' },
        right: false,
        because: { en: 'It has to be patient for half as long again.', zh: '它还得再宽限一半。' },
      },
      {
        text: { en: 'After 6 s', zh: '恰好 6 s 之后' },
        right: false,
        because: {
          en: 'That counts from the last packet, which may be older than the accident.',
          zh: '6 s 是从最后一个报文算起，而它可能早于拔线。',
        },
      },
      {
        text: { en: 'Between 2 s and 6 s', zh: '2 s 到 6 s 之间' },
        right: true,
        because: {
          en: 'Depending on how long ago the last packet was.',
          zh: '取决于拔线时离最后一个报文有多久。',
        },
      },
    ],
  },
}
