/** TIME_WAIT 与 2MSL: what a connection that is over still waits for, and what happens if it does not. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

const MSL = 'hosts.client.tcp.msl'
const HELD = 'links.link.up.holdMatching.0.by'
const DELAY = 'links.link.up.delay'
const DROPPED = 'links.link.up.dropMatching.0.ordinals'
const CLIENT_ISN = 'hosts.client.tcp.initialSequence'

/**
 * The fifth data segment of the first connection begins 5,841 after its initial number. The second connection starts with a number
 * by which the same numbers are those of its bytes from 79,872 on, where one of its writes begins.
 */
const FIRST_ISN = 1_000_000
const SECOND_ISN = 925_968

const OLD_SEGMENT = [
  { path: HELD, oneOf: [1_300_000] },
  { path: DELAY, oneOf: [20_000] },
]
const WAITS = [...OLD_SEGMENT, { path: MSL, oneOf: [1_000_000] }]
const LAST_ACK_LOST = { path: DROPPED, oneOf: [[1]] }
const TIMESTAMPS = 'hosts.client.tcp.timestamps'

/** Of the client's port 40,000 each time; a slow one is in the middle of its data for more than a second. */
const transfer = (start: number, bytes: number, rate = 0) =>
  ({
    ...({ kind: 'tcp-send', host: 'client', to: 'server', port: 5001, localPort: 40_000 } as const),
    ...{ start, bytes, rate, writeSize: 1_024 },
  }) as const

