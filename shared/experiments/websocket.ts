/** WebSocket 与轮询: news from a server by asking, by asking and waiting, by an answer without end, and over a WebSocket. */
import type { ExperimentInput } from '../experiment.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink } from './web.ts'
import { bothWays } from './link-knobs.ts'

const COUNT = 20
const EVERY = 1_000_000
const INTERVAL = 1_000_000
const DELAY = 100_000
const RTT = 2 * DELAY
/** News that come seldom, and thick and fast. */
const SELDOM = 3_000_000
const RUSH = 100_000

const HOW = 'apps.reader.how'
const NEWS_EVERY = 'apps.feed.every'
const ASKS_EVERY = 'apps.reader.interval'
const TIMED = [...UNDISTURBED, ...bothWays('delay').map((path) => is(path, DELAY))]

const hearsAll = (lane: string, en: string, zh: string): ExperimentInput['expectations'][number] => ({
  id: `${lane}-all`,
  text: { en: `${en}: all 20 messages`, zh: `${zh}：20 条消息全到` },
  metric: `${lane}/messages_delivered`,
  op: '=',
  value: COUNT,
  unit: 'count',
  why: {
    en: 'The client says which message it has last, so the server knows what it lacks.',
    zh: '客户端说明自己最后收到哪一条，服务器就知道还缺哪些。',
  },
})

const oneRequest = (lane: string, en: string, zh: string): ExperimentInput['expectations'][number] => ({
  id: `${lane}-one-request`,
  text: { en: `${en}: 1 request for all of it`, zh: `${zh}：只有 1 个请求` },
  metric: `${lane}/requests`,
  op: '=',
  value: 1,
  unit: 'count',
  why: {
    en: 'After it the server speaks whenever it has something to say.',
    zh: '此后服务器有话就说，不必再等人来问。',
  },
  given: TIMED,
})

