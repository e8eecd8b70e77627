/** QPACK: header compression when streams have no common order, and what it may make a stream wait for. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { browser, site } from './quic-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, webLink } from './web.ts'

const DELAY = 50_000
const UP = 'links.link.up.outage.down'
/** The first request with the usual fields goes out now, while the way to the server is cut. */
const FIRST = 1_000_000
const CUT = { from: FIRST - 20_000, to: FIRST + 30_000 }
const AGAIN = 2_000_000

const CAPACITY = { site: 'apps.site.http3.tableCapacity', browser: 'apps.browser.http3.tableCapacity' }
const BLOCKED = { site: 'apps.site.http3.blockedStreams', browser: 'apps.browser.http3.blockedStreams' }
const UNCUT: Record<string, Json> = { [UP]: false }

/** What a browser says with each request, the same every time. */
const USUAL = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'zh-CN,zh;q=0.9,en;q=0.5',
  referer: 'https://server.lab/news/from/the/laboratory',
}
const TARGETS = ['/first', '/second', '/third', '/fourth', '/fifth', '/sixth']
const [FIRST_TARGET, SECOND_TARGET, PLAIN_TARGET, ...LATER] = TARGETS

const THIS_PATH = [
  ...UNDISTURBED,
  is('links.link.up.delay', DELAY),
  is('links.link.down.delay', DELAY),
  is('links.link.up.rate.limit', 100_000_000),
]

