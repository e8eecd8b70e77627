/** HTTP/1.1、2、3 对比: one page of many objects, over links that lose the same packets. */
import type { ExperimentInput } from '../experiment.ts'
import { CONNECTION_WINDOW, INITIAL_WINDOW, KNOBS, PAGE } from './http-versions-knobs.ts'
import { bothWays } from './link-knobs.ts'
import { is, UNDISTURBED } from './web.ts'

const OBJECTS = 100
const OBJECT_SIZE = 10_000
const RATE = 20_000_000
const DELAY = 25_000
/** Of TLS 1.3: one for TCP, one for TLS. Then one for the page. */
const OPENING = 2
const ROUND_TRIP = 2 * DELAY

/** More than the path holds. */
const WIDE_WINDOW = 262_144
const LANES = ['h1', 'h1x6', 'h2', 'h3'] as const
const NAMES = {
  h1: { en: 'HTTP/1.1, one connection', zh: 'HTTP/1.1，1 条连接' },
  h1x6: { en: 'HTTP/1.1, six connections', zh: 'HTTP/1.1，6 条连接' },
  h2: { en: 'HTTP/2', zh: 'HTTP/2，1 条连接' },
  h3: { en: 'HTTP/3', zh: 'HTTP/3，1 条连接' },
} as const

const THIS_PAGE = [is(`${PAGE}.objects`, OBJECTS), is(`${PAGE}.objectSize`, OBJECT_SIZE)]
const THIS_DISTANCE = bothWays('delay').map((path) => is(path, DELAY))
/** Nobody drops anything: no dice, and no queue that runs over. */
const LOSSLESS = [
  ...UNDISTURBED,
  ...THIS_PAGE,
  ...THIS_DISTANCE,
  ...bothWays('rate.limit').map((path) => is(path, RATE)),
  is(CONNECTION_WINDOW, INITIAL_WINDOW, WIDE_WINDOW),
]
const WIDE = [...LOSSLESS, is(CONNECTION_WINDOW, WIDE_WINDOW)]
const NARROW = [...LOSSLESS, is(CONNECTION_WINDOW, INITIAL_WINDOW)]
const LOSSY = [...THIS_PAGE, ...bothWays('loss.rate').map((path) => is(path, 0.02, 0.05, 0.1))]

/**
 * Round trips that six connections need at least for the objects: the first has an object in each, the five others only
 * after they have been opened.
 */
function roundTripsOfSix(): number {
  let trips = 0
  while (trips + 5 * Math.max(0, trips - OPENING) < OBJECTS) trips++
  return trips
}
const LEAST = {
  h1: (OPENING + 1 + OBJECTS) * ROUND_TRIP,
  h1x6: (OPENING + 1 + roundTripsOfSix()) * ROUND_TRIP,
  /** A window a round trip: the first comes with the answer to the first request for an object. */
  h2: (OPENING + 1 + Math.ceil((OBJECTS * OBJECT_SIZE) / INITIAL_WINDOW - 1)) * ROUND_TRIP,
} as const

const inOrder = (lane: 'h1' | 'h1x6'): ExperimentInput['expectations'][number] => ({
  id: `${lane}-own-order`,
  text: {
    en: `${NAMES[lane].en}: at most the first exchange of a connection waits for bytes that are not its own`,
    zh: `${NAMES[lane].zh}：至多每条连接的第一次请求与响应会等不属于自己的字节`,
  },
  metric: `${lane}/cross_blocked_streams`,
  op: '<=',
  value: `${lane}/connections_opened`,
  unit: 'count',
  why: {
    en: 'Without pipelining, a connection carries one exchange at a time, and what is missing before a byte belongs to the same exchange. Only before the first may bytes of TLS be missing: the client’s Finished before its request, or the server’s session tickets (NewSessionTicket, RFC 8446 4.6.1) before its response.',
    zh: '不用管道时，一条连接同时只承载一次请求与响应，某个字节之前缺的也属于同一次。只有第一次之前可能缺 TLS 自己的字节：请求之前缺客户端的 Finished，或者响应之前缺服务器的会话票据（NewSessionTicket，RFC 8446 4.6.1）。',
  },
})

