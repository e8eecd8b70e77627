/** 流与独立窗口: what one response that nobody reads costs the others, by stream credit and by connection credit. */
import type { ExperimentInput, Json, Text } from '../experiment.ts'
import { browser, site } from './quic-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink } from './web.ts'

const SIZE = 300_000
const RATE = 2_000_000
const DELAY = 25_000
/** How long the first response stays unread. */
const UNREAD = 2_000_000
/** Credit of one stream: several round trips' worth of this path, and a part of a response. */
const STREAM = 32_768
/** More than all three responses together. */
const WIDE = 4_194_304

const MAX_DATA = 'hosts.client.quic.maxData'
const MAX_STREAM_DATA = 'hosts.client.quic.maxStreamData'
const READ_DELAY = 'apps.browser.requests'

const responses = (readDelay: number): Json => [
  { target: '/first', readDelay },
  { target: '/second' },
  { target: '/third' },
]

/** Nothing else holds anything up: the path as it comes, and the credit of the lane. */
const AS_IT_COMES = [
  ...UNDISTURBED,
  is('links.link.down.rate.limit', RATE),
  is('links.link.up.delay', DELAY),
  is('links.link.down.delay', DELAY),
]
const ONE_STREAM = [...AS_IT_COMES, is(MAX_STREAM_DATA, STREAM)]

type Claim = ExperimentInput['expectations'][number]

const others = (lane: string, goOn: boolean, text: Text, why: Text, given = AS_IT_COMES): Claim => ({
  id: `${lane}-gap`,
  text,
  metric: `${lane}/delivery_gap_max`,
  op: goOn ? '<' : '>',
  value: goOn ? UNREAD / 10 : UNREAD / 2,
  unit: 'us',
  why,
  given,
})

