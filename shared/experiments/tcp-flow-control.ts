/** 流量控制: a reader that is slow, one that reads crumbs, one that stops, and a window field that is too short for the path. */
import type { ExperimentInput } from '../experiment.ts'
import { is } from './web.ts'

const BYTES = 160_000
const PORT = 5001
/** The short path of the first three: what holds them up is the reader. */
const SHORT = 1_000
const READ_RATE = 40_000
const CRUMB = 400
const PAUSE = 2_500_000
/** Twenty full segments with timestamps. */
const BUFFER = 28_960
/** The long path of the others. */
const LONG = 100_000
const LONG_BUFFER = 1_048_576
const LONG_BYTES = 3_000_000
/** The most that a window field of 16 bits can say, once a round trip. */
const UNSCALED = (65_535 * 8e6) / (2 * LONG)

const SENDER_SWS = 'hosts.client.tcp.senderSws'
const RECEIVER_SWS = 'hosts.server.tcp.receiverSws'
const RATE = 'apps.sink.rate'
const READ_SIZE = 'apps.sink.readSize'
const RECEIVE_BUFFER = 'hosts.server.tcp.receiveBuffer'
const DELAYS = ['links.link.up.delay', 'links.link.down.delay']

const CAREFUL = { [SENDER_SWS]: true, [RECEIVER_SWS]: true }
const AT_ONCE = { [RATE]: 0, [READ_SIZE]: 0 }
const LONG_PATH = {
  ...CAREFUL,
  ...AT_ONCE,
  ...Object.fromEntries(DELAYS.map((path) => [path, LONG])),
  'apps.sender.bytes': LONG_BYTES,
  [RECEIVE_BUFFER]: LONG_BUFFER,
}

const AS_SLOW = [is(RATE, READ_RATE), is(READ_SIZE, CRUMB)]
const CRUMBS = [is(SENDER_SWS, false), is(RECEIVER_SWS, false), is(READ_SIZE, CRUMB)]

// What bursts on the long path find room in.
const direction = { delay: SHORT, rate: { limit: 50_000_000 }, queue: { limit: 4_000_000 } }

