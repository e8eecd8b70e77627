/** 强制缓存与协商缓存: what a second visit costs, and whom to believe when fields disagree. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { bothWays } from './link-knobs.ts'
import { is, PATH_KNOBS, ROUND_TRIPS_ONLY, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

const SIZE = 10_000
/** A first visit, and one some seconds later. */
const FIRST = 1_100_000
const SECOND = 4_000_000
/** Between the two visits. */
const TOUCHED = [{ at: 3_000_000, kind: 'touch' }]
/** Both in the second after which the first visit is dated, one on either side of it. */
const TWICE_IN_A_SECOND = [
  { at: 1_050_000, kind: 'edit' },
  { at: 1_900_000, kind: 'edit' },
]
/** The photograph, with what the site says of it and what happens to it. */
const photo = (says: { [key: string]: Json } = {}): { [key: string]: Json } => ({
  type: 'image/jpeg',
  size: SIZE,
  ...says,
})
const ALWAYS_ASK = { fields: { 'cache-control': 'no-cache' } }
const PHOTO = 'apps.site.resources./photo'
/** The first visit is over before the changes that it must not see. */
const IN_TIME = [...UNDISTURBED, ...bothWays('delay').map((path) => is(path, 50_000, 100_000, 150_000))]

type Expectation = ExperimentInput['expectations'][number]
type Conditions = Expectation['given']
type Words = { en: string; zh: string }

/** What both visits together brought over the network as content: one copy, or two. */
const copies = (
  lane: string,
  count: 1 | 2,
  text: Words,
  why: Words,
  given: Conditions = [],
): Expectation => ({
  id: `${lane}-bytes`,
  text,
  metric: `${lane}/encoded_bytes`,
  op: '=',
  value: count * SIZE,
  unit: 'B',
  why,
  given,
})
/** Round trips that the two visits waited for: one for the connection and one for each exchange. */
const waited = (lane: string, value: number, text: Words, why: Words): Expectation => ({
  id: `${lane}-round-trips`,
  text,
  metric: `${lane}/waiting_rtts`,
  op: '=',
  value,
  tolerance: withinRoundTrips(value),
  unit: 'rtt',
  why,
  given: ROUND_TRIPS_ONLY,
})
const counted = (
  id: string,
  metric: string,
  value: number,
  text: Words,
  why: Words,
  given: Conditions = [],
): Expectation => ({ id, text, metric, op: '=', value, unit: 'count', why, given })

