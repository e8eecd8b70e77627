/** 序列号回绕: 32 bits of sequence number are used up, an old segment carries a number that is good again, and PAWS tells. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

const PAWS = 'hosts.server.tcp.paws'
const TIMESTAMPS = 'hosts.client.tcp.timestamps'
const HELD = 'links.link.up.holdMatching.0.by'
const DELAY = 'links.link.up.delay'
const CLIENT_ISN = 'hosts.client.tcp.initialSequence'

/** With timestamps a segment carries 1,448 bytes: the fifth of the first connection begins at 5,793 after its initial number. */
const FIRST_ISN = 24_080
/** The second connection starts 50,000 before the wrap, and the old segment lands 29,872 behind it, where one of its writes begins. */
const SECOND_ISN = 4_294_917_296

const AS_IT_COMES = [
  { path: HELD, oneOf: [1_300_000] },
  { path: DELAY, oneOf: [20_000] },
  { path: TIMESTAMPS, oneOf: [true] },
]

/** Of the client's port 40,000 each time; a slow one is in the middle of its data for more than a second. */
const transfer = (start: number, bytes: number, rate = 0) =>
  ({
    ...({ kind: 'tcp-send', host: 'client', to: 'server', port: 5001, localPort: 40_000 } as const),
    ...{ start, bytes, rate, writeSize: 1_024 },
  }) as const