export const tcpTimeWait: ExperimentInput = {
  id: 'tcp-time-wait',
  chapter: 'tcp-connections',
  title: { en: 'TIME_WAIT and 2 MSL', zh: 'TIME_WAIT 与 2MSL' },
  question: {
    en: 'Both sides have closed and everything is acknowledged. Why does one of them still wait, and why twice the maximum segment lifetime?',
    zh: '双方都已关闭，一切都已确认，为什么其中一方还要等？为什么恰好等两倍的最大报文段生存时间？',
  },
  narrative: [
    {
      en: 'Who closes first sends the last acknowledgment, and nobody acknowledges an acknowledgment. In this experiment it is lost. The server, in LAST-ACK, hears nothing and sends its FIN again. The client is still there, in TIME-WAIT: it acknowledges the FIN once more, and its waiting starts anew. That is the first reason.',
      zh: '先关闭的一方发出最后一个确认，而确认本身没有人确认。实验里它丢了。服务器停在 LAST-ACK，等不到回音，重发 FIN。客户端还在，处于 TIME-WAIT：它再确认一次，等待重新开始计时。这是第一个理由。',
    },
    {
      en: 'Without TIME-WAIT the client has forgotten the connection. It answers the FIN, like any segment of a stranger, with RST: the server learns of an error where there was none.',
      zh: '没有 TIME-WAIT，客户端已经忘了这个连接。对这个 FIN，它像对待陌生人的报文段一样，回以 RST：明明一切正常，服务器却得知出了错。',
    },
    {
      en: 'The second reason is on the network. It has held one data segment of this connection, for 1.3 s. TCP has long repaired the gap; but the old segment is still on its way, with the same addresses and ports that the next connection may have. In TIME-WAIT nobody can have them: the second transfer, at 0.8 s, is refused its port. When the client tries again at 4 s, the old segment has come and found nobody.',
      zh: '第二个理由在网络里。它扣住了这个连接的一个数据段，扣了 1.3 秒。TCP 早已补上缺口，可旧报文段还在路上，带着下一个连接可能使用的同一组地址和端口。处在 TIME-WAIT 时，谁也拿不到这一组：0.8 秒时的第二次传输得不到它要的端口。到 4 秒客户端再来，旧报文段早已到达，扑了个空。',
    },
    {
      en: 'Without TIME-WAIT the second transfer gets the port at once. It is in the middle of its data when the old segment comes in. The numbers fit the window, the ports fit, the checksum is right: the server takes the bytes of the first connection for those of the second. The file is whole in length and wrong in content, and TCP has noticed nothing.',
      zh: '没有 TIME-WAIT，第二次传输立刻得到端口。数据传到一半，旧报文段到了：序列号落在窗口之内，端口相符，校验和正确。服务器把第一个连接的字节当成第二个的收下。文件长度不差，内容却错了，而 TCP 毫无察觉。',
    },
    {
      en: 'Two lifetimes are one for the last segment that the client has sent and one for the answer that it can provoke. For the accident to happen here, much had to be chosen: the initial sequence numbers, so that the old numbers lie in the new window, and timestamps are off. With numbers as RFC 6528 makes them it is a matter of luck, with timestamps (RFC 7323) hardly possible; TIME-WAIT makes it impossible as long as segments die in time.',
      zh: '两倍，是因为客户端发出的最后一个报文段要算一个生存时间，它可能引来的答复再算一个。要让事故在这里发生，不少东西是特意选定的：初始序列号让旧的号码正好落在新的窗口里，时间戳则关闭。按 RFC 6528 生成序列号，出事要靠运气；有时间戳（RFC 7323）几乎不可能；而只要报文段按时消亡，TIME-WAIT 使它根本不可能。',
    },
  ],
  rfcs: [
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.4.2, 3.6.1 and 3.10.7.4, eighth' },
    { number: 1337, title: 'TIME-WAIT Assassination Hazards in TCP' },
    { number: 6191, title: 'Reducing the TIME-WAIT State Using TCP Timestamps' },
    { number: 6528, title: 'Defending against Sequence Number Attacks' },
    { number: 7323, title: 'TCP Extensions for High Performance: 5' },
  ],
  setup: {
    hosts: {
      client: {
        role: 'client',
        tcp: { msl: 1_000_000, timestamps: false, minRto: 200_000, nagle: false, initialSequence: FIRST_ISN },
      },
      server: { role: 'server', tcp: { timestamps: false, minRto: 200_000, initialSequence: 5_000_000 } },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: {
          delay: 20_000,
          holdMatching: [{ match: { payload: true }, ordinals: [5], by: 1_300_000 }],
          // The data that follow the handshake carry its ACK: the first that is one and nothing else ends the connection.
          dropMatching: [
            { match: { flags: ['ack'], without: ['syn', 'fin', 'rst'], payload: false }, ordinals: [1] },
          ],
        },
        down: { delay: 20_000 },
      },
    },
    apps: {
      first: transfer(0, 20_000),
      second: transfer(800_000, 120_000, 102_400),
      again: transfer(4_000_000, 120_000, 102_400),
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  },
  lanes: [
    { id: 'kept', label: { en: 'With TIME-WAIT', zh: '有 TIME-WAIT' } },
    {
      id: 'none',
      label: { en: 'Without: MSL = 0', zh: '没有：MSL = 0' },
      set: { [MSL]: 0 },
      without: ['again'],
    },
  ],
  steps: [
    {
      at: 700_000,
      set: { [CLIENT_ISN]: SECOND_ISN },
      text: { en: 'The next connection begins lower', zh: '下一个连接的初始序列号较小' },
    },
  ],
  knobs: [
    {
      id: 'msl',
      label: { en: 'Maximum segment lifetime', zh: '报文段最大生存时间（MSL）' },
      hint: {
        en: 'Of the first lane. RFC 9293 says 2 minutes; systems take 15 s to 60 s.',
        zh: '第一条泳道的 MSL。RFC 9293 规定 2 分钟，各系统实际取 15 到 60 秒。',
      },
      group: 'tcp',
      paths: [MSL],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 3_000_000,
      step: 100_000,
    },
    {
      id: 'held',
      label: { en: 'The old segment is held for', zh: '旧报文段被扣住' },
      hint: {
        en: 'It has to come while the second transfer is on its way, and before its own bytes do.',
        zh: '它要在第二次传输途中到达，并且早于这个位置上真正的字节。',
      },
      group: 'link',
      paths: [HELD],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 4_000_000,
      step: 100_000,
    },
    {
      id: 'lost',
      label: { en: 'Lost: last ACK of the client', zh: '丢失：客户端最后的 ACK' },
      group: 'link',
      paths: [DROPPED],
      kind: 'choice',
      options: [
        { value: [1], label: { en: 'once', zh: '一次' } },
        { value: [1, 2], label: { en: 'twice', zh: '两次' } },
        { value: [99], label: { en: 'never', zh: '不丢' } },
      ],
    },
    {
      id: 'timestamps',
      label: { en: 'Timestamps', zh: '时间戳' },
      hint: {
        en: 'With them the old segment is refused, because its time is past (PAWS).',
        zh: '打开之后，旧报文段因时间已过而被拒绝（PAWS）。',
      },
      group: 'tcp',
      paths: [TIMESTAMPS, 'hosts.server.tcp.timestamps'],
      kind: 'switch',
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), min: 1_000, max: 100_000, step: 1_000 },
  ],
  expectations: [
    {
      id: 'kept-corrupted',
      text: { en: 'With TIME-WAIT no byte is wrong', zh: '有 TIME-WAIT：没有一个字节出错' },
      metric: 'kept/corrupted_bytes',
      op: '=',
      value: 0,
      unit: 'B',
      why: {
        en: 'The old segment comes while nobody can have its ports (RFC 9293, 3.4.2).',
        zh: '旧报文段到达时，没有人能占用它的端口（RFC 9293，3.4.2）。',
      },
      given: WAITS,
    },
    {
      id: 'none-corrupted',
      text: {
        en: 'Without, bytes of the first connection stand in the second',
        zh: '没有 TIME-WAIT：第一个连接的字节混进了第二个',
      },
      metric: 'none/corrupted_bytes',
      op: '>',
      value: 0,
      unit: 'B',
      why: {
        en: 'Ports, numbers and checksum all fit; nothing else tells the two connections apart.',
        zh: '端口、序列号、校验和都对得上；两个连接再没有别的区别。',
      },
      given: [...OLD_SEGMENT, { path: TIMESTAMPS, oneOf: [false] }],
    },
    {
      id: 'timestamps-help',
      text: {
        en: 'With timestamps no byte is wrong even without TIME-WAIT',
        zh: '打开时间戳：没有 TIME-WAIT 也不出错',
      },
      metric: 'none/corrupted_bytes',
      op: '=',
      value: 0,
      unit: 'B',
      why: {
        en: 'The old segment carries an old timestamp (RFC 7323, 5.3).',
        zh: '旧报文段带着旧的时间戳（RFC 7323，5.3）。',
      },
      given: [...OLD_SEGMENT, { path: TIMESTAMPS, oneOf: [true] }],
    },
    {
      id: 'length',
      text: { en: 'TIME-WAIT lasts 2 MSL from the last FIN', zh: 'TIME-WAIT 自最后一个 FIN 起持续 2MSL' },
      metric: 'kept/time_wait_length',
      op: '=',
      value: 2_000_000,
      tolerance: 0.01,
      unit: 'us',
      why: {
        en: 'One lifetime for the last acknowledgment, one for a FIN that it was too late for (RFC 9293, 3.4.2).',
        zh: '一个生存时间留给最后的确认，一个留给因它来迟而重发的 FIN（RFC 9293，3.4.2）。',
      },
      given: [{ path: MSL, oneOf: [1_000_000] }],
    },
    {
      id: 'starts-anew',
      text: { en: 'It starts anew when the FIN comes again', zh: 'FIN 再来，等待重新计时' },
      metric: 'kept/time_wait_restarts',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 9293, 3.10.7.4, eighth: acknowledge it and restart the 2 MSL timeout.',
        zh: 'RFC 9293，3.10.7.4：确认它，并重启 2MSL 定时器。',
      },
      given: [...WAITS, LAST_ACK_LOST],
    },
    {
      id: 'fin-again',
      text: { en: 'The server sends its FIN again', zh: '服务器重发 FIN' },
      metric: 'kept/fins_repeated',
      op: '=',
      value: 1,
      unit: 'segments',
      why: {
        en: 'A FIN takes up a sequence number, so its timer runs until it is acknowledged.',
        zh: 'FIN 占用一个序列号，得不到确认，定时器就会超时。',
      },
      given: [...WAITS, LAST_ACK_LOST],
    },
    {
      id: 'reset',
      text: { en: 'Without TIME-WAIT it is answered with RST', zh: '没有 TIME-WAIT：得到的回答是 RST' },
      metric: 'none/resets_of_clients',
      op: '=',
      value: 1,
      unit: 'segments',
      why: {
        en: 'There is no connection any more that the FIN could belong to (RFC 9293, 3.10.7.1).',
        zh: '这个 FIN 所属的连接已经不存在（RFC 9293，3.10.7.1）。',
      },
      given: [...OLD_SEGMENT, LAST_ACK_LOST],
    },
    {
      id: 'two-served',
      text: {
        en: 'With TIME-WAIT two of three transfers get the port',
        zh: '有 TIME-WAIT：三次传输有两次得到端口',
      },
      metric: 'kept/connections_accepted',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'The one that came during TIME-WAIT was told that its port is in use.',
        zh: 'TIME-WAIT 期间来的那一次被告知端口正在使用。',
      },
      given: WAITS,
    },
  ],
  views: ['ladder', 'states', 'sequence', 'packets'],
  duration: 12_000_000,
  prediction: {
    question: {
      en: 'TIME-WAIT is switched off and the same ports are used again at once. What does the server make of the old segment?',
      zh: '关掉 TIME-WAIT，同一组端口马上再用。服务器会怎样对待那个旧报文段？',
    },
    choices: [
      {
        text: { en: 'It notices that the segment is of another connection', zh: '看出它属于另一个连接' },
        right: false,
        because: {
          en: 'By what? A connection is its four-tuple and its sequence numbers, and both fit.',
          zh: '凭什么看出？连接就是四元组加序列号，而这两样都对得上。',
        },
      },
      {
        text: { en: 'The checksum does not fit, so it is dropped', zh: '校验和不对，丢弃' },
        right: false,
        because: {
          en: 'The checksum covers the segment and the addresses; it is right.',
          zh: '校验和涵盖报文段和地址，它是对的。',
        },
      },
      {
        text: { en: 'It takes the bytes for those of the new connection', zh: '把这些字节当作新连接的收下' },
        right: true,
        because: {
          en: 'And it acknowledges bytes that the client has not sent yet.',
          zh: '甚至会确认客户端还没有发出的字节。',
        },
      },
    ],
  },
}