export const websocket: ExperimentInput = {
  id: 'websocket',
  chapter: 'http',
  title: { en: 'WebSocket and polling', zh: 'WebSocket 与轮询' },
  question: {
    en: 'Something happens at a server, and a browser is to hear of it at once. But in HTTP it is always the client that begins. What can be done?',
    zh: '服务器上出了新消息，浏览器要马上知道。可是在 HTTP 里，总是客户端先开口。怎么办？',
  },
  narrative: [
    {
      en: '20 messages of 100 bytes come up at a server, at moments drawn by lot, 1 s apart on average. Four clients want them. The first one polls: it asks every second whether there is news. Mostly there is none, or it has been lying there for a while. A message waits half an interval on average and a whole one at worst. Ask more often, and you wait less and pay more; that is all there is to be had on this way.',
      zh: '服务器上陆续出现 20 条 100 字节的消息，时刻随机，平均相隔 1 s。四个客户端都想要。第一个用轮询：每秒问一次有没有新消息。多半没有，有的话也已经搁了一会儿。一条消息平均等半个间隔，最坏等一整个。问得勤，等得少，花得多；这条路上能做的就这么点取舍。',
    },
    {
      en: 'The second client asks and the server does not answer: it holds the request until there is something to say. This is long polling. The news is there after one way, as fast as can be. Then the client has to ask again, and whatever comes up before the next request has arrived waits for it: for up to one more round trip. Set a message every 100 ms and look at the delays. And the header sections of a request and a response are paid for each message.',
      zh: '第二个客户端问了，服务器却不马上答：先拿着这个请求，等有话说再答。这就是长轮询。消息经过一个单程就到，快得不能再快。但随后客户端得重新问，在下一个请求到达之前出现的消息只好等着，最多要多等一个往返。把消息间隔设成 100 ms，看看时延。而且每条消息都要付一份请求首部和一份响应首部的账。',
    },
    {
      en: 'The third one asks once and gets an answer that does not end: Content-Type is text/event-stream, and each message is a few lines of text in it (server-sent events). So it is not true that HTTP/1.1 cannot push: a response may take as long as it likes. What it cannot do is let both sides speak as they like. It is called half-duplex for that, which is half right: TCP below is full-duplex and stays so, and only the rules of HTTP make the two take turns. If the connection breaks, the browser asks again by itself and says with Last-Event-ID what it has had.',
      zh: '第三个只问一次，得到一个没有结尾的响应：Content-Type 是 text/event-stream，每条消息是其中几行文本（服务器发送事件，SSE）。所以“HTTP/1.1 不能推送”并不对：响应想持续多久都行。它做不到的是双方随时都能说话。人们因此说它是半双工，这话对一半：底下的 TCP 一直是全双工的，只是 HTTP 的规矩让双方轮流开口。连接断了，浏览器会自动重新请求，用 Last-Event-ID 说明收到了哪里。',
    },
    {
      en: 'The fourth client sends a request as well, one with Upgrade: websocket, and the server answers 101, Switching Protocols. Sec-WebSocket-Key in the request is 16 random bytes in base64; Sec-WebSocket-Accept in the answer is SHA-1 of that key and a fixed string (RFC 6455, 4.2.2). Nothing secret is verified by that. It proves that the server has understood what was asked, and that no cache or careless server has given an old answer. From then on HTTP is over on this connection, and frames go both ways, each with 2 bytes of header as long as it is short.',
      zh: '第四个也发一个请求，带着 Upgrade: websocket，服务器答 101 Switching Protocols。请求里的 Sec-WebSocket-Key 是 16 个随机字节的 base64，应答里的 Sec-WebSocket-Accept 是这个键加一个固定字符串的 SHA-1（RFC 6455，4.2.2）。这并不验证什么秘密，只证明服务器听懂了请求，而不是哪个缓存或粗心的服务器给了旧应答。从此这条连接上不再有 HTTP，双向传的都是帧，短帧的头只有 2 个字节。',
    },
    {
      en: 'Frames of the client are masked: the payload is combined by XOR with 4 bytes that stand in the same frame (5.3). That hides nothing from anybody. It is there because a page can make a browser send bytes of its choice, and those might look like an HTTP request to some proxy that does not know WebSocket; with a key that the page cannot foresee, no bytes of its choice ever reach the wire. The frames of the server need none. Here the client sends Ping frames and in the end Close; open one in the frame view, take the mask off, and see the code 1000.',
      zh: '客户端的帧要加掩码：载荷与同一帧里的 4 个字节逐个异或（5.3）。这对谁都不保密。加掩码是因为网页能让浏览器发出它指定的字节，而在某个不懂 WebSocket 的代理看来，那些字节可能像一个 HTTP 请求；掩码由浏览器随机选取，网页无法预知，也就没法让指定的字节出现在线路上。服务器的帧不用加。这里客户端会发 Ping 帧，最后发 Close 帧；在帧视图里打开一个，去掉掩码，就能看到代码 1000。',
    },
    {
      en: 'Which one is best? For news in one direction, server-sent events do as well as a WebSocket, and are plain HTTP. The WebSocket is for those who have much to say in both directions: games, editors, chats. It also takes something away: no status, no caching, no compression of headers, no methods, all of which the application has to do itself if it needs them. And when there is news all the time, plain polling is not the worst: it brings them by the dozen, where long polling asks for nearly each. With a socket of the operating system it has the name in common, and that it carries bytes both ways; what it carries is messages, framed.',
      zh: '哪个最好？只要单向推送，SSE 不比 WebSocket 差，而且就是普通的 HTTP。WebSocket 适合双方都有很多话要说的场合：游戏、协同编辑、聊天。它也丢掉了一些东西：没有状态码，没有缓存，没有首部压缩，没有方法，需要时得由应用自己来做。而消息源源不断时，朴素的轮询也不算差：它一次带回一打，长轮询却几乎每条都要问。至于和操作系统的 socket，只是名字像，也都能双向传字节；但 WebSocket 传的是一条条分好帧的消息。',
    },
  ],
  rfcs: [
    { number: 6455, title: 'The WebSocket Protocol: 4 (Opening Handshake), 5.2, 5.3 (Masking), 7.4' },
    {
      number: 6202,
      title:
        'Known Issues and Best Practices for the Use of Long Polling and Streaming in Bidirectional HTTP',
    },
    { number: 9110, title: 'HTTP Semantics: 7.8 (Upgrade), 15.2.2 (101 Switching Protocols)' },
    { number: 8441, title: 'Bootstrapping WebSockets with HTTP/2' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(DELAY),
    apps: {
      reader: {
        kind: 'feed-client',
        host: 'client',
        to: 'server',
        port: 80,
        how: 'polling',
        interval: INTERVAL,
        ping: 5_000_000,
      },
      feed: {
        kind: 'feed-server',
        host: 'server',
        port: 80,
        count: COUNT,
        size: 100,
        start: 1_000_000,
        every: EVERY,
        spacing: 'random',
        hold: 30_000_000,
      },
    },
  },
  lanes: [
    { id: 'polling', label: { en: 'Polling', zh: '轮询' } },
    { id: 'long-polling', label: { en: 'Long polling', zh: '长轮询' }, set: { [HOW]: 'long-polling' } },
    { id: 'sse', label: { en: 'Server-sent events', zh: '服务器发送事件' }, set: { [HOW]: 'sse' } },
    { id: 'websocket', label: { en: 'WebSocket', zh: 'WebSocket 连接' }, set: { [HOW]: 'websocket' } },
  ],
  knobs: [
    {
      id: 'every',
      label: { en: 'A message every', zh: '消息间隔' },
      group: 'application',
      paths: [NEWS_EVERY],
      kind: 'number',
      unit: 'us',
      min: 50_000,
      max: 5_000_000,
      step: 50_000,
    },
    {
      id: 'spacing',
      label: { en: 'Their moments', zh: '出现的时刻' },
      group: 'application',
      paths: ['apps.feed.spacing'],
      kind: 'choice',
      options: [
        { value: 'random', label: { en: 'at random', zh: '随机' } },
        { value: 'even', label: { en: 'evenly spaced', zh: '均匀' } },
      ],
    },
    {
      id: 'interval',
      label: { en: 'Polling asks every', zh: '轮询间隔' },
      group: 'http',
      paths: [ASKS_EVERY],
      kind: 'number',
      unit: 'us',
      min: 100_000,
      max: 10_000_000,
      step: 100_000,
    },
    {
      id: 'hold',
      label: { en: 'A long poll is held for', zh: '长轮询最长等待' },
      hint: {
        en: 'Then it is answered without news, lest something between the two closes a connection that says nothing.',
        zh: '到时没有消息也应答，免得中间设备把一条不说话的连接关掉。',
      },
      group: 'http',
      paths: ['apps.feed.hold'],
      kind: 'number',
      unit: 'us',
      min: 500_000,
      max: 60_000_000,
      step: 500_000,
    },
    {
      id: 'ping',
      label: { en: 'The WebSocket pings every', zh: 'WebSocket 的 Ping 间隔' },
      hint: { en: 'Zero: never.', zh: '零表示不发。' },
      group: 'application',
      paths: ['apps.reader.ping'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 30_000_000,
      step: 500_000,
    },
    ...PATH_KNOBS,
  ],
  expectations: [
    hearsAll('polling', 'Polling', '轮询'),
    hearsAll('long-polling', 'Long polling', '长轮询'),
    hearsAll('sse', 'Server-sent events', 'SSE'),
    hearsAll('websocket', 'WebSocket', 'WebSocket'),
    {
      id: 'polling-waits',
      text: {
        en: 'By polling a message takes half an interval and one way on average: 600 ms',
        zh: '轮询时，一条消息平均要半个间隔加一个单程：600 ms',
      },
      metric: 'polling/message_delay_mean',
      op: '=',
      value: INTERVAL / 2 + DELAY,
      tolerance: 0.5,
      unit: 'us',
      why: {
        en: 'It comes up at any moment between two questions. 20 messages are few, so the mean is a rough one.',
        zh: '它在两次提问之间的任何时刻都可能出现。20 条不多，平均值只是个大概。',
      },
      given: [...TIMED, is(ASKS_EVERY, INTERVAL), is(NEWS_EVERY, EVERY), is('apps.feed.spacing', 'random')],
    },
    {
      id: 'polling-at-worst',
      text: { en: 'And hardly any takes much more than an interval', zh: '几乎没有哪条比一个间隔多多少' },
      metric: 'polling/message_delay_p95',
      op: '<',
      value: 1.4 * INTERVAL,
      unit: 'us',
      why: {
        en: 'What came up just after a question has the next one for its own.',
        zh: '刚错过一次提问的消息，赶得上下一次。',
      },
      given: [...TIMED, is(ASKS_EVERY, INTERVAL)],
    },
    {
      id: 'websocket-at-once',
      text: {
        en: 'Over a WebSocket it typically takes one way, and so less than a round trip',
        zh: 'WebSocket 上通常只要一个单程，用不到一个往返',
      },
      metric: 'websocket/message_delay_median',
      op: '<',
      value: RTT,
      unit: 'us',
      why: {
        en: 'The server sends it as it comes up; nobody has to ask.',
        zh: '消息一出现服务器就发，不用谁来问。',
      },
      given: TIMED,
    },
    {
      id: 'sse-at-once',
      text: { en: 'By server-sent events likewise', zh: 'SSE 也一样' },
      metric: 'sse/message_delay_median',
      op: '<',
      value: RTT,
      unit: 'us',
      why: {
        en: 'A response may be sent piece by piece for as long as it takes; HTTP/1.1 marks the pieces by chunked coding (RFC 9112, 7.1).',
        zh: '响应可以一段一段地发，发多久都行；HTTP/1.1 用分块编码标出每一段（RFC 9112，7.1）。',
      },
      given: TIMED,
    },
    {
      id: 'long-polling-gap',
      text: {
        en: 'With a message every 100 ms, they take longer on average by long polling than over a WebSocket',
        zh: '每 100 ms 一条消息时，长轮询的平均时延比 WebSocket 长',
      },
      metric: 'long-polling/message_delay_mean',
      op: '>',
      value: 'websocket/message_delay_mean',
      unit: 'us',
      why: {
        en: 'What comes up just after an answer has left waits until the client has got that, asked again, and been answered.',
        zh: '应答刚发走就出现的消息，要等客户端收到应答、再发请求、再得到应答。',
      },
      given: [...TIMED, is(NEWS_EVERY, RUSH), is('apps.feed.spacing', 'random')],
    },
    oneRequest('websocket', 'WebSocket', 'WebSocket'),
    oneRequest('sse', 'Server-sent events', 'SSE'),
    {
      id: 'long-polling-requests',
      text: { en: 'Long polling makes more', zh: '长轮询的请求更多' },
      metric: 'long-polling/requests',
      op: '>',
      value: 'sse/requests',
      unit: 'count',
      why: {
        en: 'Each answer uses its request up.',
        zh: '每个应答用掉一个请求。',
      },
    },
    {
      id: 'seldom',
      text: {
        en: 'With a message every 3 s, polling makes more requests than long polling',
        zh: '每 3 s 一条消息时，轮询的请求比长轮询多',
      },
      metric: 'polling/requests',
      op: '>',
      value: 'long-polling/requests',
      unit: 'count',
      why: {
        en: 'It asks by the clock, whether there is news or not.',
        zh: '它按钟点提问，不管有没有消息。',
      },
      given: [is(NEWS_EVERY, SELDOM), is(ASKS_EVERY, INTERVAL), is('apps.feed.hold', 30_000_000)],
    },
    {
      id: 'rush',
      text: {
        en: 'With one every 100 ms, it makes fewer',
        zh: '每 100 ms 一条时，轮询的请求反而更少',
      },
      metric: 'polling/requests',
      op: '<',
      value: 'long-polling/requests',
      unit: 'count',
      why: {
        en: 'One answer brings all that has come up since the last.',
        zh: '一个应答带回上次以来的全部消息。',
      },
      given: [...TIMED, is(NEWS_EVERY, RUSH), is(ASKS_EVERY, INTERVAL)],
    },
    {
      id: 'websocket-lightest',
      text: { en: 'The WebSocket needs the fewest bytes', zh: 'WebSocket 花的字节最少' },
      metric: 'websocket/wire_bytes',
      op: '<',
      value: 'sse/wire_bytes',
      unit: 'B',
      why: {
        en: 'A frame adds 2 bytes to a message; an event has its name and number, and the chunk around it its length.',
        zh: '一帧只给消息加 2 个字节；一个事件要写字段名和编号，外面的分块还要写长度。',
      },
      given: [...TIMED, is('apps.reader.ping', 5_000_000), is(NEWS_EVERY, RUSH, EVERY)],
    },
    {
      id: 'sse-lighter',
      text: { en: 'Server-sent events need fewer than long polling', zh: 'SSE 比长轮询少' },
      metric: 'sse/wire_bytes',
      op: '<',
      value: 'long-polling/wire_bytes',
      unit: 'B',
      why: {
        en: 'One header section each way for all messages, instead of one for nearly each of them.',
        zh: '所有消息合用一份请求首部和一份响应首部，而不是几乎每条都来一份。',
      },
      given: TIMED,
    },
  ],
  views: ['deliveries', 'waterfall', 'pdus', 'ladder', 'layers', 'packets', 'topology'],
  duration: 300_000_000,
  prediction: {
    question: {
      en: 'A stock price changes at the server twice within 10 ms. The path takes 100 ms each way, and a client is waiting in a long poll. When does it know of the second change?',
      zh: '服务器上的股价在 10 ms 内变了两次。路径单程 100 ms，客户端正在长轮询中等待。它何时得知第二次变化？',
    },
    choices: [
      {
        text: { en: '100 ms after it, like of the first', zh: '100 ms 之后，和第一次一样' },
        right: false,
        because: {
          en: 'The first change has used up the request that was waiting. There is nothing left to answer.',
          zh: '第一次变化已经用掉了等着的请求，此时没有请求可答。',
        },
      },
      {
        text: { en: 'About 290 ms after it', zh: '大约 290 ms 之后' },
        right: true,
        because: {
          en: 'The first answer takes 100 ms, the next request 100 ms, the next answer 100 ms: all of it less the 10 ms by which the second change came later.',
          zh: '第一个应答 100 ms，下一个请求 100 ms，再一个应答 100 ms，减去第二次变化晚来的 10 ms。',
        },
      },
      {
        text: { en: 'At the next full second', zh: '下一个整秒' },
        right: false,
        because: {
          en: 'That would be polling once a second.',
          zh: '那是每秒一次的普通轮询。',
        },
      },
    ],
  },
}