export const quicStreams: ExperimentInput = {
  id: 'quic-streams',
  chapter: 'quic',
  title: { en: 'Streams and their credit', zh: '流与各自的窗口' },
  question: {
    en: 'Three responses come side by side, and the application does not read the first one for two seconds. Do the other two have to wait?',
    zh: '三个响应并行下载，应用程序有两秒钟不去读第一个。另外两个要不要等？',
  },
  narrative: [
    {
      en: 'A receiver has only so much memory. So in QUIC it grants credit: for each stream the offset up to which the peer may send (MAX_STREAM_DATA), and for the connection how many bytes in all, over all streams (MAX_DATA; RFC 9000 4.1). Credit is not taken back; new credit is granted as the application reads. When the first response lies unread, the credit of its stream is used up at some point, and the server stops sending it.',
      zh: '接收方的内存有限，所以 QUIC 由接收方发放额度：每个流可以发到哪个偏移（MAX_STREAM_DATA），整条连接上所有流合计可发多少字节（MAX_DATA；RFC 9000 4.1）。额度发出去就不收回，应用读走多少再补多少。第一个响应没有人读，它那个流的额度迟早用完，服务器便停发这个流。',
    },
    {
      en: 'In the first lane everything is read at once. Even there the server mostly waits for stream credit: the credit of three streams is more than the path holds, and what is too much stands in the queue of the link, so that the link stays busy all the same. In the second nobody reads the first response for two seconds, and its stream has credit for 32,768 bytes. It fills up its credit and stands still; the other two go on and even go faster, since they share the link by two instead of three. At the end all is there as early as if nothing had happened: the link was never idle.',
      zh: '第一组里所有响应随到随读。即便如此，服务器多数时间也在等流额度：三个流的额度加起来超过路径所能容纳，多出来的排在链路的队列里，所以链路照样一直在忙。第二组里第一个响应两秒钟没有人读，它的流有 32768 字节的额度，用完就停住；另外两个照常前进，而且更快，因为链路由三家分变成两家分。到最后，全部收完的时间和没有这回事时一样早：链路一刻也没有空闲。',
    },
    {
      en: 'The third lane is the counter-example: connection credit no larger than that of a stream. The bytes that nobody reads count there, too, so the first response uses up the credit of all, and the other two stand still although their readers are waiting and their own streams have credit left. Nothing is lost, nothing is blocked at the receiver. It is the sender that may not send.',
      zh: '第三组是反例：连接额度并不比单个流的大。没有人读的字节同样计入连接额度，于是第一个响应把大家的额度占光，另外两个也停了，尽管有人等着读，它们自己的流也还有额度。什么也没丢，接收端也没有阻塞，是发送方不准再发。',
    },
    {
      en: 'So it is not quite right to say that the streams of QUIC have independent windows and therefore do not depend on each other. They have a window each, and one that they share; and they share the congestion window and the link anyway. To stay independent, the connection’s credit must be larger than what slow readers can use up. What streams do not share is the order of their bytes: that is what QUIC has and TCP has not.',
      zh: '所以，“QUIC 的每个流都有独立的窗口，因而互不依赖”这话并不完全对。每个流各有一个窗口，另外还有一个共用的；拥塞窗口和链路更是始终共用。要想互不牵连，连接额度必须大于慢读者所能占住的量。流与流之间真正不共用的是字节的次序：这才是 QUIC 有而 TCP 没有的。',
    },
    {
      en: 'Nor are these windows new. HTTP/2 has the same two (RFC 9113 5.2, 6.9) and so the same trap. In the last lane it stands at the initial 65,535 bytes for the connection and does not fall into it, for Node’s client gives connection credit back as soon as bytes arrive, whether anyone reads them or not; only the stream has to wait. That costs memory, as much as all unread streams have credit for. And beneath lies TCP, with one order for all.',
      zh: '这两层窗口也不是新发明。HTTP/2 同样有两层（RFC 9113 5.2、6.9），也就同样有这个陷阱。最后一组的连接窗口停在初始的 65535 字节，却没有掉进去，因为 Node 的客户端在字节到达时就归还连接额度，不管有没有人读，只让那一个流等。代价是内存：所有没人读的流，额度有多少就得备多少。而它的下面是 TCP，所有流仍然只有一个次序。',
    },
  ],
  rfcs: [
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 2, 4.1, 4.2, 19.9, 19.10' },
    { number: 9113, title: 'HTTP/2: 5.2 and 6.9' },
    { number: 9114, title: 'HTTP/3: 6.1' },
  ],
  setup: {
    hosts: {
      ...WEB_HOSTS,
      client: { ...WEB_HOSTS.client, quic: { maxData: WIDE, maxStreamData: STREAM } },
    },
    links: webLink(DELAY, RATE),
    apps: {
      site: site({ '/first': { size: SIZE }, '/second': { size: SIZE }, '/third': { size: SIZE } }),
      browser: browser([{ target: '/first' }, { target: '/second' }, { target: '/third' }], {
        http2: { initialWindow: STREAM, connectionWindow: 65_535 },
      }),
    },
  },
  lanes: [
    { id: 'read', label: { en: 'All read at once', zh: '全部随到随读' } },
    {
      id: 'stream',
      label: { en: 'One unread, wide connection credit', zh: '一个不读，连接额度充足' },
      set: { [READ_DELAY]: responses(UNREAD) },
    },
    {
      id: 'connection',
      label: { en: 'One unread, narrow connection credit', zh: '一个不读，连接额度紧' },
      set: { [READ_DELAY]: responses(UNREAD), [MAX_DATA]: STREAM },
    },
    {
      id: 'h2',
      label: { en: 'HTTP/2, one unread', zh: 'HTTP/2，一个不读' },
      set: { [READ_DELAY]: responses(UNREAD), 'apps.browser.version': 'h2' },
    },
  ],
  knobs: [
    {
      id: 'stream-credit',
      label: { en: 'Credit of a stream', zh: '单个流的额度' },
      hint: {
        en: 'What the server may send on a stream of QUIC that nobody reads. Below what the path holds in a round trip, each stream is slower than the link.',
        zh: '没有人读的时候，服务器在一个 QUIC 流上可发的字节数。若小于一个往返能装下的量，单个流就跑不满链路。',
      },
      group: 'quic',
      paths: [MAX_STREAM_DATA],
      kind: 'number',
      unit: 'B',
      min: 4_096,
      max: 1_048_576,
      scale: 'log',
    },
    ...PATH_KNOBS,
  ],
  expectations: [
    others(
      'stream',
      true,
      {
        en: 'With one stream unread the others never pause for even a tenth of that time',
        zh: '一个流没人读，其余的停顿从不超过那段时间的十分之一',
      },
      {
        en: 'RFC 9000 (4.1): the stream has used up its own credit, and the connection has more. The longest pause in which nothing at all reached the application.',
        zh: 'RFC 9000（4.1）：这个流只用光了自己的额度，连接还有余。这里量的是应用程序什么也收不到的最长时间。',
      },
      ONE_STREAM,
    ),
    {
      id: 'stream-page-time',
      text: {
        en: 'And all three are there as early as if all had been read',
        zh: '三个响应收完的时间，与全部随到随读时一样',
      },
      metric: 'stream/page_time',
      op: '=',
      value: 'read/page_time',
      tolerance: 0.05,
      unit: 'us',
      why: {
        en: 'The link was busy all the time: what one stream may not send, the others do.',
        zh: '链路始终没闲着：一个流不准发的份额，由另外两个来发。',
      },
      given: ONE_STREAM,
    },
    {
      id: 'stream-credit',
      text: {
        en: 'No moment is put down to connection credit',
        zh: '没有任何时间要归到连接额度上',
      },
      metric: 'stream/stall_connection_credit',
      op: '=',
      value: 0,
      unit: 'ratio',
      why: {
        en: 'There is credit for more than all three responses.',
        zh: '连接额度比三个响应加起来还多。',
      },
    },
    others(
      'connection',
      false,
      {
        en: 'Without credit of the connection all of them stand still, for more than half of that time',
        zh: '连接额度用完，所有流都停住，超过那段时间的一半',
      },
      {
        en: 'RFC 9000 (4.1): the sum over all streams counts, and the unread bytes are in it. The other two get ever less of what is left, until it is nothing.',
        zh: 'RFC 9000（4.1）：额度按所有流合计，没人读的字节也算在内。另外两个流能分到的越来越少，直到一点不剩。',
      },
      ONE_STREAM,
    ),
    {
      id: 'connection-credit',
      text: {
        en: 'And that is what the server waits for, at least a fifth of its time',
        zh: '服务器至少有五分之一的时间在等它',
      },
      metric: 'connection/stall_connection_credit',
      op: '>=',
      value: 0.2,
      unit: 'ratio',
      why: {
        en: 'It has data of three streams to send, room in the congestion window, and may not (DATA_BLOCKED, RFC 9000 4.1).',
        zh: '三个流都有数据要发，拥塞窗口也有空，却不准发（DATA_BLOCKED，RFC 9000 4.1）。',
      },
      given: ONE_STREAM,
    },
    {
      id: 'connection-page-time',
      text: {
        en: 'The page takes longer by more than half of that time',
        zh: '总耗时增加了那段时间的一半以上',
      },
      metric: 'connection/page_time',
      op: '>',
      value: (3 * SIZE * 8e6) / RATE + UNREAD / 2,
      unit: 'us',
      why: {
        en: 'Three responses fill this link for 3.6 s; time in which nothing may be sent comes on top.',
        zh: '三个响应要占用这条链路 3.6 秒，不准发送的时间另加。',
      },
      given: ONE_STREAM,
    },
    others(
      'h2',
      true,
      { en: 'HTTP/2 goes on, too', zh: 'HTTP/2 同样照常前进' },
      {
        en: 'RFC 9113 (5.2, 6.9): it has windows of streams and one of the connection, as QUIC has. This client gives the connection’s back on arrival.',
        zh: 'RFC 9113（5.2、6.9）：它和 QUIC 一样，既有流的窗口，也有连接的窗口。这个客户端在字节到达时就归还连接窗口。',
      },
    ),
  ],
  views: ['credit', 'streams', 'stalls', 'waterfall', 'quic', 'goodput', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'On a QUIC connection one of three responses is not read by the application. Its stream has used up its credit. What of the other two?',
      zh: '一条 QUIC 连接上有三个响应，其中一个应用程序不去读，它的流已经用完额度。另外两个会怎样？',
    },
    choices: [
      {
        text: { en: 'They always go on, for streams are independent', zh: '总能继续，因为流是独立的' },
        right: false,
        because: {
          en: 'Their order is independent. The credit of the connection is not: unread bytes count there, too.',
          zh: '独立的是次序。连接额度并不独立：没人读的字节也算在里面。',
        },
      },
      {
        text: {
          en: 'They go on as long as the connection has credit',
          zh: '只要连接额度还有剩，就能继续',
        },
        right: true,
        because: {
          en: 'There are two limits, and each byte counts against both.',
          zh: '限制有两层，每个字节都要在两层里记账。',
        },
      },
      {
        text: { en: 'They wait, as over TCP', zh: '都得等，和 TCP 一样' },
        right: false,
        because: {
          en: 'Over TCP they would wait if TCP’s own receive window were full. Nothing but credit ties streams of QUIC together.',
          zh: 'TCP 的接收窗口满了才会那样。QUIC 的流之间除了额度没有这样的牵连。',
        },
      },
    ],
  },
}
