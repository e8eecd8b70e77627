/** 报文格式: packets from the smallest to one whose length takes four bytes. */
import type { ExperimentInput } from '../experiment.ts'
import { broker, MQTT_DELAY, MQTT_HOSTS, MQTT_PATH_KNOBS, mqttClient, OASIS_311, SECOND } from './mqtt.ts'
import { FAST } from './web.ts'

const TOPIC = 'sizes'
/** A PUBLISH of QoS 0 is its topic, with two bytes of length, and its payload. */
const BEFORE_PAYLOAD = 2 + TOPIC.length
/** The remaining lengths on both sides of each step of the encoding. */
const LENGTHS = [127, 128, 16_383, 16_384, 2_097_151, 2_097_152]
const LARGEST = 2_097_152 + 5
const WITH_ID = [1, 2] as const

/** So wide, and with so much room, that two megabytes get through without a loss. */
const WIDE = { delay: MQTT_DELAY, rate: { limit: FAST }, queue: { limit: 4_000_000 } }

export const mqttPackets: ExperimentInput = {
  id: 'mqtt-packets',
  chapter: 'mqtt',
  title: { en: 'MQTT packets byte by byte', zh: 'MQTT 报文格式' },
  question: {
    en: 'MQTT was made for satellite links and small devices. How few bytes does a packet take, and how does two bytes of header grow to announce 256 megabytes?',
    zh: 'MQTT 是为卫星链路和小设备设计的。一个报文最少要几个字节？2 字节的报头又怎样扩展到能表示 256 MB？',
  },
  narrative: [
    {
      en: 'Every packet begins with a fixed header. Its first byte holds the type in the upper half and flags in the lower: of PUBLISH these are DUP, QoS and RETAIN, of all others they are fixed, and a receiver must close the connection if they are not (MQTT 3.1.1, 2.2.2). Then comes the remaining length: how many bytes follow.',
      zh: '每个报文都以固定报头开头。第一个字节的高半部分是类型，低半部分是标志：PUBLISH 用它表示 DUP、QoS 和 RETAIN；其他报文的取值是固定的，若不符，接收方必须断开连接（MQTT 3.1.1，2.2.2）。接着是剩余长度，即后面还有多少字节。',
    },
    {
      en: 'The remaining length takes from one to 4 bytes. Each carries 7 bits, the lowest first, and its top bit says whether another follows. So up to 127 fits in one byte, up to 16,383 in two, up to 2,097,151 in three, and 4 bytes reach 268,435,455. The client publishes on both sides of each step: open two neighbours, and compare the byte where the length begins.',
      zh: '剩余长度占 1 到 4 个字节。每个字节装 7 位，低位在前，最高位表示后面还有没有。因此 1 个字节最多到 127，2 个字节到 16,383，3 个字节到 2,097,151，4 个字节到 268,435,455。客户端在每个分界点的两侧各发一条：打开相邻的两条，比一比长度字段开头的那个字节。',
    },
    {
      en: 'The smallest packets are 2 bytes, header only: PINGREQ, PINGRESP, DISCONNECT. The largest would have 5 bytes of header and 268,435,455 after it, 268,435,460 in all. The largest here is 2,097,157 bytes long, which is enough to need all 4 bytes of length; the byte pattern 0xFFFFFF7F that some notes give as “256 MB” is that greatest length as it stands on the wire.',
      zh: '最小的报文只有 2 个字节，仅含报头：PINGREQ、PINGRESP、DISCONNECT。最大的是 5 字节报头加 268,435,455 字节，共 268,435,460 字节。这里最大的一条长 2,097,157 字节，已经要用满 4 个字节来表示长度；有的笔记把“256 MB”写作 0xFFFFFF7F，那正是这个最大长度在线上的样子。',
    },
    {
      en: 'After the fixed header some packets have a variable header: a packet identifier where an answer is to come (PUBLISH with QoS 1 or 2, SUBSCRIBE), the protocol’s name, level, flags and keep alive in CONNECT, the topic in PUBLISH. The rest is payload. Text always stands behind two bytes of its length, in UTF-8. There is nothing else: no field names, no text to parse. TCP and IP need 40 bytes for each segment and more with options, so a reading of a few bytes spends most of its way in other headers than MQTT’s.',
      zh: '固定报头之后，有的报文还有可变报头：需要应答时是报文标识符（QoS 1 或 2 的 PUBLISH、SUBSCRIBE），CONNECT 里是协议名、级别、标志和保活时间，PUBLISH 里是主题。其余是有效载荷。文字前面总有 2 个字节的长度，用 UTF-8 编码。此外什么也没有：没有字段名，也不用解析文本。TCP 和 IP 的报头每段要 40 字节，带选项还更多，所以几个字节的读数，路上大半是别家的报头。',
    },
  ],
  rfcs: [],
  standards: [OASIS_311],
  setup: {
    hosts: MQTT_HOSTS,
    links: { link: { a: 'client', b: 'server', up: WIDE, down: WIDE } },
    apps: {
      broker: broker({ users: { lab: 'secret' } }),
      client: mqttClient('packets', {
        username: 'lab',
        password: 'secret',
        keepAlive: 3 * SECOND,
        will: { topic: 'status', size: 12, retain: true },
        subscribe: [{ filter: 'echo/+', qos: 2, until: 4 * SECOND }],
        publish: [
          ...LENGTHS.map((length, i) => ({
            topic: TOPIC,
            size: length - BEFORE_PAYLOAD,
            at: SECOND + i * 300_000,
          })),
          ...WITH_ID.map((qos) => ({ topic: `echo/${qos}`, qos, size: 20, at: 3 * SECOND })),
        ],
        // Long enough after the last message for a ping to be due.
        actions: [{ at: 9 * SECOND, do: 'disconnect' }],
      }),
    },
  },
  lanes: [{ id: 'main', label: { en: 'One client', zh: '一个客户端' } }],
  knobs: [
    ...MQTT_PATH_KNOBS,
    {
      id: 'size',
      label: { en: 'Payload of the first message', zh: '第一条消息的载荷' },
      hint: {
        en: 'The remaining length is 7 bytes more: 2 for the length of the topic, 5 for the topic.',
        zh: '剩余长度比它多 7 个字节：主题长度 2 个，主题 5 个。',
      },
      group: 'mqtt',
      paths: ['apps.client.publish.0.size'],
      kind: 'number',
      unit: 'B',
      min: 8,
      max: 1_000_000,
      scale: 'log',
    },
  ],
  expectations: [
    {
      id: 'smallest',
      text: { en: 'The smallest packet has 2 bytes', zh: '最小的报文是 2 字节' },
      metric: 'main/mqtt_packet_bytes_min',
      op: '=',
      value: 2,
      unit: 'B',
      why: {
        en: 'MQTT 3.1.1 (2.2): a byte of type and flags, a byte of length, which is 0. PINGREQ (3.12), PINGRESP (3.13) and DISCONNECT (3.14) are no more.',
        zh: 'MQTT 3.1.1（2.2）：1 个字节是类型和标志，1 个字节是长度，值为 0。PINGREQ（3.12）、PINGRESP（3.13）、DISCONNECT（3.14）都只有这些。',
      },
    },
    {
      id: 'header',
      text: { en: 'The fixed header grows to 5 bytes', zh: '固定报头最长 5 字节' },
      metric: 'main/mqtt_header_bytes_max',
      op: '=',
      value: 5,
      unit: 'B',
      why: {
        en: 'MQTT 3.1.1 (2.2.3): the length takes 4 bytes at most. Each carries 7 bits of it, so the limits are 127, 16,383, 2,097,151 and 268,435,455, and the largest packet of all has 268,435,460 bytes.',
        zh: 'MQTT 3.1.1（2.2.3）：长度最多占 4 个字节，每个字节装 7 位，分界是 127、16,383、2,097,151 和 268,435,455，最大的报文共 268,435,460 字节。',
      },
    },
    {
      id: 'largest',
      text: { en: 'The largest packet here has 2,097,157 bytes', zh: '这里最大的报文是 2,097,157 字节' },
      metric: 'main/mqtt_packet_bytes_max',
      op: '=',
      value: LARGEST,
      unit: 'B',
      why: {
        en: 'A remaining length of 2,097,152 is the first that takes 4 bytes, and the type one more.',
        zh: '剩余长度 2,097,152 是第一个要用 4 个字节的，再加类型 1 个字节。',
      },
    },
    {
      id: 'pings',
      text: { en: 'The client pings when it has been silent', zh: '客户端沉默一阵后会发 PINGREQ' },
      metric: 'main/pings',
      op: '>=',
      value: 1,
      unit: 'count',
      why: {
        en: 'MQTT 3.1.1 (3.1.2.10): with a keep alive of 3 s it must send something at least that often.',
        zh: 'MQTT 3.1.1（3.1.2.10）：保活时间为 3 s，客户端至少每 3 s 要发点什么。',
      },
    },
  ],
  views: ['pdus', 'mqtt', 'ladder', 'packets', 'sequence', 'topology'],
  duration: 30 * SECOND,
  prediction: {
    question: {
      en: 'A sensor publishes 5 bytes under a topic of 5 letters with QoS 0. How many bytes has the MQTT packet?',
      zh: '传感器用 QoS 0 发布 5 个字节，主题是 5 个字母。这个 MQTT 报文有几个字节？',
    },
    choices: [
      {
        text: { en: '14 bytes', zh: '14 个字节' },
        right: true,
        because: {
          en: 'Type and length, two bytes; the length of the topic, two; the topic and the payload, five each.',
          zh: '类型和长度 2 个，主题的长度 2 个，主题和载荷各 5 个。',
        },
      },
      {
        text: { en: '16 bytes', zh: '16 个字节' },
        right: false,
        because: {
          en: 'That would be with a packet identifier, which QoS 0 has not: there is no answer to tell apart.',
          zh: '那要加上报文标识符，而 QoS 0 没有：没有应答，无须分辨。',
        },
      },
      {
        text: { en: 'About 100 bytes', zh: '大约 100 个字节' },
        right: false,
        because: {
          en: 'An HTTP request is nearer to that. The IP packet with its headers is, too.',
          zh: 'HTTP 请求差不多是这个数，加上 IP 和 TCP 报头的整个包也接近。',
        },
      },
    ],
  },
}
