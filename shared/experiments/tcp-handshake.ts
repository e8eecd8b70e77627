/** 三次握手: how a TCP connection opens, and what repairs it when one of its three segments is lost. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

const SYN = { flags: ['syn'], without: ['ack'] }
const SYN_ACK = { flags: ['syn', 'ack'] }
/** An acknowledgment without data; the first one of the client ends the handshake. */
const BARE_ACK = { flags: ['ack'], without: ['syn', 'fin', 'rst'], payload: false }

const NONE: Json = []
const FIRST_SYN: Json = [{ match: SYN, ordinals: [1] }]
const TWO_SYNS: Json = [{ match: SYN, ordinals: [1, 2] }]
const THREE_SYNS: Json = [{ match: SYN, ordinals: [1, 2, 3] }]
const EVERY_SYN: Json = [{ match: SYN, ordinals: [] }]
const FIRST_ACK: Json = [{ match: BARE_ACK, ordinals: [1] }]
const FIRST_SYN_ACK: Json = [{ match: SYN_ACK, ordinals: [1] }]
const TWO_SYN_ACKS: Json = [{ match: SYN_ACK, ordinals: [1, 2] }]

const UP = 'links.link.up.dropMatching'
const DOWN = 'links.link.down.dropMatching'
const INITIAL_RTO = { path: 'hosts.client.tcp.initialRto', oneOf: [1_000_000] }
/** Random loss makes no claim: what is lost is then a matter of the seed. */
const NO_LOSS = { path: 'links.link.up.loss.rate', oneOf: [0] }
const UNHARMED = [{ path: UP, oneOf: [NONE] }, { path: DOWN, oneOf: [NONE] }, NO_LOSS]
const BACK_OFF = {
  en: 'RFC 6298 (2.1, 5.5): the timer starts at 1 s, because no round trip has been measured yet, and doubles each time it runs out.',
  zh: 'RFC 6298（2.1、5.5）：此时还没有测到任何往返时间，定时器从 1 秒起步，每超时一次就翻倍。',
}

