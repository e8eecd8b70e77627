/** HPACK: twelve requests that differ in little, with a dynamic table, a small one, none, and in HTTP/1.1. */
import type { ExperimentInput } from '../experiment.ts'
import { PATH_KNOBS, WEB_HOSTS, webLink } from './web.ts'

const REQUESTS = 12
/** A table that holds some of the fields, and not all of them. */
const SMALL_TABLE = 400
const TABLE = 'apps.site.http2.headerTableSize'

/** What a browser says with each request, the same every time. */
const USUAL = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'zh-CN,zh;q=0.9,en;q=0.5',
  cookie: 'SID=31d4d96e407aad42bd8a1f5c0e7b6a93',
}
/** The identifier of a request for tracing (W3C Trace Context): one part for the visit, one for the request. */
const traceOf = (i: number): string =>
  `00-4bf92f3577b34da6a3ce929d0e0e4736-${(0x00f067aa0ba902b7n + BigInt(i) * 0x9e3779b97f4an).toString(16).padStart(16, '0')}-01`

export const http2Hpack: ExperimentInput = {
  id: 'http2-hpack',
  chapter: 'http',
  title: { en: 'HPACK', zh: 'HPACK 头部压缩' },
  question: {
    en: 'Requests to one site say nearly the same over and over. How much of it does HTTP/2 still send?',
    zh: '发往同一网站的请求，首部几乎一模一样。HTTP/2 还要真正传输其中的多少？',
  },
  narrative: [
    {
      en: 'Twelve requests go out one after the other, each with hundreds of bytes of header section: the same browser, the same languages, the same cookie. HTTP/1.1 writes all of it out every time, in the last row. HTTP/2 keeps a table on either side of the connection, one for each direction, and both sides change it in step: what has been said before is named by its number.',
      zh: '十二个请求依次发出，每个的首部都有好几百字节：同样的浏览器标识，同样的语言，同样的 Cookie。HTTP/1.1 每次都全部写出来，见最后一行。HTTP/2 则在连接两端为每个方向各维护一张表，两端同步更新：说过的话，只报编号。',
    },
    {
      en: 'The table has two parts. The static one is printed in RFC 7541 (appendix A): 61 entries such as 2, :method GET, or 58, user-agent with no value. The dynamic one begins at 62 and is filled by the connection itself; a new entry goes in at the front and gets the lowest number. Strings that have to be spelled out are written in a fixed Huffman code, in which common characters take five bits and rare ones up to thirty. In the view each field of each request shows how it was written, and in how many bytes.',
      zh: '表分两部分。静态表印在 RFC 7541 附录 A 里，共 61 项，例如 2 号是 :method GET，58 号是没有值的 user-agent。动态表从 62 号开始，由连接自己填充；新条目插在最前面，编号最小。必须拼写的字符串用固定的霍夫曼编码，常见字符五个比特，罕见的最长三十。视图里能看到每个请求的每个字段是怎样写的，用了几个字节。',
    },
    {
      en: 'So the first request is merely shortened by Huffman and by names from the static table, and enters its fields as it goes along; from the second on, most fields shrink to a single byte. Not everything is entered. The path differs each time and would only drive others out, so the encoder spells it without an entry. A field that must not be guessed at byte by byte can be sent never indexed, and stays out of every table on the way (RFC 7541, 7.1.3).',
      zh: '所以第一个请求只靠霍夫曼编码和静态表里的名字缩短一些，同时把字段登记入表；从第二个起，大多数字段缩成一个字节。并非什么都入表：路径每次不同，登记只会挤掉别人，编码器便只写不登记。不能让人逐字节试探的敏感字段还可以标为“从不索引”，沿途任何一张表都不收它（RFC 7541，7.1.3）。',
    },
    {
      en: 'One field spoils the fun: traceparent, which carries a new identifier with each request. It is spelled out every time, and the encoder, which cannot know better, enters it every time as well. That is where most of the remaining bytes go. And it fills the table: an entry counts as its name and value and 32 bytes (4.1), the whole holds 4,096 unless agreed otherwise, and the oldest entries fall out at the far end.',
      zh: '有一个字段煞风景：traceparent，每个请求都换一个新编号。它每次都得拼写出来，编码器不明就里，还每次都登记一遍。剩下的字节大半花在这里。它还占表：一个条目按名字加值再加 32 字节计（4.1），整张表默认 4096 字节，满了就从最旧的一端淘汰。',
    },
    {
      en: 'In the second row the server allows a table of 400 bytes only. Entries are evicted by every request before the next one could use them. In the third row it allows none: what is left is the static table and Huffman. The limit travels in SETTINGS, so the first request still knows nothing of it and is written with the full table; the encoder owns up to the change with a size update at the start of a later block.',
      zh: '第二行里，服务器只允许 400 字节的表：条目还没等到下一个请求用上，就被淘汰了。第三行完全不给：只剩静态表和霍夫曼编码。这个上限写在 SETTINGS 里，发第一个请求时还不知道，所以它仍按默认大小编码；之后编码器在某个首部块的开头用一条“大小更新”指令认下这个变化。',
    },
    {
      en: 'Why not simply gzip? SPDY, the forerunner, did. But whoever can slip guesses into a request and watch its length can then read a secret cookie letter by letter: a right guess compresses better (CRIME). HPACK matches whole fields only, so a guess is either right altogether or worth nothing.',
      zh: '为什么不干脆用 gzip？前身 SPDY 正是这么做的。可是谁若能在请求里夹带猜测并观察长度，就能一个字母一个字母地读出秘密的 Cookie：猜对了，压缩得更短（CRIME 攻击）。HPACK 只匹配整个字段，要么全部猜中，要么毫无所获。',
    },
  ],
  rfcs: [
    { number: 7541, title: 'HPACK: Header Compression for HTTP/2' },
    { number: 9113, title: 'HTTP/2: 4.3 (Field Section Compression), 6.5.2 (SETTINGS)' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(20_000),
    apps: {
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        version: 'h2',
        requests: Array.from({ length: REQUESTS }, (_, i) => ({
          target: `/news/${i + 1}`,
          fields: { ...USUAL, traceparent: traceOf(i) },
          after: true,
        })),
      },
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['h2'],
        http2: { headerTableSize: 4_096 },
        resources: Object.fromEntries(
          Array.from({ length: REQUESTS }, (_, i) => [
            `/news/${i + 1}`,
            { type: 'text/html', size: 500, fields: { 'cache-control': 'max-age=60', server: 'lab' } },
          ]),
        ),
      },
    },
  },
  lanes: [
    { id: 'full', label: { en: 'Table of 4,096 bytes', zh: '动态表 4096 字节' } },
    {
      id: 'small',
      label: { en: 'Table of 400 bytes', zh: '动态表 400 字节' },
      set: { [TABLE]: SMALL_TABLE },
    },
    { id: 'static', label: { en: 'Static table only', zh: '只有静态表' }, set: { [TABLE]: 0 } },
    {
      id: 'http1',
      label: { en: 'HTTP/1.1, uncompressed', zh: 'HTTP/1.1，不压缩' },
      set: { 'apps.browser.version': 'http/1.1', 'apps.site.versions': ['http/1.1'] },
    },
  ],
  knobs: [...PATH_KNOBS],
  expectations: [
    {
      id: 'saves-half',
      text: {
        en: 'Repeated requests are shorter by 50 % at least',
        zh: '重复的请求至少缩短 50%',
      },
      metric: 'full/header_saving_repeated',
      op: '>=',
      value: 0.5,
      unit: 'ratio',
      why: {
        en: 'All fields that stay the same cost a byte each. Counted over the requests after the first, against what HTTP/1.1 would write.',
        zh: '不变的字段每个只占一个字节。从第二个请求起算，与 HTTP/1.1 的写法相比。',
      },
    },
    {
      id: 'saves-not-all',
      text: { en: 'And by 95 % at most', zh: '但最多 95%' },
      metric: 'full/header_saving_repeated',
      op: '<=',
      value: 0.95,
      unit: 'ratio',
      why: {
        en: 'What is new has to be spelled out: the path and the identifier of the request. Huffman code makes that somewhat shorter and no more.',
        zh: '新的东西必须拼写出来：路径和请求编号。霍夫曼编码只能让它们短一些，仅此而已。',
      },
    },
    {
      id: 'first-saves-less',
      text: { en: 'With the first request counted, it saves less', zh: '算上第一个请求，就省得少些' },
      metric: 'full/header_saving',
      op: '<',
      value: 'full/header_saving_repeated',
      unit: 'ratio',
      why: {
        en: 'The first request has nothing to refer to but the static table.',
        zh: '第一个请求除了静态表没有什么可引用。',
      },
    },
    {
      id: 'small-saves-less',
      text: { en: 'A table that is too small saves less', zh: '表太小，省得少' },
      metric: 'small/header_saving_repeated',
      op: '<',
      value: 'full/header_saving_repeated',
      unit: 'ratio',
      why: {
        en: 'What has been evicted must be spelled out and entered anew (RFC 7541, 4.4).',
        zh: '被淘汰的条目只能重新拼写、重新登记（RFC 7541，4.4）。',
      },
    },
    {
      id: 'static-saves-least',
      text: { en: 'Without a table it saves even less than half', zh: '没有动态表，连一半也省不到' },
      metric: 'static/header_saving_repeated',
      op: '<',
      value: 0.5,
      unit: 'ratio',
      why: {
        en: 'Names come from the static table, values are spelled out in Huffman code every time.',
        zh: '名字可以来自静态表，值每次都要用霍夫曼编码拼写。',
      },
    },
    {
      id: 'huffman-saves',
      text: { en: 'But it does save', zh: '但毕竟有所节省' },
      metric: 'static/header_saving_repeated',
      op: '>',
      value: 0.2,
      unit: 'ratio',
      why: {
        en: 'Five to eight bits for the characters that are common in fields instead of eight, and a byte for each known name.',
        zh: '首部里常见的字符用五到八个比特而不是八个，已知的名字只占一个字节。',
      },
    },
    {
      id: 'evicts',
      text: { en: 'The small table evicts entries', zh: '小表会淘汰条目' },
      metric: 'small/table_evictions',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'The fields of one request come to more than 400 bytes by the count of RFC 7541 (4.1).',
        zh: '按 RFC 7541（4.1）的算法，一个请求的字段就超过 400 字节。',
      },
    },
    {
      id: 'full-keeps',
      text: { en: 'The large one does not, in twelve requests', zh: '大表在十二个请求内不淘汰' },
      metric: 'full/table_evictions',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'What twelve requests enter does not come to 4,096 bytes.',
        zh: '十二个请求登记的条目加起来不到 4096 字节。',
      },
    },
    {
      id: 'shorter-than-http1',
      text: { en: 'HTTP/1.1 sends more header bytes', zh: 'HTTP/1.1 的首部字节更多' },
      metric: 'http1/request_header_bytes',
      op: '>',
      value: 'static/request_header_bytes',
      unit: 'B',
      why: {
        en: 'Even without a dynamic table HPACK is shorter than text.',
        zh: '即便没有动态表，HPACK 也比文本短。',
      },
    },
  ],
  views: ['hpack', 'frames', 'waterfall', 'layers', 'packets', 'ladder', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'A browser has sent its user-agent of 70 characters once on this HTTP/2 connection. How many bytes does it take in the next request?',
      zh: '浏览器在这条 HTTP/2 连接上已经发过一次 70 个字符的 user-agent。下一个请求里它占几个字节？',
    },
    choices: [
      {
        text: { en: 'None: the server remembers it', zh: '零个：服务器记得它' },
        right: false,
        because: {
          en: 'A request that does not mention the field has none. HTTP/2 remembers how to write it, not that it is meant.',
          zh: '不提这个字段，请求就没有这个字段。HTTP/2 记住的是写法，不是意思。',
        },
      },
      {
        text: { en: 'One: its number in the table', zh: '一个：它在表中的编号' },
        right: true,
        because: {
          en: 'A field that stands in the table as a whole is an index, one byte up to number 126 (RFC 7541, 6.1).',
          zh: '整个字段都在表里时只需一个索引，编号不超过 126 时占一个字节（RFC 7541，6.1）。',
        },
      },
      {
        text: { en: 'About 50: it is in Huffman code', zh: '约 50 个：用霍夫曼编码' },
        right: false,
        because: {
          en: 'That was the first time.',
          zh: '那是第一次的情形。',
        },
      },
    ],
  },
}