export const tcpFlowControl: ExperimentInput = {
  id: 'tcp-flow-control',
  chapter: 'tcp-transfer',
  title: { en: 'Flow control', zh: '流量控制' },
  question: {
    en: 'The link is fast and empty, but the application at the other end reads slowly, or not at all. Who tells the sender, and what keeps the two from waiting for each other for ever?',
    zh: '链路又快又空，可对面的应用读得很慢，甚至干脆不读。谁来告诉发送方？又靠什么不让双方永远互相等下去？',
  },
  narrative: [
    {
      en: 'Every segment of TCP says how many bytes its sender is ready to take: the window. What arrives and is not read yet fills the receive buffer, so the window shrinks as data come and grows as the application reads. In the first lane the application reads 40,000 bytes a second from a link that could bring a hundred times as much. Look at the windows: the sender is through with its buffer’s worth at once, and from then on sends exactly as fast as the other end reads. Nothing is lost and nothing is sent twice. That is flow control (RFC 9293, 3.8.6); it protects the receiver, as congestion control protects the network.',
      zh: 'TCP 的每个报文段都会说明自己还能收多少字节，这就是窗口。到了却没被读走的数据占着接收缓冲区，于是数据一来窗口就缩，应用一读窗口就涨。第一组里，链路的能力是应用读取速度的一百多倍，应用每秒只读 40,000 字节。看窗口图：发送方一口气灌满缓冲区，此后对面读多快，它就发多快。没有丢包，也没有重发。这就是流量控制（RFC 9293，3.8.6）：它保护接收方，正如拥塞控制保护网络。',
    },
    {
      en: 'How should a receiver announce room that comes in crumbs? The application here reads 400 bytes at a time. In the second lane each crumb is announced as soon as it is free, and the sender fills each with a small segment: 400 bytes of data behind 52 bytes of headers, and an acknowledgment back for every one. Once a window has been broken into crumbs it stays so. This is the silly window syndrome, described in 1982 (RFC 813). Two rules end it, and either is enough: the receiver does not move the edge of the window by less than a full segment or half of its buffer (3.8.6.2.2), and the sender waits until a full segment fits, or half of the largest window that it has seen (3.8.6.2.1). Switch on one of the two for this lane, then the other.',
      zh: '空位是一点一点冒出来的，接收方该怎么通告？这里的应用每次读 400 字节。第二组里，每腾出一点就立刻通告，发送方也立刻用一个小报文段填上：400 字节的数据背着 52 字节的首部，每个还要换回一个确认。窗口一旦碎了，就再也合不起来。这就是糊涂窗口综合症，1982 年已有人描述过（RFC 813）。治它有两条规则，有一条就够：接收方移动窗口右沿，一次不少于一个满长报文段或缓冲区的一半（3.8.6.2.2）；发送方等到能放下一个满长报文段，或见过的最大窗口的一半，才发（3.8.6.2.1）。给这一组打开其中一条试试，再换另一条。',
    },
    {
      en: 'In the third lane nobody reads for 2.5 seconds. The buffer fills, and the window is closed: an acknowledgment with window 0. The sender may send nothing. Later the application reads, and a window update goes out. But it is an ACK without data: nobody acknowledges it and nobody repeats it. Were it lost, the receiver would wait for data and the sender for the update, for ever. So the sender asks on its own, with one byte beyond the window, first after a retransmission timeout, then at intervals that double (3.8.6.1). The receiver does not take the byte but answers, and as long as it answers the connection lives, however long the window stays closed.',
      zh: '第三组里，应用 2.5 秒一个字节也不读。缓冲区满了，窗口关闭：确认里写着窗口 0，发送方什么也不能发。后来应用一读，就发出一个窗口更新。可它是不带数据的 ACK，没人确认它，也没人重发它；万一丢了，接收方等数据，发送方等更新，就会永远等下去。所以发送方要主动问：往窗口外发一个字节，先等一个重传超时，此后间隔逐次加倍（3.8.6.1）。接收方不收这个字节，但会回答；只要还有回答，窗口关多久，连接就活多久。',
    },
    {
      en: 'The window field has 16 bits, so it can say no more than 65,535. A sender may have that much on its way and no more, and over a round trip of 200 ms that is 2.6 Mbit/s, whatever the link could do and however large the buffer is. The last two lanes are such a path with a buffer of a megabyte. Window scaling (RFC 7323, 2) agrees in the two SYNs on a shift: the field then counts in units of a power of two. Without it the sender waits for the window most of the time; with it the same transfer takes a fraction of it, and most of what is left is slow start.',
      zh: '窗口字段只有 16 位，最大只能写 65,535。发送方在途的数据不得超过它；往返 200 毫秒，就只有 2.6 Mbit/s，链路再快、缓冲区再大也没用。最后两组就是这样一条路径，缓冲区有一兆字节。窗口扩大选项（RFC 7323，2）在双方的 SYN 里商定一个移位数，此后窗口字段就以二的若干次幂个字节为单位。没有它，发送方大部分时间在等窗口；有了它，同样的传输只花几分之一的时间，剩下的主要是慢启动。',
    },
  ],
  rfcs: [
    {
      number: 9293,
      title:
        'Transmission Control Protocol (TCP): 3.8.6 (Managing the Window), 3.8.6.1 (Zero-Window Probing), 3.8.6.2',
    },
    { number: 7323, title: 'TCP Extensions for High Performance: 2 (Window Scale Option)' },
    { number: 813, title: 'Window and Acknowledgement Strategy in TCP' },
    { number: 1122, title: 'Requirements for Internet Hosts: 4.2.2.17, 4.2.3.3, 4.2.3.4' },
  ],
  setup: {
    hosts: {
      // RFC 6298 (2.4) says 1 s; systems in the field use 200 ms. The probes begin after as long.
      client: { role: 'client', tcp: { minRto: 200_000, senderSws: false } },
      server: { role: 'server', tcp: { receiveBuffer: BUFFER, receiverSws: false } },
    },
    links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: PORT, bytes: BYTES },
      sink: { kind: 'tcp-sink', host: 'server', port: PORT, rate: READ_RATE, readSize: CRUMB },
    },
  },
  lanes: [
    { id: 'slow', label: { en: 'Slow reader', zh: '读得慢' }, set: CAREFUL },
    { id: 'silly', label: { en: 'Slow reader, silly window', zh: '读得慢，糊涂窗口' } },
    {
      id: 'stopped',
      label: { en: 'Reader that stops', zh: '停住不读' },
      set: { ...CAREFUL, ...AT_ONCE, 'apps.sink.readDelay': PAUSE },
    },
    {
      id: 'unscaled',
      label: { en: 'Long path, no window scale', zh: '长路径，无窗口扩大' },
      set: { ...LONG_PATH, 'hosts.server.tcp.windowScaling': false },
    },
    { id: 'scaled', label: { en: 'Long path, window scale', zh: '长路径，窗口扩大' }, set: LONG_PATH },
  ],
  knobs: [
    {
      id: 'read-rate',
      label: { en: 'Reading rate', zh: '读取速率' },
      hint: {
        en: 'Bytes a second that the slow readers read.',
        zh: '慢读者每秒读取的字节数。',
      },
      group: 'application',
      paths: [RATE],
      kind: 'number',
      unit: 'B',
      min: 20_000,
      max: 5_000_000,
      scale: 'log',
      live: true,
    },
    {
      id: 'read-size',
      label: { en: 'Bytes of a read', zh: '每次读取' },
      hint: { en: 'The crumbs in which the slow readers read.', zh: '慢读者每次读多少。' },
      group: 'application',
      paths: [READ_SIZE],
      kind: 'number',
      unit: 'B',
      min: 20,
      max: 10_000,
      scale: 'log',
    },
    {
      id: 'receive-buffer',
      label: { en: 'Receive buffer', zh: '接收缓冲区' },
      hint: {
        en: 'Of the first three lanes: what the window can be at most.',
        zh: '前三组的缓冲区，也就是窗口的上限。',
      },
      group: 'tcp',
      paths: [RECEIVE_BUFFER],
      kind: 'number',
      unit: 'B',
      min: 4_000,
      max: 4_000_000,
      scale: 'log',
    },
    {
      id: 'receiver-sws',
      label: { en: 'Receiver avoids silly windows', zh: '接收方避免糊涂窗口' },
      hint: {
        en: 'In the second lane: the window’s edge moves by a full segment or half of the buffer, or stays.',
        zh: '第二组：窗口右沿一次移动一个满长报文段或半个缓冲区，否则不动。',
      },
      group: 'tcp',
      paths: [RECEIVER_SWS],
      kind: 'switch',
    },
    {
      id: 'sender-sws',
      label: { en: 'Sender avoids silly windows', zh: '发送方避免糊涂窗口' },
      hint: {
        en: 'In the second lane: no segment that only the window has cut short, unless it is half of the largest window.',
        zh: '第二组：不发被窗口截短的报文段，除非它达到最大窗口的一半。',
      },
      group: 'tcp',
      paths: [SENDER_SWS],
      kind: 'switch',
    },
  ],
  expectations: [
    {
      id: 'slow-rate',
      text: { en: 'The sender goes no faster than the reader reads', zh: '发得不比读得快' },
      metric: 'slow/goodput',
      op: '<=',
      value: READ_RATE * 8,
      unit: 'bit/s',
      why: {
        en: 'A byte that is read makes room for one that is sent (RFC 9293, 3.8.6).',
        zh: '读走一个字节，才腾出发一个字节的地方（RFC 9293，3.8.6）。',
      },
      given: AS_SLOW,
    },
    {
      id: 'slow-waits',
      text: { en: 'It waits for the window most of the time', zh: '它大部分时间在等窗口' },
      metric: 'slow/stall_receive_window',
      op: '>=',
      value: 0.6,
      unit: 'ratio',
      why: {
        en: 'Nothing else keeps it back: the congestion window has long been larger, and the application has all bytes ready.',
        zh: '再没有别的东西拦着它：拥塞窗口早就更大，应用的数据也全在手上。',
      },
      given: AS_SLOW,
    },
    {
      id: 'slow-again',
      text: { en: 'And sends nothing twice', zh: '没有一个字节发两次' },
      metric: 'slow/resent_bytes',
      op: '=',
      value: 0,
      unit: 'B',
      why: {
        en: 'A slow receiver that could only throw away what it has no room for would cost a retransmission each time.',
        zh: '慢的接收方若只能把放不下的扔掉，扔一次就要重传一次。',
      },
    },
    {
      id: 'slow-full',
      text: {
        en: 'Its segments are full, though the reader reads crumbs',
        zh: '尽管一点一点地读，报文段仍是满的',
      },
      metric: 'slow/mean_payload',
      op: '>=',
      value: 1_300,
      unit: 'B',
      why: {
        en: 'The receiver keeps crumbs to itself until they make a full segment (3.8.6.2.2). Some segments are shorter, such as the last.',
        zh: '零碎的空位攒够一个满长报文段，接收方才通告（3.8.6.2.2）。个别报文段会短一些，例如最后一个。',
      },
      given: AS_SLOW,
    },
    {
      id: 'silly-crumbs',
      text: {
        en: 'With neither rule they are as small as the crumbs',
        zh: '两条规则都不用，报文段就小得和每次读的一样',
      },
      metric: 'silly/mean_payload',
      op: '<=',
      value: 2 * CRUMB,
      unit: 'B',
      why: {
        en: 'Each crumb of room is announced and filled at once, and comes back as a crumb (RFC 813).',
        zh: '每一点空位都立刻通告、立刻填满，再原样作为一点空位回来（RFC 813）。',
      },
      given: CRUMBS,
    },
    {
      id: 'silly-bytes',
      text: { en: 'And the same data cost more bytes on the wire', zh: '同样的数据，线路上的字节更多' },
      metric: 'silly/packet_bytes',
      op: '>',
      value: 'slow/packet_bytes',
      unit: 'B',
      why: {
        en: 'Every crumb carries headers of its own, and so does its acknowledgment.',
        zh: '每一点数据都要带自己的首部，它的确认也一样。',
      },
      given: CRUMBS,
    },
    {
      id: 'stopped-closed',
      text: {
        en: 'When nobody reads, the window is closed until somebody does',
        zh: '没人读，窗口就一直关到有人读',
      },
      metric: 'stopped/zero_window_time',
      op: '=',
      value: PAUSE,
      tolerance: 0.05,
      unit: 'us',
      why: {
        en: '2.5 s, but for the moments in which the buffer fills at the beginning.',
        zh: '2.5 秒，只差开头灌满缓冲区的那一会儿。',
      },
      given: [is(RECEIVE_BUFFER, BUFFER)],
    },
    {
      id: 'stopped-probes',
      text: { en: 'Meanwhile the sender asks three times', zh: '这期间发送方问了三次' },
      metric: 'stopped/window_probes',
      op: '=',
      value: 3,
      unit: 'count',
      why: {
        en: 'RFC 9293 (3.8.6.1): after 200 ms, a retransmission timeout, then 400 and 800 ms later. The fourth would come 1.6 s after the third, when the window is open again.',
        zh: 'RFC 9293（3.8.6.1）：先等 200 毫秒，即一个重传超时，再隔 400 和 800 毫秒。第四次要再等 1.6 秒，那时窗口已经开了。',
      },
      given: [is(RECEIVE_BUFFER, BUFFER)],
    },
    {
      id: 'stopped-update',
      text: { en: 'One window update opens it', zh: '一个窗口更新就把它打开' },
      metric: 'stopped/window_updates',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'An ACK that acknowledges nothing new and says that there is room; the next probe would have found it, too, only later.',
        zh: '一个没有确认新数据、只说“有地方了”的 ACK。没有它，下一次探测也能发现，只是晚一些。',
      },
      given: [is(RECEIVE_BUFFER, BUFFER)],
    },
    {
      id: 'stopped-alive',
      text: { en: 'And every byte arrives', zh: '每个字节都到了' },
      metric: 'stopped/bytes_intact',
      op: '=',
      value: 1,
      unit: '',
      why: {
        en: 'A peer that answers probes is alive, so the connection is not given up (MUST-37 of RFC 9293).',
        zh: '对方还在回答探测，就还活着，连接不得放弃（RFC 9293 的 MUST-37）。',
      },
    },
    {
      id: 'unscaled-rate',
      text: {
        en: 'Without scaling, no more than 65,535 bytes go through in a round trip',
        zh: '没有窗口扩大，一个往返最多过 65,535 字节',
      },
      metric: 'unscaled/goodput',
      op: '<=',
      value: UNSCALED,
      unit: 'bit/s',
      why: {
        en: '65,535 bytes every 200 ms are 2.6 Mbit/s; the beginning is a little slower.',
        zh: '每 200 毫秒 65,535 字节，即 2.6 Mbit/s；开头略慢一点。',
      },
    },
    {
      id: 'unscaled-waits',
      text: {
        en: 'The sender waits for the window, though the buffer is nearly empty',
        zh: '缓冲区几乎空着，发送方却在等窗口',
      },
      metric: 'unscaled/stall_receive_window',
      op: '>=',
      value: 0.7,
      unit: 'ratio',
      why: {
        en: 'There is room for a megabyte; the field cannot say so.',
        zh: '明明还能放下一兆字节，只是这个字段写不下。',
      },
    },
    {
      id: 'scaled-rate',
      text: { en: 'With it the transfer is more than twice as fast', zh: '有了它，快一倍以上' },
      metric: 'scaled/goodput',
      op: '>=',
      value: 2 * UNSCALED,
      unit: 'bit/s',
      why: {
        en: 'RFC 7323 (2.2): a shift of 5 lets 16 bits speak of the whole buffer. What is left is slow start, and the rate of the link.',
        zh: 'RFC 7323（2.2）：移位 5，16 位就能表示整个缓冲区。剩下的限制是慢启动和链路速率。',
      },
    },
  ],
  views: ['windows', 'stalls', 'sequence', 'ladder', 'packets', 'topology'],
  duration: 300_000_000,
  prediction: {
    question: {
      en: 'The window is closed. The application reads at last, and the window update that says so is lost on its way. What happens?',
      zh: '窗口关着。应用终于读了，可宣布这件事的窗口更新在路上丢了。接下来会怎样？',
    },
    choices: [
      {
        text: {
          en: 'The receiver sends the update again when nothing comes',
          zh: '接收方见没有数据来，会再发一次更新',
        },
        right: false,
        because: {
          en: 'It cannot know that the update was lost: an ACK without data is not acknowledged, and has no timer.',
          zh: '它无从知道更新丢了：不带数据的 ACK 没有确认，也没有定时器。',
        },
      },
      {
        text: { en: 'Both wait for ever', zh: '双方永远等下去' },
        right: false,
        because: {
          en: 'They would, if the sender did not ask on its own.',
          zh: '要不是发送方会主动问，就真会这样。',
        },
      },
      {
        text: {
          en: 'The sender’s next probe is answered with the open window',
          zh: '发送方的下一次探测会得到“窗口已开”的回答',
        },
        right: true,
        because: {
          en: 'That is what probes are for. The price is the rest of an interval that has doubled a few times.',
          zh: '探测正是为此而设。代价是等完当前那个已经加倍过几次的间隔。',
        },
      },
    ],
  },
}
