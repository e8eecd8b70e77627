/** 超时重传与 RTT 估计: what the retransmission timer knows of the round trip, and what Karn's rule is for. */
import type { ExperimentInput, Json } from '../experiment.ts'

const is = (path: string, ...oneOf: Json[]) => ({ path, oneOf })
const DELAY = 'links.link.up.delay'
/** The path as it comes: what the steps make of it is what the claims are about. */
const AS_IT_COMES = [
  is('links.link.up.loss.rate', 0),
  is('links.link.down.loss.rate', 0),
  is('links.link.down.delay', 25_000),
  is('hosts.client.tcp.minRto', 10_000),
  is('hosts.client.tcp.undo', false),
  is('apps.sender.rate', 400),
]

export const tcpRto: ExperimentInput = {
  id: 'tcp-rto',
  chapter: 'tcp-transfer',
  title: { en: 'The retransmission timer and the round trip', zh: '超时重传与 RTT 估计' },
  question: {
    en: 'The sender waits for an ACK: how long, before it sends again? And whose ACK is it that comes after it has sent twice?',
    zh: '发送方在等 ACK：等多久才该重发？如果发了两次之后来了一个 ACK，它答的是哪一次？',
  },
  narrative: [
    {
      en: 'A small message goes out four times a second, and its ACK tells how long the round trip takes. From such samples the sender keeps a smoothed round trip SRTT and a mean deviation RTTVAR, and waits SRTT + 4 RTTVAR before it sends again (RFC 6298). In the chart the timeout lies above the round trip like a roof, and comes down on it as the samples agree with each other.',
      zh: '每秒发出四条小消息，ACK 回来的时间就是一个往返。发送方用这些样本维护平滑往返时间 SRTT 和平均偏差 RTTVAR，等 SRTT + 4 RTTVAR 还没有回音才重发（RFC 6298）。图中超时值像屋顶一样罩在往返时间之上，样本越一致，屋顶压得越低。',
    },
    {
      en: 'Then the path grows longer all of a sudden: another route, a buffer that fills up. The roof is now below the round trip, so the timer runs out although nothing is lost, and runs out again, each time after twice the span. That is the back-off, and it is what saves the sender: at some point the timer waits longer than the path takes.',
      zh: '接着路径突然变长：换了路由，或者哪里的缓冲区满了。屋顶这时低于往返时间，虽然什么也没丢，定时器还是到期了，然后再次到期，每次等待加倍。这就是退避，也正是它救了发送方：总有一刻，定时器等得比路径更久。',
    },
    {
      en: 'But the ACK that comes then answers the first sending or one of the later ones, and nobody can say which. Karn’s rule: learn nothing from it, and keep the long timeout until a segment gets through that was sent once. In the first lane this takes one message, and from then on the estimate is right.',
      zh: '可是这时到达的 ACK，答的可能是第一次发送，也可能是后来的某一次，谁也说不清。Karn 算法：不从中学任何东西，并且保持加长的超时，直到有一个只发过一次的报文段得到确认。第一条泳道只用了一条消息就做到了，此后估计值就准了。',
    },
    {
      en: 'The second lane does without the rule: it takes the last sending for the one that was answered. The ACK of the original comes soon after the repetition, so the round trip looks short just when it has become long. The timeout comes down, the next message times out as well, and so it goes on: nearly every message is sent twice, for ever, and a full network would get twice the load.',
      zh: '第二条泳道不用这条规则：它认定 ACK 答的是最后一次发送。原件的 ACK 恰好在重发之后不久到达，于是往返时间明明变长了，看上去却变短了。超时值随之下降，下一条消息又超时，如此循环：几乎每条消息都发两遍，没完没了；若网络本已拥挤，负载还要翻倍。',
    },
    {
      en: 'The third lane has timestamps (RFC 7323): each segment carries the time of its sending and each ACK echoes it. Now the ACK says itself which sending it answers. No sample has to be thrown away, and Karn’s rule has nothing left to do.',
      zh: '第三条泳道带时间戳（RFC 7323）：每个报文段都带上发送时刻，ACK 原样回显。ACK 自己就说明了答的是哪一次发送，不必丢弃任何样本，Karn 算法无事可做。',
    },
    {
      en: 'Near the end the path is cut for a while. Now nothing comes back at all, and each timeout is twice as long as the one before. The sender cannot know when the path is there again; it can only avoid making things worse.',
      zh: '临近结束时，路径断了一阵子。什么回音都没有，每次超时都是上一次的两倍。发送方无从知道路径何时恢复，能做的只是不添乱。',
    },
  ],
  rfcs: [
    { number: 6298, title: "Computing TCP's Retransmission Timer" },
    { number: 7323, title: 'TCP Extensions for High Performance' },
    { number: 3522, title: 'The Eifel Detection Algorithm for TCP' },
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.8.1' },
  ],
  setup: {
    hosts: {
      client: {
        role: 'client',
        // The least timeout is far below what RFC 6298 (2.4) says, so that the estimate and not the floor is seen.
        tcp: { minRto: 10_000, timestamps: false, nagle: false, congestion: 'newreno' },
      },
      server: { role: 'server', tcp: { delayedAck: 0 } },
    },
    links: { link: { a: 'client', b: 'server', up: { delay: 25_000 }, down: { delay: 25_000 } } },
    apps: {
      sender: {
        kind: 'tcp-send',
        host: 'client',
        to: 'server',
        port: 5001,
        bytes: 6_000,
        writeSize: 100,
        rate: 400,
      },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  },
  steps: [
    {
      at: 4_000_000,
      text: { en: 'the path becomes longer', zh: '路径变长' },
      set: { [DELAY]: 200_000 },
    },
    {
      at: 12_000_000,
      text: { en: 'the path is cut', zh: '路径中断' },
      set: { 'links.link.up.outage.down': true },
    },
    {
      at: 13_300_000,
      text: { en: 'and is there again', zh: '路径恢复' },
      set: { 'links.link.up.outage.down': false },
    },
  ],
  lanes: [
    { id: 'karn', label: { en: 'Karn’s rule', zh: '用 Karn 算法' } },
    {
      id: 'naive',
      label: { en: 'Without the rule', zh: '不用 Karn 算法' },
      set: { 'hosts.client.tcp.karn': false },
    },
    {
      id: 'timestamps',
      label: { en: 'Timestamps', zh: '时间戳' },
      set: { 'hosts.client.tcp.timestamps': true },
    },
  ],
  knobs: [
    {
      id: 'delay',
      label: { en: 'Delay of the way there', zh: '去程时延' },
      hint: {
        en: 'Turn it while the experiment runs, and see how far the roof lags behind. The steps change it, too.',
        zh: '运行中拧动它，看屋顶要落后多久。时间线上的步骤也会改它。',
      },
      group: 'link',
      paths: [DELAY],
      kind: 'number',
      unit: 'us',
      min: 1_000,
      max: 500_000,
      step: 1_000,
      live: true,
    },
    {
      id: 'jitter',
      label: { en: 'Jitter', zh: '时延抖动' },
      hint: {
        en: 'The more the samples differ, the larger RTTVAR, and the higher the roof.',
        zh: '样本差别越大，RTTVAR 越大，屋顶越高。',
      },
      group: 'link',
      paths: ['links.link.up.jitter.amount'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 50_000,
      step: 500,
      live: true,
    },
    {
      id: 'loss',
      label: { en: 'Loss', zh: '丢包率' },
      group: 'link',
      paths: ['links.link.up.loss.rate'],
      kind: 'number',
      unit: 'ratio',
      min: 0,
      max: 0.5,
      step: 0.01,
      live: true,
    },
    {
      id: 'min-rto',
      label: { en: 'Least timeout', zh: '最小超时' },
      hint: {
        en: 'RFC 6298 says a second, and then none of this is seen here: a floor above the round trip hides a bad estimate.',
        zh: 'RFC 6298 规定 1 秒，那样这里就什么也看不到了：下限高于往返时间，会掩盖糟糕的估计。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.minRto'],
      kind: 'number',
      unit: 'us',
      min: 5_000,
      max: 1_000_000,
      step: 5_000,
    },
    {
      id: 'undo',
      label: { en: 'Undo of spurious timeouts', zh: '撤销冤枉的超时' },
      hint: {
        en: 'With several messages on their way the timestamps show that nothing was lost (RFC 3522), and the window comes back.',
        zh: '同时有多条消息在途时，时间戳能说明什么也没丢（RFC 3522），窗口随之归还。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.undo'],
      kind: 'switch',
    },
    {
      id: 'rate',
      label: { en: 'Bytes a second', zh: '每秒字节数' },
      hint: {
        en: 'A message has a hundred bytes. More of them a second mean more samples, and messages that wait for each other.',
        zh: '每条消息一百字节。每秒消息越多，样本越多，消息之间也会互相等待。',
      },
      group: 'application',
      paths: ['apps.sender.rate'],
      kind: 'number',
      unit: 'B/s',
      min: 100,
      max: 10_000,
      step: 100,
    },
  ],
  expectations: [
    {
      id: 'first-timeout',
      text: { en: 'The first timeout is three round trips', zh: '第一个超时值是三个往返' },
      metric: 'karn/rto_first_rtts',
      op: '=',
      value: 3,
      tolerance: 0.01,
      unit: 'rtt',
      why: {
        en: 'RFC 6298 (2.2): after the first sample R, SRTT = R and RTTVAR = R/2, so the timeout is R + 4 x R/2, as long as that is not below the least.',
        zh: 'RFC 6298（2.2）：得到第一个样本 R 之后，SRTT = R，RTTVAR = R/2，超时值为 R + 4 × R/2（不低于下限时）。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'karn-few',
      text: {
        en: 'With Karn’s rule a few messages are repeated for nothing, and no more',
        zh: '用 Karn 算法，只白白重发寥寥几次',
      },
      metric: 'karn/spurious_retransmissions',
      op: '<=',
      value: 5,
      unit: 'segments',
      why: {
        en: 'RFC 6298 (3, 5.5): the back-off stays until a segment that was sent once is acknowledged, and that one gives the right sample.',
        zh: 'RFC 6298（3、5.5）：退避一直保持到某个只发过一次的报文段被确认，而它给出的样本是对的。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'naive-many',
      text: { en: 'Without it nearly every message goes twice', zh: '不用它，几乎每条消息都发两遍' },
      metric: 'naive/spurious_retransmissions',
      op: '>=',
      value: 20,
      unit: 'segments',
      why: {
        en: 'The wrong sample makes the timeout too short, and the short timeout makes the next wrong sample.',
        zh: '错误的样本让超时值过短，过短的超时又造出下一个错误的样本。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'karn-knows',
      text: {
        en: 'With Karn’s rule SRTT stays near the true round trip',
        zh: '用 Karn 算法，SRTT 与真实往返相差不大',
      },
      metric: 'karn/rtt_error',
      op: '<',
      value: 0.25,
      unit: 'ratio',
      why: {
        en: 'The mean of |SRTT - truth| / truth over all changes of SRTT; what is left is the time that smoothing needs after the path has changed. The truth is what the packets took on the link.',
        zh: '|SRTT − 真值| / 真值，对 SRTT 的每次变化取平均；剩下的误差来自路径变化之后平滑所需的时间。真值是数据包在链路上实际花费的时间。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'naive-errs',
      text: { en: 'Without it SRTT is off by more than a third', zh: '不用它，SRTT 的误差超过三分之一' },
      metric: 'naive/rtt_error',
      op: '>',
      value: 0.35,
      unit: 'ratio',
      why: {
        en: 'It measures from the repetition to the ACK of the original.',
        zh: '它量的是从重发到原件的 ACK 之间的时间。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'karn-discards',
      text: { en: 'Karn’s rule throws samples away', zh: 'Karn 算法要丢弃样本' },
      metric: 'karn/rtt_samples_discarded',
      op: '>=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 6298 (3): no samples of segments that were sent again.',
        zh: 'RFC 6298（3）：重发过的报文段不取样。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'timestamps-keep',
      text: { en: 'With timestamps none is thrown away', zh: '有时间戳，一个也不丢' },
      metric: 'timestamps/rtt_samples_discarded',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 7323 (4.1): the echo names the sending that is answered.',
        zh: 'RFC 7323（4.1）：回显的时间戳指明了答的是哪一次发送。',
      },
    },
    {
      id: 'timestamps-know',
      text: { en: 'and SRTT is near the truth', zh: 'SRTT 也接近真值' },
      metric: 'timestamps/rtt_error',
      op: '<',
      value: 0.25,
      unit: 'ratio',
      why: {
        en: 'As with Karn’s rule, but with a sample for each message.',
        zh: '与 Karn 算法相当，而且每条消息都有样本。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'back-off',
      text: {
        en: 'While the path is cut the timeout grows beyond a second',
        zh: '路径中断期间，超时值涨到一秒以上',
      },
      metric: 'karn/rto_max',
      op: '>',
      value: 1_000_000,
      unit: 'us',
      why: {
        en: 'RFC 6298 (5.5): each expiry doubles it, from less than two round trips on.',
        zh: 'RFC 6298（5.5）：每次到期翻倍，起点还不到两个往返。',
      },
      given: AS_IT_COMES,
    },
    ...(['karn', 'naive', 'timestamps'] as const).map((lane): ExperimentInput['expectations'][number] => ({
      id: `${lane}-intact`,
      text: { en: 'Every byte arrives as it was sent', zh: '每个字节都原样到达' },
      metric: `${lane}/bytes_intact`,
      op: '=',
      value: 1,
      unit: '',
      why: {
        en: 'A bad estimate costs time and packets, never data. The digests (SHA-256) of both sides are compared; 1 means equal.',
        zh: '估计得再差，损失的也只是时间和报文，不会是数据。比较两端数据的 SHA-256 摘要，1 表示相同。',
      },
    })),
  ],
  views: ['rtt', 'ladder', 'stalls', 'sequence', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'The round trip grows from 50 ms to 225 ms. A sender without Karn’s rule takes each ACK for the answer to its last sending. What happens to its estimate?',
      zh: '往返从 50 毫秒变成 225 毫秒。不用 Karn 算法的发送方把每个 ACK 都当作对最后一次发送的应答。它的估计值会怎样？',
    },
    choices: [
      {
        text: { en: 'It is wrong once, then the next sample is right', zh: '错一次，下一个样本就对了' },
        right: false,
        because: {
          en: 'The next message is sent twice, too, because the timeout that follows from the wrong sample is too short.',
          zh: '错误样本得出的超时值过短，下一条消息也会发两遍。',
        },
      },
      {
        text: {
          en: 'It stays too short, and messages go on being sent twice',
          zh: '一直偏短，消息一直发两遍',
        },
        right: true,
        because: {
          en: 'Each wrong sample causes the next. Karn’s rule and the back-off that it keeps break the circle.',
          zh: '每个错误样本都招来下一个。Karn 算法以及它保留的退避打破了这个循环。',
        },
      },
      {
        text: { en: 'It becomes too long', zh: '变得过长' },
        right: false,
        because: {
          en: 'That would come of counting from the first sending when it is the second that was answered.',
          zh: '那是从第一次发送算起、而 ACK 答的其实是第二次时的结果。',
        },
      },
    ],
  },
}
