/** 拥塞控制: one bulk transfer under Reno, one under CUBIC and one under BBR, over links that lose the same packets. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { TCP_BULK_KNOBS } from './tcp-bulk-knobs.ts'

const UP = 'links.link.up'
const DOWN = 'links.link.down'
const is = (path: string, ...oneOf: Json[]) => ({ path, oneOf })

/** Nothing but independent loss of data packets: what both models start from. */
const INDEPENDENT_LOSS = [
  is(`${UP}.loss.rate`, 0.005, 0.01),
  is(`${UP}.gilbertElliott.p`, 0),
  is(`${UP}.reorder.rate`, 0),
  is(`${UP}.duplicate.rate`, 0),
  is(`${UP}.corrupt.rate`, 0),
  is(`${UP}.jitter.amount`, 0),
  is(`${DOWN}.loss.rate`, 0),
]
/** The window is limited by loss alone: not by the rate, a queue, a buffer or a timer. */
const LIMITED_BY_LOSS = [
  is(`${UP}.rate.limit`, 100_000_000),
  is(`${UP}.queue.limit`, 256_000),
  is(`${UP}.delay`, 10_000, 20_000, 30_000),
  is('apps.sink.rate', 0),
  is('apps.sender.bytes', 5_000_000, 10_000_000, 20_000_000, 50_000_000),
  is('hosts.server.tcp.receiveBuffer', 131_072),
  is('hosts.client.tcp.minRto', 200_000),
  is('hosts.client.tcp.sack', true),
]
const MODEL = [...INDEPENDENT_LOSS, ...LIMITED_BY_LOSS]
/** The same seed throws the same dice in every lane. */
const UNCHANGED = {
  duplicate: is(`${UP}.duplicate.rate`, 0),
  repair: is(`${UP}.corrupt.repair`, false),
}

