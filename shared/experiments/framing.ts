/** 粘包: messages in a byte stream that is cut anywhere, for a reader that does not look for them and for three that do. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { is, UNDISTURBED, WEB_HOSTS } from './web.ts'

const COUNT = 80
const EVERY = 10_000
const LONGEST = 400
/** So rarely that each message is there, and read, before the next is written. */
const SELDOM = 100_000

const framed = (framing: string) => ({
  'apps.sender.framing': framing,
  'apps.receiver.framing': framing,
})
const CUT = is('apps.sender.writes', 'cut')

/** What is claimed of each of the three. */
const readsAll = (
  lane: string,
  text: { en: string; zh: string },
  why: { en: string; zh: string },
): ExperimentInput['expectations'] => [
  {
    id: `${lane}-all`,
    text,
    metric: `${lane}/messages_delivered`,
    op: '=',
    value: COUNT,
    unit: 'count',
    why,
  },
  {
    id: `${lane}-none-wrong`,
    text: {
      en: `${text.en.split(' gets')[0]}: 0 wrong messages`,
      zh: `${text.zh.split('读出')[0]}：错误消息 0 条`,
    },
    metric: `${lane}/messages_wrong`,
    op: '=',
    value: 0,
    unit: 'count',
    why: {
      en: 'However the stream was cut on its way, the reader gives a message out when it has come to its end, and not before.',
      zh: '不管字节流在路上怎么切，读到一条消息的末尾才交出一条，不早也不晚。',
    },
  },
]

