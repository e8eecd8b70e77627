/** Nagle 与延迟确认: two rules that are each sensible, and wait for each other when an application writes twice and then reads. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { is } from './web.ts'

const DELAY = 25_000
/** How long an acknowledgment waits. */
const PATIENCE = 40_000
/** What the system call of a write takes. With none between them, two writes are one to TCP. */
const CALL = 20
const ROUNDS = 20
const PORT = 5001
const NAGLE = 'hosts.client.tcp.nagle'
const DELAYED_ACK = 'hosts.server.tcp.delayedAck'
const WRITES = 'apps.asker.writes'

const AS_FAR = bothWays('delay').map((path) => is(path, DELAY))
const AS_IT_COMES = [...AS_FAR, is('apps.asker.gap', CALL)]
const AS_PATIENT = [...AS_IT_COMES, is(DELAYED_ACK, PATIENCE)]

type Claim = ExperimentInput['expectations'][number]
type Words = Claim['text']

/** What a round takes in a lane, at the typical one. At the wall clock both ends need a moment to compute. */
const round = (lane: string, value: number, text: Words, why: Words, given = AS_IT_COMES): Claim => ({
  id: `${lane}-round`,
  text,
  metric: `${lane}/round_time_median`,
  op: '=',
  value,
  tolerance: 0.2,
  unit: 'us',
  why,
  given,
})