export const tcpBulk: ExperimentInput = {
  id: 'tcp-bulk',
  chapter: 'tcp-transfer',
  title: { en: 'Congestion control', zh: '拥塞控制' },
  question: {
    en: 'A path with plenty of capacity loses one packet in two hundred. How fast can TCP be on it, and does CUBIC or BBR do better than Reno?',
    zh: '一条带宽充裕的路径，每两百个包丢一个。TCP 在上面能跑多快？CUBIC 或 BBR 会比 Reno 更快吗？',
  },
  narrative: [
    {
      en: 'Three transfers of 5 MB run side by side, each over a link of its own: 100 Mbit/s, 10 ms each way, and 0.5 % of the data packets lost at random. Everything is the same but the congestion control: Reno (RFC 5681 with the NewReno recovery of RFC 6582, or SACK recovery of RFC 6675), CUBIC (RFC 9438) and BBR (version 3, as the IETF’s draft describes it).',
      zh: '三个 5 MB 的传输并排进行，各走一条链路：100 Mbit/s，单向 10 毫秒，数据包随机丢失 0.5%。除拥塞控制算法外一切相同：Reno（RFC 5681，恢复用 RFC 6582 的 NewReno 或 RFC 6675 的 SACK 恢复）、CUBIC（RFC 9438）和 BBR（第 3 版，按 IETF 草案）。',
    },
    {
      en: 'In the chart of windows the congestion window first doubles each round trip: slow start, until the first loss or until the receive window of 131 kB is full. From then on it is a saw. Reno halves its window at a loss and then adds one segment per round trip; it counts bytes and not ACKs (RFC 3465), so delayed ACKs do not slow it down. CUBIC falls to 0.7 of it and grows along a cubic curve of the time since the loss.',
      zh: '窗口图中，拥塞窗口先是每个往返翻倍，这是慢启动，直到第一次丢包，或者占满 131 kB 的接收窗口；此后变成锯齿。Reno 遇到丢包窗口减半，之后每个往返加一个报文段；它按确认的字节数而不是 ACK 个数计算（RFC 3465），因此延迟确认不会拖慢它。CUBIC 降到 0.7 倍，再沿着以“距上次丢包的时间”为自变量的三次曲线上升。',
    },
    {
      en: 'Neither Reno nor CUBIC comes anywhere near 100 Mbit/s. The sender takes each loss for a sign of congestion, although the link has room: at loss p Reno settles at about C/sqrt(p) segments for a round trip, some 17 at 0.5 %. That is the square-root law of Mathis and others, and it knows no line rate at all. Turn the rate up to 1 Gbit/s: nothing happens. Turn the loss down to a quarter: the goodput doubles.',
      zh: 'Reno 和 CUBIC 都远远达不到 100 Mbit/s。链路并不拥挤，但发送方把每次丢包都当作拥塞信号：丢包率为 p 时，Reno 的窗口稳定在每个往返 C/√p 个报文段左右，0.5% 时约为 17 个。这就是 Mathis 等人的平方根公式，式中根本没有链路速率。把速率调到 1 Gbit/s，毫无变化；把丢包率降到四分之一，吞吐量翻倍。',
    },
    {
      en: 'On this short path CUBIC does no better, and by design: at 20 ms its cubic curve would be far below Reno, so it follows its Reno-friendly estimate instead. Set the delay to 75 ms, the loss to 0.01 %, the receive buffer to 4 MB and the size to 50 MB: the curve lies above Reno now, and CUBIC is more than twice as fast, because its growth depends on time and not on the number of round trips.',
      zh: '在这条短路径上 CUBIC 并不更快，这是有意的设计：往返 20 毫秒时，它的三次曲线远低于 Reno，于是改走“Reno 友好”的估计值。把单向时延调到 75 毫秒、丢包率 0.01%、接收缓冲区 4 MB、数据量 50 MB，曲线就高过 Reno，CUBIC 快一倍以上：它的增长取决于时间，而不是往返的次数。',
    },
    {
      en: 'BBR asks first how fast packets arrive. It measures the rate of delivery and the shortest round trip, paces its packets at the one and keeps at most about twice their product in flight. A random loss changes neither, so it stays far ahead of the others. But this is version 3, and it is not blind to losses: if more than 2 % of a round trip are lost while it asks for more, it takes that for a full queue, remembers how much was in flight and stays below. Set the loss to 5 % and it gives up most of its rate. Version 1 went on regardless, and took their share from all who did not.',
      zh: 'BBR 首先问的是数据到达得有多快：它测量交付速率和最短往返时间，按前者匀速发送，在途数据最多约为两者乘积的两倍。随机丢包不改变这两个量，所以它远远快过另两者。但这是第 3 版，对丢包并非视而不见：如果在试探更多带宽时，一个往返内丢了 2% 以上，它就当作队列已满，记下当时的在途数据量，此后不再超过。把丢包率调到 5%，它会让出大半速率。第 1 版则不管不顾，抢走了所有守规矩者的份额。',
    },
    {
      en: 'Each retransmission says why it was sent. Three duplicate ACKs, or SACK blocks that leave a hole behind (sack, dup_acks), repair a loss within a round trip. A hole that only becomes visible when the first one is filled is a partial acknowledgment. If nothing comes back any more, because the last packets of the transfer or the retransmission itself died, only the retransmission timer is left (rto), and it costs 200 ms here: ten round trips.',
      zh: '每次重传都注明原因。三个重复 ACK，或 SACK 块显示出空洞（dup_acks、sack），一个往返之内就能补上。补好第一个空洞才暴露出的下一个，是部分确认（partial_ack）。如果再没有任何反馈，比如最后几个包丢了，或者重传的包又丢了，就只能等重传定时器（rto），在这里要 200 毫秒，相当于十个往返。',
    },
    {
      en: 'The bar below tells what each sender was waiting for, moment by moment. As long as the congestion window is the reason for most of it, a larger window is the only thing that would have helped. Make the receive buffer small, the application slow or the link narrow, and watch the reason change.',
      zh: '下方的条形图逐时刻说明发送方在等什么。只要大部分时间的原因是拥塞窗口，那么唯有更大的窗口才有用。把接收缓冲区调小、让应用程序读慢一些，或者把链路变窄，看看原因如何变化。',
    },
  ],
  rfcs: [
    { number: 5681, title: 'TCP Congestion Control' },
    { number: 6582, title: "The NewReno Modification to TCP's Fast Recovery Algorithm" },
    { number: 6675, title: 'A Conservative Loss Recovery Algorithm Based on SACK for TCP' },
    { number: 9438, title: 'CUBIC for Fast and Long-Distance Networks' },
    { number: 3465, title: 'TCP Congestion Control with Appropriate Byte Counting (ABC)' },
    { number: 6298, title: "Computing TCP's Retransmission Timer" },
    { number: 6928, title: "Increasing TCP's Initial Window" },
    { number: 3042, title: "Enhancing TCP's Loss Recovery Using Limited Transmit" },
    { number: 7323, title: 'TCP Extensions for High Performance' },
  ],
  standards: ['BBR Congestion Control (draft-ietf-ccwg-bbr, work in progress)'],
  setup: {
    hosts: {
      // RFC 6298 (2.4) says 1 s; systems in the field use 200 ms, and so does this transfer of a few seconds.
      client: { role: 'client', tcp: { minRto: 200_000 } },
      // Less than the bandwidth-delay product, so that slow start cannot overfill the queue before the first loss.
      server: { role: 'server', tcp: { receiveBuffer: 131_072 } },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: {
          rate: { limit: 100_000_000 },
          delay: 10_000,
          loss: { rate: 0.005 },
          // Off while p is 0; once it is not, a burst is three packets long on average.
          gilbertElliott: { r: 1 / 3 },
        },
        down: { rate: { limit: 100_000_000 }, delay: 10_000 },
      },
    },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes: 5_000_000 },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  },
  lanes: [
    {
      id: 'reno',
      label: { en: 'Reno', zh: 'Reno' },
      set: { 'hosts.client.tcp.congestion': 'newreno' },
    },
    {
      id: 'cubic',
      label: { en: 'CUBIC', zh: 'CUBIC' },
      set: { 'hosts.client.tcp.congestion': 'cubic' },
    },
    {
      id: 'bbr',
      label: { en: 'BBR', zh: 'BBR' },
      set: { 'hosts.client.tcp.congestion': 'bbr' },
    },
  ],
  knobs: TCP_BULK_KNOBS,
  expectations: [
    {
      id: 'reno-model',
      text: {
        en: 'Reno is as fast as the square-root law says',
        zh: 'Reno 的吞吐量符合平方根公式',
      },
      metric: 'reno/steady_goodput',
      op: '=',
      value: 'reno/mathis_goodput',
      tolerance: 0.25,
      unit: 'bit/s',
      why: {
        en: 'Mathis and others (1997): goodput = MSS/RTT x C/sqrt(p) with C = sqrt(3/(2b)); b = 1, because bytes are counted and not ACKs. It assumes independent losses found by duplicate ACKs, no timeouts, no queue and a long transfer. Both figures are taken after the third recovery, when slow start is forgotten; p is the share that this run lost. A single run has some 15 losses and scatters by a fifth, hence the wide band; over many runs Reno lies 5 to 10 % below, because a recovery takes a round trip in which nothing grows.',
        zh: 'Mathis 等（1997）：吞吐量 = MSS/RTT × C/√p，C = √(3/(2b))；这里按字节而非 ACK 计数，所以 b = 1。前提是丢包相互独立且由重复 ACK 发现，没有超时、没有排队，传输足够长。两个数都从第三次恢复之后算起，此时慢启动的影响已经消失；p 取本次运行实际的丢包率。一次运行只有约 15 次丢包，自身波动就有两成，所以容差放得较宽；多次运行的平均值比公式低 5% 到 10%，因为每次恢复要占一个往返，其间窗口不增长。',
      },
      given: MODEL,
    },
    {
      id: 'cubic-model',
      text: {
        en: 'CUBIC is as fast as its own curve or the Reno-friendly one, whichever is higher',
        zh: 'CUBIC 的吞吐量符合其三次曲线与 Reno 友好曲线中较高的一条',
      },
      metric: 'cubic/steady_goodput',
      op: '=',
      value: 'cubic/cubic_goodput',
      tolerance: 0.5,
      unit: 'bit/s',
      why: {
        en: 'RFC 9438 (5.1) gives the mean window for losses at equal distances; section 4.3 keeps CUBIC from falling behind Reno. Under random loss the mean lies 13 to 28 % above, and a single run scatters around that. Taken after the third recovery, as with Reno.',
        zh: 'RFC 9438（5.1）给出等间隔丢包时的平均窗口，4.3 节保证 CUBIC 不落后于 Reno。随机丢包时均值要高 13% 到 28%，单次运行还会在其上下波动。与 Reno 一样，从第三次恢复之后算起。',
      },
      given: MODEL,
    },
    {
      id: 'reno-halves',
      text: {
        en: 'Reno allows itself half of what was in flight',
        zh: 'Reno 遇到丢包，窗口减为在途数据的一半',
      },
      metric: 'reno/decrease_factor',
      op: '=',
      value: 0.5,
      tolerance: 0.02,
      unit: 'ratio',
      why: {
        en: 'RFC 5681 (equation 4): ssthresh = max(FlightSize/2, 2 SMSS). Measured as ssthresh against what was outstanding, as the mean over the recoveries of this run.',
        zh: 'RFC 5681（式 4）：ssthresh = max(FlightSize/2, 2 SMSS)。以 ssthresh 与当时在途数据之比计，取本次运行各次恢复的平均。',
      },
      given: MODEL,
    },
    {
      id: 'cubic-falls',
      text: { en: 'CUBIC keeps 0.7 of it', zh: 'CUBIC 保留其 0.7' },
      metric: 'cubic/decrease_factor',
      op: '=',
      value: 0.7,
      tolerance: 0.02,
      unit: 'ratio',
      why: {
        en: 'RFC 9438 (4.6): beta_cubic = 0.7. Giving up less, it has less to win back.',
        zh: 'RFC 9438（4.6）：beta_cubic = 0.7。退让得少，要收复的也少。',
      },
      given: MODEL,
    },
    {
      id: 'bbr-faster',
      text: {
        en: 'BBR does not slow down for random losses',
        zh: 'BBR 不因随机丢包而减速',
      },
      metric: 'bbr/goodput',
      op: '>=',
      value: 'cubic/goodput',
      unit: 'bit/s',
      why: {
        en: 'Its model of the path (rate of delivery, shortest round trip) does not change when a packet is lost at random; the windows of the others shrink with each.',
        zh: '随机丢一个包不改变它对路径的模型（交付速率、最短往返）；另两者每丢一次，窗口就缩小一次。',
      },
      given: MODEL,
    },
    {
      id: 'bbr-rate',
      text: { en: 'BBR reaches at least 14 Mbit/s', zh: 'BBR 至少达到 14 Mbit/s' },
      metric: 'bbr/goodput',
      op: '>=',
      value: 14_000_000,
      unit: 'bit/s',
      why: {
        en: 'The receive window of 131 kB lets 52 Mbit/s through on this path. Over seeds it is 31 to 39 Mbit/s in virtual time: Startup, repairs and now and then a timeout take the rest. By the wall clock it is about half of that, since the timers of a system come too late for so fine a pacing.',
        zh: '131 kB 的接收窗口在这条路径上最多容许 52 Mbit/s。虚拟时间下换不同的种子，为 31 到 39 Mbit/s：其余花在起步、补发和偶尔的超时上。按真实时钟运行约为其一半，因为系统定时器不够准，跟不上这么细的匀速发送。',
      },
      given: [...MODEL, is(`${UP}.loss.rate`, 0.005), is(`${UP}.delay`, 10_000)],
    },
    {
      id: 'bbr-tolerance',
      text: { en: 'At 5 % of loss it no longer does', zh: '丢包率 5% 时就达不到了' },
      metric: 'bbr/goodput',
      op: '<',
      value: 14_000_000,
      unit: 'bit/s',
      why: {
        en: 'More than 2 % of a round trip is what it takes for congestion (LossThresh of the draft): it bounds what it has in flight, and slows down for a while after losses when it does not ask for more.',
        zh: '一个往返内超过 2%（草案中的 LossThresh）就算拥塞：它会限制在途数据量；不在试探时，丢包后也会放慢一阵。',
      },
      given: [
        is(`${UP}.loss.rate`, 0.05),
        ...MODEL.filter(({ path }) => path !== `${UP}.loss.rate`),
        is(`${UP}.delay`, 10_000),
      ],
    },
    ...(['reno', 'cubic', 'bbr'] as const).flatMap((lane): ExperimentInput['expectations'] => [
      {
        id: `${lane}-intact`,
        text: { en: 'Every byte arrives as it was sent', zh: '每个字节都原样到达' },
        metric: `${lane}/bytes_intact`,
        op: '=',
        value: 1,
        unit: '',
        why: {
          en: 'That is what TCP promises, whatever the link does. The digests (SHA-256) of what was written and of what was read are compared; 1 means equal.',
          zh: '无论链路怎样，这都是 TCP 的承诺。比较写入与读出数据的 SHA-256 摘要，1 表示相同。',
        },
        given: [UNCHANGED.repair],
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
          en: 'From its first packet to its last a sender either sends or waits for one thing; the shares have to add up to 100 %.',
          zh: '从第一个包到最后一个包，发送方要么在发，要么在等某一样东西，各部分之和必为 100%。',
        },
      },
      {
        id: `${lane}-repaired`,
        text: {
          en: 'There are at least as many retransmissions as lost data segments',
          zh: '重传次数不少于丢失的数据段',
        },
        metric: `${lane}/retransmissions`,
        op: '>=',
        value: `${lane}/data_segments_lost`,
        unit: 'segments',
        why: {
          en: 'A lost segment is missing until it is sent again, and a lost retransmission once more. More than that are retransmissions that were not needed.',
          zh: '丢失的报文段要重发才能补上，重传丢了还得再发。超出的部分就是不必要的重传。',
        },
        given: [UNCHANGED.duplicate],
      },
      {
        id: `${lane}-causes`,
        text: { en: 'Each retransmission has a cause', zh: '每次重传都有原因' },
        metric: `${lane}/retransmissions_without_cause`,
        op: '=',
        value: 0,
        unit: 'segments',
        why: {
          en: 'The sender notes with every segment that it sends again which rule made it do so.',
          zh: '发送方每次重发都会记下是哪条规则让它这样做的。',
        },
      },
    ]),
  ],
  views: ['windows', 'sequence', 'stalls', 'rtt', 'goodput', 'queue', 'ladder', 'packets', 'topology'],
  duration: 600_000_000,
  prediction: {
    question: {
      en: 'The link carries 100 Mbit/s, the round trip takes 20 ms, and 0.5 % of the packets are lost at random. About how fast will Reno be?',
      zh: '链路速率 100 Mbit/s，往返 20 毫秒，随机丢包 0.5%。Reno 大约能跑多快？',
    },
    choices: [
      {
        text: {
          en: 'About 99 Mbit/s: only the lost part is missing',
          zh: '约 99 Mbit/s：只少了丢掉的那部分',
        },
        right: false,
        because: {
          en: 'The price of a loss is not the packet but the window: half of it, and many round trips until it is back.',
          zh: '丢包的代价不是那个包，而是窗口：窗口减半，要许多个往返才能恢复。',
        },
      },
      {
        text: { en: 'About 50 Mbit/s', zh: '约 50 Mbit/s' },
        right: false,
        because: {
          en: 'One halving would lead there, but the next loss comes long before the window has grown back.',
          zh: '减半一次是这个数，但窗口远未恢复，下一次丢包就来了。',
        },
      },
      {
        text: { en: 'About 10 Mbit/s or less', zh: '约 10 Mbit/s 或更低' },
        right: true,
        because: {
          en: 'At 0.5 % the window averages some 17 segments: 17 x 1,448 bytes every 20 ms is 10 Mbit/s. The rate of the link does not enter into it.',
          zh: '丢包率 0.5% 时窗口平均约 17 个报文段：每 20 毫秒 17 × 1448 字节，即 10 Mbit/s，与链路速率无关。',
        },
      },
    ],
  },
}
