/** 缓冲膨胀: one transfer through a queue that is far too long, through the same link with CoDel, with marks, and sent by BBR; a ping beside each. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

const UP = 'links.link.up'
const RATE = 5_000_000
const DELAY = 15_000
const QUEUE = 250_000
const BYTES = 5_000_000
/** By then slow start, which no queue discipline can keep from overshooting, is over. */
const PING_START = 2_000_000
const PING_EVERY = 100_000

const is = (path: string, ...oneOf: Json[]) => ({ path, oneOf })
const both = (path: string, ...oneOf: Json[]) => bothWays(path).map((full) => is(full, ...oneOf))
/** The link as it is here: its queue is all that can make a packet late. */
const LINK = [...both('rate.limit', RATE), ...both('delay', DELAY), is(`${UP}.loss.rate`, 0)]
const LONG = [
  ...LINK,
  is(`${UP}.queue.limit`, QUEUE),
  is('apps.sender.bytes', BYTES, 2 * BYTES),
  is('apps.ping.every', PING_EVERY),
]
const CODEL = [
  ...LONG,
  is(`${UP}.queue.target`, 5_000),
  is(`${UP}.queue.interval`, 100_000),
  is('hosts.client.tcp.prr', true),
]
const CUBIC = is('hosts.client.tcp.congestion', 'cubic')
/** Slow start goes on until the queue is full. */
const FILLS = [CUBIC, is('hosts.client.tcp.hystart', false)]

const TCP = { rack: true, tailLossProbe: true, prr: true }