export const framing: ExperimentInput = {
  id: 'framing',
  chapter: 'ip',
  title: { en: 'Messages in a byte stream', zh: '粘包与分帧' },
  question: {
    en: 'A program writes messages to a TCP connection, another reads from it. When does a read give it exactly one message?',
    zh: '一个程序往 TCP 连接里写消息，另一个程序读。什么时候，一次读取恰好得到一条消息？',
  },
  narrative: [
    {
      en: 'A sender writes 80 messages into a connection. It does so in pieces that have nothing to do with the messages, as any program does whose data pass through buffers; TCP makes segments of them as it sees fit; the link loses some and they come again. The reader in the first row takes what each read gives it for a message. Nearly all of what it gets is wrong: the end of one message with the beginning of the next (glued), or a part of one only (split).',
      zh: '发送方往一条连接里写 80 条消息。写的时候分块与消息无关，数据经过缓冲区的程序都是这样；TCP 再按自己的意思切成报文段；链路丢掉一些，又重传过来。第一行的读者把每次读到的东西当成一条消息。结果几乎全错：这一条的尾巴连着下一条的开头（粘在一起），或者只有一条的一部分（拆开）。',
    },
    {
      en: 'People call this “sticky packets”, as though TCP had glued what ought to be separate. It has not. There are no packets in what TCP offers: it carries a stream of bytes, and in this row, too, every byte arrives intact and in order. Where one message ends was never said, and nobody can find again what was never said. To keep a promise that was not made is not TCP’s business. With UDP the question does not come up, since a datagram has ends.',
      zh: '这种现象人称“粘包”，好像 TCP 把本该分开的东西粘到了一起。其实没有。TCP 提供的服务里根本没有“包”：它运送的是字节流，而且就在这一行里，每个字节都完好、有序地到达了。一条消息到哪里为止，从来没有谁说过；没说过的事，谁也找不回来。UDP 就没有这个问题，因为数据报有头有尾。',
    },
    {
      en: 'So the application has to say it. The second row makes all messages as long as the longest and fills up with zeros. Nothing could be simpler to read: count to 400. But short messages pay for the long ones, the longest must be known beforehand, and the filling has to be told from the content (here no message ends in a zero).',
      zh: '所以得由应用来说。第二行把所有消息补成与最长的一样长，不足的填零。读起来再简单不过：数到 400。但短消息要替长消息付账，最长多少必须事先约定，填充还得能和内容区分开（这里规定消息不以零结尾）。',
    },
    {
      en: 'The third row ends each message with CR LF. Then these characters must not occur within, so they are escaped: two characters stand for one, and the escape itself is escaped. The notes name FTP and SMTP as examples, which is half right: in these CR LF ends a line, and a mail, which has many lines, ends with a line that holds nothing but a dot. A line of the mail that begins with a dot gets another one for that reason (RFC 5321, 4.5.2): the same trick. The reader has to look at every byte.',
      zh: '第三行在每条消息末尾加上 CR LF。这样一来，消息里面就不能出现这两个字符，只好转义：用两个字符代表一个，转义符本身也要转义。笔记里举 FTP 和 SMTP 为例，只对了一半：在它们那里 CR LF 结束的是一行，而一封邮件有很多行，要用只含一个点的行来结束。正文里以点开头的行因此要再加一个点（RFC 5321，4.5.2），道理相同。读者必须逐个字节地看。',
    },
    {
      en: 'The fourth row puts the length before each message, in 4 bytes. The content may be anything, and the reader knows at once how much it is to wait for; the frames of HTTP/2, of WebSocket and of MQTT, the records of TLS and the messages of gRPC are all made this way. It has its own weakness: a reader that believes any length can be made to wait for gigabytes, or to reserve them. So there has to be a limit, and beyond it the connection is closed, since after one wrong length nobody knows where a message begins.',
      zh: '第四行在每条消息前面写上长度，占 4 个字节。内容可以是任何东西，读者也马上知道要等多少；HTTP/2、WebSocket、MQTT 的帧，TLS 的记录，gRPC 的消息，都是这样做的。它也有弱点：读者若什么长度都信，就会被骗去等上几个 GB，甚至先把内存占好。所以必须有上限，超过就关闭连接，因为长度错了一次，就再也不知道消息从哪里开始了。',
    },
    {
      en: 'The treacherous thing is how often the naive reader is right. Have the sender write each message whole and seldom, and let nothing be lost: then each message travels in a segment of its own, each read gives one, and every test passes. On a busy day, with a longer message or one lost packet, it does not. Turn the knobs and see it tip over.',
      zh: '最会骗人的是，天真的读者常常是对的。让发送方每次写一条完整的消息，写得稀疏些，什么也不丢：每条消息各占一个报文段，每次读取得到一条，所有测试都能通过。换到忙碌的一天，消息长一点，或者丢一个包，就不行了。转动旋钮，看它怎样翻车。',
    },
  ],
  rfcs: [
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.9.1 (User/TCP Interface)' },
    { number: 5321, title: 'Simple Mail Transfer Protocol: 4.5.2 (Transparency)' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: { delay: 20_000, rate: { limit: 10_000_000 }, loss: { rate: 0.01 } },
        down: { delay: 20_000, rate: { limit: 10_000_000 } },
      },
    },
    apps: {
      sender: {
        kind: 'message-sender',
        host: 'client',
        to: 'server',
        port: 4711,
        framing: 'none',
        count: COUNT,
        every: EVERY,
        shortest: 40,
        longest: LONGEST,
        writes: 'cut',
      },
      receiver: { kind: 'message-receiver', host: 'server', port: 4711, framing: 'none', longest: LONGEST },
    },
  },
  lanes: [
    { id: 'naive', label: { en: 'A read is a message', zh: '读到什么算什么' } },
    { id: 'fixed', label: { en: 'Fixed length', zh: '固定长度' }, set: framed('fixed') },
    { id: 'delimited', label: { en: 'CR LF at the end', zh: '以 CR LF 结尾' }, set: framed('delimited') },
    { id: 'length', label: { en: 'Length before it', zh: '前置长度' }, set: framed('length') },
  ],
  knobs: [
    {
      id: 'writes',
      label: { en: 'The sender writes', zh: '发送方怎样写' },
      group: 'application',
      paths: ['apps.sender.writes'],
      kind: 'choice',
      options: [
        { value: 'cut', label: { en: 'in pieces of any size', zh: '随意分块' } },
        { value: 'whole', label: { en: 'whole messages', zh: '整条消息' } },
      ],
    },
    {
      id: 'every',
      label: { en: 'A message every', zh: '消息间隔' },
      hint: {
        en: 'With whole writes and some distance between them, even the naive reader is right.',
        zh: '整条写入，间隔又够长，天真的读者也能读对。',
      },
      group: 'application',
      paths: ['apps.sender.every'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 200_000,
      step: 1_000,
    },
    {
      id: 'nagle',
      label: { en: "Nagle's algorithm", zh: 'Nagle 算法' },
      hint: {
        en: 'Small pieces wait for what is on its way to be acknowledged, and leave together.',
        zh: '小块数据等在途数据得到确认后再一起发出。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.nagle'],
      kind: 'switch',
    },
    { ...LINK_KNOBS.loss, paths: ['links.link.up.loss.rate'], max: 0.1 },
    { ...LINK_KNOBS.delay, paths: bothWays('delay') },
    { ...LINK_KNOBS.rate, paths: bothWays('rate.limit') },
  ],
  expectations: [
    {
      id: 'naive-wrong',
      text: { en: 'The naive reader takes wrong things for messages', zh: '天真的读者读出错误的消息' },
      metric: 'naive/messages_wrong',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'A read gives what is there, up to the size of the buffer (RFC 9293, 3.9.1). That this is one message would be chance.',
        zh: '一次读取给的是当时有的东西，以缓冲区大小为限（RFC 9293，3.9.1）。恰好是一条消息纯属偶然。',
      },
      given: [CUT],
    },
    {
      id: 'naive-glued',
      text: { en: 'Some of them are glued', zh: '有的粘在一起' },
      metric: 'naive/messages_glued',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'A write may bring the tail of one message and the head of the next, and what was held up by a loss comes out in one read.',
        zh: '一次写入可能带着上一条的尾和下一条的头；被丢包拖住的数据，又会在一次读取里一起出来。',
      },
      given: [CUT],
    },
    {
      id: 'naive-split',
      text: { en: 'Some are split', zh: '有的被拆开' },
      metric: 'naive/messages_split',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'Where a write ends within a message, the first read ends there, too.',
        zh: '写入在消息中间断开，读取也就断在那里。',
      },
      given: [CUT, is('apps.sender.every', EVERY), is('hosts.client.tcp.nagle', false)],
    },
    {
      id: 'intact',
      text: { en: 'Yet every byte arrived, in order', zh: '然而每个字节都按次序到达了' },
      metric: 'naive/bytes_intact',
      op: '=',
      value: 1,
      unit: '',
      why: {
        en: 'The digests (SHA-256) of what was written and what was read are equal. TCP has done all that it promises.',
        zh: '写入与读出的 SHA-256 摘要相同。TCP 答应的事全都做到了。',
      },
    },
    ...readsAll(
      'fixed',
      { en: 'Fixed length gets all 80 messages', zh: '固定长度读出全部 80 条消息' },
      {
        en: 'A message ends after 400 bytes.',
        zh: '满 400 个字节就是一条。',
      },
    ),
    ...readsAll(
      'delimited',
      { en: 'CR LF gets all 80', zh: '以 CR LF 结尾读出全部 80 条' },
      {
        en: 'A message ends where CR LF stands, and CR and LF stand nowhere else.',
        zh: 'CR LF 所在之处就是消息的末尾，别处不会出现 CR 和 LF。',
      },
    ),
    ...readsAll(
      'length',
      { en: 'A length before each gets all 80', zh: '前置长度读出全部 80 条' },
      {
        en: 'A message ends as many bytes after its 4 bytes of length as these say.',
        zh: '4 个字节的长度说多少，消息就到多少字节为止。',
      },
    ),
    {
      id: 'fixed-bytes',
      text: { en: 'Fixed length costs 32 kB', zh: '固定长度要 32 kB' },
      metric: 'fixed/bytes_read',
      op: '=',
      value: COUNT * LONGEST,
      unit: 'B',
      why: {
        en: 'The number of messages times the longest, whatever they hold.',
        zh: '消息条数乘以最长的长度，与内容多少无关。',
      },
    },
    {
      id: 'fixed-heaviest',
      text: { en: 'That is more than with CR LF', zh: '比用 CR LF 多' },
      metric: 'fixed/bytes_read',
      op: '>',
      value: 'delimited/bytes_read',
      unit: 'B',
      why: {
        en: 'Lengths are spread evenly here, so about half of it is filling.',
        zh: '这里的长度均匀分布，所以约有一半是填充。',
      },
    },
    {
      id: 'length-lightest',
      text: { en: 'And CR LF costs more than a length', zh: '而 CR LF 又比前置长度多' },
      metric: 'delimited/bytes_read',
      op: '>',
      value: 'length/bytes_read',
      unit: 'B',
      why: {
        en: 'These contents are binary: about one byte in ten has to be escaped. In text without line breaks it would be the other way round.',
        zh: '这里的内容是二进制：大约每十个字节就有一个要转义。换成没有换行的文本，就反过来了。',
      },
    },
    {
      id: 'lucky',
      text: {
        en: 'With whole writes, 100 ms apart, the naive reader gets 0 wrong',
        zh: '整条写入、相隔 100 ms，天真的读者错 0 条',
      },
      metric: 'naive/messages_wrong',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'Each message has a segment of its own and is read before the next one comes. Nobody promises that.',
        zh: '每条消息独占一个报文段，下一条到来之前已被读走。可谁也没有保证过这一点。',
      },
      given: [
        is('apps.sender.writes', 'whole'),
        is('apps.sender.every', SELDOM),
        ...UNDISTURBED.filter(({ path }) => path.startsWith('links.link.up')),
      ],
    },
  ],
  views: ['framing', 'deliveries', 'ladder', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'A program writes two messages of 100 bytes each to a TCP connection, one right after the other. The other side reads once, with a large buffer. What can the read give?',
      zh: '程序往 TCP 连接里接连写入两条各 100 字节的消息。对端用大缓冲区读一次，可能读到什么？',
    },
    choices: [
      {
        text: { en: '100 bytes: a read gives what a write wrote', zh: '100 字节：一次写入对应一次读取' },
        right: false,
        because: {
          en: 'It may be so, and often is. TCP does not keep where writes ended.',
          zh: '有可能，而且常常如此。但 TCP 并不记录每次写到哪里。',
        },
      },
      {
        text: { en: '200 bytes: TCP puts small writes together', zh: '200 字节：TCP 会把小块合并' },
        right: false,
        because: {
          en: 'That happens, too: with Nagle’s algorithm, or when the reader is late.',
          zh: '也会发生：比如开着 Nagle 算法，或者读得晚。',
        },
      },
      {
        text: { en: 'Anything from 1 to 200 bytes', zh: '1 到 200 字节都有可能' },
        right: true,
        because: {
          en: 'All that is promised is the order of the bytes.',
          zh: 'TCP 只保证字节的次序。',
        },
      },
    ],
  },
}