export const tcpNagle: ExperimentInput = {
  id: 'tcp-nagle',
  chapter: 'tcp-transfer',
  title: { en: 'Nagle and delayed acknowledgments', zh: 'Nagle 与延迟确认' },
  question: {
    en: 'A client sends a question in two small writes and waits for the answer. The round trip takes 50 ms, but the answer 140. Nothing was lost. Where is the time?',
    zh: '客户端分两次写出一个小问题，然后等答案。往返只要 50 毫秒，答案却要 140 毫秒才来。什么也没丢，时间去哪儿了？',
  },
  narrative: [
    {
      en: 'Two rules save small packets. Nagle’s algorithm, at the sender: as long as something is unacknowledged, collect small writes instead of sending a packet for each (RFC 9293, 3.7.4; RFC 896). The delayed acknowledgment, at the receiver: wait a little before acknowledging, for an answer may be about to go that carries the acknowledgment along, or a second segment may come (3.8.6.3). Here it waits 40 ms; the standard allows 500 ms. Each makes sense and each does its work alone.',
      zh: '有两条规则用来少发小包。发送方有 Nagle 算法：只要还有数据没确认，零碎的写入就先攒着，不要一次写一个包（RFC 9293，3.7.4；RFC 896）。接收方有延迟确认：收到后先等一等，也许马上有回答要发，确认可以搭车；也许第二个报文段就来了（3.8.6.3）。这里等 40 毫秒，标准最多允许 500 毫秒。两条都有道理，单独用都很好。',
    },
    {
      en: 'Then an application writes the head of a question, writes its body, and reads. In the first lane the first write goes at once, for nothing is outstanding. The second is small and something is outstanding: Nagle holds it until the acknowledgment. The server has half a question, which it cannot answer, so no answer will carry the acknowledgment along; there is no second segment either, because that is held at the client. Each side waits for what the other keeps back. After 40 ms the receiver’s timer runs out, the acknowledgment goes, the second half comes, and the answer at last. That is two round trips and the timer: 140 ms, round after round.',
      zh: '可是有的应用先写问题的头，再写问题的身子，然后就读。第一组里，第一次写入立刻发出，因为没有未确认的数据。第二次写入很小，又有数据没确认，Nagle 把它扣下，等确认。服务器只有半个问题，答不了，也就没有回答能捎上确认；第二个报文段也不会来，它正扣在客户端手里。双方各自等着对方扣住的东西。40 毫秒后接收方的定时器到点，确认发出，后半个问题过来，答案才终于动身。两个往返再加一个定时器：140 毫秒，轮轮如此。',
    },
    {
      en: 'Take one of the two away. Without delayed acknowledgments the second write still waits for the first one’s acknowledgment: two round trips, 100 ms. Without Nagle both writes leave together, and a round is a round trip: 50 ms. With neither it is as fast, and every segment is acknowledged on its own. So delayed acknowledgment alone does no harm here, and Nagle alone costs a round trip; only the two together make the stall.',
      zh: '去掉其中一个看看。没有延迟确认，第二次写入仍要等第一次的确认：两个往返，100 毫秒。没有 Nagle，两次写入一起动身，一轮就是一个往返：50 毫秒。两个都没有，一样快，只是每个报文段都单独确认。可见在这里，单有延迟确认无害，单有 Nagle 多花一个往返，只有两者凑到一起才会卡住。',
    },
    {
      en: 'The last lane has both rules and an application that writes its question once. It is as fast as can be. So the cure that costs nothing is in the application: put together what belongs together and write it at once (writev, a buffer, TCP_CORK). Switching Nagle off (TCP_NODELAY) is the cure for applications that do write in pieces and cannot help it, and browsers, web servers and SSH do so; it must then be the application that takes care not to send crumbs. And for questions that are sent without waiting for an answer, such as keys that are typed, Nagle does what it was made for: one packet a round trip instead of one a key.',
      zh: '最后一组两条规则都在，只是应用一次写完整个问题，结果快得不能再快。所以不花代价的解法在应用里：该在一起的放在一起，一次写出（writev、缓冲、TCP_CORK）。关掉 Nagle（TCP_NODELAY）适合那些不得不分次写的应用，浏览器、Web 服务器、SSH 都这样做；但那样一来，就得由应用自己注意，不要发零碎。至于不等回答就接着发的数据，比如敲键盘，Nagle 正是为它们而生：每个往返一个包，而不是每个键一个包。',
    },
  ],
  rfcs: [
    {
      number: 9293,
      title:
        'Transmission Control Protocol (TCP): 3.7.4 (Nagle Algorithm), 3.8.6.3 (Delayed Acknowledgments)',
    },
    { number: 896, title: 'Congestion Control in IP/TCP Internetworks' },
    { number: 1122, title: 'Requirements for Internet Hosts: 4.2.3.2, 4.2.3.4' },
    { number: 5681, title: 'TCP Congestion Control: 4.2 (Generating Acknowledgments)' },
  ],
  setup: {
    hosts: { client: { role: 'client' }, server: { role: 'server', tcp: { delayedAck: PATIENCE } } },
    links: { link: { a: 'client', b: 'server', up: { delay: DELAY }, down: { delay: DELAY } } },
    apps: {
      asker: {
        kind: 'tcp-ask',
        host: 'client',
        to: 'server',
        port: PORT,
        rounds: ROUNDS,
        writes: [100, 100],
        gap: CALL,
        answer: 100,
      },
      answerer: { kind: 'tcp-answer', host: 'server', port: PORT, question: 200, answer: 100 },
    },
  },
  lanes: [
    { id: 'both', label: { en: 'Nagle and delayed ACK', zh: 'Nagle 加延迟确认' } },
    { id: 'nagle', label: { en: 'Nagle alone', zh: '只有 Nagle' }, set: { [DELAYED_ACK]: 0 } },
    { id: 'delayed', label: { en: 'Delayed ACK alone', zh: '只有延迟确认' }, set: { [NAGLE]: false } },
    { id: 'neither', label: { en: 'Neither', zh: '都没有' }, set: { [NAGLE]: false, [DELAYED_ACK]: 0 } },
    {
      id: 'one-write',
      label: { en: 'Both, and one write', zh: '两个都有，一次写完' },
      set: { [WRITES]: [200] },
    },
  ],
  knobs: [
    {
      id: 'delayed-ack',
      label: { en: 'Delay of an ACK', zh: '确认最多等' },
      hint: {
        en: 'How long the server may hold back an acknowledgment. What the first lane waits for, each round.',
        zh: '服务器最多把确认扣多久。第一组每一轮等的就是它。',
      },
      group: 'tcp',
      paths: [DELAYED_ACK],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 500_000,
      step: 10_000,
    },
    {
      id: 'gap',
      label: { en: 'Pause between the writes', zh: '两次写入之间' },
      hint: {
        en: 'What passes between the first half of the question and the second. 0: TCP is given both in one.',
        zh: '写完前半个问题到写后半个之间的时间。0 表示两半一次交给 TCP。',
      },
      group: 'application',
      paths: ['apps.asker.gap'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 100_000,
      step: 1_000,
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), live: false },
  ],
  expectations: [
    round(
      'both',
      4 * DELAY + PATIENCE,
      {
        en: 'With both a round takes two round trips and the timer: 140 ms',
        zh: '两个都有，一轮要两个往返加一个定时器：140 毫秒',
      },
      {
        en: 'The second write waits for an acknowledgment that waits for the second write, until 40 ms are over.',
        zh: '第二次写入等确认，确认等第二次写入，直到 40 毫秒过去。',
      },
      AS_PATIENT,
    ),
    {
      id: 'both-stall',
      text: {
        en: 'Most of it the client waits because of Nagle',
        zh: '其中大部分时间，客户端是因 Nagle 而等',
      },
      metric: 'both/stall_nagle',
      op: '>=',
      value: 0.5,
      unit: 'ratio',
      why: {
        en: 'From the first write until its acknowledgment: a round trip and 40 ms of each 140.',
        zh: '从第一次写入到它的确认：每 140 毫秒里有一个往返外加 40 毫秒。',
      },
      given: AS_PATIENT,
    },
    {
      id: 'both-write',
      text: { en: 'The second write reaches the server after 115 ms', zh: '第二次写入 115 毫秒后才到服务器' },
      metric: 'both/write_delay_max',
      op: '>=',
      value: 3 * DELAY + PATIENCE - CALL,
      unit: 'us',
      why: {
        en: 'The first one there, 40 ms of patience, the acknowledgment back, and then its own way.',
        zh: '第一次写入过去，等 40 毫秒，确认回来，它自己再走一趟。',
      },
      given: AS_PATIENT,
    },
    round(
      'nagle',
      4 * DELAY,
      { en: 'Nagle alone costs a second round trip: 100 ms', zh: '单有 Nagle，多花一个往返：100 毫秒' },
      {
        en: 'The first write is acknowledged at once, and then the second goes.',
        zh: '第一次写入立刻得到确认，第二次随即发出。',
      },
    ),
    round(
      'delayed',
      2 * DELAY,
      { en: 'Delayed acknowledgments alone cost nothing: 50 ms', zh: '单有延迟确认，不花代价：50 毫秒' },
      {
        en: 'Both writes go at once, the question is whole, and the answer carries the acknowledgment.',
        zh: '两次写入都立刻发出，问题是完整的，答案捎上了确认。',
      },
    ),
    round(
      'neither',
      2 * DELAY,
      { en: 'With neither it is as fast', zh: '两个都没有，一样快' },
      { en: 'Only that every segment is acknowledged for itself.', zh: '只是每个报文段都单独确认。' },
    ),
    {
      id: 'neither-segments',
      text: { en: 'But takes more bytes on the wire', zh: '但线路上的字节更多' },
      metric: 'neither/packet_bytes',
      op: '>',
      value: 'delayed/packet_bytes',
      unit: 'B',
      why: {
        en: 'An acknowledgment that does not wait for the answer is a packet of its own.',
        zh: '不等答案就发的确认，自己就是一个包。',
      },
      given: AS_IT_COMES,
    },
    round(
      'one-write',
      2 * DELAY,
      { en: 'With both rules and one write there is no stall', zh: '两条规则都在，一次写完就不卡' },
      {
        en: 'Nothing is outstanding when the question is written, so it goes at once and whole.',
        zh: '写问题的时候没有未确认的数据，于是整个立刻发出。',
      },
    ),
  ],
  views: ['writes', 'ladder', 'stalls', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'Nagle and delayed acknowledgments are on, the round trip takes 50 ms, an acknowledgment waits up to 40 ms. The client writes 100 bytes, writes 100 more, and reads. After how long has it got its answer?',
      zh: 'Nagle 和延迟确认都开着，往返 50 毫秒，确认最多等 40 毫秒。客户端写 100 字节，再写 100 字节，然后读。多久拿到答案？',
    },
    choices: [
      {
        text: { en: '50 ms', zh: '50 毫秒' },
        right: false,
        because: {
          en: 'So it would be if both writes left at once. Nagle holds the second.',
          zh: '两次写入都立刻发出才会这样。第二次被 Nagle 扣住了。',
        },
      },
      {
        text: { en: '90 ms', zh: '90 毫秒' },
        right: false,
        because: {
          en: 'A round trip and the timer bring the acknowledgment. Only then the second half of the question leaves.',
          zh: '一个往返加定时器，只换来那个确认。到这时后半个问题才动身。',
        },
      },
      {
        text: { en: '140 ms', zh: '140 毫秒' },
        right: true,
        because: {
          en: 'A round trip and the timer for the acknowledgment, another round trip for the rest of the question and its answer.',
          zh: '一个往返加定时器换来确认，再一个往返送后半个问题、取回答案。',
        },
      },
    ],
  },
}
