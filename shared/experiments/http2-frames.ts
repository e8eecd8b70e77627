/** 二进制帧与多路复用: frames by stream, in the clear and under TLS, pushed, held back by credit, and with priorities. */
import type { ExperimentInput } from '../experiment.ts'
import { is, PATH_KNOBS, ROUND_TRIPS_ONLY, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

const OBJECTS = 3
const SIZE = 1_200
/** A third of an object. What three streams send of it at a time fits into one segment, so that none is credited in part. */
const SMALL_WINDOW = 400
const LARGE = 12_000

const WINDOW = 'apps.browser.http2.initialWindow'
const PAGE = '/page'
/** Four equal things, asked for at once. */
const FOUR = ['/one', '/two', '/three', '/four'].map((target) => ({ target }))
const [ONE, TWO, THREE, LAST] = FOUR

export const http2Frames: ExperimentInput = {
  id: 'http2-frames',
  chapter: 'http',
  title: { en: 'HTTP/2: frames, streams, credit', zh: 'HTTP/2：二进制帧与多路复用' },
  question: {
    en: 'How can many responses share one connection without standing in line, and what decides who goes first?',
    zh: '许多响应怎样共用一条连接而不必排队？谁先谁后又由什么决定？',
  },
  narrative: [
    {
      en: 'HTTP/1.1 writes text, and where a message ends shows only as one reads it. HTTP/2 cuts everything into frames: nine bytes that give length, type, flags and a stream identifier, and then the payload (RFC 9113, 4.1). HEADERS opens a stream with a request or a response, DATA carries content, SETTINGS, WINDOW_UPDATE and PING serve the connection as a whole. Because each frame says where it belongs, frames of different streams may follow each other in any order, and no response stands behind another. Within a stream the order stays.',
      zh: 'HTTP/1.1 写的是文本，读到哪里才知道消息在哪里结束。HTTP/2 把一切切成帧：先是九个字节，给出长度、类型、标志和流标识符，后面是载荷（RFC 9113，4.1）。HEADERS 帧以一个请求或响应开启一个流，DATA 帧运送内容，SETTINGS、WINDOW_UPDATE、PING 为整条连接服务。每个帧都注明自己属于哪个流，所以不同流的帧可以任意交错，哪个响应也不必排在别人后面；同一个流之内，次序不变。',
    },
    {
      en: 'The first row fetches a page and the three objects that it names, over TCP without TLS. Nothing in HTTP/2 needs encryption: client and server can simply know beforehand that they will speak it (prior knowledge, RFC 9113, 3.3; often called h2c). It is the browsers that insist on TLS. The second row does the same over TLS 1.3, where ALPN settles the version within the handshake; the frames are the same, inside of records, and one more round trip goes by.',
      zh: '第一行不用 TLS，直接在 TCP 上取一个页面和它引用的三个对象。HTTP/2 本身并不需要加密：只要两端事先约定就行（RFC 9113，3.3，俗称 h2c）；坚持要 TLS 的是浏览器。第二行走 TLS 1.3，由 ALPN 在握手中商定版本；帧还是那些帧，装进了 TLS 记录，另外多花一个往返。',
    },
    {
      en: 'Streams opened by the client have odd identifiers, those of the server even ones, so that both can open streams without asking each other. The server has use for them only when it pushes: in the third row it announces the three objects with PUSH_PROMISE frames, in the name of the client as it were, and sends them along with the page. That saves the round trip in which the client would have asked. Yet the server cannot know what the client has in its cache, and pushes were seen to do harm more often than good; browsers have switched them off, and preload hints took their place.',
      zh: '客户端打开的流用奇数标识符，服务器打开的用偶数，这样双方各开各的，不必商量。服务器只有推送时才用得着：第三行里，它先用 PUSH_PROMISE 帧宣布这三个对象，等于替客户端把请求写好，然后随页面一起送出，省掉了客户端开口要的那个往返。但服务器不知道客户端缓存里有什么，实践中推送弊多利少；浏览器已将其关闭，代之以预加载提示。',
    },
    {
      en: 'A receiver must be able to slow down one stream without stopping the others, so each stream has a credit of its own on top of the one for the connection: 65,535 bytes at first, spent by DATA and renewed by WINDOW_UPDATE (5.2). In the fourth row the browser grants 400 bytes a stream. Each object needs three instalments, and for each the server waits a round trip; watch the streams take turns. This credit has nothing to do with the windows of TCP below it: those look after the network and the buffer of the connection, these after the reader of one response.',
      zh: '接收方要能让某一个流慢下来而不影响其他流，所以除了整条连接的额度，每个流还有自己的额度：起初都是 65535 字节，DATA 帧消耗，WINDOW_UPDATE 帧补充（5.2）。第四行的浏览器每个流只给 400 字节，每个对象要分三批，每批都让服务器多等一个往返；可以看到各个流轮流前进。这个额度与下层 TCP 的窗口无关：TCP 的窗口照顾的是网络和整条连接的缓冲区，流的额度照顾的是某一个响应的读者。',
    },
    {
      en: 'The last three rows ask for four equal things at once. Without priorities they come in the order in which they were asked for. In the sixth row the last request says priority: u=0 (RFC 9218): most urgent on a scale from 0 to 7, where 3 is usual. It is a plain header field, so it works in every version of HTTP and passes through proxies, and the server sends that response first. It is a hint, not a command.',
      zh: '最后三行同时请求四个一样大的东西。没有优先级时，按请求的先后送达。第六行里，最后一个请求带着 priority: u=0（RFC 9218）：紧急程度从 0 到 7，0 最急，3 是默认值。它只是一个普通的首部字段，所以任何版本的 HTTP 都能用，也能穿过代理；服务器于是先发这个响应。它是提示，不是命令。',
    },
    {
      en: 'The seventh row shows what came before: the PRIORITY frame of RFC 7540, by which clients built a tree of streams that depend on one another with weights. It was so intricate that most servers got it wrong or left it out, and RFC 9113 (5.3.2) has deprecated it. The frame is still recognised, and nobody need act on it.',
      zh: '第七行展示的是旧方案：RFC 7540 的 PRIORITY 帧，客户端用它把流组成一棵带权重的依赖树。它过于复杂，多数服务器要么做错，要么没做，RFC 9113（5.3.2）已将其废弃。收到这种帧仍要认得，但谁也不必照办。',
    },
    {
      en: 'One kind of standing in line HTTP/2 cannot do away with: all its streams share one TCP connection, which delivers bytes in order or not at all. Set some loss and look at the streams: a single missing segment holds up all of them. The experiment http-versions is about that.',
      zh: '有一种排队是 HTTP/2 消除不了的：所有的流共用一条 TCP 连接，而 TCP 要么按序交付，要么不交付。加一点丢包，看看各个流：缺一个报文段，所有的流都得等。实验 http-versions 专讲这件事。',
    },
  ],
  rfcs: [
    { number: 9113, title: 'HTTP/2: 3.3, 4.1, 5.1.1, 5.2, 5.3.2, 6 and 8.4' },
    { number: 9218, title: 'Extensible Prioritization Scheme for HTTP' },
    { number: 7301, title: 'TLS Application-Layer Protocol Negotiation Extension' },
    { number: 7540, title: 'HTTP/2 (obsoleted by RFC 9113): 5.3 (Stream Priority)' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(150_000),
    apps: {
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        version: 'h2',
        http2: { initialWindow: 65_535 },
        requests: [{ target: PAGE, page: true }],
      },
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['h2'],
        resources: {
          [PAGE]: { type: 'text/html', size: 300, objects: OBJECTS, objectSize: SIZE },
          ...Object.fromEntries(FOUR.map(({ target }) => [target, { size: LARGE }])),
        },
      },
    },
  },
  lanes: [
    { id: 'clear', label: { en: 'In the clear (h2c)', zh: '明文（h2c）' } },
    {
      id: 'secure',
      label: { en: 'Over TLS', zh: 'TLS 之上' },
      set: { 'apps.browser.tls': {}, 'apps.browser.port': 443, 'apps.site.tls': {}, 'apps.site.port': 443 },
    },
    {
      id: 'push',
      label: { en: 'Server push', zh: '服务器推送' },
      set: {
        [`apps.site.resources.${PAGE}.push`]: Array.from({ length: OBJECTS }, (_, i) => `/object/${i + 1}`),
      },
    },
    {
      id: 'window',
      label: { en: 'Credit of 400 bytes a stream', zh: '每个流 400 字节额度' },
      set: { [WINDOW]: SMALL_WINDOW },
    },
    {
      id: 'equal',
      label: { en: 'Four at once', zh: '同时四个' },
      set: { 'apps.browser.requests': FOUR },
    },
    {
      id: 'urgent',
      label: { en: 'The last one urgent (u=0)', zh: '最后一个最急（u=0）' },
      set: {
        'apps.browser.requests': [ONE, TWO, THREE, { ...LAST, priority: { urgency: 0 } }],
      },
    },
    {
      id: 'legacy',
      label: { en: 'PRIORITY frame (deprecated)', zh: 'PRIORITY 帧（已废弃）' },
      set: {
        'apps.browser.requests': [
          ONE,
          TWO,
          THREE,
          { ...LAST, priorityFrame: { dependsOn: 0, weight: 256, exclusive: false } },
        ],
      },
    },
  ],
  knobs: [
    {
      id: 'object-size',
      label: { en: 'Size of the objects', zh: '对象大小' },
      group: 'http',
      paths: [`apps.site.resources.${PAGE}.objectSize`],
      kind: 'number',
      unit: 'B',
      min: 100,
      max: 1_000_000,
      scale: 'log',
    },
    ...PATH_KNOBS,
  ],
  expectations: [
    {
      id: 'streams',
      text: { en: 'Four requests are 4 streams', zh: '四个请求就是 4 个流' },
      metric: 'clear/streams_client',
      op: '=',
      value: 4,
      unit: 'count',
      why: {
        en: 'A stream carries one request and its response (RFC 9113, 8.1).',
        zh: '一个流承载一个请求及其响应（RFC 9113，8.1）。',
      },
    },
    {
      id: 'one-connection',
      text: { en: 'On 1 connection', zh: '都在 1 条连接上' },
      metric: 'clear/connections_opened',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'Streams cost an identifier, connections a handshake and a congestion window of their own.',
        zh: '一个流只花一个标识符，一条连接却要握手，还要有自己的拥塞窗口。',
      },
    },
    {
      id: 'clear-round-trips',
      text: { en: 'In the clear the page takes 3 round trips', zh: '明文时，页面要 3 个往返' },
      metric: 'clear/page_rtts',
      op: '=',
      value: 3,
      tolerance: withinRoundTrips(3),
      unit: 'rtt',
      why: {
        en: 'Connection, page, and all objects at once. HTTP/2 itself adds none: its preface and SETTINGS travel with the first request.',
        zh: '连接、页面，再加同时传来的所有对象。HTTP/2 自身不增加往返：连接前言和 SETTINGS 与第一个请求同行。',
      },
      given: [...ROUND_TRIPS_ONLY, is(`apps.site.resources.${PAGE}.objectSize`, SIZE)],
    },
    {
      id: 'secure-round-trips',
      text: { en: 'Over TLS 1.3 it takes 4', zh: 'TLS 1.3 之上要 4 个' },
      metric: 'secure/page_rtts',
      op: '=',
      value: 4,
      tolerance: withinRoundTrips(4),
      unit: 'rtt',
      why: {
        en: 'One more for the handshake. That is the price of TLS and not of HTTP/2.',
        zh: '多出的一个用于握手。这是 TLS 的代价，不是 HTTP/2 的。',
      },
      given: [...ROUND_TRIPS_ONLY, is(`apps.site.resources.${PAGE}.objectSize`, SIZE)],
    },
    {
      id: 'no-even-streams',
      text: { en: 'Without push no stream is the server’s', zh: '不推送，就没有服务器打开的流' },
      metric: 'clear/streams_server',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'Servers open streams for pushes only; those are the even ones (RFC 9113, 5.1.1).',
        zh: '服务器只为推送而打开流，用的是偶数标识符（RFC 9113，5.1.1）。',
      },
    },
    {
      id: 'even-streams',
      text: { en: 'Three pushes are 3 even streams', zh: '推送三个对象，就有 3 个偶数流' },
      metric: 'push/streams_server',
      op: '=',
      value: 3,
      unit: 'count',
      why: {
        en: 'Each is reserved by a PUSH_PROMISE on the stream of the page (RFC 9113, 8.4).',
        zh: '每个都由页面所在流上的一个 PUSH_PROMISE 预留（RFC 9113，8.4）。',
      },
    },
    {
      id: 'push-round-trips',
      text: { en: 'And the page takes 2 round trips', zh: '而页面只要 2 个往返' },
      metric: 'push/page_rtts',
      op: '=',
      value: 2,
      tolerance: withinRoundTrips(2),
      unit: 'rtt',
      why: {
        en: 'The objects come along with the page. The browser finds them there when it wants to ask.',
        zh: '对象随页面一起到达，浏览器正要开口，东西已经在手上了。',
      },
      given: [...ROUND_TRIPS_ONLY, is(`apps.site.resources.${PAGE}.objectSize`, SIZE)],
    },
    {
      id: 'window-round-trips',
      text: { en: 'With 400 bytes of credit it takes 5', zh: '每个流只有 400 字节额度时要 5 个' },
      metric: 'window/page_rtts',
      op: '=',
      value: 5,
      tolerance: withinRoundTrips(5),
      unit: 'rtt',
      why: {
        en: '1,200 bytes are three instalments, and between two of them a WINDOW_UPDATE has to cross and DATA to come back.',
        zh: '1200 字节要分三批，每两批之间都要等 WINDOW_UPDATE 过去、DATA 回来。',
      },
      given: [...ROUND_TRIPS_ONLY, is(`apps.site.resources.${PAGE}.objectSize`, SIZE)],
    },
    {
      id: 'window-stall',
      text: { en: 'It is the credit that the server waits for', zh: '服务器等的是流的额度' },
      metric: 'window/stall_stream_credit',
      op: '>',
      value: 0,
      unit: 'ratio',
      why: {
        en: 'Share of its time in which everything else would have let it send.',
        zh: '指其他条件都允许发送、唯独额度不够的时间占比。',
      },
      given: [...UNDISTURBED, is(`apps.site.resources.${PAGE}.objectSize`, SIZE)],
    },
    {
      id: 'in-order',
      text: { en: 'Equal requests are answered in order', zh: '同等的请求按先后应答' },
      metric: 'equal/overtakings',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'With nothing to choose between them, first come, first served.',
        zh: '没有轻重之分，就先到先得。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'urgent-first',
      text: { en: 'The urgent one overtakes the others', zh: '最急的那个超到前面' },
      metric: 'urgent/overtakings',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 9218 (10): a server should send responses of lower urgency numbers first. One response is finished while earlier requests still wait.',
        zh: 'RFC 9218（10）：服务器应当先发紧急程度数值小的响应。于是有一个响应，在更早的请求还在等待时就完成了。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'legacy-frame',
      text: { en: 'The old PRIORITY frame crosses once', zh: '旧的 PRIORITY 帧出现 1 次' },
      metric: 'legacy/frames_priority',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'Written by hand, since it is deprecated; the connection goes on as if nothing had been.',
        zh: '它已被废弃，所以是手工写进去的；连接照常进行，仿佛什么也没发生。',
      },
    },
    {
      id: 'no-legacy-frame',
      text: { en: 'RFC 9218 does without it', zh: 'RFC 9218 用不着它' },
      metric: 'urgent/frames_priority',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'A header field is enough, and it survives a proxy that speaks HTTP/1.1 on its other side.',
        zh: '一个首部字段就够了，即使代理的另一侧说的是 HTTP/1.1，它也能传过去。',
      },
    },
  ],
  views: ['frames', 'streams', 'waterfall', 'layers', 'stalls', 'hpack', 'ladder', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'The server pushes three objects with a page that the client asked for on stream 1. Which identifiers do the pushed streams have?',
      zh: '客户端在流 1 上请求页面，服务器随之推送三个对象。推送用的流标识符是哪些？',
    },
    choices: [
      {
        text: { en: '3, 5 and 7', zh: '流 3、5、7' },
        right: false,
        because: {
          en: 'These are for the client’s next requests. If both sides drew on the same numbers, they could pick the same one at the same moment.',
          zh: '那是留给客户端后续请求的。若两端共用一套编号，就可能同时选中同一个。',
        },
      },
      {
        text: { en: '2, 4 and 6', zh: '流 2、4、6' },
        right: true,
        because: {
          en: 'Even numbers are the server’s (RFC 9113, 5.1.1).',
          zh: '偶数归服务器（RFC 9113，5.1.1）。',
        },
      },
      {
        text: { en: '1, like the page', zh: '都是 1，与页面相同' },
        right: false,
        because: {
          en: 'Only the promise is made there; a stream carries a single exchange.',
          zh: '那里只发承诺；一个流只承载一次请求与应答。',
        },
      },
    ],
  },
}
