/** MQTT 与 HTTP: the same readings by publish and by POST, and eight seconds without a network in the middle. */
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
} from './mqtt.ts'
import { is } from './web.ts'

const READINGS = 30
/** Bytes of a reading. */
const SIZE = 24
const DARK = 16.5 * SECOND
const DARK_FOR = 8 * SECOND
const PATIENCE = 2 * SECOND
const KEEP_ALIVE = 4 * SECOND

/** Once: when it would go down again, the run is over. */
const GOES_DARK = Object.fromEntries([
  ...bothWays('outage.up').map((path) => [path, DARK] as const),
  ...bothWays('outage.downFor').map((path) => [path, DARK_FOR] as const),
])
const IMPATIENT = [...UNDISTURBED_MQTT, is('apps.poster.retries', 0), is('apps.poster.timeout', PATIENCE)]
const QOS = 'apps.sensor.publish.0.qos'
const NO_HTTP = { without: ['site', 'poster'] }
const NO_MQTT = { without: ['broker', 'sensor'] }

export const mqttVsHttp: ExperimentInput = {
  id: 'mqtt-vs-http',
  chapter: 'mqtt',
  title: { en: 'MQTT and HTTP', zh: 'MQTT 与 HTTP' },
  question: {
    en: 'A sensor reports 24 bytes every second. What does it cost to publish them with MQTT, and what to POST them? And what becomes of them when the network is gone for a while?',
    zh: '传感器每秒上报 24 个字节。用 MQTT 发布要多少开销，用 HTTP 的 POST 呢？网络断上一阵，读数又会怎样？',
  },
  narrative: [
    {
      en: 'The same 30 readings go the same way in the first three lanes: published with QoS 1 over one MQTT connection; sent by POST over one HTTP/1.1 connection that is kept; and by POST over a new connection each. Every reading is acknowledged in its protocol’s way: PUBACK, or a response.',
      zh: '前三组走同样的路径，送出同样的 30 个读数：在一条 MQTT 连接上以 QoS 1 发布；在一条保持着的 HTTP/1.1 连接上 POST；每次新建连接再 POST。每个读数都得到各自协议的确认：PUBACK，或者一个响应。',
    },
    {
      en: 'In time the first two hardly differ: on a connection that stands, an answer takes one round trip, whatever the protocol. What differs is bytes. A PUBLISH has a few bytes of header and its topic, PUBACK has 4. A request names its method, target, host, type and length in words, and the response does likewise. Add the handshake of TCP for each reading, and most of what is sent is not reading at all. In a modest home that is nothing; on a metered radio link, with a battery, it is what decides.',
      zh: '论时间，前两组几乎没有差别：连接已经建好，得到回音都是一个往返，与协议无关。差别在字节数。PUBLISH 只有几个字节的报头和主题，PUBACK 是 4 个字节；请求则要用文字写明方法、目标、主机、类型和长度，响应也一样。若每个读数还要一次 TCP 握手，发出去的大半就不是读数了。家里有宽带，这不算什么；对按流量计费、靠电池供电的无线链路，这就是关键。',
    },
    {
      en: 'In the last two lanes the network is gone from 16.5 s on, for 8 s. The MQTT client goes on being handed readings and keeps them; its keep alive tells it that the connection is dead, it connects again when it can, and sends what has no PUBACK yet: all 30 arrive. The HTTP client here gives each request up after 2 s and reports a failure, and those readings are gone.',
      zh: '后两组里，网络从 16.5 s 起断了 8 s。MQTT 客户端照收读数，先存着；保活让它发现连接已死，网络一恢复就重新连接，把没有 PUBACK 的都发出去：30 个全部到达。这里的 HTTP 客户端等 2 s 就放弃，报告失败，那些读数就没了。',
    },
    {
      en: 'Is that fair? Only half. Nothing keeps an application from storing its readings and posting them later: turn on retries and see. The difference is who does it. MQTT’s standard says what is to be kept and repeated, and its libraries do it; HTTP leaves it to each application, together with the question whether a POST may be repeated. And the reverse direction is where they part: to tell this sensor something, MQTT’s broker just publishes, while an HTTP server has to wait until it is asked.',
      zh: '这公平吗？只对一半。应用完全可以把读数存起来以后再 POST：打开重试看看。区别在于由谁来做。该留什么、该重发什么，MQTT 标准写明了，库也都实现了；HTTP 把它留给各个应用，连同“POST 能不能重试”这个问题。真正的分野在反方向：要告诉这个传感器什么事，MQTT 代理发布就是了，HTTP 服务器却得等它来问。',
    },
  ],
  rfcs: [
    { number: 9110, title: 'HTTP Semantics: 9.2.2 (Idempotent Methods)' },
    { number: 9112, title: 'HTTP/1.1: 9.3 (Persistence)' },
  ],
  standards: [OASIS_311],
  setup: {
    hosts: MQTT_HOSTS,
    links: mqttLink(),
    apps: {
      broker: broker(),
      sensor: mqttClient('sensor', {
        keepAlive: KEEP_ALIVE,
        clean: false,
        publish: [{ topic: 'lab/readings', qos: 1, size: SIZE, at: SECOND, times: READINGS, every: SECOND }],
        actions: [{ at: (READINGS + 5) * SECOND, do: 'disconnect' }],
      }),
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['http/1.1'],
        keepAlive: 60 * SECOND,
        resources: { '/readings': { type: 'application/json', size: SIZE, behaviour: 'orders' } },
      },
      poster: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        timeout: PATIENCE,
        requests: Array.from({ length: READINGS }, (_, i) => ({
          method: 'POST' as const,
          target: '/readings',
          body: SIZE,
          at: (i + 1) * SECOND,
        })),
      },
    },
  },
  lanes: [
    { id: 'mqtt', label: { en: 'MQTT, QoS 1', zh: 'MQTT，一条连接' }, ...NO_HTTP },
    { id: 'http', label: { en: 'HTTP, one connection', zh: 'HTTP，一条连接' }, ...NO_MQTT },
    {
      id: 'fresh',
      label: { en: 'HTTP, a new connection each', zh: 'HTTP，每次新建连接' },
      set: { 'apps.poster.reuse': false },
      ...NO_MQTT,
    },
    {
      id: 'mqtt-offline',
      label: { en: 'MQTT, offline for a while', zh: 'MQTT，断网一阵' },
      set: GOES_DARK,
      ...NO_HTTP,
    },
    {
      id: 'http-offline',
      label: { en: 'HTTP, offline for a while', zh: 'HTTP，断网一阵' },
      set: GOES_DARK,
      ...NO_MQTT,
    },
  ],
  knobs: [
    {
      id: 'retries',
      label: { en: 'Retries of the HTTP client', zh: 'HTTP 客户端的重试次数' },
      hint: {
        en: 'With enough of them nothing is lost here, either; but a POST whose response was lost may then arrive twice.',
        zh: '次数足够，HTTP 这边也不丢；但响应丢了的 POST 就可能到两遍。',
      },
      group: 'http',
      paths: ['apps.poster.retries'],
      kind: 'number',
      unit: 'count',
      min: 0,
      max: 10,
      step: 1,
    },
    {
      id: 'patience',
      label: { en: 'Patience of the HTTP client', zh: 'HTTP 客户端的超时' },
      group: 'http',
      paths: ['apps.poster.timeout'],
      kind: 'number',
      unit: 'us',
      min: 500_000,
      max: 20 * SECOND,
      step: 500_000,
    },
    {
      id: 'qos',
      label: { en: 'QoS', zh: 'QoS 等级' },
      group: 'mqtt',
      paths: [QOS],
      kind: 'choice',
      options: [0, 1, 2].map((value) => ({ value, label: { en: `QoS ${value}`, zh: `等级 ${value}` } })),
    },
    ...MQTT_PATH_KNOBS,
  ],
  expectations: [
    {
      id: 'mqtt-all',
      text: { en: 'MQTT: all 30 readings arrive', zh: 'MQTT：30 个读数全部到达' },
      metric: 'mqtt-offline/publishes_finished',
      op: '=',
      value: READINGS,
      unit: 'count',
      why: {
        en: 'What has no PUBACK is sent again after the client has come back (MQTT 3.1.1, 4.4).',
        zh: '没有 PUBACK 的，客户端回来后再发一遍（MQTT 3.1.1，4.4）。',
      },
      given: [...UNDISTURBED_MQTT, is(QOS, 1, 2)],
    },
    {
      id: 'http-lost',
      text: { en: 'HTTP: some are given up', zh: 'HTTP：有一些放弃了' },
      metric: 'http-offline/requests_failed',
      op: '>=',
      value: 5,
      unit: 'count',
      why: {
        en: 'The network is gone for 8 s, a request lives for 2 s, and a new one comes up each second.',
        zh: '网络断了 8 s，一个请求只等 2 s，而每秒都有一个新的。',
      },
      given: IMPATIENT,
    },
    {
      id: 'fewer-bytes',
      text: { en: 'MQTT needs fewer bytes on the wire than HTTP', zh: '线上的字节数，MQTT 比 HTTP 少' },
      metric: 'mqtt/packet_bytes',
      op: '<',
      value: 'http/packet_bytes',
      unit: 'B',
      why: {
        en: 'A PUBLISH has 2 bytes of fixed header, its topic and an identifier, PUBACK has 4; request and response have a header section in words each.',
        zh: 'PUBLISH 只有 2 字节固定报头、主题和标识符，PUBACK 共 4 字节；请求和响应各有一段文字写成的头部。',
      },
      given: [...UNDISTURBED_MQTT, is(QOS, 0, 1)],
    },
    {
      id: 'fewer-with-one',
      text: {
        en: 'And HTTP on one connection fewer than on a new one each',
        zh: '而 HTTP 用一条连接，又比每次新建的少',
      },
      metric: 'http/packet_bytes',
      op: '<',
      value: 'fresh/packet_bytes',
      unit: 'B',
      why: {
        en: 'Each handshake and each farewell of TCP is seven packets without a byte of reading.',
        zh: 'TCP 的每次握手和挥手要七个包，里面没有一个字节是读数。',
      },
      given: IMPATIENT,
    },
  ],
  views: ['mqtt', 'waterfall', 'pdus', 'sequence', 'ladder', 'packets', 'topology'],
  duration: 60 * SECOND,
  prediction: {
    question: {
      en: 'On a connection that stands, which is acknowledged sooner: a PUBLISH with QoS 1, or a POST?',
      zh: '连接已经建好，哪个更快得到确认：QoS 1 的 PUBLISH，还是 POST？',
    },
    choices: [
      {
        text: { en: 'The PUBLISH, by far: it is smaller', zh: 'PUBLISH 快得多，因为它小' },
        right: false,
        because: {
          en: 'A hundred bytes more cost a tenth of a millisecond here; the round trip costs fifty of them.',
          zh: '多一百个字节，在这里只多花约 0.1 毫秒；而一个往返要 50 毫秒。',
        },
      },
      {
        text: { en: 'Neither: one round trip each', zh: '差不多，都是一个往返' },
        right: true,
        because: { en: 'Distance decides, not the format.', zh: '决定快慢的是距离，不是格式。' },
      },
    ],
  },
}
