/** TCP 与 UDP: the same messages at the same moments over both, through a link that loses, reorders and duplicates. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { is, UNDISTURBED, WEB_HOSTS } from './web.ts'

const COUNT = 400
const EVERY = 15_000
const DELAY = 50_000
const LOSS = 0.05
const DISORDER = 0.03

const APPS = ['apps.sender', 'apps.receiver']
const ways = (path: string, ...oneOf: number[]) => bothWays(path).map((full) => is(full, ...oneOf))
const LOSSY = ways('loss.rate', LOSS, 0.1)
const REORDERING = ways('reorder.rate', DISORDER)
const DUPLICATING = ways('duplicate.rate', DISORDER)
/** A link that does nothing but take its time. */
const QUIET = [
  ...UNDISTURBED,
  ...ways('reorder.rate', 0),
  ...ways('duplicate.rate', 0),
  ...ways('delay', DELAY),
  is('apps.sender.every', EVERY),
]

const direction = {
  delay: DELAY,
  rate: { limit: 10_000_000 },
  loss: { rate: LOSS },
  reorder: { rate: DISORDER },
  duplicate: { rate: DISORDER },
}

export const tcpVsUdp: ExperimentInput = {
  id: 'tcp-vs-udp',
  chapter: 'ip',
  title: { en: 'TCP and UDP', zh: 'TCP 与 UDP' },
  question: {
    en: 'The same messages leave at the same moments, over TCP and over UDP. The link loses some packets, swaps some and doubles some. What does each of the two make of that, and what does it cost?',
    zh: '同样的消息，同样的时刻，一份走 TCP，一份走 UDP。链路会丢包、乱序，还会重复。两者各怎样应对，代价又是什么？',
  },
  narrative: [
    {
      en: 'Every 15 ms an application hands over a message with a number in it, 400 in all. Over UDP each becomes a datagram, which adds a header of 8 bytes to that of IP and nothing else: two ports, a length, a checksum. Over TCP the messages go into one stream of bytes, with a length before each so that the receiver finds them again.',
      zh: '应用每 15 ms 交出一条带编号的消息，共 400 条。走 UDP，一条消息就是一个数据报，只在 IP 首部之外加 8 个字节的首部：两个端口、一个长度、一个校验和。走 TCP，消息进入同一条字节流，每条前面写上长度，好让接收方重新找到边界。',
    },
    {
      en: 'Look at what arrives. UDP gives its receiver what the network gives: messages are missing, some come late, behind others that were sent after them, and some come twice. Nobody notices but the application, and here only because the messages are numbered. TCP numbers every byte itself (RFC 9293, 3.4). What is lost is sent again, what comes twice is thrown away, what comes too early waits. The application gets every message once and in order, from the same link.',
      zh: '看看到了什么。UDP 把网络给的原样交给接收方：有的消息没了，有的迟到，排在后发的消息后面，有的来了两次。除了应用，谁也不会察觉；这里能看出来，全靠消息自带编号。TCP 则给每个字节编号（RFC 9293，3.4）：丢了的重发，重复的丢弃，来早了的先等着。同一条链路，应用收到的却是每条一次，次序不乱。',
    },
    {
      en: 'Now look at when. A datagram takes the way there, and that is that. In TCP one lost segment holds up everything behind it: the bytes are there, in the receive buffer, and may not be given to the application before the gap is filled (the deliveries view shows them come out together). Filling it takes at least one round trip beyond the way there; should the repetition be lost as well, only the timer helps, and that waits for a second at least (RFC 6298, 2.4). This is the head-of-line blocking of TCP, and the price of order. For a file it is no price at all. For a voice it is: a syllable that comes 200 ms late is worse than one that is missing.',
      zh: '再看何时到。数据报走完单程就到了。TCP 里丢了一段，后面的全得等：字节明明已在接收缓冲区，缺口不补上就不能交给应用（“交付”视图里能看到它们一起涌出）。补缺口，在单程之外至少还要一个往返；万一重传的也丢了，就只能等定时器，它至少要等一秒（RFC 6298，2.4）。这就是 TCP 的队头阻塞，是“有序”的代价。传文件，这算不上代价；传语音就不同了：一个音节晚到 200 ms，还不如丢了。',
    },
    {
      en: 'The first message of TCP is late for another reason. Before any data there is the handshake, a round trip; UDP has none. Then there are bytes: a header of 32 bytes, timestamps included, instead of 8, and segments in the other direction that say nothing but how far the bytes have come.',
      zh: 'TCP 的第一条消息晚到还另有原因：传数据之前先要握手，一个往返；UDP 没有这一步。再就是字节：带上时间戳，首部是 32 字节而不是 8 字节；反方向还有一批只说“收到哪儿了”的报文段。',
    },
    {
      en: 'So is UDP faster? Set loss, reordering and duplication to zero and compare again. The typical message takes exactly as long over both, since light is as fast for TCP as for UDP. What UDP saves is the handshake and the waiting for one another. Nor does it “not care about congestion” by virtue: it leaves that to the application, and one that sends as fast as it can harms everybody, itself first (RFC 8085, 3.1).',
      zh: '那么 UDP 更快吗？把丢包、乱序、重复都调到零，再比一次：普通的一条消息，两者用时一样，光速对 TCP 和 UDP 一视同仁。UDP 省下的，是握手和互相等待。“不管拥塞”也不是它的优点，只是把这件事留给了应用；只顾拼命发的应用害人害己（RFC 8085，3.1）。',
    },
    {
      en: 'Reliable and in order is one bargain; there are others in between. An application can number its datagrams and ask again for those that it still wants, and QUIC does it for several streams side by side, so that a loss holds up only one. The list of the faults of TCP that is usually given (slow to begin, blocked by one loss, bound to its addresses, hard to change) is the list of what QUIC set out to do otherwise, on top of UDP.',
      zh: '“可靠且有序”是一种取舍，中间还有别的取舍。应用可以给数据报编号，只重新要那些还用得着的；QUIC 则让多条流各管各的，一次丢失只堵住一条。人们常数的 TCP 缺点（建连慢、一处丢失全线阻塞、绑死在地址上、难以升级），正是 QUIC 在 UDP 之上要重做的清单。',
    },
  ],
  rfcs: [
    { number: 768, title: 'User Datagram Protocol' },
    {
      number: 9293,
      title: 'Transmission Control Protocol (TCP): 3.4 (Sequence Numbers), 3.8 (Data Communication)',
    },
    { number: 6298, title: "Computing TCP's Retransmission Timer: 2.4 (the least timeout)" },
    { number: 8085, title: 'UDP Usage Guidelines: 3.1 (Congestion Control)' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
    apps: {
      sender: {
        kind: 'message-sender',
        host: 'client',
        to: 'server',
        port: 4711,
        over: 'tcp',
        count: COUNT,
        every: EVERY,
        shortest: 100,
        longest: 200,
      },
      receiver: { kind: 'message-receiver', host: 'server', port: 4711, over: 'tcp', longest: 200 },
    },
  },
  lanes: [
    { id: 'tcp', label: { en: 'Over TCP', zh: '经由 TCP' } },
    {
      id: 'udp',
      label: { en: 'Over UDP', zh: '经由 UDP' },
      set: Object.fromEntries(APPS.map((app) => [`${app}.over`, 'udp'])),
    },
  ],
  knobs: [
    {
      ...LINK_KNOBS.loss,
      paths: bothWays('loss.rate'),
      // Beyond, TCP may give the connection up.
      max: 0.1,
      hint: {
        en: 'Share of packets lost in each direction: data there, acknowledgments back.',
        zh: '每个方向丢包的比例：去程丢的是数据，回程丢的是确认。',
      },
    },
    { ...LINK_KNOBS.reorder, paths: bothWays('reorder.rate') },
    { ...LINK_KNOBS.duplicate, paths: bothWays('duplicate.rate') },
    { ...LINK_KNOBS.delay, paths: bothWays('delay') },
    { ...LINK_KNOBS.jitter, paths: bothWays('jitter.amount') },
    {
      id: 'every',
      label: { en: 'A message every', zh: '消息间隔' },
      hint: {
        en: 'The shorter, the more messages wait behind a segment that was lost.',
        zh: '间隔越短，一个报文段丢失后排队等待的消息越多。',
      },
      group: 'application',
      paths: ['apps.sender.every'],
      kind: 'number',
      unit: 'us',
      min: 1_000,
      max: 200_000,
      step: 1_000,
    },
  ],
  expectations: [
    {
      id: 'tcp-all',
      text: { en: 'TCP delivers all 400 messages', zh: 'TCP 交付全部 400 条消息' },
      metric: 'tcp/messages_delivered',
      op: '=',
      value: COUNT,
      unit: 'count',
      why: {
        en: 'What is not acknowledged is sent again until it is (RFC 9293, 3.8.1).',
        zh: '没有得到确认的就一直重发，直到确认为止（RFC 9293，3.8.1）。',
      },
    },
    {
      id: 'tcp-once',
      text: { en: 'None of them twice', zh: '没有一条重复' },
      metric: 'tcp/messages_duplicated',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'Bytes below the next expected sequence number have been here, and are thrown away (RFC 9293, 3.10.7.4).',
        zh: '序列号小于期望值的字节已经收过，直接丢弃（RFC 9293，3.10.7.4）。',
      },
    },
    {
      id: 'tcp-in-order',
      text: { en: 'And none out of order', zh: '也没有一条乱序' },
      metric: 'tcp/messages_out_of_order',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'What comes too early waits in the receive buffer for what is missing before it.',
        zh: '来早了的数据在接收缓冲区里等待前面缺失的部分。',
      },
    },
    {
      id: 'tcp-resends',
      text: { en: 'For that it sends bytes again', zh: '为此它重发了一些字节' },
      metric: 'tcp/resent_bytes',
      op: '>',
      value: 0,
      unit: 'B',
      why: {
        en: 'The link loses as many packets of TCP as of UDP. That nobody sees it is the work of retransmission.',
        zh: '链路丢 TCP 的包并不比丢 UDP 的少，看不出来是重传的功劳。',
      },
      given: LOSSY,
    },
    {
      id: 'udp-loses',
      text: { en: 'UDP loses messages', zh: 'UDP 会丢消息' },
      metric: 'udp/messages_lost',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'Nobody acknowledges a datagram and nobody sends it again (RFC 768).',
        zh: '数据报没有人确认，也没有人重发（RFC 768）。',
      },
      given: LOSSY,
    },
    {
      id: 'udp-loses-its-own',
      text: { en: 'But no more than the link loses', zh: '但不会比链路丢的更多' },
      metric: 'udp/messages_lost',
      op: '<=',
      value: 'udp/packets_lost',
      unit: 'count',
      why: {
        en: 'One message is one packet. A copy that the link made and lost costs no message.',
        zh: '一条消息就是一个包。链路复制出来又丢掉的副本，不会让消息减少。',
      },
      given: ways('corrupt.rate', 0),
    },
    {
      id: 'udp-twice',
      text: { en: 'UDP delivers some twice', zh: 'UDP 会重复交付' },
      metric: 'udp/messages_duplicated',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'The second copy of a packet is a datagram like any other.',
        zh: '包的第二份副本也是一个普通的数据报。',
      },
      given: DUPLICATING,
    },
    {
      id: 'udp-disordered',
      text: { en: 'And some out of order', zh: '还会乱序交付' },
      metric: 'udp/messages_out_of_order',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'A datagram is given to the application as it comes.',
        zh: '数据报一到就交给应用。',
      },
      given: REORDERING,
    },
    {
      id: 'tcp-waits',
      text: {
        en: 'The slow messages of TCP are slower than those of UDP',
        zh: 'TCP 的慢消息比 UDP 的慢消息更慢',
      },
      metric: 'tcp/message_delay_p95',
      op: '>',
      value: 'udp/message_delay_p95',
      unit: 'us',
      why: {
        en: 'Measured at the slowest 5 %. One loss holds up all messages behind it until the segment has come again; a late datagram holds up nobody.',
        zh: '取最慢的 5% 来比。一次丢失会拖住后面所有的消息，直到那一段重新到达；数据报迟到则不连累别人。',
      },
      given: [...LOSSY, is('apps.sender.every', EVERY), ...ways('delay', DELAY), ...ways('jitter.amount', 0)],
    },
    {
      id: 'tcp-late-by-a-loss',
      text: {
        en: 'Those of TCP take 150 ms and more',
        zh: 'TCP 的慢消息要 150 ms 以上',
      },
      metric: 'tcp/message_delay_p95',
      op: '>=',
      value: 3 * DELAY,
      unit: 'us',
      why: {
        en: 'Three ways: the lost segment did not arrive, word of that came back, and it was sent again.',
        zh: '三个单程：丢失的一段没到，消息传回来，再发一遍。',
      },
      given: [...LOSSY, is('apps.sender.every', EVERY), ...ways('delay', DELAY), ...ways('jitter.amount', 0)],
    },
    {
      id: 'handshake',
      text: {
        en: 'On a quiet link the slowest message of TCP is the first: 150 ms',
        zh: '链路平静时，TCP 最慢的一条是第一条：150 ms',
      },
      metric: 'tcp/message_delay_max',
      op: '=',
      value: 3 * DELAY,
      tolerance: 0.4,
      unit: 'us',
      why: {
        en: 'SYN there, SYN-ACK back, then the data (RFC 9293, 3.5). Some more messages have come up meanwhile and go with it.',
        zh: 'SYN 过去，SYN-ACK 回来，然后才是数据（RFC 9293，3.5）。这期间又来了几条消息，随它一起走。',
      },
      given: QUIET,
    },
    {
      id: 'as-fast',
      text: {
        en: 'But the typical one takes as long as over UDP',
        zh: '而普通的一条，用时与 UDP 相同',
      },
      metric: 'tcp/message_delay_median',
      op: '=',
      value: 'udp/message_delay_median',
      tolerance: 0.3,
      unit: 'us',
      why: {
        en: 'Once the connection is there and nothing is lost, a segment travels like a datagram.',
        zh: '连接建好，又没有丢失，报文段和数据报走得一样快。',
      },
      given: QUIET,
    },
    {
      id: 'tcp-heavier',
      text: {
        en: 'TCP puts more bytes on the wire for each message',
        zh: '每条消息，TCP 在线路上花的字节更多',
      },
      metric: 'tcp/wire_bytes_per_message',
      op: '>',
      value: 'udp/wire_bytes_per_message',
      unit: 'B',
      why: {
        en: 'Counted with all headers, acknowledgments and repetitions: 32 bytes of header instead of 8, and packets in the other direction.',
        zh: '首部、确认、重发全部计入：首部 32 字节而不是 8 字节，反方向还有包。',
      },
    },
  ],
  views: ['deliveries', 'ladder', 'sequence', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'The packet with message 100 is lost. The packets with messages 101 to 110 arrive safely. What has the receiving application got of these ten by then?',
      zh: '装着第 100 条消息的包丢了，装着第 101 到 110 条的包都安全到达。此时接收方的应用拿到了这十条中的几条？',
    },
    choices: [
      {
        text: {
          en: 'All ten, over TCP as over UDP: they have arrived',
          zh: '十条都拿到了，TCP 和 UDP 一样：它们已经到了',
        },
        right: false,
        because: {
          en: 'Over UDP, yes. Over TCP they have arrived at the host, not at the application.',
          zh: 'UDP 是这样。TCP 里它们只是到了主机，没有到应用。',
        },
      },
      {
        text: { en: 'All ten over UDP, none over TCP', zh: 'UDP 十条，TCP 一条也没有' },
        right: true,
        because: {
          en: 'TCP gives out bytes in order. Until 100 has come again, 101 to 110 stay in its buffer; then all eleven come at once.',
          zh: 'TCP 按次序交付字节。第 100 条补到之前，101 到 110 都留在缓冲区里，补到之后十一条一齐交出。',
        },
      },
      {
        text: {
          en: 'None over either: the receiver asks for 100 first',
          zh: '两者都没有：接收方先要第 100 条',
        },
        right: false,
        because: {
          en: 'In UDP nobody asks for anything: message 100 will never come.',
          zh: 'UDP 里没有谁去要什么：第 100 条永远不会来。',
        },
      },
    ],
  },
}