export const tcpHandshake: ExperimentInput = {
  id: 'tcp-handshake',
  chapter: 'tcp-connections',
  title: { en: 'The three-way handshake', zh: '三次握手' },
  question: {
    en: 'When does each side know that the connection is open, and who notices when one of the three segments is lost?',
    zh: '双方各在什么时刻知道连接已经建立？三个报文段中丢了任何一个，由谁发现、由谁补救？',
  },
  narrative: [
    {
      en: 'Each side numbers its own bytes, starting from an initial sequence number of its own choice, so two numbers have to cross the network and each has to be confirmed. The client sends SYN with its number x. The server answers SYN and ACK in one segment: its own number y, and x + 1 as acknowledgment. The client confirms with ACK y + 1. Two announcements and two confirmations, two of which share a segment: three segments.',
      zh: '双方各自为自己发送的字节编号，起点是各自选定的初始序列号。因此有两个序列号要传到对端，并且都要得到确认。客户端发出 SYN，带上自己的 x；服务器用一个报文段同时完成应答与通告：确认号 x + 1，自己的初始序列号 y；客户端再以 ACK y + 1 确认。两次通告、两次确认，其中两件事合用一个报文段，所以是三次。',
    },
    {
      en: 'In the ladder, time runs downwards and the slope of each arrow is the propagation delay. The client is in SYN-SENT until the SYN-ACK is there, one round trip after it started. The server is in SYN-RECEIVED until the ACK arrives, half a round trip later. In between the two ends disagree about whether there is a connection, and no protocol can spare them that.',
      zh: '时序图中时间自上而下，箭头的倾斜就是传播时延。客户端从 SYN-SENT 到收到 SYN-ACK，用了一个往返；服务器停在 SYN-RECEIVED，直到再过半个往返 ACK 到达。在这半个往返里，两端对“连接是否存在”看法不一，这是任何协议都免不了的。',
    },
    {
      en: 'The two SYNs also carry what holds for the whole life of the connection: the largest segment that each side takes (MSS), by how many bits its window is shifted (window scale), whether it understands selective acknowledgments, and the first timestamp. Window scaling, SACK and timestamps come into force only if both SYNs carry the option.',
      zh: '两个 SYN 还带着在整个连接期间有效的约定：各自能接收的最大报文段（MSS）、窗口要左移多少位（窗口扩大）、是否支持选择确认，以及第一个时间戳。窗口扩大、SACK 和时间戳都要两个 SYN 同时带上选项才会生效。',
    },
    {
      en: 'Drop the SYN, and only the client can notice: it sends the SYN again when 1 s has passed, then after another 2 s, then 4 s. Drop the SYN-ACK, and both timers are running: the client repeats its SYN and the server its SYN-ACK.',
      zh: '丢掉 SYN，只有客户端能察觉：1 秒后重发，再过 2 秒、再过 4 秒。丢掉 SYN-ACK，则两端的定时器都在走：客户端重发 SYN，服务器重发 SYN-ACK。',
    },
    {
      en: 'Drop the ACK, and the client does not notice at all: an acknowledgment takes up no sequence number, so it has no timer and nobody confirms it. The server repeats its SYN-ACK, and the client answers that with a new ACK. Unless the client speaks first: every one of its segments carries the acknowledgment, so the first data complete the handshake as well. Shorten the silence below to see it.',
      zh: '丢掉 ACK，客户端毫不知情：确认不占序列号，没有定时器，也没有人确认它。补救的是服务器：它重发 SYN-ACK，客户端以新的 ACK 作答。除非客户端先开口：它的每个报文段都带着确认号，第一段数据同样能完成握手。把下面的“静默时间”调短就能看到。',
    },
    {
      en: 'A connection that is half open stands in the SYN queue of the listening socket; with the ACK it moves to the accept queue and waits there until the application calls accept. Both have a limit, and both are drawn as counters.',
      zh: '半开的连接排在监听套接字的半连接队列里；ACK 到达后转入全连接队列，直到应用程序调用 accept 取走。两个队列都有上限，图中画出了它们的长度。',
    },
  ],
  rfcs: [
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.4, 3.5 and 3.10' },
    { number: 6298, title: "Computing TCP's Retransmission Timer" },
    { number: 6528, title: 'Defending against Sequence Number Attacks' },
    { number: 7323, title: 'TCP Extensions for High Performance' },
    { number: 2018, title: 'TCP Selective Acknowledgment Options' },
  ],
  setup: {
    hosts: { client: { role: 'client' }, server: { role: 'server' } },
    links: { link: { a: 'client', b: 'server', up: { delay: 100_000 }, down: { delay: 100_000 } } },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 80, bytes: 100, wait: 1_500_000 },
      listener: { kind: 'tcp-sink', host: 'server', port: 80, acceptDelay: 200_000 },
    },
  },
  lanes: [{ id: 'main', label: { en: 'Connection', zh: '连接' } }],
  knobs: [
    {
      id: 'drop-up',
      label: { en: 'Lost from the client', zh: '客户端方向丢掉' },
      hint: {
        en: 'Exactly these segments of the client die on the link; everything else passes.',
        zh: '客户端发出的报文段中，只有选中的会在链路上丢失，其余照常通过。',
      },
      group: 'link',
      paths: [UP],
      kind: 'choice',
      options: [
        { value: NONE, label: { en: 'nothing', zh: '不丢' } },
        { value: FIRST_SYN, label: { en: 'the first SYN', zh: '第一个 SYN' } },
        { value: TWO_SYNS, label: { en: 'the first two SYNs', zh: '前两个 SYN' } },
        { value: THREE_SYNS, label: { en: 'the first three SYNs', zh: '前三个 SYN' } },
        { value: EVERY_SYN, label: { en: 'every SYN', zh: '所有 SYN' } },
        { value: FIRST_ACK, label: { en: 'the ACK of the handshake', zh: '握手的 ACK' } },
      ],
    },
    {
      id: 'drop-down',
      label: { en: 'Lost from the server', zh: '服务器方向丢掉' },
      hint: {
        en: 'Exactly these segments of the server die on the link.',
        zh: '服务器发出的报文段中，只有选中的会在链路上丢失。',
      },
      group: 'link',
      paths: [DOWN],
      kind: 'choice',
      options: [
        { value: NONE, label: { en: 'nothing', zh: '不丢' } },
        { value: FIRST_SYN_ACK, label: { en: 'the first SYN-ACK', zh: '第一个 SYN-ACK' } },
        { value: TWO_SYN_ACKS, label: { en: 'the first two SYN-ACKs', zh: '前两个 SYN-ACK' } },
      ],
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), min: 1_000, max: 500_000, step: 1_000 },
    {
      ...LINK_KNOBS.loss,
      label: { en: 'Random loss', zh: '随机丢包' },
      hint: {
        en: 'Share of packets lost in each direction, each by its own throw of the dice. No claim is made then.',
        zh: '每个方向随机丢失的比例，逐包独立抽取。打开后不再对结果作断言。',
      },
      paths: bothWays('loss.rate'),
      max: 0.9,
      step: 0.01,
    },
    {
      id: 'wait',
      label: { en: 'Silence before the first data', zh: '首个数据前的静默时间' },
      hint: {
        en: 'How long the client keeps silent once it is connected. Below 1 s its data make up for a lost ACK before the server does.',
        zh: '客户端连上之后沉默多久才发送数据。短于 1 秒时，丢失的 ACK 先由数据补上，轮不到服务器重发。',
      },
      group: 'application',
      paths: ['apps.sender.wait'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 10_000_000,
      step: 50_000,
    },
    {
      id: 'bytes',
      label: { en: 'Bytes sent after it', zh: '随后发送的字节数' },
      group: 'application',
      paths: ['apps.sender.bytes'],
      kind: 'number',
      unit: 'B',
      min: 0,
      max: 100_000,
      step: 100,
    },
    {
      id: 'accept-delay',
      label: { en: 'Delay of accept', zh: 'accept 的延迟' },
      hint: {
        en: 'How long the established connection waits in the accept queue for the application.',
        zh: '已建立的连接在全连接队列里等应用程序取走的时间。',
      },
      group: 'application',
      paths: ['apps.listener.acceptDelay'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 5_000_000,
      step: 10_000,
    },
    {
      id: 'initial-rto',
      label: { en: 'Initial timeout', zh: '初始超时' },
      hint: {
        en: 'RFC 6298 says 1 s; before 2011 it was 3 s. Applies to the SYN and to the SYN-ACK.',
        zh: 'RFC 6298 规定为 1 秒，2011 年以前是 3 秒。对 SYN 和 SYN-ACK 都有效。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.initialRto', 'hosts.server.tcp.initialRto'],
      kind: 'number',
      unit: 'us',
      min: 100_000,
      max: 5_000_000,
      step: 100_000,
    },
    {
      id: 'syn-retries',
      label: { en: 'SYN retries', zh: 'SYN 重试次数' },
      hint: {
        en: 'How often a SYN or SYN-ACK is sent again before the attempt is given up.',
        zh: 'SYN 或 SYN-ACK 最多重发几次，之后放弃建立连接。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.synRetries', 'hosts.server.tcp.synRetries'],
      kind: 'number',
      unit: 'count',
      min: 0,
      max: 10,
      step: 1,
    },
    {
      id: 'mss',
      label: { en: "Client's MSS", zh: '客户端的 MSS' },
      hint: {
        en: 'The largest payload of a segment that the client is ready to take, announced in its SYN.',
        zh: '客户端愿意接收的最大报文段载荷，在 SYN 中通告。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.mss'],
      kind: 'number',
      unit: 'B',
      min: 64,
      max: 1_460,
      step: 4,
    },
    {
      id: 'window-scaling',
      label: { en: 'Server offers window scaling', zh: '服务器支持窗口扩大' },
      group: 'tcp',
      paths: ['hosts.server.tcp.windowScaling'],
      kind: 'switch',
    },
    {
      id: 'sack',
      label: { en: 'Server offers SACK', zh: '服务器支持 SACK' },
      group: 'tcp',
      paths: ['hosts.server.tcp.sack'],
      kind: 'switch',
    },
    {
      id: 'timestamps',
      label: { en: 'Server offers timestamps', zh: '服务器支持时间戳' },
      group: 'tcp',
      paths: ['hosts.server.tcp.timestamps'],
      kind: 'switch',
    },
  ],
  expectations: [
    {
      id: 'client-established',
      text: {
        en: 'The client is established after one round trip',
        zh: '客户端经过 1 个往返建立连接',
      },
      metric: 'main/client_established_rtts',
      op: '=',
      value: 1,
      tolerance: 0.02,
      unit: 'rtt',
      why: {
        en: "The SYN goes there and the SYN-ACK comes back; with it the client's number is confirmed and the server's is known (RFC 9293, 3.5).",
        zh: 'SYN 过去，SYN-ACK 回来：客户端的序列号已被确认，服务器的序列号也已得知（RFC 9293，3.5）。',
      },
      given: UNHARMED,
    },
    {
      id: 'server-established',
      text: {
        en: 'The server is established half a round trip later',
        zh: '服务器再过半个往返才建立连接',
      },
      metric: 'main/server_established_rtts',
      op: '=',
      value: 1.5,
      tolerance: 0.02,
      unit: 'rtt',
      why: {
        en: 'Counted from the SYN: the server has to wait until the ACK confirms its own number, and the ACK is one more way under way.',
        zh: '从 SYN 发出时算起：服务器要等 ACK 确认自己的序列号，而 ACK 还要走一个单程。',
      },
      given: UNHARMED,
    },
    {
      id: 'three-segments',
      text: { en: 'Three segments are enough', zh: '三个报文段就够了' },
      metric: 'main/handshake_segments',
      op: '=',
      value: 3,
      unit: 'segments',
      why: {
        en: 'Two numbers to announce and two to confirm; the server does one of each in the same segment.',
        zh: '两个序列号要通告，两个要确认；服务器把其中一次通告和一次确认合在一个报文段里。',
      },
      given: UNHARMED,
    },
    {
      id: 'syn-queue',
      text: {
        en: 'One connection stands half open in the SYN queue',
        zh: '半连接队列里有过一个连接',
      },
      metric: 'main/syn_queue_max',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'From the SYN to the ACK the server keeps the state of a connection that it cannot be sure of.',
        zh: '从收到 SYN 到收到 ACK，服务器要为一个还不能确定的连接保存状态。',
      },
      given: UNHARMED,
    },
    {
      id: 'syn-queue-wait',
      text: {
        en: 'It stands there for one round trip',
        zh: '它在半连接队列里停留 1 个往返',
      },
      metric: 'main/syn_queue_rtts',
      op: '=',
      value: 1,
      tolerance: 0.02,
      unit: 'rtt',
      why: {
        en: 'The SYN-ACK has to reach the client and the ACK has to come back. An attacker who never sends the ACK holds the place much longer.',
        zh: 'SYN-ACK 要到达客户端，ACK 要返回。攻击者若始终不发 ACK，占用的时间就长得多。',
      },
      given: UNHARMED,
    },
    {
      id: 'first-retry',
      text: { en: 'A lost SYN is sent again after 1 s', zh: 'SYN 丢失后 1 秒重发' },
      metric: 'main/syn_interval_1',
      op: '=',
      value: 1_000_000,
      tolerance: 0.02,
      unit: 'us',
      why: BACK_OFF,
      given: [{ path: UP, oneOf: [FIRST_SYN, TWO_SYNS, THREE_SYNS, EVERY_SYN] }, INITIAL_RTO, NO_LOSS],
    },
    {
      id: 'second-retry',
      text: { en: 'The next SYN follows after another 2 s', zh: '再过 2 秒发下一个 SYN' },
      metric: 'main/syn_interval_2',
      op: '=',
      value: 2_000_000,
      tolerance: 0.02,
      unit: 'us',
      why: BACK_OFF,
      given: [{ path: UP, oneOf: [TWO_SYNS, THREE_SYNS, EVERY_SYN] }, INITIAL_RTO, NO_LOSS],
    },
    {
      id: 'third-retry',
      text: { en: 'And the one after that 4 s later', zh: '再过 4 秒发第三次重试' },
      metric: 'main/syn_interval_3',
      op: '=',
      value: 4_000_000,
      tolerance: 0.02,
      unit: 'us',
      why: BACK_OFF,
      given: [{ path: UP, oneOf: [THREE_SYNS, EVERY_SYN] }, INITIAL_RTO, NO_LOSS],
    },
    {
      id: 'syn-ack-retry',
      text: {
        en: 'A lost SYN-ACK is sent again after 1 s',
        zh: 'SYN-ACK 丢失后 1 秒重发',
      },
      metric: 'main/syn_ack_interval_1',
      op: '=',
      value: 1_000_000,
      tolerance: 0.02,
      unit: 'us',
      why: {
        en: "The SYN-ACK takes up a sequence number, so it has a timer of its own; the client's repeated SYN arrives at the same moment and asks for the same.",
        zh: 'SYN-ACK 占用一个序列号，因此有自己的定时器；客户端重发的 SYN 也恰好在这一刻到达，要的是同一个答复。',
      },
      given: [
        { path: DOWN, oneOf: [FIRST_SYN_ACK, TWO_SYN_ACKS] },
        { path: UP, oneOf: [NONE] },
        INITIAL_RTO,
        NO_LOSS,
      ],
    },
    {
      id: 'ack-repaired',
      text: {
        en: 'For a lost ACK the server sends its SYN-ACK again',
        zh: 'ACK 丢失后由服务器重发 SYN-ACK',
      },
      metric: 'main/syn_ack_interval_1',
      op: '=',
      value: 1_000_000,
      tolerance: 0.02,
      unit: 'us',
      why: {
        en: 'Nobody acknowledges an acknowledgment: the client takes the connection for open, and only the timer of the SYN-ACK is still running.',
        zh: '没有人确认一个确认：客户端以为连接已经建立，只有 SYN-ACK 的定时器还在走。',
      },
      given: [
        { path: UP, oneOf: [FIRST_ACK] },
        { path: DOWN, oneOf: [NONE] },
        { path: 'apps.sender.wait', oneOf: [1_500_000] },
        INITIAL_RTO,
        NO_LOSS,
      ],
    },
    {
      id: 'gives-up',
      text: {
        en: 'Without any answer the client gives up after all its retries',
        zh: '始终没有应答时，客户端用完重试次数后放弃',
      },
      metric: 'main/connections_established',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 9293 (3.8.3): a SYN is repeated for at least three minutes in hosts that follow it to the letter; with six retries and 60 s as the longest timeout it is about two, as in the field.',
        zh: 'RFC 9293（3.8.3）要求 SYN 至少重试三分钟；按六次重试、最长超时 60 秒计算约为两分钟，这也是现网的常见做法。',
      },
      given: [{ path: UP, oneOf: [EVERY_SYN] }, NO_LOSS],
    },
  ],
  views: ['ladder', 'states', 'queue', 'packets', 'topology'],
  duration: 180_000_000,
  prediction: {
    question: {
      en: 'The third segment, the ACK, is lost, and the client has nothing to send yet. What repairs the handshake?',
      zh: '第三个报文段 ACK 丢了，而客户端暂时没有数据要发。握手靠什么补救？',
    },
    choices: [
      {
        text: {
          en: 'The client sends the ACK again when its timer runs out',
          zh: '客户端的定时器超时后重发 ACK',
        },
        right: false,
        because: {
          en: 'A bare acknowledgment takes up no sequence number: there is nothing to confirm, so there is no timer for it.',
          zh: '不带数据的确认不占序列号，没有可确认的东西，也就没有定时器。',
        },
      },
      {
        text: {
          en: 'The server sends its SYN-ACK again when its timer runs out',
          zh: '服务器的定时器超时后重发 SYN-ACK',
        },
        right: true,
        because: {
          en: 'The SYN-ACK is still unconfirmed. The client answers the copy with a new ACK. Had it spoken first, its data would have done the same.',
          zh: 'SYN-ACK 仍未得到确认。客户端收到重发的 SYN-ACK 后会再回一个 ACK。若客户端先发数据，数据也能起同样的作用。',
        },
      },
      {
        text: {
          en: 'Nothing: both sides drop the attempt and the client connects anew',
          zh: '无法补救：双方放弃，客户端重新连接',
        },
        right: false,
        because: {
          en: 'The client is already in ESTABLISHED and knows of no failure; the server keeps trying while its retries last.',
          zh: '客户端已处于 ESTABLISHED，并不知道出了问题；服务器在重试次数用完之前会一直尝试。',
        },
      },
    ],
  },
}
