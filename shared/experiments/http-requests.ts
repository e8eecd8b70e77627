/** 减少请求: the same page with many small objects, with one bundle, with what is in view only, behind redirects, over HTTP/2. */
import type { ExperimentInput } from '../experiment.ts'
import { is, PATH_KNOBS, ROUND_TRIPS_ONLY, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

/** Twelve small objects, or as many bytes in one. */
const OBJECTS = 12
const SIZE = 800
/** What one screen shows of the twelve. */
const IN_VIEW = 4

const PAGE = 'apps.site.resources./page'
const ONE_CONNECTION = [is('apps.browser.connections', 1), is('apps.browser.pipelining', false)]
const COUNTED = [...ROUND_TRIPS_ONLY, ...ONE_CONNECTION]

export const httpRequests: ExperimentInput = {
  id: 'http-requests',
  chapter: 'http',
  title: { en: 'Fewer requests', zh: '减少请求' },
  question: {
    en: 'A page needs a dozen small objects. The link is fast and the objects are tiny: why does it take so long, and what helps?',
    zh: '一个页面需要十几个小对象。链路很快，对象很小，为什么打开它还是这么慢？怎样才能快起来？',
  },
  narrative: [
    {
      en: 'A request costs a round trip, however small its answer is. The browser of the first row reads the page, finds twelve objects named in it and asks for them one after the other on a single HTTP/1.1 connection: it may send a request only when the response before is complete. In the waterfall the bars stand like a staircase, and each step is one round trip wide. Hardly any of that time is spent on moving bytes.',
      zh: '一个请求不论应答多小，都要花一个往返。第一行的浏览器读完页面，发现其中引用了十二个对象，便在一条 HTTP/1.1 连接上逐个请求：前一个响应收完，才能发下一个请求。瀑布图里的横条排成一级级台阶，每级正好一个往返宽，而真正用来传字节的时间几乎可以忽略。',
    },
    {
      en: 'The second row has the same bytes in one bundle. What was twelve requests is now one, and eleven round trips are gone, together with eleven header sections. That is what sprites, concatenated scripts and inlined images were invented for. The price does not show in a first visit: a bundle is stored and thrown away as a whole, so when one of its parts changes, all of it is fetched again.',
      zh: '第二行把同样的字节合并成一个文件。十二个请求变成一个，省下十一个往返，也省下十一份首部。雪碧图、脚本合并、图片内联，都是为此发明的。代价在首次访问时看不出来：合并后的文件只能整体缓存、整体失效，其中任何一部分改动，全部都得重新下载。',
    },
    {
      en: 'The third row asks for less instead of asking less often: it loads what is in view and leaves the rest until somebody scrolls there. For a reader who never does, those bytes and those round trips are not deferred but saved.',
      zh: '第三行不是合并请求，而是少要东西：只加载眼前看得到的对象，其余等用户滚动到那里再说。对从不往下翻的读者来说，这些字节和往返不是推迟了，而是根本省掉了。',
    },
    {
      en: 'The fourth row is the bundle once more, but its address has moved, and moved again, and moved again. A redirect is a complete exchange whose only content is another address, and nothing else can begin before it is known: each one adds a full round trip before the first useful byte. Had it led to another host, a look-up of the name and a handshake would have come on top. A proxy near the server that follows the redirects itself spares the long way; better still is a link that is right in the first place.',
      zh: '第四行还是合并后的页面，只是网址搬了三次家。重定向是一次完整的请求与应答，而应答里只有另一个网址；在得知它之前什么都做不了，所以每一跳都要在第一个有用字节之前多花整整一个往返。如果跳到另一台主机，还要加上域名解析和握手。让靠近服务器的代理代为跟随重定向，可以省掉这段长路；更好的办法是一开始就把链接写对。',
    },
    {
      en: 'The last row has the twelve objects unbundled again, over HTTP/2: it sends all twelve requests at once, on streams of one connection, and is as fast as the bundle. Bundling is a remedy for a weakness of HTTP/1.1. Where requests do not have to queue, small files win: each can be cached, changed and prioritised by itself.',
      zh: '最后一行又回到十二个独立的对象，但改用 HTTP/2：十二个请求在同一条连接的不同流上一次发出，和合并文件一样快。合并请求治的是 HTTP/1.1 的病。请求不必排队时，小文件反而占优：可以单独缓存、单独更新、单独设优先级。',
    },
    {
      en: 'Give the HTTP/1.1 browser six connections, as real ones do, or switch pipelining on, and count the steps of the staircase again. Then make the link longer: time grows in proportion to the number of round trips. Make it narrower instead, and the rows draw nearer to each other, because now the bytes count.',
      zh: '把 HTTP/1.1 浏览器的连接数调到六条（真实的浏览器就是这样），或者打开管道，再数一数台阶。然后加长链路：耗时按往返次数成比例增长。若改为收窄链路，各行的差距就会缩小，因为这时起作用的变成了字节数。',
    },
  ],
  rfcs: [
    { number: 9110, title: 'HTTP Semantics: 15.4 (Redirection 3xx)' },
    { number: 9112, title: 'HTTP/1.1: 9.3 (Persistence) and 9.4 (Concurrency)' },
    { number: 9113, title: 'HTTP/2: 5 (Streams and Multiplexing)' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(100_000),
    apps: {
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        requests: [{ target: '/page', page: true }],
      },
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['http/1.1'],
        resources: {
          '/page': { type: 'text/html', size: 2_000, objects: OBJECTS, objectSize: SIZE },
          '/start': { redirect: '/home' },
          '/home': { redirect: '/welcome' },
          '/welcome': { redirect: '/page' },
        },
      },
    },
  },
  lanes: [
    { id: 'many', label: { en: '12 small objects', zh: '12 个小对象' } },
    {
      id: 'bundle',
      label: { en: '1 bundle', zh: '合并为 1 个' },
      set: { [`${PAGE}.objects`]: 1, [`${PAGE}.objectSize`]: OBJECTS * SIZE },
    },
    {
      id: 'in-view',
      label: { en: 'On demand: 4 in view', zh: '按需：只取眼前 4 个' },
      set: { [`${PAGE}.objects`]: IN_VIEW },
    },
    {
      id: 'redirected',
      label: { en: 'Bundle behind 3 redirects', zh: '合并，但要重定向 3 次' },
      set: {
        [`${PAGE}.objects`]: 1,
        [`${PAGE}.objectSize`]: OBJECTS * SIZE,
        'apps.browser.requests': [{ target: '/start', page: true }],
      },
    },
    {
      id: 'h2',
      label: { en: '12 small objects, HTTP/2', zh: '12 个小对象，HTTP/2' },
      set: { 'apps.browser.version': 'h2', 'apps.site.versions': ['h2'] },
    },
  ],
  knobs: [
    ...PATH_KNOBS,
    {
      id: 'connections',
      label: { en: 'Connections (HTTP/1.1)', zh: '连接数（HTTP/1.1）' },
      hint: {
        en: 'The most that the browser opens at a time; common browsers take six for a host. HTTP/2 needs one.',
        zh: '浏览器同时打开的最大连接数，常见浏览器对一台主机用六条。HTTP/2 只需一条。',
      },
      group: 'http',
      paths: ['apps.browser.connections'],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 12,
      step: 1,
    },
    {
      id: 'pipelining',
      label: { en: 'Pipelining (HTTP/1.1)', zh: '管道（HTTP/1.1）' },
      hint: {
        en: 'Send requests without waiting for the responses before. Browsers have given it up.',
        zh: '不等前面的响应就发出后面的请求。浏览器已经弃用。',
      },
      group: 'http',
      paths: ['apps.browser.pipelining'],
      kind: 'switch',
    },
  ],
  expectations: [
    {
      id: 'many-requests',
      text: { en: 'Twelve objects and their page make 13 requests', zh: '十二个对象加页面，共 13 个请求' },
      metric: 'many/requests',
      op: '=',
      value: 13,
      unit: 'count',
      why: {
        en: 'Each object has an address of its own and so needs a request of its own.',
        zh: '每个对象都有自己的网址，也就各需要一个请求。',
      },
    },
    {
      id: 'many-round-trips',
      text: { en: 'They take 14 round trips', zh: '它们要花 14 个往返' },
      metric: 'many/page_rtts',
      op: '=',
      value: 14,
      tolerance: withinRoundTrips(14),
      unit: 'rtt',
      why: {
        en: 'One to open the connection, one for the page, and one for each of the twelve objects, since HTTP/1.1 without pipelining has one request under way on a connection (RFC 9112, 9.3).',
        zh: '建立连接一个，页面一个，十二个对象各一个：不用管道时，一条 HTTP/1.1 连接上同时只能有一个请求（RFC 9112，9.3）。',
      },
      given: COUNTED,
    },
    {
      id: 'bundle-round-trips',
      text: { en: 'The bundle takes 3', zh: '合并后只要 3 个往返' },
      metric: 'bundle/page_rtts',
      op: '=',
      value: 3,
      tolerance: withinRoundTrips(3),
      unit: 'rtt',
      why: {
        en: 'Connection, page, bundle. Its 9,600 bytes fit into the initial window of ten segments (RFC 6928), so that they arrive in one flight.',
        zh: '连接、页面、合并文件各一个。9600 字节装得进十个报文段的初始窗口（RFC 6928），一轮就能送到。',
      },
      given: COUNTED,
    },
    {
      id: 'in-view-round-trips',
      text: { en: 'What is in view takes 6', zh: '只取眼前的要 6 个往返' },
      metric: 'in-view/page_rtts',
      op: '=',
      value: 6,
      tolerance: withinRoundTrips(6),
      unit: 'rtt',
      why: {
        en: 'Connection, page, and four objects one after the other.',
        zh: '连接、页面，再加逐个请求的四个对象。',
      },
      given: COUNTED,
    },
    {
      id: 'in-view-bytes',
      text: { en: 'And it fetches less than the bundle', zh: '而且取的字节比合并文件少' },
      metric: 'in-view/content_bytes',
      op: '<',
      value: 'bundle/content_bytes',
      unit: 'B',
      why: {
        en: 'A bundle brings everything, wanted or not; bundling saves requests, and only asking for less saves content.',
        zh: '合并文件不管用不用得上都一起送来。合并省的是请求，只有少要东西才省内容。',
      },
    },
    {
      id: 'redirect-requests',
      text: { en: 'Three redirects make 5 requests of 2', zh: '三次重定向把 2 个请求变成 5 个' },
      metric: 'redirected/requests',
      op: '=',
      value: 5,
      unit: 'count',
      why: {
        en: 'Each redirect is answered by a request of its own to the address in Location (RFC 9110, 10.2.2).',
        zh: '每次重定向之后，客户端都要按 Location 给出的网址另发一个请求（RFC 9110，10.2.2）。',
      },
    },
    {
      id: 'redirect-round-trips',
      text: { en: 'And cost 3 round trips on top: 6', zh: '并多花 3 个往返，共 6 个' },
      metric: 'redirected/page_rtts',
      op: '=',
      value: 6,
      tolerance: withinRoundTrips(6),
      unit: 'rtt',
      why: {
        en: 'Only the answer says where to go next, so the exchanges cannot overlap.',
        zh: '下一步去哪儿要看应答才知道，几次往来无法重叠。',
      },
      given: COUNTED,
    },
    {
      id: 'h2-round-trips',
      text: { en: 'HTTP/2 takes 3 without a bundle', zh: 'HTTP/2 不合并也只要 3 个往返' },
      metric: 'h2/page_rtts',
      op: '=',
      value: 3,
      tolerance: withinRoundTrips(3),
      unit: 'rtt',
      why: {
        en: 'Connection, page, and all twelve objects at once on streams of their own (RFC 9113, 5). In the clear, with prior knowledge, there is no handshake beyond that of TCP.',
        zh: '连接、页面，再加同时在各自流上传送的十二个对象（RFC 9113，5）。这里是事先约定的明文 HTTP/2，除 TCP 外没有别的握手。',
      },
      given: ROUND_TRIPS_ONLY,
    },
    {
      id: 'header-bytes',
      text: { en: 'Many requests carry more header bytes', zh: '请求越多，首部字节越多' },
      metric: 'many/request_header_bytes',
      op: '>',
      value: 'bundle/request_header_bytes',
      unit: 'B',
      why: {
        en: 'HTTP/1.1 repeats the whole header section with each request.',
        zh: 'HTTP/1.1 的每个请求都要重复整份首部。',
      },
    },
    {
      id: 'six-connections',
      text: {
        en: 'With six connections the 12 objects take 5 round trips',
        zh: '用六条连接时，12 个对象共需 5 个往返',
      },
      metric: 'many/page_rtts',
      op: '=',
      value: 5,
      tolerance: withinRoundTrips(5),
      unit: 'rtt',
      why: {
        en: 'Two until the page is read; in the third one object comes over the open connection while five more connections open; the fourth brings six objects and the fifth the rest.',
        zh: '读到页面用两个；第三个往返里，已有的连接取回一个对象，同时另建五条连接；第四个往返取回六个，第五个取回其余的。',
      },
      given: [...ROUND_TRIPS_ONLY, is('apps.browser.connections', 6), is('apps.browser.pipelining', false)],
    },
    {
      id: 'pipelined',
      text: { en: 'With pipelining they take 3', zh: '用管道只要 3 个往返' },
      metric: 'many/page_rtts',
      op: '=',
      value: 3,
      tolerance: withinRoundTrips(3),
      unit: 'rtt',
      why: {
        en: 'All twelve requests leave together and none of the responses has to wait for a slow one; http-keepalive shows what happens if one has to.',
        zh: '十二个请求一起发出，恰好又没有哪个响应拖慢后面的。若有一个慢响应会怎样，见实验 http-keepalive。',
      },
      given: [...ROUND_TRIPS_ONLY, is('apps.browser.connections', 1), is('apps.browser.pipelining', true)],
    },
  ],
  views: ['waterfall', 'streams', 'ladder', 'layers', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'A page of 2 kB names twelve objects of 800 bytes. The round trip takes 200 ms, the link carries 100 Mbit/s. How long does a browser with a single HTTP/1.1 connection need?',
      zh: '一个 2 kB 的页面引用十二个 800 字节的对象。往返 200 毫秒，链路 100 Mbit/s。只用一条 HTTP/1.1 连接的浏览器要多久才能全部取回？',
    },
    choices: [
      {
        text: { en: 'About 0.4 s', zh: '约 0.4 秒' },
        right: false,
        because: {
          en: 'The bytes need about a millisecond, the connection one round trip and a request another; but each request waits for the response before.',
          zh: '传完这些字节只要一毫秒左右，建立连接一个往返，请求一个往返；但每个请求都要等前一个响应。',
        },
      },
      {
        text: { en: 'About 2.8 s', zh: '约 2.8 秒' },
        right: true,
        because: {
          en: 'Fourteen round trips: connection, page, and the twelve objects one by one.',
          zh: '十四个往返：连接、页面，再加逐个取回的十二个对象。',
        },
      },
      {
        text: { en: 'About 5.2 s', zh: '约 5.2 秒' },
        right: false,
        because: {
          en: 'So it would be if each of the 13 requests had to open a connection of its own. HTTP/1.1 keeps it open.',
          zh: '若 13 个请求各建一条连接，就是这个数。HTTP/1.1 的连接默认是保持的。',
        },
      },
    ],
  },
}