const always = (lane: (typeof LANES)[number]): ExperimentInput['expectations'] => [
  {
    id: `${lane}-complete`,
    text: { en: `${NAMES[lane].en}: the whole page arrives`, zh: `${NAMES[lane].zh}：整个页面都收到` },
    metric: `${lane}/requests_failed`,
    op: '=',
    value: 0,
    unit: 'count',
    why: {
      en: 'TCP and QUIC repair whatever the link loses; it costs time, not bytes.',
      zh: '链路丢了什么，TCP 和 QUIC 都会补上；代价是时间，而不是数据。',
    },
  },
  {
    id: `${lane}-stalls`,
    text: {
      en: `${NAMES[lane].en}: every moment of the servers has exactly one reason`,
      zh: `${NAMES[lane].zh}：发送方的每一时刻都恰好有一个原因`,
    },
    metric: `${lane}/stall_total`,
    op: '=',
    value: 1,
    tolerance: 0.000_001,
    unit: 'ratio',
    why: {
      en: 'From its first packet to its last a sender either sends or waits for one thing; the shares of all its connections add up to 100 %.',
      zh: '从第一个包到最后一个包，发送方要么在发，要么在等某一样东西；所有连接的各部分之和必为 100%。',
    },
  },
]

const lossless = (lane: (typeof LANES)[number]): ExperimentInput['expectations'] =>
  (['self', 'cross'] as const).map((kind) => ({
    id: `${lane}-${kind}-lossless`,
    text: {
      en: `${NAMES[lane].en}: without loss nothing is ${kind}-blocked, exactly`,
      zh: `${NAMES[lane].zh}：不丢包时，${kind === 'self' ? '自身阻塞' : '交叉阻塞'}恰好为 0`,
    },
    metric: `${lane}/${kind}_blocked_byte_ms`,
    op: '=',
    value: 0,
    why: {
      en: 'Without loss or reordering the bytes come in order, and no byte arrives before one that it has to wait for.',
      zh: '没有丢包和乱序，字节就按序到达，不会有哪个字节先到而要等前面的。',
    },
    given: LOSSLESS,
  }))

const direction = { delay: DELAY, rate: { limit: RATE }, loss: { rate: 0.02 } }

