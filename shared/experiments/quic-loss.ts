/** 包号单调递增: the same losses under TCP's sequence numbers and under QUIC's packet numbers. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { atBothHosts, browser, QUIC_KNOBS, site } from './quic-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED } from './web.ts'

const SIZE = 1_000_000
const FILE = 'apps.site.resources./file.size'
const LOSS = 0.02
const LANES = ['tcp', 'tcp-timestamps', 'quic'] as const
const NAMES = {
  tcp: { en: 'TCP without timestamps', zh: 'TCP，不带时间戳' },
  'tcp-timestamps': { en: 'TCP with timestamps', zh: 'TCP，带时间戳' },
  quic: { en: 'QUIC', zh: 'QUIC，包号递增' },
} as const

/** Enough packets, and enough of them lost, that no seed is without a loss among the data. */
const LOSSY = [
  is(FILE, SIZE),
  is('links.link.down.loss.rate', LOSS, 0.05),
  ...bothWays('jitter.amount').map((path) => is(path, 0)),
]

/** The queue holds the whole file: without dice nothing is lost, whatever the window. */
const direction = {
  delay: 25_000,
  rate: { limit: 20_000_000 },
  queue: { limit: SIZE + 100_000 },
  loss: { rate: LOSS },
}

export const quicLoss: ExperimentInput = {
  id: 'quic-loss',
  chapter: 'quic',
  title: { en: 'Packet numbers that only grow', zh: '包号单调递增' },
  question: {
    en: 'TCP sends a lost segment again under the same number, QUIC sends the lost content in a packet with a new one. What does the sender know in one case that it does not in the other?',
    zh: 'TCP 用同一个序号重发丢失的报文段，QUIC 把丢失的内容装进一个新编号的包。两者相比，发送方多知道了什么？',
  },
  narrative: [
    {
      en: 'A file of 1 MB comes down three links that throw the same dice: the k-th packet of a direction is lost in all lanes or in none. In TCP the sequence number does two things: it says where the bytes belong, and it is the name of the segment. QUIC keeps the two apart. Stream id and offset say where bytes belong; the packet number names the packet and tells nothing but the order in which packets were sent (RFC 9000 12.3). A packet is never sent again. What it carried is, in some later packet, together with whatever fits.',
      zh: '一个 1 MB 的文件经三条链路下载，三条链路掷同一副骰子：每个方向的第 k 个包，要么各组都丢，要么都不丢。TCP 的序号身兼两职：既说明字节的位置，又是报文段的名字。QUIC 把两者分开：流 ID 和偏移说明字节的位置，包号是包的名字，只表示发送的先后（RFC 9000 12.3）。一个包绝不会重发；重发的是它装过的内容，放在后面的某个包里，和别的内容凑在一起也行。',
    },
    {
      en: 'When the acknowledgment of a segment comes that was sent twice, TCP cannot tell which of the two it is for. If it took the wrong one, the measured round trip would be far too long or far too short. Karn’s rule is to throw such samples away (RFC 6298 3): in the first lane they are counted, and they are missing just when the path is at its worst. QUIC has no such case: each number was sent once, so each acknowledgment names one moment of sending. It also says how long the receiver kept it back (ACK Delay), which the sender can subtract.',
      zh: '一个报文段发过两次，确认来了，TCP 分不清它确认的是哪一次。认错了，测得的往返时间就会太长或太短。Karn 规则是把这种样本扔掉（RFC 6298 3）：第一组把它们数了出来，偏偏在路径最糟的时候缺样本。QUIC 没有这种情形：每个编号只发过一次，确认指向唯一的发送时刻。确认里还写明接收方压了多久（ACK Delay），发送方可以扣除。',
    },
    {
      en: 'The second lane shows that TCP has an answer of its own: with the timestamp option each segment carries the time at which it was sent, and the acknowledgment brings it back (RFC 7323 4). No sample is thrown away. It costs twelve bytes in each segment, and both ends and all boxes in between must let the option pass.',
      zh: '第二组说明 TCP 自己也有办法：时间戳选项让每个报文段带上发送时刻，确认再把它带回来（RFC 7323 4），一个样本也不必扔。代价是每个报文段多 12 个字节，而且两端以及途中的所有设备都得放行这个选项。',
    },
    {
      en: 'It is often said that TCP must acknowledge in order and QUIC need not. That is half of the truth. A cumulative acknowledgment can indeed only say how far all is there; but with SACK (RFC 2018) TCP reports islands beyond the hole as well, up to three or four, for there is no more room in the header. An ACK frame names as many ranges as the receiver cares to (RFC 9000 19.3), and what it has acknowledged cannot be taken back, while a TCP receiver may renege on what it has only selectively acknowledged (RFC 2018 8).',
      zh: '常听说 TCP 只能按序确认，QUIC 则不必。这只对了一半。累积确认确实只能说明“到哪里为止都齐了”；但有了 SACK（RFC 2018），TCP 也会报告空洞后面的孤岛，只是首部放不下更多，最多三四块。ACK 帧可以列出任意多个区间（RFC 9000 19.3），而且确认过就不能反悔；TCP 接收方对仅仅选择确认过的数据则可以食言（RFC 2018 8）。',
    },
    {
      en: 'Nor do growing numbers keep the window from being held up by a hole. Congestion window and loss detection do go on; but the bytes of this one stream must still be given to the application in order, and credit for more is granted as they are read. Here is one stream only, so it waits for its own missing bytes as TCP does. That others need not wait is the work of streams, not of packet numbers.',
      zh: '包号递增也不意味着“窗口不会被空洞卡住”。拥塞窗口和丢包检测确实照常进行；但同一个流的字节仍须按序交给应用，读走了才会给新的额度。这里只有一个流，它和 TCP 一样要等自己缺的字节。别的流不必等，那是流的功劳，不是包号的。',
    },
  ],
  rfcs: [
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 12.3, 13 and 19.3' },
    { number: 9002, title: 'QUIC Loss Detection and Congestion Control: 2, 4, 5 and 6.1' },
    { number: 6298, title: "Computing TCP's Retransmission Timer: 3 (Karn's algorithm)" },
    { number: 7323, title: 'TCP Extensions for High Performance: 3 and 4 (Timestamps)' },
    { number: 2018, title: 'TCP Selective Acknowledgment Options' },
  ],
  setup: {
    hosts: {
      // RFC 6298 (2.4) says 1 s; systems in the field use 200 ms.
      client: { role: 'client', tcp: { nagle: false, minRto: 200_000 } },
      server: { role: 'server', tcp: { nagle: false, minRto: 200_000 } },
    },
    links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
    apps: {
      site: site({ '/file': { size: SIZE } }),
      browser: browser([{ target: '/file' }], { version: 'http/1.1' }),
    },
  },
  lanes: [
    { id: 'tcp', label: NAMES.tcp, set: atBothHosts('tcp.timestamps', false) },
    { id: 'tcp-timestamps', label: NAMES['tcp-timestamps'], set: atBothHosts('tcp.timestamps', true) },
    { id: 'quic', label: NAMES.quic, set: { 'apps.browser.version': 'h3' } },
  ],
  knobs: [
    ...PATH_KNOBS,
    { ...LINK_KNOBS.reorder, paths: bothWays('reorder.rate') },
    {
      id: 'size',
      label: { en: 'Size of the file', zh: '文件大小' },
      group: 'http',
      paths: [FILE],
      kind: 'number',
      unit: 'B',
      min: 10_000,
      max: 20_000_000,
      scale: 'log',
    },
    QUIC_KNOBS.congestion,
  ],
  expectations: [
    {
      id: 'karn',
      text: {
        en: 'Under loss TCP throws samples of the round trip away',
        zh: '有丢包时，TCP 要扔掉一些往返时间样本',
      },
      metric: 'tcp/rtt_samples_discarded',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 6298 (3): the acknowledgment of a segment sent twice may be for either. Both ends together.',
        zh: 'RFC 6298（3）：发过两次的报文段，其确认可能是针对任何一次的。两端合计。',
      },
      given: LOSSY,
    },
    {
      id: 'timestamps',
      text: { en: 'With timestamps it throws none away', zh: '带时间戳就一个也不扔' },
      metric: 'tcp-timestamps/rtt_samples_discarded',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 7323 (4): the acknowledgment brings back the time at which the segment was sent that it is for.',
        zh: 'RFC 7323（4）：确认会带回它所针对的那个报文段的发送时刻。',
      },
    },
    {
      id: 'quic-samples',
      text: { en: 'QUIC throws none away either', zh: 'QUIC 也一个都不扔' },
      metric: 'quic/rtt_samples_discarded',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 9002 (4.2, 5.1): what is acknowledged is a packet, and it was sent at one moment.',
        zh: 'RFC 9002（4.2、5.1）：被确认的是某一个包，它只在一个时刻发送过。',
      },
    },
    {
      id: 'resent',
      text: {
        en: 'TCP sends sequence numbers again',
        zh: 'TCP 重复使用序号',
      },
      metric: 'tcp/retransmissions',
      op: '>',
      value: 0,
      unit: 'segments',
      why: {
        en: 'RFC 9293 (3.4): the number belongs to the byte, so it is sent again with it.',
        zh: 'RFC 9293（3.4）：序号属于字节，字节重发，序号也就重发。',
      },
      given: LOSSY,
    },
    {
      id: 'numbers',
      text: { en: 'QUIC sends none of its numbers again', zh: 'QUIC 的包号没有一个重复' },
      metric: 'quic/quic_numbers_repeated',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 9000 (12.3): in a connection a number must not be used twice in one space. It is a part of the nonce as well (RFC 9001 5.3), so twice under one key would be fatal for the encryption, too.',
        zh: 'RFC 9000（12.3）：在一条连接的同一个包号空间里，包号不得重复使用。AEAD 的 nonce 也由它构成（RFC 9001 5.3），同一密钥下重复一次，加密也就毁了。',
      },
    },
    {
      id: 'lost',
      text: { en: 'Although packets were lost there, too', zh: '尽管它同样丢了包' },
      metric: 'quic/quic_packets_lost',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 9002 (6.1): taken for lost after three later ones were acknowledged, or after 9/8 of a round trip.',
        zh: 'RFC 9002（6.1）：后面有三个包被确认，或者过了 9/8 个往返时间，就判为丢失。',
      },
      given: LOSSY,
    },
    ...LANES.map((lane) => ({
      id: `${lane}-complete`,
      text: { en: `${NAMES[lane].en}: the file arrives`, zh: `${NAMES[lane].zh}：文件都收到` },
      metric: `${lane}/requests_failed`,
      op: '=' as const,
      value: 0,
      unit: 'count' as const,
      why: {
        en: 'Whatever is lost is sent again, under whichever number.',
        zh: '丢了什么都会重发，不论用哪个编号。',
      },
    })),
    {
      id: 'karn-lossless',
      text: { en: 'Without loss TCP throws none away', zh: '不丢包时，TCP 也一个不扔' },
      metric: 'tcp/rtt_samples_discarded',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'Nothing is sent twice.',
        zh: '没有什么发过两次。',
      },
      given: [
        ...UNDISTURBED,
        is(FILE, SIZE),
        ...bothWays('reorder.rate').map((path) => is(path, 0)),
        ...bothWays('rate.limit').map((path) => is(path, 20_000_000)),
      ],
    },
  ],
  views: ['acks', 'sequence', 'rtt', 'windows', 'quic', 'ladder', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'A packet with bytes 5,000 to 6,199 of a stream is number 12 and gets lost. In which packet do these bytes come again?',
      zh: '12 号包装着某个流的第 5000 到 6199 字节，丢了。这些字节会在哪个包里再来？',
    },
    choices: [
      {
        text: { en: 'In number 12, sent once more', zh: '还是 12 号，再发一遍' },
        right: false,
        because: {
          en: 'That would be TCP’s way. In QUIC a number is used once.',
          zh: '那是 TCP 的做法。QUIC 的包号只用一次。',
        },
      },
      {
        text: {
          en: 'In a later one, perhaps together with other data',
          zh: '在后面某个新编号的包里，也许和别的数据在一起',
        },
        right: true,
        because: {
          en: 'Stream and offset say where the bytes belong; the number of the packet need not.',
          zh: '流和偏移已经说明字节的位置，不需要包号来说明。',
        },
      },
      {
        text: {
          en: 'In none: the receiver restores them from the others',
          zh: '不会再来：接收方能从别的包恢复出来',
        },
        right: false,
        because: {
          en: 'That would be forward error correction, which QUIC version 1 does not have.',
          zh: '那是前向纠错，QUIC v1 没有。',
        },
      },
    ],
  },
}