export const tcpWrap: ExperimentInput = {
  id: 'tcp-wrap',
  chapter: 'tcp-connections',
  title: { en: 'When sequence numbers wrap', zh: '序列号回绕' },
  question: {
    en: 'A sequence number has 32 bits. What happens in a connection that has used them all up, when a segment from before comes in late?',
    zh: '序列号只有 32 位。用完一圈之后，来了一个上一圈的迟到报文段，会怎样？',
  },
  narrative: [
    {
      en: 'After 2^32 - 1 comes 0. That is harmless in itself: TCP compares numbers by their difference, and in this run the numbers pass the end in the middle of the transfer without anybody noticing. But every number now means two things, a byte of this round and one of the round before, 4,294,967,296 bytes earlier.',
      zh: '2^32 - 1 之后是 0。这本身无妨：TCP 用差值比较序列号，本次运行里号码就在传输途中越过了终点，谁也没有察觉。但从此每个号码都有两个含义：这一圈的一个字节，和上一圈的一个字节，两者相隔 4,294,967,296 字节。',
    },
    {
      en: 'An old segment is told from a new one by its number alone, and that is good only as long as all segments of the round before are dead. At 10 Mbit/s a round takes an hour; at 10 Gbit/s it takes 3.4 s, and a segment may well spend that time in some queue.',
      zh: '分辨新旧报文段只靠号码，这只在上一圈的报文段都已消亡时才可靠。10 Mbit/s 时一圈要一个小时；10 Gbit/s 时只要 3.4 秒，而一个报文段完全可能在某个队列里待上这么久。',
    },
    {
      en: 'To be plain about it: this run does not move 4 GB. The round before is played by an earlier connection between the same two ports, whose numbers were chosen to be those of a round earlier; TIME-WAIT, which would keep the two apart, is switched off. The link holds one data segment of it for 1.3 s. Its number lies behind the wrap of the second connection, in the window, where bytes are still to come. To the receiver it is exactly what a segment of the round before would be.',
      zh: '需要说明：本次运行并没有真的传送 4 GB。“上一圈”由同一对端口之间更早的一个连接扮演，它的号码特意选成上一圈的号码；本来会隔开两者的 TIME-WAIT 已关闭。链路把它的一个数据段扣了 1.3 秒。这个号码位于第二个连接回绕点之后，落在窗口里、字节尚未到达的地方。在接收方看来，它与真正的上一圈报文段毫无二致。',
    },
    {
      en: 'Without further protection the receiver takes it: bytes of the past stand in the file, and no checksum has anything to object. With PAWS it looks at the timestamp that each segment carries for measuring the round trip anyway. The clock of the sender only goes forward, so a segment whose timestamp is older than the last one accepted is from the past, whatever its number. It is dropped, and answered with an acknowledgment.',
      zh: '没有别的保护，接收方就收下它：过去的字节混进文件，校验和挑不出任何毛病。有了 PAWS，它会看一眼每个报文段为了测量往返时间本来就带着的时间戳。发送方的时钟只会向前走，时间戳比上次接受的还旧，那就是过去的报文段，不管号码是多少。于是丢弃，并以一个确认作答。',
    },
    {
      en: 'So the timestamp makes the sequence number longer: 32 bits more, which tick by time and not by bytes. Switch timestamps off, and PAWS has nothing to go by.',
      zh: '可以说时间戳把序列号加长了：又多了 32 位，只不过按时间走，不按字节走。关掉时间戳，PAWS 就没有了依据。',
    },
  ],
  rfcs: [
    { number: 7323, title: 'TCP Extensions for High Performance: 5, PAWS, and appendix G' },
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.4' },
  ],
  setup: {
    hosts: {
      client: { role: 'client', tcp: { msl: 0, minRto: 200_000, nagle: false, initialSequence: FIRST_ISN } },
      server: { role: 'server', tcp: { msl: 0, minRto: 200_000, initialSequence: 5_000_000 } },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: {
          delay: 20_000,
          holdMatching: [{ match: { payload: true }, ordinals: [5], by: 1_300_000 }],
        },
        down: { delay: 20_000 },
      },
    },
    apps: {
      before: transfer(0, 20_000),
      transfer: transfer(800_000, 120_000, 102_400),
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  },
  lanes: [
    { id: 'paws', label: { en: 'With PAWS', zh: '有 PAWS' } },
    { id: 'bare', label: { en: 'Without', zh: '没有' }, set: { [PAWS]: false } },
  ],
  steps: [
    {
      at: 700_000,
      set: { [CLIENT_ISN]: SECOND_ISN },
      text: { en: 'The next connection begins below 2^32', zh: '下一个连接从接近 2^32 处开始' },
    },
  ],
  knobs: [
    {
      id: 'timestamps',
      label: { en: 'Timestamps', zh: '时间戳' },
      hint: {
        en: 'Without them PAWS has nothing to compare.',
        zh: '没有时间戳，PAWS 就没有可比较的东西。',
      },
      group: 'tcp',
      paths: [TIMESTAMPS, 'hosts.server.tcp.timestamps'],
      kind: 'switch',
    },
    {
      id: 'held',
      label: { en: 'The old segment is held for', zh: '旧报文段被扣住' },
      hint: {
        en: 'At 1.3 s it comes before the bytes whose numbers it carries.',
        zh: '1.3 秒时，它赶在号码相同的真正字节之前到达。',
      },
      group: 'link',
      paths: [HELD],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 3_000_000,
      step: 100_000,
    },
    {
      id: 'initial',
      label: { en: "First number of the client's earlier connection", zh: '客户端前一个连接的初始序列号' },
      group: 'tcp',
      paths: [CLIENT_ISN],
      kind: 'number',
      unit: '',
      min: 0,
      max: 4_294_967_295,
      step: 1,
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), min: 1_000, max: 100_000, step: 1_000 },
  ],
  expectations: [
    {
      id: 'wraps',
      text: { en: 'The numbers pass 2^32 in the middle of the transfer', zh: '传输途中号码越过 2^32' },
      metric: 'paws/sequence_wraps',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'The transfer starts 50,000 before the end of the sequence space and is longer than that.',
        zh: '传输从离终点 50,000 处开始，而数据比这更长。',
      },
    },
    {
      id: 'bare-corrupted',
      text: { en: 'Without PAWS the old bytes are taken', zh: '没有 PAWS：旧字节被收下' },
      metric: 'bare/corrupted_bytes',
      op: '>',
      value: 0,
      unit: 'B',
      why: {
        en: 'The number lies in the window; nothing else is looked at.',
        zh: '号码落在窗口里，别的都不看。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'paws-corrupted',
      text: { en: 'With PAWS no byte is wrong', zh: '有 PAWS：没有一个字节出错' },
      metric: 'paws/corrupted_bytes',
      op: '=',
      value: 0,
      unit: 'B',
      why: {
        en: 'The timestamp of the old segment is before the last one that was accepted (RFC 7323, 5.3).',
        zh: '旧报文段的时间戳早于最近接受的那一个（RFC 7323，5.3）。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'paws-refused',
      text: { en: 'It is refused, once', zh: '它被拒绝，一次' },
      metric: 'paws/paws_refused',
      op: '=',
      value: 1,
      unit: 'segments',
      why: {
        en: 'Only the one old segment; all others are in order of time.',
        zh: '被拒的只有这一个旧报文段，其余都按时间先后到达。',
      },
      given: AS_IT_COMES,
    },
    {
      id: 'off-corrupted',
      text: { en: 'Without timestamps PAWS cannot help', zh: '没有时间戳，PAWS 也无能为力' },
      metric: 'paws/corrupted_bytes',
      op: '>',
      value: 0,
      unit: 'B',
      why: {
        en: 'Both ends have to send the option; else there is nothing to compare (RFC 7323, 3.2).',
        zh: '要两端都带这个选项，否则没有可比较的东西（RFC 7323，3.2）。',
      },
      given: [AS_IT_COMES[0], AS_IT_COMES[1], { path: TIMESTAMPS, oneOf: [false] }],
    },
    {
      id: 'intact',
      text: { en: 'With PAWS the receiver has what was written', zh: '有 PAWS：收到的就是写出的' },
      metric: 'paws/bytes_intact',
      op: '=',
      value: 1,
      why: {
        en: 'The digests of both ends are equal, of both connections.',
        zh: '两个连接两端的摘要都相等。',
      },
      given: AS_IT_COMES,
    },
  ],
  views: ['sequence', 'ladder', 'packets', 'states'],
  duration: 12_000_000,
  prediction: {
    question: {
      en: 'The old segment has a right checksum and a number in the window. By what can the receiver tell that it is old?',
      zh: '旧报文段校验和正确，号码也在窗口之内。接收方凭什么看出它是旧的？',
    },
    choices: [
      {
        text: { en: 'By its IP identification', zh: '凭 IP 标识字段' },
        right: false,
        because: {
          en: 'That has 16 bits and is not for this; TCP never sees it.',
          zh: '它只有 16 位，用途也不在此；TCP 根本看不到它。',
        },
      },
      {
        text: { en: 'By its timestamp', zh: '凭时间戳' },
        right: true,
        because: {
          en: 'Each segment carries the clock of its sender, and that only goes forward.',
          zh: '每个报文段都带着发送方的时钟读数，而时钟只会向前走。',
        },
      },
      {
        text: { en: 'By nothing at all', zh: '什么也凭不了' },
        right: false,
        because: {
          en: 'True without timestamps. With them there is one more thing to compare.',
          zh: '没有时间戳时确实如此；有了时间戳，就多了一样可以比较的东西。',
        },
      },
    ],
  },
}