export const httpCache: ExperimentInput = {
  id: 'http-cache',
  chapter: 'http',
  title: { en: 'Caching: freshness and validation', zh: '强制缓存与协商缓存' },
  question: {
    en: 'A browser has a copy of what it is about to fetch. When may it use the copy without asking, when does it have to ask, and can the answer be wrong?',
    zh: '浏览器要取的东西，它手上就有一份副本。什么时候可以不问就用，什么时候必须先问？问来的答案会不会是错的？',
  },
  narrative: [
    {
      en: 'Every browser here fetches the same photograph twice, some seconds apart, over a connection that stays open. The rows differ in what the site says about the photograph and in what happens to it in between. The first row has no cache and shows the price: two full transfers.',
      zh: '这里每个浏览器都取两次同一张照片，相隔几秒，连接一直开着。各行的区别在于网站对这张照片作了什么说明，以及两次之间照片有没有变动。第一行没有缓存，代价一目了然：完整传输两次。',
    },
    {
      en: 'A copy may be used without a word to the server as long as it is fresh (RFC 9111, 4.2). How long that is, Cache-Control: max-age says in seconds since the answer, or Expires as a date. The second row says both, and they contradict each other: max-age allows a minute, Expires is over already. Cache-Control wins (5.3). In the third row Expires stands alone and is believed. In both, the second visit costs nothing at all: no bytes, no round trip, no request.',
      zh: '副本只要还新鲜，就可以直接用，不必告诉服务器（RFC 9111，4.2），也就是所谓强制缓存。新鲜多久，由 Cache-Control: max-age 以“自应答起多少秒”说明，或由 Expires 以日期说明。第二行两样都有，而且互相矛盾：max-age 允许一分钟，Expires 却早已过期。结果 Cache-Control 优先（5.3）。第三行只有 Expires，那就信它。这两行的第二次访问分文不花：没有字节，没有往返，连请求都没有。',
    },
    {
      en: 'A copy that is not fresh, or that says no-cache, is not lost: the browser asks whether it is still good. It sends along what it knows of its copy, the ETag in If-None-Match or the date of Last-Modified in If-Modified-Since, and the server answers 304 Not Modified without content if nothing has changed. The fourth row does that. It saves the bytes but not the round trip, and for something small the round trip is nearly all there was to save. Note that no-cache means ask first; what forbids keeping a copy is no-store.',
      zh: '副本不新鲜了，或者带着 no-cache，并不等于作废：浏览器可以问一声它还能不能用，这就是协商缓存。请求带上它对副本所知的信息：If-None-Match 里是 ETag，If-Modified-Since 里是 Last-Modified 的日期；若没有变化，服务器只回 304 Not Modified，不带内容。第四行就是这样。它省下了字节，却省不掉往返；东西一小，往返几乎就是全部代价。注意 no-cache 的意思是“用前先问”，禁止保存副本的是 no-store。',
    },
    {
      en: 'The date is the weaker of the two validators, and it fails in both directions. In the fifth row the file is touched between the visits: restored from a backup, say, or deployed anew. Its date is newer and its content the same, so that Last-Modified has it transferred again for nothing. In the sixth row the site gives an ETag as well; the request then carries both conditions and the server must ignore the date (RFC 9110, 13.1.3): 304.',
      zh: '两种校验依据中，日期较弱，而且两个方向都会出错。第五行里，文件在两次访问之间被“碰”了一下，比如从备份恢复，或者重新部署。日期新了，内容没变，凭 Last-Modified 就白白重传一遍。第六行网站还给了 ETag，请求便同时带着两个条件，而服务器必须忽略日期那一个（RFC 9110，13.1.3）：304。',
    },
    {
      en: 'The last two rows are worse. The photograph is edited twice within a second, and the first visit falls between the edits. Dates in HTTP count whole seconds, so both editions bear the same one, and upon the second visit the server answers 304, in good faith. The browser goes on showing the old edition, and will do so for as long as it asks by date. With an ETag it gets the new one. This is why RFC 9110 (8.8.2.2) calls a date a weak validator unless it lies at least a second before the answer that carried it.',
      zh: '最后两行更糟。照片在一秒之内改了两次，第一次访问恰好落在两次修改之间。HTTP 的日期只精确到秒，两个版本的日期相同；第二次访问时，服务器真心以为没有变化，回了 304。浏览器继续显示旧版，只要它还按日期来问，就会一直错下去。有 ETag 就能拿到新版。所以 RFC 9110（8.8.2.2）规定，日期只有比携带它的应答至少早一秒，才能算强校验，否则只是弱校验。',
    },
    {
      en: 'Neither validator needs Cache-Control beside it. A response with nothing but a Last-Modified may be kept and used for a time that the browser guesses, a tenth of the age being customary (RFC 9111, 4.2.2). That is seldom what the author wanted; the cure is to say what one means.',
      zh: '这两种校验并不依赖 Cache-Control。一个只有 Last-Modified 的响应，浏览器也可以自行估计一段时间直接使用，惯例是取其“年龄”的十分之一（RFC 9111，4.2.2）。这往往不是作者的本意；想要怎样，最好明说。',
    },
  ],
  rfcs: [
    { number: 9111, title: 'HTTP Caching: 4.2 (Freshness), 4.3 (Validation), 5.2 and 5.3' },
    { number: 9110, title: 'HTTP Semantics: 8.8 (Validator Fields), 13 (Conditional Requests), 15.4.5' },
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
        cache: true,
        requests: [FIRST, SECOND].map((at) => ({ target: '/photo', at, after: true })),
      },
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['http/1.1'],
        keepAlive: 60_000_000,
        resources: {
          '/photo': {
            type: 'image/jpeg',
            size: SIZE,
            fields: {},
            etag: false,
            lastModified: false,
            changes: [],
          },
        },
      },
    },
  },
  lanes: [
    { id: 'none', label: { en: 'No cache', zh: '没有缓存' }, set: { 'apps.browser.cache': false } },
    {
      id: 'max-age',
      label: { en: 'max-age, Expires over', zh: 'max-age 有效，Expires 已过' },
      set: { [PHOTO]: photo({ fields: { 'cache-control': 'max-age=60' }, expiresIn: -60_000_000 }) },
    },
    {
      id: 'expires',
      label: { en: 'Expires alone', zh: '只有 Expires' },
      set: { [PHOTO]: photo({ expiresIn: 60_000_000 }) },
    },
    {
      id: 'etag',
      label: { en: 'no-cache: ask, by ETag', zh: 'no-cache：先问，按 ETag' },
      set: { [PHOTO]: photo({ ...ALWAYS_ASK, expiresIn: 60_000_000, etag: true }) },
    },
    {
      id: 'touched-date',
      label: { en: 'Touched, by date', zh: '内容未变日期变，按日期' },
      set: { [PHOTO]: photo({ ...ALWAYS_ASK, lastModified: true, changes: TOUCHED }) },
    },
    {
      id: 'touched-both',
      label: { en: 'Touched, ETag and date', zh: '内容未变日期变，ETag 与日期' },
      set: { [PHOTO]: photo({ ...ALWAYS_ASK, lastModified: true, etag: true, changes: TOUCHED }) },
    },
    {
      id: 'edited-date',
      label: { en: 'Edited in a second, by date', zh: '一秒内改两次，按日期' },
      set: { [PHOTO]: photo({ ...ALWAYS_ASK, lastModified: true, changes: TWICE_IN_A_SECOND }) },
    },
    {
      id: 'edited-both',
      label: { en: 'Edited in a second, ETag and date', zh: '一秒内改两次，ETag 与日期' },
      set: { [PHOTO]: photo({ ...ALWAYS_ASK, lastModified: true, etag: true, changes: TWICE_IN_A_SECOND }) },
    },
  ],
  knobs: [...PATH_KNOBS],
  expectations: [
    copies(
      'none',
      2,
      { en: 'Without a cache the photograph comes twice', zh: '没有缓存，照片传输两次' },
      { en: 'Two requests, two complete responses of 10 kB.', zh: '两个请求，两个各 10 kB 的完整响应。' },
    ),
    waited(
      'none',
      3,
      { en: 'And is waited for during 3 round trips', zh: '共等了 3 个往返' },
      {
        en: 'One for the connection, one for each of the two exchanges; 10 kB fit into one flight.',
        zh: '建立连接一个，两次请求应答各一个；10 kB 一轮就能送到。',
      },
    ),
    copies(
      'max-age',
      1,
      { en: 'max-age wins against an Expires that is over', zh: 'max-age 胜过已过期的 Expires' },
      {
        en: 'RFC 9111 (5.3): a recipient that understands max-age must ignore Expires.',
        zh: 'RFC 9111（5.3）：有 max-age 时，接收方必须忽略 Expires。',
      },
    ),
    counted(
      'max-age-cached',
      'max-age/responses_cached',
      1,
      { en: 'The second visit asks nobody', zh: '第二次访问没有问任何人' },
      { en: 'The copy is some seconds old, and good for 60.', zh: '副本才存了几秒，有效期是 60 秒。' },
    ),
    waited(
      'max-age',
      2,
      { en: 'A fresh copy saves the round trip, too: 2', zh: '新鲜的副本连往返也省掉：共 2 个' },
      {
        en: 'Connection and first exchange. The second visit takes no time at all.',
        zh: '建立连接和第一次请求应答。第二次访问不花时间。',
      },
    ),
    counted(
      'expires-cached',
      'expires/responses_cached',
      1,
      { en: 'Expires alone serves as well', zh: '只有 Expires 也管用' },
      {
        en: 'RFC 9111 (4.2.1): its lifetime is Expires minus Date, 60 s here.',
        zh: 'RFC 9111（4.2.1）：新鲜期为 Expires 减去 Date，这里是 60 秒。',
      },
    ),
    counted(
      'etag-validated',
      'etag/responses_validated',
      1,
      {
        en: 'no-cache makes the browser ask, whatever Expires says',
        zh: 'no-cache 要求先问，不管 Expires 怎么说',
      },
      {
        en: 'RFC 9111 (5.2.2.4): a response with no-cache must not be used without validation. The answer is 304.',
        zh: 'RFC 9111（5.2.2.4）：带 no-cache 的响应，未经校验不得使用。得到的应答是 304。',
      },
    ),
    copies(
      'etag',
      1,
      { en: 'A 304 saves the bytes', zh: '304 省下了字节' },
      { en: 'It has no content (RFC 9110, 15.4.5).', zh: '它不带内容（RFC 9110，15.4.5）。' },
    ),
    waited(
      'etag',
      3,
      { en: 'But not the round trip: 3, as without a cache', zh: '却省不掉往返：3 个，与没有缓存时一样' },
      {
        en: 'The question has to reach the server and the answer to come back, however short they are.',
        zh: '问题要送到，答案要回来，再短也是一个往返。',
      },
    ),
    copies(
      'touched-date',
      2,
      {
        en: 'By date, a touched file comes again although it is the same',
        zh: '按日期，碰过的文件内容没变也要重传',
      },
      {
        en: 'Its date is later than the one in If-Modified-Since, and more the server does not compare.',
        zh: '它的日期晚于 If-Modified-Since，服务器比较的只有这个。',
      },
      IN_TIME,
    ),
    counted(
      'touched-date-versions',
      'touched-date/distinct_contents',
      1,
      { en: 'Both transfers brought the same bytes', zh: '两次传来的字节完全相同' },
      { en: 'The digests (SHA-256) of the two contents are equal.', zh: '两份内容的 SHA-256 摘要相同。' },
      IN_TIME,
    ),
    copies(
      'touched-both',
      1,
      { en: 'With an ETag it does not', zh: '有 ETag 就不会' },
      {
        en: 'RFC 9110 (13.1.3): If-Modified-Since is ignored when If-None-Match is there. The ETag is made from the content and the content is the same.',
        zh: 'RFC 9110（13.1.3）：有 If-None-Match 时忽略 If-Modified-Since。ETag 由内容算出，内容没变，它也没变。',
      },
      IN_TIME,
    ),
    counted(
      'edited-date-versions',
      'edited-date/distinct_contents',
      1,
      {
        en: 'By date, the second of two edits goes unnoticed',
        zh: '按日期，同一秒里的第二次修改没被发现',
      },
      {
        en: 'Last-Modified counts whole seconds (RFC 9110, 8.8.2): both editions have the same, so the server answers 304 and the browser keeps the old one.',
        zh: 'Last-Modified 只精确到秒（RFC 9110，8.8.2）：两个版本日期相同，服务器回 304，浏览器继续用旧版。',
      },
      IN_TIME,
    ),
    counted(
      'edited-date-validated',
      'edited-date/responses_validated',
      1,
      { en: 'And has even been confirmed by the server', zh: '而且还经过了服务器确认' },
      {
        en: 'Nobody has broken a rule. The date simply does not tell the two apart.',
        zh: '谁也没有违反规则，日期就是分不清这两个版本。',
      },
      IN_TIME,
    ),
    counted(
      'edited-both-versions',
      'edited-both/distinct_contents',
      2,
      { en: 'With an ETag the browser gets the new one', zh: '有 ETag，浏览器拿到了新版' },
      {
        en: 'Other bytes, another ETag: If-None-Match does not match, and the date is not looked at.',
        zh: '字节不同，ETag 就不同：If-None-Match 不匹配，日期根本不看。',
      },
      IN_TIME,
    ),
    {
      id: 'wire-saved',
      text: { en: 'Validation puts fewer bytes on the wire', zh: '协商缓存在线路上的字节更少' },
      metric: 'etag/wire_bytes',
      op: '<',
      value: 'none/wire_bytes',
      unit: 'B',
      why: {
        en: 'A few hundred bytes of header fields in place of 10 kB of content.',
        zh: '用几百字节的首部换掉了 10 kB 的内容。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'wire-spared',
      text: { en: 'A fresh copy fewer still', zh: '强制缓存更少' },
      metric: 'max-age/wire_bytes',
      op: '<',
      value: 'etag/wire_bytes',
      unit: 'B',
      why: { en: 'There is no second exchange at all.', zh: '第二次根本没有请求。' },
      given: UNDISTURBED,
    },
  ],
  views: ['cache', 'waterfall', 'layers', 'ladder', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'A page is changed twice within one second, and a browser fetches it between the changes. Later it asks with If-Modified-Since. What does it get?',
      zh: '一个页面在一秒内改了两次，浏览器在两次之间取过它。之后它带着 If-Modified-Since 来问。会得到什么？',
    },
    choices: [
      {
        text: {
          en: 'The new page: the server knows when it was changed',
          zh: '新页面：服务器知道它何时改过',
        },
        right: false,
        because: {
          en: 'It does, but it can only compare what HTTP can say, and a date in HTTP has no fractions of a second.',
          zh: '服务器知道，但它只能比较 HTTP 说得出的东西，而 HTTP 的日期没有秒以下的部分。',
        },
      },
      {
        text: { en: '304, and goes on showing the page of before', zh: '304，于是继续显示旧页面' },
        right: true,
        because: {
          en: 'Both editions bear the date of the same second: not modified since. With an ETag the two differ.',
          zh: '两个版本的日期是同一秒：“此后没有修改”。换成 ETag，两者就不同了。',
        },
      },
      {
        text: {
          en: 'The whole page in any case: 304 is for ETags only',
          zh: '无论如何都是整个页面：304 只用于 ETag',
        },
        right: false,
        because: {
          en: 'A 304 answers either condition (RFC 9110, 15.4.5).',
          zh: '两种条件请求都可以用 304 应答（RFC 9110，15.4.5）。',
        },
      },
    ],
  },
}