export const httpVersions: ExperimentInput = {
  id: 'http-versions',
  chapter: 'http',
  title: { en: 'HTTP/1.1, HTTP/2 and HTTP/3', zh: 'HTTP/1.1、2、3 对比' },
  question: {
    en: 'HTTP/2 sends all responses side by side over one connection, HTTP/3 does so over QUIC. What do they win, and what does one lost packet cost each of them?',
    zh: 'HTTP/2 把所有响应放在一条连接上并行传输，HTTP/3 在 QUIC 上也这样做。它们各赢在哪里？丢一个包，各要付出什么？',
  },
  narrative: [
    {
      en: 'A page names 100 objects of 10 kB and is loaded over four links alike: 20 Mbit/s, 25 ms each way, TLS 1.3. The first lane speaks HTTP/1.1 on one connection, the second HTTP/1.1 on six, as browsers do, the third HTTP/2 on one, the fourth HTTP/3 on one. The links throw the same dice: the k-th packet of a direction is lost in all lanes or in none. What it carries is not the same everywhere (QUIC’s packets are a little smaller, so there are more of them), and so there is some luck in a single run: look at several seeds.',
      zh: '一个页面引用 100 个 10 kB 的对象，分别经四条相同的链路加载：20 Mbit/s，单向 25 毫秒，TLS 1.3。第一组用 HTTP/1.1 和 1 条连接，第二组用 HTTP/1.1 和 6 条连接（浏览器的做法），第三组用 HTTP/2 和 1 条连接，第四组用 HTTP/3 和 1 条连接。四条链路掷同一副骰子：每个方向的第 k 个包，要么各组都丢，要么都不丢。不过这个包在各组里装的内容并不相同（QUIC 的包略小，所以包数也多一些），单次运行仍带点运气，要多看几个种子。',
    },
    {
      en: 'Set the loss to 0 first. On one connection HTTP/1.1 asks, waits, and asks again: a round trip for each object, and the server is idle in between (the bar of stalls calls it "application"). Six connections do this six times at once, at the price of six handshakes. HTTP/2 asks for everything at once: each object becomes a stream, and the frames of many streams share the one connection. Now the link is the limit, and no longer the distance. HTTP/3 does the same and saves the round trip that TCP takes to open; more there is not to win where nothing is lost.',
      zh: '先把丢包率设为 0。HTTP/1.1 在一条连接上问一个、等一个、再问下一个：每个对象一个往返，其间服务器无事可做（停顿原因图里记为“应用程序”）。六条连接同时这样做，代价是六次握手。HTTP/2 一次问完：每个对象是一个流，许多流的帧共用一条连接。此时的瓶颈是链路，而不再是距离。HTTP/3 同样如此，再省下 TCP 建立连接的那个往返；不丢包时，能赢的也就这么多。',
    },
    {
      en: 'Side by side means that no request waits for its turn. The bytes still leave one object after the other, in HTTP/2 and HTTP/3 alike: the server of HTTP/3 does so because nobody has asked for anything else (RFC 9218 10), that of HTTP/2 takes turns by DATA frame, and an object of this size is just one frame. Make the objects larger than 16,384 bytes, and HTTP/2 mixes them while HTTP/3 does not; then a part of the difference is the order of sending.',
      zh: '并行，是说请求不必排队。字节仍然一个对象接一个对象地发出，HTTP/2 和 HTTP/3 都是如此：HTTP/3 的服务器这样做，是因为没有谁要求别的次序（RFC 9218 10）；HTTP/2 的服务器按 DATA 帧轮流，而这么大的对象恰好只有一帧。把对象调到 16384 字节以上，HTTP/2 就会交错发送，HTTP/3 则不会；那时两者的差别有一部分来自发送次序。',
    },
    {
      en: 'Now with losses. TCP hands its bytes up in order and knows nothing of streams. If a packet dies on the HTTP/2 connection, all bytes behind it wait in the receive buffer until the retransmission is there. For the stream whose bytes are missing this is as it must be: it is self-blocked. The others miss nothing of their own and wait all the same: they are cross-blocked. The headline view has a row for each stream and tells the two apart; click a hatched span to see the packet that is to blame. HTTP/1.1 hardly knows cross-blocking: on each of its connections there is one response at a time, and the other connections go on.',
      zh: '再看有丢包的情形。TCP 按序交付字节，对流一无所知。HTTP/2 的连接上丢了一个包，它之后的所有字节都要在接收缓冲区里等，直到重传到达。对缺了字节的那个流，这理所应当，称为自身阻塞；其他的流什么也不缺，却也得等，称为交叉阻塞。总览视图中每个流占一行，两者分开标出；点击带斜线的一段，就能看到该怪哪个包。HTTP/1.1 几乎没有交叉阻塞：每条连接上一次只有一个响应，其余连接照常前进。',
    },
    {
      en: 'In HTTP/3 each stream has an order of its own, and cross-blocked is exactly 0, in every run. That is not the same as "no head-of-line blocking". A stream still waits for its own missing bytes. A packet may come before its keys, when the end of the handshake was lost (key-blocked), and a header section before the entries of the table that it refers to (QPACK-blocked). These are rare and are told by name, so that nothing hides.',
      zh: 'HTTP/3 里每个流各自有序，交叉阻塞恰好为 0，每次运行都是。但这不等于“没有队头阻塞”。流仍要等自己缺的字节；握手的末尾若丢了，包会先于密钥到达（密钥阻塞）；首部段也可能先于它引用的表条目到达（QPACK 阻塞）。后两种少见，这里各按其名标出，不让任何一种藏起来。',
    },
    {
      en: 'Does the page load faster for it? Less than one would think. Each loss also takes a part of the congestion window of its connection, and HTTP/2 and HTTP/3 have only one, while of six windows five stay as they are. At 2 % loss the six connections are mostly ahead, although they lost clearly without; HTTP/3 and HTTP/2 lie close together, for their windows meet the same losses. Try several seeds. What costs more, window or blocking? Switch congestion control off, so that a loss takes no window any more, and both are mostly ahead of the six again: it was the window more than the blocking. What independent streams win is that each response that is whole can be used at once, and the page as a whole is not the measure of that.',
      zh: '页面因此加载得更快吗？没有想象的多。每次丢包还会缩小所在连接的拥塞窗口，HTTP/2 和 HTTP/3 各只有一个窗口，六条连接则有五个不受影响。不丢包时六条连接明显落后，丢包 2% 时却多半在前；HTTP/3 与 HTTP/2 相差不多，因为两者的窗口遭遇同样的丢失。换几个种子试试。窗口和阻塞哪个代价大？关掉拥塞控制，丢包不再缩小窗口，两者多半又回到六条连接前面：主要的代价在窗口，而不是阻塞。流互相独立的好处，是每个收完整的响应马上就能用，而整页的耗时并不衡量这一点。',
    },
    {
      en: 'There is one more way to wait, and it needs no loss. A TLS record can be opened only when it is whole, for its authentication tag stands at its end. Over TCP each object here is a record or two, which come in several segments, and the first of these wait for the last: record-blocked. On a slow connection it mostly adds up to more than the other kinds. QUIC has no records: each packet carries its own tag and is opened when it comes.',
      zh: '还有一种等待，不丢包也会发生。TLS 记录要完整到齐才能解开，因为认证标签在末尾。在 TCP 上，这里每个对象是一两条记录，分成好几个报文段到达，先到的要等最后一个：这是记录阻塞。连接慢的时候，它多半比其他几种加起来还多。QUIC 没有记录：每个包自带标签，到了就能解开。',
    },
    {
      en: 'HTTP/2 and QUIC also have flow control of their own. The window of HTTP/2 for the whole connection begins at 65,535 bytes (RFC 9113 6.9.2), which is less than this link holds in a round trip. The client here gives both 262,144. Set it back: most of the time is put down to connection credit, and even without loss they fall behind the six connections.',
      zh: 'HTTP/2 和 QUIC 还有自己的流量控制。HTTP/2 整条连接的窗口从 65535 字节起步（RFC 9113 6.9.2），比这条链路一个往返能装下的还少。这里的客户端给两者都是 262144。把它调回去：大部分时间都要归到“连接额度”，即使不丢包，它们也落到六条连接后面。',
    },
  ],
  rfcs: [
    { number: 9112, title: 'HTTP/1.1: 9.3, Persistence' },
    { number: 9113, title: 'HTTP/2: 5, Streams and Multiplexing, and 6.9, WINDOW_UPDATE' },
    { number: 9114, title: 'HTTP/3' },
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 2.2 and 4.1' },
    { number: 9218, title: 'Extensible Prioritization Scheme for HTTP: 10, Server Scheduling' },
    { number: 9204, title: 'QPACK: Field Compression for HTTP/3: 2.1.2' },
    { number: 9293, title: 'Transmission Control Protocol (TCP)' },
    { number: 9438, title: 'CUBIC for Fast and Long-Distance Networks' },
    { number: 8446, title: 'The Transport Layer Security (TLS) Protocol Version 1.3: 5, Record Protocol' },
  ],
  setup: {
    hosts: {
      // RFC 6298 (2.4) says 1 s; systems in the field use 200 ms.
      client: {
        role: 'client',
        tcp: { nagle: false, minRto: 200_000 },
        // As HTTP/2 has it: more than the path holds, less than path and queue together, so that without dice nothing is lost.
        quic: { maxData: WIDE_WINDOW, maxStreamData: INITIAL_WINDOW },
      },
      // Node's HTTP/2 lets a client have as many streams as it likes.
      server: { role: 'server', tcp: { nagle: false, minRto: 200_000 }, quic: { maxStreamsBidi: 1_000 } },
    },
    links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
    apps: {
      site: {
        kind: 'http-server',
        host: 'server',
        port: 443,
        tls: {},
        versions: ['h3', 'h2', 'http/1.1'],
        resources: { '/': { type: 'text/html', objects: OBJECTS, objectSize: OBJECT_SIZE } },
      },
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 443,
        tls: {},
        version: 'http/1.1',
        connections: 1,
        http2: { initialWindow: INITIAL_WINDOW, connectionWindow: WIDE_WINDOW },
        requests: [{ target: '/', page: true }],
      },
    },
  },
  lanes: [
    { id: 'h1', label: NAMES.h1 },
    { id: 'h1x6', label: NAMES.h1x6, set: { 'apps.browser.connections': 6 } },
    { id: 'h2', label: NAMES.h2, set: { 'apps.browser.version': 'h2' } },
    { id: 'h3', label: NAMES.h3, set: { 'apps.browser.version': 'h3' } },
  ],
  knobs: KNOBS,
  expectations: [
    {
      id: 'h2-cross-blocked',
      text: {
        en: 'Under loss, streams of HTTP/2 wait for bytes of others',
        zh: '有丢包时，HTTP/2 的流要等别的流的字节',
      },
      metric: 'h2/cross_blocked_time',
      op: '>',
      value: 0,
      unit: 'us',
      why: {
        en: 'One order for all streams (RFC 9293 3.4): what stands behind a missing segment waits, whosoever it is. Summed over the streams.',
        zh: '所有流共用一个次序（RFC 9293 3.4）：缺失的报文段之后，不管是谁的字节都要等。这里是各流之和。',
      },
      given: LOSSY,
    },
    {
      id: 'h3-never-crossed',
      text: {
        en: 'Streams of HTTP/3 never do, whatever the loss',
        zh: 'HTTP/3 的流从不如此，不论丢多少',
      },
      metric: 'h3/cross_blocked_time',
      op: '=',
      value: 0,
      unit: 'us',
      why: {
        en: 'RFC 9000 (2.2): QUIC keeps the order within a stream and none between streams.',
        zh: 'RFC 9000（2.2）：QUIC 只在流内保持次序，流与流之间没有次序。',
      },
    },
    {
      id: 'h3-self-blocked',
      text: {
        en: 'But they wait for bytes of their own',
        zh: '但仍要等自己缺的字节',
      },
      metric: 'h3/self_blocked_time',
      op: '>',
      value: 0,
      unit: 'us',
      why: {
        en: 'RFC 9000 (2.2): within a stream the bytes are delivered in order, over QUIC as over TCP.',
        zh: 'RFC 9000（2.2）：同一个流里的字节必须按序交付，QUIC 和 TCP 一样。',
      },
      given: LOSSY,
    },
    ...(['key', 'qpack'] as const).map((kind) => ({
      id: `h3-${kind}-lossless`,
      text: {
        en: `Without loss nothing is ${kind === 'key' ? 'key-blocked' : 'QPACK-blocked'}, exactly`,
        zh: `不丢包时，${kind === 'key' ? '密钥阻塞' : 'QPACK 阻塞'}恰好为 0`,
      },
      metric: `h3/${kind}_blocked_byte_ms`,
      op: '=' as const,
      value: 0,
      why:
        kind === 'key'
          ? {
              en: 'The handshake leaves before what it protects. Under loss of its end a packet may come before its keys (RFC 9001 5.7).',
              zh: '握手先于受它保护的内容发出。若握手的末尾丢了，包就可能先于密钥到达（RFC 9001 5.7）。',
            }
          : {
              en: 'Instructions leave before the sections that need them. When they are lost, such a section has to wait (RFC 9204 2.1.2).',
              zh: '指令先于需要它的首部段发出。指令一旦丢失，这样的首部段就得等（RFC 9204 2.1.2）。',
            },
      given: LOSSLESS,
    })),
    {
      id: 'h3-no-records',
      text: { en: 'HTTP/3 knows no TLS records to wait for', zh: 'HTTP/3 没有 TLS 记录可等' },
      metric: 'h3/record_blocked_time',
      op: '=',
      value: 0,
      unit: 'us',
      why: {
        en: 'RFC 9001 (5.3): each packet is authenticated by itself and opened when it comes.',
        zh: 'RFC 9001（5.3）：每个包单独认证，到了就能解开。',
      },
    },
    inOrder('h1'),
    inOrder('h1x6'),
    ...LANES.flatMap(lossless),
    {
      id: 'record-blocked',
      text: {
        en: 'Yet bytes wait for the rest of their TLS record',
        zh: '但字节仍要等自己的 TLS 记录到齐',
      },
      metric: 'h2/record_blocked_time',
      op: '>',
      value: 0,
      unit: 'us',
      why: {
        en: 'RFC 8446 (5.2): a record is authenticated as a whole, and one of these spans several segments.',
        zh: 'RFC 8446（5.2）：记录作为整体认证，而这里的一条记录跨越好几个报文段。',
      },
      given: LOSSLESS,
    },
    {
      id: 'h1-least',
      text: {
        en: `HTTP/1.1 on one connection takes at least ${LEAST.h1 / ROUND_TRIP} round trips`,
        zh: `HTTP/1.1 用 1 条连接至少要 ${LEAST.h1 / ROUND_TRIP} 个往返`,
      },
      metric: 'h1/page_time',
      op: '>=',
      value: LEAST.h1,
      unit: 'us',
      why: {
        en: 'TCP, TLS and the page, then one for each of the 100 objects: 103 times 50 ms, with any loss and at any rate.',
        zh: 'TCP、TLS、页面各一个，再加 100 个对象各一个：103 × 50 毫秒，不论丢包和速率如何。',
      },
      given: [...THIS_PAGE, ...THIS_DISTANCE],
    },
    {
      id: 'h1x6-least',
      text: {
        en: `On six connections it takes at least ${LEAST.h1x6 / ROUND_TRIP}`,
        zh: `用 6 条连接至少要 ${LEAST.h1x6 / ROUND_TRIP} 个`,
      },
      metric: 'h1x6/page_time',
      op: '>=',
      value: LEAST.h1x6,
      unit: 'us',
      why: {
        en: 'Three for the page. In 19 more the first connection has 19 objects, and each of the five others 17, since it takes two to open: 104; in 18 it would be 98.',
        zh: '页面用去 3 个。再过 19 个往返，第一条连接取回 19 个对象，另外五条各要先用 2 个往返建立，各取回 17 个，合计 104；若只有 18 个往返，则是 98。',
      },
      given: [...THIS_PAGE, ...THIS_DISTANCE],
    },
    {
      id: 'six-before-one',
      text: {
        en: 'Without loss six connections are faster than one',
        zh: '不丢包时，6 条连接快于 1 条',
      },
      metric: 'h1x6/page_time',
      op: '<',
      value: 'h1/page_time',
      unit: 'us',
      why: {
        en: 'Six requests share a round trip, and the link has room for that.',
        zh: '六个请求共用一个往返，而链路容得下。',
      },
      given: LOSSLESS,
    },
    {
      id: 'two-before-six',
      text: {
        en: 'Without loss HTTP/2 is faster than six connections',
        zh: '不丢包时，HTTP/2 快于 6 条连接',
      },
      metric: 'h2/page_time',
      op: '<',
      value: 'h1x6/page_time',
      unit: 'us',
      why: {
        en: 'All requests share one round trip, and there is one handshake. What is left is the time that the link takes.',
        zh: '所有请求共用一个往返，握手只有一次；剩下的就是链路传输的时间。',
      },
      given: WIDE,
    },
    {
      id: 'narrow-least',
      text: {
        en: `With the initial connection window HTTP/2 takes at least ${LEAST.h2 / ROUND_TRIP} round trips`,
        zh: `连接窗口停在初始值时，HTTP/2 至少要 ${LEAST.h2 / ROUND_TRIP} 个往返`,
      },
      metric: 'h2/page_time',
      op: '>=',
      value: LEAST.h2,
      unit: 'us',
      why: {
        en: 'Three for the page. A million bytes of objects are more than 15 windows of 65,535, and a window is filled again only a round trip after its bytes have left (RFC 9113 6.9).',
        zh: '页面用去 3 个。对象共一百万字节，超过 15 个 65535 字节的窗口；窗口用掉之后，要过一个往返才能补上（RFC 9113 6.9）。',
      },
      given: NARROW,
    },
    {
      id: 'six-before-two',
      text: {
        en: 'And six connections are faster, even without loss',
        zh: '这时即使不丢包，也是 6 条连接更快',
      },
      metric: 'h1x6/page_time',
      op: '<',
      value: 'h2/page_time',
      unit: 'us',
      why: {
        en: 'They have no such window: each of them is held by that of TCP alone. Node begins with the initial value; browsers raise it at once.',
        zh: '它们没有这种窗口，每条连接只受 TCP 窗口的限制。Node 默认用初始值，浏览器一开始就会调高。',
      },
      given: NARROW,
    },
    {
      id: 'three-before-two',
      text: {
        en: 'Without loss HTTP/3 is faster than HTTP/2',
        zh: '不丢包时，HTTP/3 快于 HTTP/2',
      },
      metric: 'h3/page_time',
      op: '<',
      value: 'h2/page_time',
      unit: 'us',
      why: {
        en: 'By the round trip that TCP takes to open (RFC 9000 7). Then the link is the limit for both.',
        zh: '省下 TCP 建立连接的那个往返（RFC 9000 7）。此后两者都受链路限制。',
      },
      given: WIDE,
    },
    ...LANES.flatMap(always),
  ],
  views: [
    'headline',
    'streams',
    'waterfall',
    'stalls',
    'windows',
    'layers',
    'frames',
    'quic',
    'sequence',
    'queue',
    'ladder',
    'packets',
    'topology',
  ],
  duration: 600_000_000,
  prediction: {
    question: {
      en: 'An HTTP/2 connection carries twenty responses side by side, and one packet in the middle is lost. Which responses have to wait for its retransmission?',
      zh: '一条 HTTP/2 连接上并行传输二十个响应，中间丢了一个包。哪些响应要等它重传？',
    },
    choices: [
      {
        text: {
          en: 'Only the one whose bytes were in the packet',
          zh: '只有字节在那个包里的响应',
        },
        right: false,
        because: {
          en: 'So it is in HTTP/3, where each stream has an order of its own. Here TCP has one order for all.',
          zh: 'HTTP/3 的每个流各有自己的次序，就是这样。而这里 TCP 对所有流只有一个次序。',
        },
      },
      {
        text: {
          en: 'All that have bytes behind the lost ones',
          zh: '凡是有字节排在它后面的响应',
        },
        right: true,
        because: {
          en: 'TCP gives nothing to TLS that stands behind a hole, and so HTTP/2 does not even learn which stream it is for.',
          zh: '空洞之后的字节，TCP 一个也不交给 TLS，HTTP/2 甚至无从得知它们属于哪个流。',
        },
      },
      {
        text: {
          en: 'None: frames carry the number of their stream, so they can be told apart',
          zh: '都不用等：帧里有流的编号，可以区分',
        },
        right: false,
        because: {
          en: 'The numbers are inside the byte stream, and the hole keeps that from being read on.',
          zh: '编号在字节流里面，而字节流在空洞处就断了，读不下去。',
        },
      },
    ],
  },
}