export const bufferbloat: ExperimentInput = {
  id: 'bufferbloat',
  chapter: 'tcp-transfer',
  title: { en: 'Bufferbloat', zh: '缓冲膨胀' },
  question: {
    en: 'Somebody at home uploads a file, and the video call of everybody else falls apart. The line is not broken and hardly a packet is lost. What are the packets of the call waiting for?',
    zh: '家里有人在上传文件，其他人的视频通话就卡得没法用。线路没坏，也几乎不丢包。通话的数据包究竟在等什么？',
  },
  narrative: [
    {
      en: 'Four uploads of 5 MB, each over a line of its own: 5 Mbit/s, 15 ms each way. In front of each line stands a queue that holds 250 kB. Beside each upload a ping goes out every 100 ms and stands for all that is small and in a hurry: a key pressed, a word spoken, a DNS query. On the empty line it would take 30 ms.',
      zh: '四个 5 MB 的上传，各走一条线路：5 Mbit/s，单向 15 毫秒。每条线路前面都有一个能存 250 kB 的队列。每个上传旁边，每 100 毫秒发出一个 ping，它代表一切又小又急的东西：按下的一个键、说出的一个字、一次 DNS 查询。线路空闲时，它只要 30 毫秒。',
    },
    {
      en: 'With drop-tail, the plain queue that turns packets away when it is full, the ping takes more than ten times as long. Look at queue and round trip side by side: it is the same curve twice. CUBIC takes only losses for a sign of congestion, and there is none before the queue is full, so it fills it: 250 kB take 400 ms to drain at this rate. Then it gives up 0.3 of its window, which is not enough to empty the queue, and fills it again. The queue stands; it carries not one byte more than a short one would.',
      zh: '尾部丢弃是最普通的队列：满了才拒收。这时 ping 的耗时超过原来的十倍。把队列和往返时间并排看，是同一条曲线画了两遍。CUBIC 只把丢包当作拥塞信号，而队列不满就不丢包，于是它把队列填满：按这个速率，250 kB 要 400 毫秒才能排空。丢包后它只让出窗口的 0.3，不足以清空队列，接着又填满。队列就这样一直立在那里，却没有比短队列多运走一个字节。',
    },
    {
      en: 'That is bufferbloat. Memory had become cheap, and a loss looked like a fault, so makers of modems gave them seconds of buffer. A queue is good for bursts: it takes in what comes too fast and has emptied soon after. One that never empties takes in no burst any more; all it does is make everybody late. How much is needed? About what the path holds: rate times round trip, some 19 kB here.',
      zh: '这就是缓冲膨胀。内存便宜了，丢包又看着像故障，厂商便给调制解调器配上了几秒钟的缓冲。队列是用来吸收突发的：来得太快的先收下，不久便排空。永远排不空的队列再也吸收不了突发，它只会让所有人都迟到。那要多大才够？大约是路径容得下的量，即速率乘往返时间，这里约 19 kB。',
    },
    {
      en: 'CoDel (RFC 8289) does not ask how long the queue is but how long a packet has been in it. If even the shortest wait of the last 100 ms was above 5 ms, the queue stands, and a packet is dropped at its head, where the sender hears of it soonest; then one more and one more, ever closer, until the wait is short again. A burst passes untouched. There is nothing to set for rate or path, and the upload is as fast as before.',
      zh: 'CoDel（RFC 8289）不看队列有多长，只看数据包在里面待了多久。如果最近 100 毫秒里，连最短的等待都超过 5 毫秒，队列就是“立”住了，于是从队头丢一个包，这样发送方知道得最早；再丢一个，再丢一个，间隔越来越短，直到等待重新变短。突发则照样通过。它不用按速率或路径来设置，上传也和原来一样快。',
    },
    {
      en: 'Why drop a packet at all that has come so far, only to say something? If both ends agreed on it in the handshake (ECE and CWR in the SYN, RFC 3168), CoDel sets a mark in the IP header instead: congestion experienced. The receiver echoes it with every ACK until the sender says that it has heard (CWR), and the sender slows down as if for a loss. Nothing is lost and nothing is sent again.',
      zh: '一个包走了这么远，只为传个话就把它丢掉，何必呢？如果双方在握手时谈妥（SYN 里的 ECE 和 CWR，RFC 3168），CoDel 就改在 IP 首部打上标记：遭遇拥塞。接收方在每个 ACK 里回显它，直到发送方表示收到（CWR）；发送方则像丢了包一样放慢。什么都没丢，什么都不用重传。',
    },
    {
      en: 'And if the queue is a stupid one that nobody can change? Then the sender can be the clever one. BBR measures the rate of delivery and the shortest round trip, paces its packets at the one, and so knows that more in flight would only stand in the queue. It shares the long drop-tail queue of the first lane and leaves it nearly empty; now and then it asks for more, and the ping shows it. But a single CUBIC beside it would fill the queue for both.',
      zh: '要是队列很笨，又没人能换掉呢？那就让发送方聪明些。BBR 测量交付速率和最短往返时间，按交付速率匀速发送，所以它知道，再多的在途数据也只是站在队列里。它面对的是与第一条泳道一样的长队列，却让它几乎空着；偶尔它试探更多带宽，ping 上看得出来。不过，旁边只要有一个 CUBIC，就会替两者把队列填满。',
    },
    {
      en: 'Try it: make the queue ten times shorter, and drop-tail becomes bearable; make the line faster, and the same queue hurts less, for it drains faster. That is why a queue should be counted in time and not in bytes. Switch on HyStart++ (RFC 9406), and slow start ends when the round trip grows, before the queue is full.',
      zh: '动手试试：把队列缩短到十分之一，尾部丢弃也就能忍了；把线路加快，同样的队列害处就小了，因为它排得更快。所以队列该按时间计，而不是按字节计。再打开 HyStart++（RFC 9406），慢启动会在往返变长时就结束，不等队列装满。',
    },
  ],
  rfcs: [
    { number: 8289, title: 'Controlled Delay Active Queue Management' },
    { number: 3168, title: 'The Addition of Explicit Congestion Notification (ECN) to IP' },
    { number: 7567, title: 'IETF Recommendations Regarding Active Queue Management' },
    { number: 9438, title: 'CUBIC for Fast and Long-Distance Networks' },
    { number: 9406, title: 'HyStart++: Modified Slow Start for TCP' },
    { number: 9937, title: 'Proportional Rate Reduction (PRR)' },
    { number: 792, title: 'Internet Control Message Protocol' },
  ],
  standards: ['BBR Congestion Control (draft-ietf-ccwg-bbr, work in progress)'],
  setup: {
    hosts: {
      client: { role: 'client', tcp: { ...TCP, minRto: 200_000 } },
      server: { role: 'server', tcp: TCP },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: { rate: { limit: RATE }, delay: DELAY, queue: { limit: QUEUE } },
        down: { rate: { limit: RATE }, delay: DELAY },
      },
    },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes: BYTES },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
      ping: { kind: 'ping', host: 'client', to: 'server', start: PING_START, every: PING_EVERY, count: 55 },
    },
  },
  lanes: [
    { id: 'tail', label: { en: 'drop-tail', zh: '尾部丢弃' } },
    { id: 'codel', label: { en: 'CoDel', zh: 'CoDel' }, set: { [`${UP}.queue.discipline`]: 'codel' } },
    {
      id: 'ecn',
      label: { en: 'CoDel with marks (ECN)', zh: 'CoDel 打标记（ECN）' },
      set: {
        [`${UP}.queue.discipline`]: 'codel',
        [`${UP}.queue.ecn`]: true,
        'hosts.client.tcp.ecn': true,
        'hosts.server.tcp.ecn': true,
      },
    },
    {
      id: 'bbr',
      label: { en: 'drop-tail, sent by BBR', zh: '尾部丢弃，由 BBR 发送' },
      set: { 'hosts.client.tcp.congestion': 'bbr' },
    },
  ],
  knobs: [
    {
      ...LINK_KNOBS.queue,
      hint: {
        en: 'What each queue holds at most. CoDel never lets it come so far.',
        zh: '每个队列最多存多少。CoDel 不会让它涨到那么多。',
      },
      paths: [`${UP}.queue.limit`],
    },
    { ...LINK_KNOBS.rate, paths: bothWays('rate.limit') },
    { ...LINK_KNOBS.delay, paths: bothWays('delay') },
    { ...LINK_KNOBS.loss, paths: [`${UP}.loss.rate`] },
    {
      id: 'target',
      label: { en: "CoDel's target", zh: 'CoDel 的目标等待' },
      hint: {
        en: 'A wait that is no standing queue yet (RFC 8289, 4.2).',
        zh: '等待短于它，就不算“立”住的队列（RFC 8289，4.2）。',
      },
      group: 'link',
      paths: [`${UP}.queue.target`],
      kind: 'number',
      unit: 'us',
      min: 1_000,
      max: 100_000,
      step: 1_000,
      live: true,
    },
    {
      id: 'interval',
      label: { en: "CoDel's interval", zh: 'CoDel 的观察间隔' },
      hint: {
        en: 'How long waits must stay above the target; about the longest usual round trip (RFC 8289, 4.3).',
        zh: '等待超过目标要持续多久才动手，约为常见的最长往返时间（RFC 8289，4.3）。',
      },
      group: 'link',
      paths: [`${UP}.queue.interval`],
      kind: 'number',
      unit: 'us',
      min: 10_000,
      max: 1_000_000,
      step: 10_000,
      live: true,
    },
    {
      id: 'mark-above',
      label: { en: 'Mark above', zh: '超过即打标记' },
      hint: {
        en: 'A plain queue marks packets that know ECN as soon as it is longer than this; 0: it does not.',
        zh: '普通队列一旦超过这个长度，就给支持 ECN 的包打标记；0 表示不打。',
      },
      group: 'link',
      paths: [`${UP}.queue.markAbove`],
      kind: 'number',
      unit: 'B',
      min: 0,
      max: 1_000_000,
      step: 1_000,
      live: true,
    },
    {
      id: 'hystart',
      label: { en: 'HyStart++', zh: '慢启动 HyStart++' },
      hint: {
        en: 'Slow start of CUBIC ends when the round trip grows (RFC 9406).',
        zh: '往返时间变长时，CUBIC 的慢启动就结束（RFC 9406）。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.hystart'],
      kind: 'switch',
    },
    {
      id: 'prr',
      label: { en: 'Proportional rate reduction', zh: '按比例降速（PRR）' },
      hint: {
        en: 'Off: at a loss nothing goes until the smaller window has drained (RFC 9937).',
        zh: '关闭后，丢包时要等窗口缩到位才继续发送（RFC 9937）。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.prr'],
      kind: 'switch',
    },
    {
      id: 'pacing',
      label: { en: 'Pacing', zh: '匀速发送' },
      hint: {
        en: 'CUBIC, too, spreads its packets over the round trip (RFC 9002, 7.7). BBR always does.',
        zh: '让 CUBIC 也把数据包摊到整个往返里发（RFC 9002，7.7）。BBR 总是如此。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.pacing'],
      kind: 'switch',
    },
    {
      id: 'bytes',
      label: { en: 'Bytes to send', zh: '发送的字节数' },
      group: 'application',
      paths: ['apps.sender.bytes'],
      kind: 'number',
      unit: 'B',
      min: 100_000,
      max: 50_000_000,
      scale: 'log',
    },
    {
      id: 'every',
      label: { en: 'Time between pings', zh: 'ping 的间隔' },
      group: 'application',
      paths: ['apps.ping.every'],
      kind: 'number',
      unit: 'us',
      min: 10_000,
      max: 1_000_000,
      step: 10_000,
    },
  ],
  expectations: [
    {
      id: 'tail-ping',
      text: {
        en: 'Behind drop-tail the ping takes as long as path and full queue together',
        zh: '尾部丢弃时，ping 的耗时等于路径加上满队列',
      },
      metric: 'tail/ping_rtt_median',
      op: '=',
      value: 2 * DELAY + (QUEUE * 8e6) / RATE,
      tolerance: 0.15,
      unit: 'us',
      why: {
        en: '30 ms of the path and 250 kB at 5 Mbit/s, which is 400 ms. The median lies a little below, since the queue is not full all the time: after a loss CUBIC begins at 0.7 of its window.',
        zh: '路径 30 毫秒，加上 250 kB 按 5 Mbit/s 排空要 400 毫秒。中位数略低，因为队列并非一直是满的：丢包后 CUBIC 从 0.7 倍窗口重新开始。',
      },
      given: [...LONG, ...FILLS],
    },
    {
      id: 'tail-rtt',
      text: {
        en: 'The round trip is the path and the wait in the queue, and nothing else',
        zh: '往返时间就是路径加排队，别无其他',
      },
      metric: 'tail/mean_rtt',
      op: '=',
      value: 'tail/rtt_with_queue',
      tolerance: 0.05,
      unit: 'us',
      why: {
        en: 'Of the same run: what TCP measured with its segments, against the shortest way there and back plus the mean wait in the queue, as the link measured it.',
        zh: '同一次运行的两个数：TCP 用报文段测得的往返，与链路测得的最短往返加平均排队时间。',
      },
      given: [...LONG, ...FILLS],
    },
    ...(['codel', 'ecn', 'bbr'] as const).map((lane): ExperimentInput['expectations'][number] => ({
      id: `${lane}-ping`,
      text: {
        codel: {
          en: 'With CoDel the ping takes at most twice the path',
          zh: '用 CoDel，ping 不超过路径的两倍',
        },
        ecn: { en: 'With marks as well', zh: '打标记时也是如此' },
        bbr: { en: 'And with BBR, though its queue is as long', zh: '用 BBR 也一样，尽管队列同样长' },
      }[lane],
      metric: `${lane}/ping_rtt_median`,
      op: '<=',
      value: 4 * DELAY,
      unit: 'us',
      why: {
        codel: {
          en: 'CoDel lets no wait above 5 ms stand for longer than 100 ms. The 95th percentile lies higher: what slow start has piled up takes some seconds to go.',
          zh: 'CoDel 不容许超过 5 毫秒的等待持续 100 毫秒以上。第 95 百分位要高一些：慢启动堆起来的队列要几秒才散尽。',
        },
        ecn: {
          en: 'The same rule decides who is marked, and the sender heeds a mark as it does a loss.',
          zh: '由同样的规则决定给谁打标记，而发送方对标记与对丢包一视同仁。',
        },
        bbr: {
          en: 'It keeps in flight about what the path holds. While it asks for more, or has just begun, a queue of up to one such volume stands for a moment.',
          zh: '它让在途数据大致等于路径容量。试探更多带宽时，或者刚开始时，会有不超过一份容量的队列短暂出现。',
        },
      }[lane],
      given: lane === 'bbr' ? LONG : [...CODEL, CUBIC],
    })),
    {
      id: 'ecn-p95',
      text: {
        en: 'With marks 95 of 100 pings take at most twice the path',
        zh: '打标记时，100 个 ping 里有 95 个不超过路径的两倍',
      },
      metric: 'ecn/ping_rtt_p95',
      op: '<=',
      value: 4 * DELAY,
      unit: 'us',
      why: {
        en: 'A mark costs no repair: the first one, in slow start, ends the overshoot without hundreds of losses.',
        zh: '标记不用修补：慢启动中的第一个标记就止住了过冲，没有成百的丢包。',
      },
      given: [...CODEL, CUBIC],
    },
    ...(['codel', 'ecn', 'bbr'] as const).map((lane): ExperimentInput['expectations'][number] => ({
      id: `${lane}-goodput`,
      text: {
        codel: { en: 'CoDel costs no throughput', zh: 'CoDel 不损失吞吐量' },
        ecn: { en: 'Marks cost none either', zh: '打标记也不损失' },
        bbr: { en: 'Nor does BBR', zh: 'BBR 同样不损失' },
      }[lane],
      metric: `${lane}/goodput`,
      op: '=',
      value: 'tail/goodput',
      tolerance: 0.08,
      unit: 'bit/s',
      why: {
        en: 'The link is busy as long as one packet waits; that more wait does not make it faster. The few per cent are lost where the window falls below what the path holds before it has grown back.',
        zh: '只要有一个包在等，链路就不会闲着；等的包再多，也不会更快。那几个百分点，损失在窗口降到路径容量以下、还没长回来的时候。',
      },
      given: lane === 'bbr' ? LONG : [...CODEL, CUBIC],
    })),
    {
      id: 'codel-drops',
      text: { en: 'CoDel says it by dropping packets', zh: 'CoDel 靠丢包来传话' },
      metric: 'codel/packets_queue_lost',
      op: '>=',
      value: 1,
      unit: 'count',
      why: {
        en: 'Without ECN a loss is the only word that every sender understands.',
        zh: '没有 ECN，丢包是唯一人人都懂的话。',
      },
      given: [...CODEL, CUBIC],
    },
    {
      id: 'ecn-marks',
      text: { en: 'With ECN it says it by marks', zh: '有 ECN 时靠标记' },
      metric: 'ecn/marks',
      op: '>=',
      value: 'ecn/ecn_reductions',
      unit: 'count',
      why: {
        en: 'The sender answers marks once a round trip (RFC 3168, 6.1.2), so there are at least as many marks as reductions.',
        zh: '发送方每个往返只回应一次（RFC 3168，6.1.2），所以标记数不少于降窗次数。',
      },
      given: CODEL,
    },
    {
      id: 'ecn-reduces',
      text: { en: 'The sender heeds them', zh: '发送方听从标记' },
      metric: 'ecn/ecn_reductions',
      op: '>=',
      value: 1,
      unit: 'count',
      why: {
        en: 'Each echo that is not of the same round trip makes the window smaller by as much as a loss would.',
        zh: '只要不是同一个往返里的回显，每次都让窗口缩小，幅度与丢包相同。',
      },
      given: CODEL,
    },
    {
      id: 'ecn-no-loss',
      text: { en: 'and nothing is sent again', zh: '而且无需重传' },
      metric: 'ecn/retransmissions',
      op: '=',
      value: 0,
      unit: 'segments',
      why: {
        en: 'What is marked arrives. Only a queue that runs full would still drop.',
        zh: '打了标记的包照样到达。只有队列真的满了才会丢。',
      },
      given: [...CODEL, CUBIC],
    },
    ...(['tail', 'codel', 'ecn', 'bbr'] as const).flatMap((lane): ExperimentInput['expectations'] => [
      {
        id: `${lane}-intact`,
        text: { en: 'Every byte arrives as it was sent', zh: '每个字节都原样到达' },
        metric: `${lane}/bytes_intact`,
        op: '=',
        value: 1,
        unit: '',
        why: {
          en: 'The digests (SHA-256) of what was written and of what was read are compared; 1 means equal.',
          zh: '比较写入与读出数据的 SHA-256 摘要，1 表示相同。',
        },
      },
      {
        id: `${lane}-stalls`,
        text: {
          en: 'Every moment of the sender has exactly one reason',
          zh: '发送方的每一时刻都恰好有一个原因',
        },
        metric: `${lane}/stall_total`,
        op: '=',
        value: 1,
        tolerance: 0.000_001,
        unit: 'ratio',
        why: {
          en: 'From its first packet to its last a sender either sends or waits for one thing.',
          zh: '从第一个包到最后一个包，发送方要么在发，要么在等某一样东西。',
        },
      },
    ]),
  ],
  views: [
    'queue',
    'rtt',
    'probes',
    'windows',
    'goodput',
    'stalls',
    'sequence',
    'ladder',
    'packets',
    'topology',
  ],
  duration: 300_000_000,
  prediction: {
    question: {
      en: 'A ping takes 30 ms on the empty line. An upload now keeps the 250 kB queue before the 5 Mbit/s line full. How long does the ping take?',
      zh: '线路空闲时 ping 要 30 毫秒。现在上传把 5 Mbit/s 线路前 250 kB 的队列占满了，ping 要多久？',
    },
    choices: [
      {
        text: { en: 'About 32 ms: it is only a small packet', zh: '约 32 毫秒：它只是个小包' },
        right: false,
        because: {
          en: 'Small it is, but it stands at the end of the queue like everybody else.',
          zh: '包是小，但它和别人一样，得排在队尾。',
        },
      },
      {
        text: { en: 'About 60 ms: it shares the line with the upload', zh: '约 60 毫秒：它与上传平分线路' },
        right: false,
        because: {
          en: 'There is no taking turns in a single queue: all that came before goes first.',
          zh: '单个队列里没有轮流：先来的全都先走。',
        },
      },
      {
        text: { en: 'More than 400 ms', zh: '400 毫秒以上' },
        right: true,
        because: {
          en: '250 kB are 2 million bits, and at 5 million a second they take 0.4 s to go. Then comes the ping, and its 30 ms.',
          zh: '250 kB 即 200 万比特，每秒 500 万，要 0.4 秒才走完。然后才轮到 ping，再加它自己的 30 毫秒。',
        },
      },
    ],
  },
}
