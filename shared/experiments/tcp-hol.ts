/** TCP 队头阻塞: one segment is lost, and all bytes behind it wait in the receive buffer. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { is } from './web.ts'

const DELAY = 50_000
/** Bytes a second that the application writes, and bytes of a write. */
const RATE = 400_000
const PIECE = 4_000
const BYTES = 300_000
const PORT = 5001
/** What the application writes until the gap is filled: a round trip, and the time of three more segments. */
const HELD = 44_000

const UNCHANGED = [...bothWays('delay').map((path) => is(path, DELAY)), is('apps.sender.rate', RATE)]

export const tcpHol: ExperimentInput = {
  id: 'tcp-hol',
  chapter: 'tcp-transfer',
  title: { en: 'Head-of-line blocking in TCP', zh: 'TCP 队头阻塞' },
  question: {
    en: 'An application writes 4,000 bytes every 10 ms, and one segment of 1,448 bytes is lost. How many bytes does that keep from the application at the other end, and for how long?',
    zh: '应用每 10 毫秒写 4,000 字节，其中一个 1,448 字节的报文段丢了。对面的应用因此拿不到多少字节，要等多久？',
  },
  narrative: [
    {
      en: 'TCP gives its application one stream of bytes without gaps. Sequence numbers put what arrives into its place, and the application gets what lies in order from the beginning, nothing else (RFC 9293, 3.4, 3.8). In the upper lane that costs nothing: every piece is read as it comes, one way after it was written.',
      zh: 'TCP 交给应用的，是一条没有缺口的字节流。到达的数据按序列号归位，应用只能拿到从头连续的部分，别的都拿不到（RFC 9293，3.4、3.8）。上面一组里这毫无代价：每一块随到随读，从写下到读到，正好一个单程。',
    },
    {
      en: 'In the lower lane one segment dies. What comes behind it arrives on time and lies in the receive buffer: the host has it, the application has not. Each segment makes the receiver send a duplicate acknowledgment, and from the third on the sender knows (RFC 5681, 3.2). The repetition needs one way back for the news and one way there, so the gap is open for some 105 ms. By then about 44,000 bytes are waiting for 1,448.',
      zh: '下面一组里丢了一个报文段。它后面的数据照常到达，躺在接收缓冲区里：主机有了，应用没有。每到一段，接收方就发一个重复确认，到第三个，发送方明白了（RFC 5681，3.2）。消息回去一个单程，重发过来又一个单程，所以缺口要开约 105 毫秒。这时约有 44,000 字节在等那 1,448 字节。',
    },
    {
      en: 'Then everything comes out at once. To the application it looks as if the network had paused for a round trip and then delivered in a burst; nothing of the kind happened. Look at the bytes held over time: they rise in a straight line, by what the application writes, and fall to zero within a moment. The area under that triangle is the real price, in bytes times seconds. It grows with the square of the round trip: a path twice as long holds back twice as much, twice as long. (That the bytes come in steps afterwards is another matter: the loss has made the congestion window smaller than what the application writes in a round trip.)',
      zh: '然后一齐涌出。在应用看来，仿佛网络停了一个往返，再猛地交付一批；其实网络什么也没做。看“被扣住的字节”随时间的变化：应用写多快，它就按这个斜率直线上升，然后一瞬间归零。这个三角形的面积才是真正的代价，单位是“字节乘以秒”。它随往返时间的平方增长：路径长一倍，扣住的多一倍，扣的时间也长一倍。（此后字节一阵一阵地到，那是另一回事：丢包让拥塞窗口变小了，小于应用一个往返所写的量。）',
    },
    {
      en: 'For a file that is no loss at all: the last byte comes when it comes. It hurts where the pieces have nothing to do with one another: when the streams of HTTP/2 share one connection, a lost segment of one response holds up all the others, although their bytes are there. TCP cannot know better, for it sees one stream. QUIC keeps an order for each stream instead of one for all, and that is the main thing for which it was made (RFC 9000, 2).',
      zh: '传文件，这不算损失：最后一个字节该什么时候到还是什么时候到。真正受害的，是彼此无关的数据：HTTP/2 的多个流共用一条连接，一个响应丢了一段，其他响应的字节明明到了，也得陪着等。TCP 没法做得更好，它眼里只有一条流。QUIC 给每个流各排各的次序，不再所有流共用一个，这正是它诞生的主要理由（RFC 9000，2）。',
    },
  ],
  rfcs: [
    {
      number: 9293,
      title: 'Transmission Control Protocol (TCP): 3.4 (Sequence Numbers), 3.8 (Data Communication)',
    },
    { number: 5681, title: 'TCP Congestion Control: 3.2 (Fast Retransmit/Fast Recovery)' },
    { number: 2018, title: 'TCP Selective Acknowledgment Options' },
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 2 (Streams)' },
  ],
  setup: {
    hosts: {
      // Until the loss it is not the congestion window but the application that sets the pace: so the wait has one cause only.
      client: { role: 'client', tcp: { nagle: false, initialWindow: 100 } },
      server: { role: 'server' },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: { delay: DELAY, rate: { limit: 20_000_000 } },
        down: { delay: DELAY, rate: { limit: 20_000_000 } },
      },
    },
    apps: {
      sender: {
        kind: 'tcp-send',
        host: 'client',
        to: 'server',
        port: PORT,
        bytes: BYTES,
        rate: RATE,
        writeSize: PIECE,
      },
      sink: { kind: 'tcp-sink', host: 'server', port: PORT },
    },
  },
  lanes: [
    { id: 'clean', label: { en: 'Nothing lost', zh: '不丢包' } },
    {
      id: 'lost',
      label: { en: 'One segment lost', zh: '丢一个报文段' },
      set: { 'links.link.up.dropMatching': [{ match: { payload: true }, ordinals: [100] }] },
    },
  ],
  knobs: [
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), live: false },
    {
      id: 'write-rate',
      label: { en: 'Writing rate', zh: '写入速率' },
      hint: {
        en: 'Bytes a second that the application writes: the slope of what is held.',
        zh: '应用每秒写多少字节，也就是被扣住的字节上升的斜率。',
      },
      group: 'application',
      paths: ['apps.sender.rate'],
      kind: 'number',
      unit: 'B',
      min: 20_000,
      max: 2_000_000,
      scale: 'log',
    },
    {
      id: 'dup-thresh',
      label: { en: 'Duplicate ACKs that make a loss', zh: '几个重复 ACK 算丢包' },
      hint: {
        en: 'RFC 5681 says three. Fewer find a loss sooner, and see one where packets have only changed places.',
        zh: 'RFC 5681 规定三个。少一些发现得早，但只是乱序也会被当成丢包。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.dupThresh'],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 20,
      step: 1,
    },
  ],
  expectations: [
    {
      id: 'clean-held',
      text: { en: 'Without loss no byte is ever held', zh: '不丢包，一个字节也不会被扣住' },
      metric: 'clean/held_bytes_max',
      op: '=',
      value: 0,
      unit: 'B',
      why: {
        en: 'What comes in order is given out as it comes.',
        zh: '按次序到的，随到随交。',
      },
    },
    {
      id: 'clean-delay',
      text: {
        en: 'And what is written is read 50 ms later',
        zh: '从写下到读到是 50 毫秒',
      },
      metric: 'clean/write_delay_median',
      op: '=',
      value: DELAY,
      tolerance: 0.2,
      unit: 'us',
      why: {
        en: 'One way, and the moment that the link needs for it.',
        zh: '一个单程，外加链路发送它的那一瞬间。',
      },
      given: UNCHANGED,
    },
    {
      id: 'lost-one',
      text: { en: 'One segment is lost, and one is sent again', zh: '丢一个报文段，重发一个报文段' },
      metric: 'lost/retransmissions',
      op: '=',
      value: 1,
      unit: 'segments',
      why: {
        en: 'SACK tells the sender that all others are there (RFC 2018).',
        zh: 'SACK 告诉发送方，其余的都到了（RFC 2018）。',
      },
      given: UNCHANGED,
    },
    {
      id: 'lost-held',
      text: { en: 'But some 44,000 bytes wait for it', zh: '但约有 44,000 字节在等它' },
      metric: 'lost/held_bytes_max',
      op: '=',
      value: HELD,
      tolerance: 0.2,
      unit: 'B',
      why: {
        en: 'What is written at 400,000 bytes a second in a round trip of 100 ms, and until the third duplicate acknowledgment.',
        zh: '以每秒 400,000 字节计，一个往返 100 毫秒里写下的，再加上等到第三个重复确认之前写下的。',
      },
      given: [...UNCHANGED, is('hosts.client.tcp.dupThresh', 3)],
    },
    {
      id: 'lost-burst',
      text: { en: 'Then it gets all of them at one moment', zh: '然后在同一时刻一齐到手' },
      metric: 'lost/burst_max',
      op: '=',
      value: HELD,
      tolerance: 0.2,
      unit: 'B',
      why: {
        en: 'All that was held, and the segment that it was held for. Without a loss it never gets more than a segment at once.',
        zh: '被扣住的全部，加上它们等的那一段。不丢包的话，一次最多拿到一个报文段。',
      },
      given: [...UNCHANGED, is('hosts.client.tcp.dupThresh', 3)],
    },
    {
      id: 'lost-delay',
      text: {
        en: 'The lost piece comes 100 ms later than it should',
        zh: '丢的那块比该到的时候晚了 100 多毫秒',
      },
      metric: 'lost/write_delay_max',
      op: '>=',
      value: 3 * DELAY,
      unit: 'us',
      why: {
        en: 'Three ways instead of one, and some 5 ms until the third duplicate acknowledgment leaves: 155 ms.',
        zh: '三个单程而不是一个，外加等第三个重复确认的约 5 毫秒，共 155 毫秒。',
      },
      given: UNCHANGED,
    },
    {
      id: 'lost-area',
      text: { en: 'In all some 2,250 byte-seconds are held back', zh: '总共被扣住约 2,250 字节·秒' },
      metric: 'lost/held_byte_time',
      op: '=',
      value: 2_250,
      tolerance: 0.25,
      unit: '',
      why: {
        en: 'About a triangle: 44,000 bytes high and 105 ms long, halved.',
        zh: '近似一个三角形：高 44,000 字节，长 105 毫秒，取一半。',
      },
      given: [...UNCHANGED, is('hosts.client.tcp.dupThresh', 3)],
    },
  ],
  views: ['held', 'sequence', 'ladder', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'The path to the server becomes twice as long. What becomes of the price of one lost segment, in bytes times seconds?',
      zh: '到服务器的路径变长一倍。丢一个报文段的代价（字节乘以秒）会变成多少？',
    },
    choices: [
      {
        text: { en: 'It stays the same: still one segment', zh: '不变：还是丢一个报文段' },
        right: false,
        because: {
          en: 'The segment is the smallest part of the price; the bytes that wait for it are the large one.',
          zh: '那个报文段只占代价的零头，大头是等它的字节。',
        },
      },
      {
        text: { en: 'It doubles: the wait is twice as long', zh: '翻倍：等的时间长一倍' },
        right: false,
        because: {
          en: 'And in twice the time twice as many bytes come to wait.',
          zh: '时间长一倍，其间排进来等的字节也多一倍。',
        },
      },
      {
        text: { en: 'Four times as much', zh: '变成四倍' },
        right: true,
        because: {
          en: 'Twice as many bytes wait twice as long. Try it.',
          zh: '多一倍的字节，等长一倍的时间。试试看。',
        },
      },
    ],
  },
}
