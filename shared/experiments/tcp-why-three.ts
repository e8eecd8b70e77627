/** 为什么三次而不是两次: an old duplicate SYN arrives late, at a server that asks once more and at one that does not. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

const HELD = 'links.link.up.holdMatching.0.by'
const DELAY = 'links.link.up.delay'
const MSL = ['hosts.client.tcp.msl', 'hosts.server.tcp.msl']
const IDLE = 'hosts.server.tcp.keepAliveIdle'

/** The old SYN comes when the client has forgotten the connection, and nobody looks after idle ones. */
const LATE = [
  { path: HELD, oneOf: [3_000_000] },
  { path: DELAY, oneOf: [50_000] },
  { path: MSL[0], oneOf: [500_000] },
  { path: IDLE, oneOf: [0] },
]

export const tcpWhyThree: ExperimentInput = {
  id: 'tcp-why-three',
  chapter: 'tcp-connections',
  title: { en: 'Why three and not two', zh: '为什么是三次握手，不是两次' },
  question: {
    en: 'SYN and SYN-ACK have told both sides everything. What is the third segment for?',
    zh: 'SYN 和 SYN-ACK 一来一回，双方该知道的都知道了。第三个报文段还有什么用？',
  },
  narrative: [
    {
      en: 'The network may hold a packet and deliver it later. Here it holds the first SYN for 3 s. After 1 s the client loses patience and sends its SYN again; this one passes, the connection opens, the data arrive, both sides close. Then the first SYN comes in. It is a perfectly good SYN, and nothing in it says that it is old.',
      zh: '网络可能把一个包扣住，过后才送到。这里它把第一个 SYN 扣了 3 秒。客户端等了 1 秒没有回音，重发 SYN；这一个顺利到达，连接建立，数据送完，双方关闭。这时第一个 SYN 才到。它是一个完全合法的 SYN，里面没有任何东西说明它已经过时。',
    },
    {
      en: 'With three segments the server does not believe it yet. It answers SYN-ACK and waits in SYN-RECEIVED for a confirmation of its own number. The client knows of no such connection and answers RST; the server forgets the attempt. Nothing has been promised to anybody, and the program on the server never hears of it.',
      zh: '三次握手时，服务器还不会相信它：答以 SYN-ACK，停在 SYN-RECEIVED，等对方确认自己的序列号。客户端没有这个连接，回一个 RST，服务器随即把这次尝试忘掉。什么承诺都没有作出，服务器上的程序从头到尾不知道有这回事。',
    },
    {
      en: 'With two, the SYN alone opens the connection, and there is no third segment by which the client could object. The program on the server is given a connection, and a receive buffer stands ready for data that nobody will ever send. The server waits, and has no reason to stop waiting: a silent connection is nothing unusual.',
      zh: '只有两次时，凭这一个 SYN 连接就建立了，客户端也没有第三个报文段可以用来反对。服务器上的程序拿到一个连接，接收缓冲区为永远不会来的数据留着。服务器一直等，也没有理由不等：一个安静的连接再平常不过。',
    },
    {
      en: 'There is a second way to say the same. Each side chooses an initial sequence number, and each has to learn that the other has got it. SYN-ACK confirms the number of the client; only the ACK confirms that of the server. A server that has not seen the ACK can tell neither whether its peer is there now nor from which number the peer will count its bytes.',
      zh: '换一种说法也是同一个道理：双方各选一个初始序列号，也都必须得知对方已经收到。SYN-ACK 确认了客户端的序列号；服务器的序列号，只有第三个报文段 ACK 能确认。没有见到 ACK，服务器既不知道对方此刻是否在场，也不知道对方会不会从那个号数起。',
    },
    {
      en: 'TIME-WAIT has been cut short in this experiment, for the old SYN is to come when the client has forgotten everything. That is what the standard says must not happen: no segment outlives its maximum lifetime. Let the SYN come earlier, or TIME-WAIT last longer, and see who answers then. Switch keep-alive on at the server: it is how a dead connection is found after all.',
      zh: '本实验把 TIME-WAIT 改得很短，好让旧 SYN 到达时客户端已经忘掉一切。标准说这种事不该发生：任何报文段都活不过最大生存时间。可以让这个 SYN 早些到，或让 TIME-WAIT 久一些，看看那时由谁作答。再打开服务器的保活：死连接终究是这样被发现的。',
    },
  ],
  rfcs: [
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.5, figures 6 and 8; 3.10.7' },
    { number: 6298, title: "Computing TCP's Retransmission Timer" },
    { number: 6528, title: 'Defending against Sequence Number Attacks' },
  ],
  setup: {
    hosts: {
      client: { role: 'client', tcp: { msl: 500_000 } },
      server: { role: 'server', tcp: { msl: 500_000 } },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: {
          delay: 50_000,
          holdMatching: [{ match: { flags: ['syn'], without: ['ack'] }, ordinals: [1], by: 3_000_000 }],
        },
        down: { delay: 50_000 },
      },
    },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes: 20_000 },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  },
  lanes: [
    { id: 'three', label: { en: 'Three segments', zh: '三次握手' } },
    {
      id: 'two',
      label: { en: 'Two segments', zh: '两次握手' },
      set: { 'hosts.client.tcp.twoWayHandshake': true, 'hosts.server.tcp.twoWayHandshake': true },
    },
  ],
  knobs: [
    {
      id: 'held',
      label: { en: 'The first SYN is held for', zh: '第一个 SYN 被扣住' },
      hint: {
        en: 'Beside the delay of the link. Below 1 s nothing is sent again and nothing is old.',
        zh: '在链路时延之外。短于 1 秒则没有重发，也就没有“旧”的 SYN。',
      },
      group: 'link',
      paths: [HELD],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 8_000_000,
      step: 100_000,
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), min: 1_000, max: 200_000, step: 1_000 },
    {
      id: 'msl',
      label: { en: 'Maximum segment lifetime', zh: '报文段最大生存时间（MSL）' },
      hint: {
        en: 'TIME-WAIT at the client lasts twice as long.',
        zh: '客户端的 TIME-WAIT 是它的两倍。',
      },
      group: 'tcp',
      paths: MSL,
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 5_000_000,
      step: 100_000,
    },
    {
      id: 'keep-alive',
      label: { en: 'Keep-alive of the server after', zh: '服务器空闲多久后保活' },
      hint: {
        en: 'How long a connection is silent before the server asks whether anybody is there; 0: it never asks.',
        zh: '连接安静多久之后，服务器探问对方是否还在；0 表示从不探问。',
      },
      group: 'tcp',
      paths: [IDLE],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 5_000_000,
      step: 500_000,
    },
  ],
  expectations: [
    {
      id: 'three-left',
      text: { en: 'Three: the server is left with no connection', zh: '三次：服务器上没有留下连接' },
      metric: 'three/connections_left',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'The client answers the SYN-ACK with RST, and the half-open connection goes back to LISTEN (RFC 9293, 3.5, figure 8).',
        zh: '客户端以 RST 回答 SYN-ACK，半开的连接退回 LISTEN（RFC 9293，3.5）。',
      },
      given: LATE,
    },
    {
      id: 'two-left',
      text: { en: 'Two: one dead connection is left', zh: '两次：留下一个死连接' },
      metric: 'two/connections_left',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'The SYN alone opened it, and no segment of a handshake of two lets the client object.',
        zh: '凭一个 SYN 它就建立了，而两次握手里没有一个报文段能让客户端表示反对。',
      },
      given: LATE,
    },
    {
      id: 'two-buffer',
      text: { en: 'Two: it keeps a receive buffer', zh: '两次：死连接占着接收缓冲区' },
      metric: 'two/bytes_left_buffered',
      op: '>',
      value: 60_000,
      unit: 'B',
      why: {
        en: 'The window that the SYN-ACK promised stays promised, for data that will never come.',
        zh: 'SYN-ACK 许诺的接收窗口要一直兑现，等的却是永远不会来的数据。',
      },
      given: LATE,
    },
    {
      id: 'three-buffer',
      text: { en: 'Three: nothing is kept', zh: '三次：什么都不占用' },
      metric: 'three/bytes_left_buffered',
      op: '=',
      value: 0,
      unit: 'B',
      why: {
        en: 'What was half open is forgotten with the RST.',
        zh: '半开的连接随着 RST 被忘掉。',
      },
      given: LATE,
    },
    {
      id: 'three-reset',
      text: { en: 'Three: one RST clears it up', zh: '三次：一个 RST 就了结' },
      metric: 'three/resets_sent',
      op: '=',
      value: 1,
      unit: 'segments',
      why: {
        en: 'A segment for a connection that does not exist is answered with RST (RFC 9293, 3.10.7.1).',
        zh: '发给不存在的连接的报文段，以 RST 作答（RFC 9293，3.10.7.1）。',
      },
      given: LATE,
    },
    {
      id: 'three-accepted',
      text: { en: 'Three: the program is given one connection', zh: '三次：程序只得到 1 个连接' },
      metric: 'three/connections_accepted',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'A connection reaches the accept queue with the third segment only.',
        zh: '收到第三个报文段，连接才进入全连接队列。',
      },
      given: LATE,
    },
    {
      id: 'two-accepted',
      text: {
        en: 'Two: it is given two, of which one is nobody’s',
        zh: '两次：程序得到 2 个，其中一个没有对端',
      },
      metric: 'two/connections_accepted',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'The old SYN looks like a new client.',
        zh: '旧 SYN 看起来就是一个新客户端。',
      },
      given: LATE,
    },
    {
      id: 'again',
      text: { en: 'The client sends its SYN again after 1 s', zh: '客户端 1 秒后重发 SYN' },
      metric: 'three/syn_interval_1',
      op: '=',
      value: 1_000_000,
      tolerance: 0.02,
      unit: 'us',
      why: {
        en: 'The initial timeout of RFC 6298 (2.1): that is how a duplicate comes into the world.',
        zh: 'RFC 6298（2.1）规定的初始超时：重复的 SYN 就是这样产生的。',
      },
      given: LATE,
    },
    {
      id: 'intact',
      text: { en: 'The work is done in both', zh: '两边的数据都完整送达' },
      metric: 'two/bytes_intact',
      op: '=',
      value: 1,
      why: {
        en: 'The second SYN opens a connection that carries everything. What is wrong with two shows only afterwards.',
        zh: '第二个 SYN 打开的连接把数据全部送到。两次握手的毛病，要到事后才看得出来。',
      },
      given: LATE,
    },
  ],
  views: ['ladder', 'states', 'listener', 'packets'],
  duration: 10_000_000,
  prediction: {
    question: {
      en: 'The connection has long been closed when the first SYN arrives. What does a server with a handshake of two have in the end?',
      zh: '连接早已关闭，第一个 SYN 这时才到。如果只有两次握手，服务器最后会剩下什么？',
    },
    choices: [
      {
        text: { en: 'Nothing: the SYN is old and is ignored', zh: '什么也没有：SYN 过时了，会被忽略' },
        right: false,
        because: {
          en: 'Nothing in a SYN says how old it is.',
          zh: 'SYN 里没有任何东西说明它有多旧。',
        },
      },
      {
        text: { en: 'A connection that nobody is at the other end of', zh: '一个对端没有人的连接' },
        right: true,
        because: {
          en: 'The SYN opens it, and nobody is left who could object.',
          zh: '凭这个 SYN 它就建立了，而没有人能提出反对。',
        },
      },
      {
        text: { en: 'A half-open connection that times out', zh: '一个会超时的半开连接' },
        right: false,
        because: {
          en: 'That is what three segments would give, should the RST be lost. With two there is no half-open state.',
          zh: '三次握手而 RST 又丢失时才会这样。两次握手没有半开状态。',
        },
      },
    ],
  },
}
