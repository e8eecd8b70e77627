/** 长连接与管道: four requests over new connections, one kept alive, four at a time, pipelined, and behind a slow one. */
import type { ExperimentInput } from '../experiment.ts'
import { is, PATH_KNOBS, ROUND_TRIPS_ONLY, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

/** Two round trips of the path below. */
const SLOW = 400_000
const DELAY = 100_000

const REST = ['/two', '/three', '/four'].map((target) => ({ target }))
const SLOW_FIRST = [{ target: '/slow' }, ...REST]
const SLOWNESS = is('apps.site.resources./slow.delay', SLOW)

const roundTrips = (
  lane: string,
  value: number,
  text: { en: string; zh: string },
  why: { en: string; zh: string },
): ExperimentInput['expectations'][number] => ({
  id: `${lane}-round-trips`,
  text,
  metric: `${lane}/page_rtts`,
  op: '=',
  value,
  tolerance: withinRoundTrips(value),
  unit: 'rtt',
  why,
  given: ROUND_TRIPS_ONLY,
})

export const httpKeepalive: ExperimentInput = {
  id: 'http-keepalive',
  chapter: 'http',
  title: { en: 'Persistent connections and pipelining', zh: '长连接与管道' },
  question: {
    en: 'Four small requests to the same server: what does each cost when connections are not kept, when they are, and when the requests do not wait for one another?',
    zh: '向同一台服务器发四个小请求。每次新建连接、保持连接、不等应答连续发出，各要多久？',
  },
  narrative: [
    {
      en: 'The first row opens a connection for each request and closes it after the response, as HTTP/1.0 did. Each request pays for the handshake of TCP before it can be sent, so each costs two round trips instead of one; with TLS it would be more still. Slow start begins anew every time, too, which small responses do not feel but large ones do.',
      zh: '第一行像 HTTP/1.0 那样，每个请求新建一条连接，收完应答就关闭。请求发出之前都要先完成 TCP 握手，所以每个请求花两个往返而不是一个；若用 TLS 还要更多。慢启动也每次从头来过，小响应感觉不到，大响应就很明显。',
    },
    {
      en: 'HTTP/1.1 keeps the connection open unless one side says Connection: close (RFC 9112, 9.3). The second row pays for one handshake, then one round trip a request. This has nothing to do with the keep-alive of TCP: HTTP keeps a connection for use, TCP’s probes find out whether an unused one is still alive.',
      zh: 'HTTP/1.1 默认保持连接，除非一方声明 Connection: close（RFC 9112，9.3）。第二行只付一次握手的代价，此后每个请求一个往返。这与 TCP 的保活毫不相干：HTTP 保持连接是为了接着用，TCP 的探测是为了弄清一条闲置的连接是否还活着。',
    },
    {
      en: 'Browsers have gone another way as well: several connections at a time. The third row has four, each with its own handshake, and all four requests run side by side. It is fast, and it is dear: four handshakes, four congestion windows that know nothing of each other, four times the state in the server.',
      zh: '浏览器还有另一招：同时开好几条连接。第三行开了四条，各自握手，四个请求并排进行。快是快，代价也不小：四次握手，四个互不知情的拥塞窗口，服务器要维护四份状态。',
    },
    {
      en: 'The fourth row pipelines: it sends all four requests on one connection without waiting for an answer (RFC 9112, 9.3.2). The server may work on them in any order or all at once, but it has to answer in the order in which they came, since an HTTP/1.1 response does not say which request it belongs to. So four requests cost no more than one.',
      zh: '第四行使用管道：在一条连接上连发四个请求，不等应答（RFC 9112，9.3.2）。服务器可以按任意次序甚至同时处理，但必须按请求到达的次序应答，因为 HTTP/1.1 的响应并不注明自己属于哪个请求。于是四个请求的耗时和一个一样。',
    },
    {
      en: 'In the fifth row the first of the four takes the server 400 ms. The other three responses are ready at once and may not go: they stand behind the slow one, each for the whole time. This is the head-of-line blocking of HTTP/1.1. Note what is blocked: not the requests, which the client has long sent and could go on sending, but the responses. And note where: in the server, before TCP has seen a byte. The blocking that a lost segment causes is another one, inside TCP, and HTTP/2 cures the first only.',
      zh: '第五行里，四个请求中的第一个要服务器处理 400 毫秒。其余三个响应早已备好，却不能发：它们排在慢响应后面，每一个都等足了全程。这就是 HTTP/1.1 的队头阻塞。注意被堵住的是什么：不是请求，请求早就发出去了，而且还可以继续发；堵住的是响应。也要注意堵在哪里：堵在服务器里，TCP 还没见到一个字节。丢包引起的 TCP 队头阻塞是另一回事，HTTP/2 只治好了前一种。',
    },
    {
      en: 'The sixth row has the same slow request, unpipelined over four connections. Only the slow one is slow. A client cannot know in advance which of its requests will be; nor can it tell, when a pipelined connection breaks, which of them were carried out. For these reasons, and because of proxies that got it wrong, browsers never switched pipelining on for good.',
      zh: '第六行是同样的慢请求，不用管道，而用四条连接：只有慢的那个慢。客户端无法预知哪个请求会慢；管道中的连接一旦断开，也弄不清其中哪些已经执行。再加上有些代理处理得不对，浏览器始终没有真正启用管道。',
    },
  ],
  rfcs: [
    { number: 9112, title: 'HTTP/1.1: 9.3 (Persistence), 9.3.2 (Pipelining), 9.4 and 9.6' },
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.8.4 (Keep-Alives)' },
    { number: 9110, title: 'HTTP Semantics: 7.6.1 (Connection)' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(DELAY),
    apps: {
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        requests: [{ target: '/one' }, ...REST],
      },
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['http/1.1'],
        resources: {
          '/one': { size: 1_000 },
          '/two': { size: 1_000 },
          '/three': { size: 1_000 },
          '/four': { size: 1_000 },
          '/slow': { size: 1_000, delay: SLOW },
        },
      },
    },
  },
  lanes: [
    { id: 'new', label: { en: 'New connections', zh: '每次新建' }, set: { 'apps.browser.reuse': false } },
    { id: 'kept', label: { en: 'Kept alive', zh: '保持连接' } },
    {
      id: 'parallel',
      label: { en: 'Four at a time', zh: '四条并行' },
      set: { 'apps.browser.connections': 4 },
    },
    { id: 'pipelined', label: { en: 'Pipelined', zh: '管道' }, set: { 'apps.browser.pipelining': true } },
    {
      id: 'blocked',
      label: { en: 'Pipelined behind a slow one', zh: '管道，排在慢请求之后' },
      set: { 'apps.browser.pipelining': true, 'apps.browser.requests': SLOW_FIRST },
    },
    {
      id: 'aside',
      label: { en: 'A slow one, four at a time', zh: '有慢请求，四条并行' },
      set: { 'apps.browser.connections': 4, 'apps.browser.requests': SLOW_FIRST },
    },
  ],
  knobs: [
    {
      id: 'slow',
      label: { en: "Server's time for the slow request", zh: '慢请求的处理时间' },
      group: 'http',
      paths: ['apps.site.resources./slow.delay'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 2_000_000,
      step: 10_000,
    },
    ...PATH_KNOBS,
  ],
  expectations: [
    roundTrips(
      'new',
      8,
      { en: 'Four new connections cost 8 round trips', zh: '四次新建连接要 8 个往返' },
      {
        en: 'One for the handshake and one for the exchange, four times over.',
        zh: '每次握手一个、请求应答一个，共四遍。',
      },
    ),
    roundTrips(
      'kept',
      5,
      { en: 'One that is kept costs 5', zh: '保持连接要 5 个' },
      { en: 'One handshake, four exchanges.', zh: '一次握手，四次请求应答。' },
    ),
    roundTrips(
      'parallel',
      2,
      { en: 'Four side by side cost 2', zh: '四条并行要 2 个' },
      { en: 'Handshake and exchange, all four at the same time.', zh: '握手加请求应答，四条同时进行。' },
    ),
    roundTrips(
      'pipelined',
      2,
      { en: 'Pipelining costs 2, too', zh: '管道也是 2 个' },
      {
        en: 'One handshake, and four requests that leave together.',
        zh: '一次握手，四个请求一起发出。',
      },
    ),
    {
      id: 'new-connections',
      text: { en: 'Four connections are opened without reuse', zh: '不复用时共建立 4 条连接' },
      metric: 'new/connections_opened',
      op: '=',
      value: 4,
      unit: 'count',
      why: { en: 'One a request.', zh: '一个请求一条。' },
    },
    {
      id: 'parallel-connections',
      text: { en: 'And four side by side, just as many', zh: '四条并行同样是 4 条' },
      metric: 'parallel/connections_opened',
      op: '=',
      value: 4,
      unit: 'count',
      why: {
        en: 'The time saved is paid for with connections: no round trips in sequence, but as many handshakes as without reuse.',
        zh: '省下的时间是用连接换来的：往返不再首尾相接，但握手次数和不复用时一样多。',
      },
    },
    {
      id: 'pipelined-connections',
      text: { en: 'Pipelining does with 1', zh: '管道只用 1 条' },
      metric: 'pipelined/connections_opened',
      op: '=',
      value: 1,
      unit: 'count',
      why: { en: 'All requests share it.', zh: '所有请求共用。' },
    },
    {
      id: 'blocked-time',
      text: {
        en: 'Three responses wait for the slow one, 400 ms each: 1.2 s',
        zh: '三个响应各等慢响应 400 毫秒，共 1.2 秒',
      },
      metric: 'blocked/pipeline_blocked_time',
      op: '=',
      value: 3 * SLOW,
      tolerance: 0.05,
      unit: 'us',
      why: {
        en: 'RFC 9112 (9.3.2): responses go in the order of their requests. Each of the three is ready when its request is, and may go only when the slow one is done.',
        zh: 'RFC 9112（9.3.2）：响应必须按请求的次序发送。三个响应在请求到达时就已备好，却要等慢的发完才能走。',
      },
      given: [...UNDISTURBED, SLOWNESS],
    },
    {
      id: 'blocked-round-trips',
      text: {
        en: 'And the last of them comes after 4 round trips instead of 2',
        zh: '最后一个要 4 个往返才到，而不是 2 个',
      },
      metric: 'blocked/page_rtts',
      op: '=',
      value: 4,
      tolerance: withinRoundTrips(4),
      unit: 'rtt',
      why: {
        en: 'Two as before, and the 400 ms of the slow one, which are two round trips of this path.',
        zh: '原来的两个，再加慢请求的 400 毫秒，在这条路径上合两个往返。',
      },
      given: [
        ...ROUND_TRIPS_ONLY.filter(({ path }) => !path.endsWith('.delay')),
        is('links.link.up.delay', DELAY),
        is('links.link.down.delay', DELAY),
        SLOWNESS,
      ],
    },
    {
      id: 'pipelined-unblocked',
      text: {
        en: 'Without a slow one they hardly wait: under 0.1 s',
        zh: '没有慢请求，几乎不用等：不到 0.1 秒',
      },
      metric: 'pipelined/pipeline_blocked_time',
      op: '<',
      value: SLOW / 4,
      unit: 'us',
      why: {
        en: 'Pipelining as such holds nothing up but for the time that it takes to write the responses one after the other. It merely lets one slow response hold up all that follow.',
        zh: '管道本身除了逐个写出响应的时间，并不耽误什么，只是让一个慢响应足以耽误后面所有的响应。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'aside-unblocked',
      text: { en: 'Nor with four connections beside a slow one', zh: '有慢请求但用四条连接，也不用等' },
      metric: 'aside/pipeline_blocked_time',
      op: '=',
      value: 0,
      unit: 'us',
      why: {
        en: 'The order of responses binds a connection only.',
        zh: '响应的次序只约束同一条连接。',
      },
    },
  ],
  views: ['waterfall', 'ladder', 'streams', 'stalls', 'layers', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'Four requests are pipelined on one connection; the first takes the server 400 ms, the others nothing. When are the other three answered?',
      zh: '四个请求在一条连接上用管道发出，第一个要服务器处理 400 毫秒，其余立等可取。后三个何时得到应答？',
    },
    choices: [
      {
        text: { en: 'At once: the server works on all four in parallel', zh: '立刻：服务器并行处理四个请求' },
        right: false,
        because: {
          en: 'It does, and has their responses ready at once. But it may not send them before the first.',
          zh: '它确实并行处理，响应也马上备好了，但不能抢在第一个之前发送。',
        },
      },
      {
        text: { en: 'After the first, 400 ms later', zh: '在第一个之后，即晚 400 毫秒' },
        right: true,
        because: {
          en: 'A response in HTTP/1.1 carries no number. Only the order tells to which request it belongs.',
          zh: 'HTTP/1.1 的响应没有编号，只能靠次序对应到请求。',
        },
      },
      {
        text: {
          en: 'Later still: the client may send them only when the first is answered',
          zh: '更晚：客户端要等第一个应答后才能发后面的',
        },
        right: false,
        because: {
          en: 'That is what a connection without pipelining does.',
          zh: '那是不用管道的做法。',
        },
      },
    ],
  },
}