export const qpack: ExperimentInput = {
  id: 'qpack',
  chapter: 'quic',
  title: { en: 'QPACK', zh: 'QPACK 头部压缩' },
  question: {
    en: 'A compressed header refers to what was said before. What if “before” travelled in another packet, and that one is lost?',
    zh: '压缩过的首部会引用“前面说过的内容”。如果前面的内容在另一个包里，而那个包丢了呢？',
  },
  narrative: [
    {
      en: 'HPACK, the compression of HTTP/2, keeps a table at either end and changes it in step with every header block. It can do so because TCP hands everything over in one order. The streams of QUIC have no order among each other: with HPACK, each would have to wait for all before it, and head-of-line blocking would be back. QPACK (RFC 9204) therefore takes the changes of the table out of the headers: they go on a unidirectional stream of their own, the encoder stream, as instructions; and a header section only refers to entries, and says how many insertions it needs (Required Insert Count).',
      zh: 'HTTP/2 的头部压缩 HPACK 在两端各有一张表，随每个首部块同步更新。它之所以行得通，是因为 TCP 把一切按同一个次序交付。QUIC 的流之间没有先后：照搬 HPACK，每个流都得等前面所有的流，队头阻塞又回来了。于是 QPACK（RFC 9204）把对表的改动从首部里拿出来，作为指令走一条单独的单向流，即编码器流；首部段只引用条目，并注明自己需要表里已插入多少条（Required Insert Count）。',
    },
    {
      en: 'The decoder answers on a stream of its own, too: it acknowledges sections that it has read, and insertions that it has received. From that the encoder knows which entries are safe to refer to and which may be evicted. Nothing may be evicted that a section on its way refers to.',
      zh: '解码器也有一条自己的流作答：读懂了哪个首部段，收到了多少次插入，都要确认。编码器由此知道引用哪些条目保险，哪些可以淘汰。还在路上的首部段所引用的条目，一律不得淘汰。',
    },
    {
      en: 'In the second lane everything arrives: the first request with the usual fields enters them, and from then on each costs a byte or two. In the first there is no dynamic table, and all is spelled out each time, but for the static table (99 entries) and Huffman code.',
      zh: '第二组里什么都没丢：第一个带常用字段的请求把它们登记入表，此后每个字段只占一两个字节。第一组不用动态表，每次都要拼写，只有静态表（99 项）和霍夫曼编码可省。',
    },
    {
      en: 'In the third lane the way to the server is cut for 50 ms, just when this first request leaves, and its instructions are lost with it. The second request, 60 ms later, refers to the entries. It arrives whole, and still cannot be read: it is QPACK-blocked until the instructions have been sent again. The third request, which refers to nothing of the kind, is answered at once. So blocked are only those that took the risk, and how many may take it at a time the decoder decides (SETTINGS_QPACK_BLOCKED_STREAMS).',
      zh: '第三组里，就在第一个请求出发的当口，通往服务器的路断了 50 毫秒，它的指令随之丢失。60 毫秒后的第二个请求引用了这些条目，自己完整到达，却仍读不懂：它被 QPACK 阻塞，直到指令重发。第三个请求没有引用这些条目，立刻得到应答。可见被堵住的只是冒了险的流，同时允许多少个流冒险，由解码器决定（SETTINGS_QPACK_BLOCKED_STREAMS）。',
    },
    {
      en: 'In the fourth lane it allows none. Then the encoder refers only to entries that have been acknowledged, a round trip after they were sent: no section ever waits, and more is spelled out meanwhile. It is a trade of bytes for certainty, and both ends are right somewhere. That HTTP/3 knows no head-of-line blocking is thus not quite true by itself; it can be had without, at a price.',
      zh: '第四组里，它一个也不允许。编码器就只引用已经确认过的条目，也就是发出后至少 1 个往返的那些：任何首部段都不会等，其间却要多拼写一些。这是拿字节换确定，两种选择各有用处。所以“HTTP/3 没有队头阻塞”并不是天然成立的，想完全没有，就要付点代价。',
    },
    {
      en: 'The last lane is HTTP/2 in the same mishap. There the second and the third request wait, whatever they refer to: their bytes stand behind the lost ones in TCP’s one order, and HPACK could not have read them otherwise.',
      zh: '最后一组是 HTTP/2 遇到同样的事故。第二、第三个请求不管引用了什么都得等：在 TCP 唯一的次序里，它们的字节排在丢失的字节后面；即便不是这样，HPACK 也读不懂。',
    },
  ],
  rfcs: [
    { number: 9204, title: 'QPACK: Field Compression for HTTP/3: 2.1, 2.2, 4.3, 4.4 and 5' },
    { number: 9114, title: 'HTTP/3: 4.2.1 and 6.2' },
    { number: 7541, title: 'HPACK: Header Compression for HTTP/2' },
  ],
  setup: {
    hosts: {
      // RFC 6298 (2.4) says 1 s; systems in the field use 200 ms.
      client: { role: 'client', tcp: { nagle: false, minRto: 200_000 } },
      server: { role: 'server', tcp: { nagle: false, minRto: 200_000 } },
    },
    links: webLink(DELAY),
    apps: {
      site: site(
        Object.fromEntries(['/', ...TARGETS].map((target) => [target, { type: 'text/html', size: 500 }])),
        { http3: { tableCapacity: 4_096, blockedStreams: 100 } },
      ),
      browser: browser(
        [
          // Opens the connection; with the second one the settings are there, and what each request has is in the table.
          { target: '/', times: 2, after: true },
          { target: FIRST_TARGET, fields: USUAL, at: FIRST },
          { target: SECOND_TARGET, fields: USUAL, at: FIRST + 60_000 },
          { target: PLAIN_TARGET, at: FIRST + 65_000 },
          ...LATER.map((target) => ({ target, fields: USUAL, at: AGAIN })),
        ],
        { http3: { tableCapacity: 4_096, blockedStreams: 100 } },
      ),
    },
  },
  lanes: [
    {
      id: 'static',
      label: { en: 'Static table only', zh: '只有静态表' },
      set: { ...UNCUT, [CAPACITY.site]: 0, [CAPACITY.browser]: 0 },
    },
    { id: 'dynamic', label: { en: 'Dynamic table, nothing lost', zh: '动态表，不丢包' }, set: UNCUT },
    { id: 'blocked', label: { en: 'Instructions lost', zh: '指令丢失' } },
    {
      id: 'safe',
      label: { en: 'Instructions lost, nobody may be blocked', zh: '指令丢失，不允许阻塞' },
      set: { [BLOCKED.site]: 0, [BLOCKED.browser]: 0 },
    },
    {
      id: 'hpack',
      label: { en: 'HTTP/2 with HPACK', zh: 'HTTP/2 与 HPACK' },
      set: { 'apps.browser.version': 'h2' },
    },
  ],
  steps: [
    {
      at: CUT.from,
      text: {
        en: 'In the last three lanes the way to the server is cut',
        zh: '后三组：通往服务器的路断开',
      },
      set: { [UP]: true },
    },
    { at: CUT.to, text: { en: 'And open again', zh: '又通了' }, set: { [UP]: false } },
  ],
  knobs: [...PATH_KNOBS],
  expectations: [
    {
      id: 'blocked',
      text: {
        en: 'With its instructions lost, a section waits: at least half a round trip',
        zh: '指令丢失后，有首部段在等：至少半个往返',
      },
      metric: 'blocked/qpack_blocked_time',
      op: '>=',
      value: DELAY,
      unit: 'us',
      why: {
        en: 'RFC 9204 (2.1.2): it needs more insertions than have arrived. The loss shows only when later packets are acknowledged (RFC 9002 6.1), and the repetition has to travel.',
        zh: 'RFC 9204（2.1.2）：它需要的插入数超过已收到的。要等后面的包得到确认才看得出丢失（RFC 9002 6.1），重发的还要走一程。',
      },
      given: THIS_PATH,
    },
    {
      id: 'blocked-one',
      text: { en: 'One stream only: the one that refers to them', zh: '只有一个流：引用了它们的那个' },
      metric: 'blocked/qpack_blocked_streams',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'The request before is lost itself, the one after refers to nothing new, and those a second later find the instructions there.',
        zh: '前一个请求自己也丢了，后一个没有引用新条目，一秒后的那些到时指令早已在了。',
      },
      given: THIS_PATH,
    },
    {
      id: 'blocked-not-crossed',
      text: { en: 'No stream waits for the bytes of another', zh: '没有哪个流在等别的流的字节' },
      metric: 'blocked/cross_blocked_time',
      op: '=',
      value: 0,
      unit: 'us',
      why: {
        en: 'RFC 9000 (2.2): order is kept within a stream only. What is waited for here are entries of the table.',
        zh: 'RFC 9000（2.2）：只在流内保持次序。这里等的是表里的条目。',
      },
    },
    {
      id: 'safe-never',
      text: { en: 'Where no stream may be blocked, none is', zh: '不允许阻塞时，一个也没有' },
      metric: 'safe/qpack_sections_blocked',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 9204 (2.1.2): the encoder refers to nothing that has not been acknowledged.',
        zh: 'RFC 9204（2.1.2）：编码器不引用任何未经确认的条目。',
      },
    },
    {
      id: 'safe-longer',
      text: {
        en: 'But its header sections are longer',
        zh: '但首部段更长',
      },
      metric: 'safe/request_header_bytes',
      op: '>',
      value: 'blocked/request_header_bytes',
      unit: 'B',
      why: {
        en: 'The first two requests with the usual fields spell them out, though the instructions that enter them go out as well.',
        zh: '头两个带常用字段的请求都要拼写一遍，尽管登记它们的指令同样发了出去。',
      },
      given: THIS_PATH,
    },
    {
      id: 'safe-shorter',
      text: {
        en: 'And still shorter than without a dynamic table',
        zh: '但仍比没有动态表时短',
      },
      metric: 'safe/request_header_bytes',
      op: '<',
      value: 'static/request_header_bytes',
      unit: 'B',
      why: {
        en: 'Those that come a second later find all entries acknowledged.',
        zh: '一秒之后的请求，所有条目都已得到确认。',
      },
      given: THIS_PATH,
    },
    {
      id: 'dynamic-never',
      text: { en: 'Without loss nothing is QPACK-blocked', zh: '不丢包时，没有 QPACK 阻塞' },
      metric: 'dynamic/qpack_blocked_time',
      op: '=',
      value: 0,
      unit: 'us',
      why: {
        en: 'The instructions leave with the section that needs them, and nothing overtakes them.',
        zh: '指令与需要它的首部段一同出发，没有谁能超到它前面。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'static-none',
      text: { en: 'Without a dynamic table there are no instructions', zh: '没有动态表，就没有指令' },
      metric: 'static/encoder_instructions',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 9204 (3.2.3): with a maximum capacity of 0 nothing may be inserted.',
        zh: 'RFC 9204（3.2.3）：最大容量为 0 时不得插入任何条目。',
      },
    },
    {
      id: 'hpack-crossed',
      text: {
        en: 'HTTP/2 makes two streams wait: every one behind the loss',
        zh: 'HTTP/2 让两个流都等：凡是排在丢失字节之后的',
      },
      metric: 'hpack/cross_blocked_streams',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'RFC 9293 (3.4): one order for all, and the second and third request stand behind the first.',
        zh: 'RFC 9293（3.4）：所有流共用一个次序，第二、第三个请求排在第一个之后。',
      },
      given: THIS_PATH,
    },
  ],
  views: ['qpack', 'streams', 'waterfall', 'quic', 'frames', 'hpack', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'Request 1 enters fields into the table and is lost. Request 2 refers to them, request 3 does not. Both arrive. Which can the server read?',
      zh: '请求 1 把字段登记入表，但丢了；请求 2 引用了它们，请求 3 没有。后两个都到了。服务器读得懂哪个？',
    },
    choices: [
      {
        text: { en: 'Both: streams of QUIC do not wait for each other', zh: '都读得懂：QUIC 的流互不等待' },
        right: false,
        because: {
          en: 'Their bytes do not. But what request 2 refers to was in request 1’s packet.',
          zh: '字节确实互不等待。可是请求 2 引用的内容在请求 1 的那个包里。',
        },
      },
      {
        text: { en: 'Request 3 only', zh: '只有请求 3' },
        right: true,
        because: {
          en: 'Request 2 waits for the encoder stream, where the lost instructions are sent again.',
          zh: '请求 2 要等编码器流把丢失的指令重发。',
        },
      },
      {
        text: { en: 'Neither, until request 1 is there', zh: '都读不懂，要等请求 1' },
        right: false,
        because: {
          en: 'So it is with HPACK over TCP.',
          zh: 'TCP 上的 HPACK 才是这样。',
        },
      },
    ],
  },
}
