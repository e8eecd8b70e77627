/** 基于 UDP 实现可靠传输: stop-and-wait, go-back-N and selective repeat over UDP, beside QUIC, on the same link with the same losses. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { browser, site } from './quic-knobs.ts'
import { is, WEB_HOSTS } from './web.ts'

const BYTES = 240_000
const PAYLOAD = 1_200
const WINDOW = 32
const DELAY = 20_000
const RATE = 10_000_000
const TIMEOUT = 200_000
const PORT = 4712
/** The packets from the server that die, by their number on the link, and the one that is held until others have overtaken it. */
const LOST = [30, 110, 150]
const LATE = { match: { protocol: 'udp' as const }, ordinals: [70], by: 15_000 }

const WINDOWS = ['apps.sender.window', 'apps.receiver.window']
const FIXED = 'apps.sender.timeout'
const DELAYS = bothWays('delay')
const RATES = bothWays('rate.limit')
const LOSS = bothWays('loss.rate')
const REORDER = bothWays('reorder.rate')
const DUPLICATE = bothWays('duplicate.rate')

const scheme = (name: string) => ({ 'apps.sender.scheme': name, 'apps.receiver.scheme': name })
const OVER_UDP = ['site', 'browser']

const SAME_PATH = [
  ...DELAYS.map((path) => is(path, DELAY)),
  ...RATES.map((path) => is(path, RATE)),
  ...[...LOSS, ...REORDER, ...DUPLICATE].map((path) => is(path, 0)),
]
const UNCHANGED = [...SAME_PATH, ...WINDOWS.map((path) => is(path, WINDOW)), is(FIXED, 0)]

export const reliableUdp: ExperimentInput = {
  id: 'reliable-udp',
  chapter: 'ip',
  title: { en: 'Reliable over UDP', zh: '基于 UDP 实现可靠传输' },
  question: {
    en: 'UDP loses packets and lets them change places. What does it take to make a reliable transfer of it, and what do the three textbook ways make of the same three losses?',
    zh: 'UDP 会丢包，也会乱序。要在它上面做出可靠传输，需要些什么？同样丢三个包，教科书上的三种办法各自怎样收场？',
  },
  narrative: [
    {
      en: 'A receiver that answers, a number in each packet, and a timer at the sender: that is all it takes to make UDP reliable. The number tells a repetition from something new; the timer ends the wait for an answer that will never come. Our packets carry 1,200 bytes behind a header of 12, over UDP as it is; the README of the protocol has them field by field. Four lanes move the same 240,000 bytes over the same link. It loses the 30th, the 110th and the 150th packet of each, and holds the 70th until some others have passed it.',
      zh: '接收方要回答，每个包要有编号，发送方要有定时器：让 UDP 变得可靠，就这三样。编号用来区分重发和新数据，定时器用来结束对永远不会来的回答的等待。这里的包在 12 字节首部之后装 1,200 字节数据，直接走 UDP，逐字段的说明见协议的 README。四组在同样的链路上传同样的 240,000 字节。每一组的第 30、110、150 个包会丢，第 70 个包会被扣住，让后面几个先过。',
    },
    {
      en: 'Stop-and-wait sends a packet and waits for its answer. Its window of one packet is in use all the time, and yet the link is idle: in a round trip of 40 ms there is one packet of a millisecond. Nothing that is done to the link makes this faster than 1,200 bytes a round trip, 240 kbit/s. A larger window is the cure, and the two others have 32 packets.',
      zh: '停止等待，发一个包，等它的回答。窗口只有一个包，一直在用，链路却几乎全闲着：往返 40 毫秒，只有一毫秒在传一个包。链路怎么改进都没用，上限就是每个往返 1,200 字节，即 240 kbit/s。解法是把窗口放大，另外两种各有 32 个包。',
    },
    {
      en: 'Go-back-N has a simple receiver: it takes the packet that is next and throws away all others. When one is lost, whatever follows it has come for nothing, and when the timer runs out the sender goes back and sends the whole window once more. A packet that is merely late costs as much as a lost one, for the receiver does not keep what has overtaken it. The view shows it: one cross, and behind it a window in orange. Four times 32 packets go twice here.',
      zh: '回退 N 步的接收方很简单：只收下一个该来的包，别的一律丢弃。一个包丢了，跟在它后面的就全白来了；定时器一到，发送方退回去，把整个窗口再发一遍。一个包只是迟到，代价和丢了一样，因为超过它的那些包接收方都没有留。视图里看得清楚：一个叉，后面跟着一整窗的橙色。这里有四次，每次 32 个包要发两遍。',
    },
    {
      en: 'Selective repeat lets the receiver keep what comes early and say so. The sender then repeats what is missing and nothing else, and does not wait for the timer either: three packets that were sent later and have arrived are sign enough, as with TCP’s duplicate acknowledgments (RFC 5681, 3.2). The price is a buffer at the receiver, a timer for each packet at the sender, and longer acknowledgments. Look at the packet that is held: it comes after all, so its repetition was for nothing. Between a loss and disorder nobody can tell at once.',
      zh: '选择重传让接收方留下早到的包，并且说出来。于是发送方只补缺的，也不必等定时器：有三个更晚发出的包已经到了，就足以判断，和 TCP 的重复确认同理（RFC 5681，3.2）。代价是接收方要缓冲，发送方要给每个包一个定时器，确认也更长。看那个被扣住的包：它后来到了，补发的那个就白发了。丢失还是乱序，当场谁也分不清。',
    },
    {
      en: 'QUIC in the last lane is a selective repeat that has grown up. It never sends a packet number twice, so every answer tells exactly which sending it is for (RFC 9000, 12.3; RFC 9002). It is encrypted, has streams, and gives the application what is in order. Above all it has what our three lack: nobody told it a window of 32 packets. It began with ten and found out what the path bears; and when packets are lost it sends less, for the sake of others. A window that is fixed is right for one path only. Make the path longer and see which of the four still fills it. On a network that is shared, a sender without congestion control harms everybody (RFC 8085, 3.1).',
      zh: '最后一组的 QUIC，是长大成人的选择重传。它的包号绝不用第二次，所以每个回答都说得清是针对哪一次发送（RFC 9000，12.3；RFC 9002）。它加密，有多个流，交给应用的数据各按次序。最要紧的，是它有而另外三种没有的东西：没人告诉它窗口该是 32 个包，它从十个开始，自己摸索路径能承受多少；丢包时少发，为别人留余地。固定的窗口只适合一条路径。把路径调长，看看四组里还有谁能把它填满。在公用的网络上，没有拥塞控制的发送方害人害己（RFC 8085，3.1）。',
    },
  ],
  rfcs: [
    { number: 768, title: 'User Datagram Protocol' },
    { number: 3366, title: 'Advice to link designers on link Automatic Repeat reQuest (ARQ): 1.3 and 2' },
    { number: 6298, title: "Computing TCP's Retransmission Timer" },
    { number: 8085, title: 'UDP Usage Guidelines: 3.1 (Congestion Control)' },
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 12.3, 13' },
    { number: 9002, title: 'QUIC Loss Detection and Congestion Control: 6 and 7' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: { delay: DELAY, rate: { limit: RATE } },
        down: { delay: DELAY, rate: { limit: RATE }, drop: LOST, holdMatching: [LATE] },
      },
    },
    apps: {
      sender: {
        kind: 'arq-sender',
        host: 'server',
        to: 'client',
        port: PORT,
        bytes: BYTES,
        payload: PAYLOAD,
        window: WINDOW,
        // RFC 6298 (2.4) says 1 s; systems in the field use 200 ms for TCP.
        leastTimeout: TIMEOUT,
      },
      receiver: { kind: 'arq-receiver', host: 'client', port: PORT, window: WINDOW },
      site: site({ '/file': { size: BYTES } }, { versions: ['h3'] }),
      browser: browser([{ target: '/file' }]),
    },
  },
  lanes: [
    {
      id: 'stop-and-wait',
      label: { en: 'Stop-and-wait', zh: '停止等待' },
      set: scheme('stop-and-wait'),
      without: OVER_UDP,
    },
    {
      id: 'go-back-n',
      label: { en: 'Go-back-N', zh: '回退 N 步' },
      set: scheme('go-back-n'),
      without: OVER_UDP,
    },
    {
      id: 'selective-repeat',
      label: { en: 'Selective repeat', zh: '选择重传' },
      set: scheme('selective-repeat'),
      without: OVER_UDP,
    },
    { id: 'quic', label: { en: 'QUIC (HTTP/3)', zh: 'QUIC（跑 HTTP/3）' }, without: ['sender', 'receiver'] },
  ],
  knobs: [
    {
      id: 'window',
      label: { en: 'Window', zh: '窗口' },
      hint: {
        en: 'Packets that go-back-N and selective repeat may have unacknowledged.',
        zh: '回退 N 步和选择重传最多可有多少个包未确认。',
      },
      group: 'application',
      paths: WINDOWS,
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 512,
      scale: 'log',
    },
    {
      id: 'timeout',
      label: { en: 'Fixed timeout', zh: '固定超时' },
      hint: {
        en: '0: by RFC 6298 from measured round trips, 200 ms at least. Below the round trip every packet is sent again in vain, and the link drowns in repetitions.',
        zh: '0 表示按 RFC 6298 由实测往返计算，至少 200 毫秒。比往返还短，每个包都会白白重发，链路被重发淹没。',
      },
      group: 'application',
      paths: [FIXED],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 2_000_000,
      step: 10_000,
    },
    { ...LINK_KNOBS.delay, paths: DELAYS, live: false },
    { ...LINK_KNOBS.rate, paths: RATES, live: false },
    {
      ...LINK_KNOBS.loss,
      paths: LOSS,
      // Beyond, what is sent twenty times in vain ends a transfer.
      max: 0.1,
      hint: {
        en: 'Share of packets lost in each direction, beside those that are named.',
        zh: '除指定的那几个之外，每个方向随机丢失的比例。',
      },
    },
    { ...LINK_KNOBS.reorder, paths: REORDER },
    { ...LINK_KNOBS.duplicate, paths: DUPLICATE },
  ],
  expectations: [
    ...(['stop-and-wait', 'go-back-n', 'selective-repeat'] as const).map(
      (lane): ExperimentInput['expectations'][number] => ({
        id: `${lane}-intact`,
        text: { en: 'Every byte arrives as it was sent', zh: '每个字节都原样到达' },
        metric: `${lane}/bytes_intact`,
        op: '=',
        value: 1,
        unit: '',
        why: {
          en: 'Numbers, answers and a timer are enough. The digests (SHA-256) of both sides are compared; 1 means equal.',
          zh: '有编号、回答和定时器就够了。比较双方数据的 SHA-256 摘要，1 表示相同。',
        },
      }),
    ),
    {
      id: 'stop-and-wait-rate',
      text: {
        en: 'Stop-and-wait gets no more than a packet through in a round trip',
        zh: '停止等待，一个往返最多过一个包',
      },
      metric: 'stop-and-wait/goodput',
      op: '<=',
      value: (PAYLOAD * 8e6) / (2 * DELAY),
      unit: 'bit/s',
      why: {
        en: '1,200 bytes every 40 ms are 240 kbit/s, on a link of 10 Mbit/s.',
        zh: '每 40 毫秒 1,200 字节，即 240 kbit/s，而链路有 10 Mbit/s。',
      },
      given: SAME_PATH,
    },
    {
      id: 'stop-and-wait-use',
      text: { en: 'Although its window is in full use', zh: '尽管它的窗口一直在用' },
      metric: 'stop-and-wait/window_use',
      op: '>=',
      value: 0.7,
      unit: 'ratio',
      why: {
        en: 'Of the window of one packet, what goes through in a round trip; the rest are the timeouts of three losses.',
        zh: '窗口就一个包，这里是每个往返通过的量所占的比例；其余是三次丢包的超时。',
      },
      given: SAME_PATH,
    },
    {
      id: 'go-back-n-resent',
      text: {
        en: 'Go-back-N sends 128 packets twice for three losses and a late one',
        zh: '丢三个、迟一个，回退 N 步就把 128 个包发了两遍',
      },
      metric: 'go-back-n/resent_bytes',
      op: '=',
      value: 4 * WINDOW * PAYLOAD,
      tolerance: 0.05,
      unit: 'B',
      why: {
        en: 'A window of 32 packets each time: what had followed the missing one was thrown away.',
        zh: '每次一整窗 32 个包：跟在缺失者后面的都被丢弃了。',
      },
      given: UNCHANGED,
    },
    {
      id: 'go-back-n-use',
      text: { en: 'And uses less than half of its window', zh: '窗口用了不到一半' },
      metric: 'go-back-n/window_use',
      op: '<',
      value: 0.5,
      unit: 'ratio',
      why: {
        en: 'Each time it stands still until the timer runs out, and then brings what had been there before.',
        zh: '每次都要停到定时器到点，然后再送一遍本来已经送到过的。',
      },
      given: UNCHANGED,
    },
    {
      id: 'selective-repeat-resent',
      text: { en: 'Selective repeat sends four packets twice', zh: '选择重传只把四个包发了两遍' },
      metric: 'selective-repeat/resent_bytes',
      op: '=',
      value: 4 * PAYLOAD,
      unit: 'B',
      why: {
        en: 'The three that were lost, and the late one, which looked lost.',
        zh: '丢的三个，加上迟到的那个，它看上去也像丢了。',
      },
      given: UNCHANGED,
    },
    {
      id: 'selective-repeat-spurious',
      text: { en: 'One of them in vain', zh: '其中一个白发' },
      metric: 'selective-repeat/duplicate_bytes',
      op: '=',
      value: PAYLOAD,
      unit: 'B',
      why: {
        en: 'The late packet came after all, and then its repetition.',
        zh: '迟到的包后来到了，补发的那个随后也到了。',
      },
      given: UNCHANGED,
    },
    {
      id: 'selective-repeat-timeouts',
      text: { en: 'And its timers never run out', zh: '定时器一次也没有到点' },
      metric: 'selective-repeat/timeouts',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'Three packets that were sent later and have arrived tell of a loss within a round trip.',
        zh: '三个更晚发出的包到了，一个往返之内就知道丢了。',
      },
      given: UNCHANGED,
    },
    {
      id: 'faster',
      text: { en: 'So it is the faster of the two with the same window', zh: '所以窗口相同，它更快' },
      metric: 'selective-repeat/transfer_time',
      op: '<',
      value: 'go-back-n/transfer_time',
      unit: 'us',
      why: {
        en: 'No standing still, and nothing sent for nothing but one packet.',
        zh: '不用停等，也几乎没有白发的包。',
      },
      given: UNCHANGED,
    },
    {
      id: 'quic-complete',
      text: { en: 'QUIC brings the same bytes', zh: 'QUIC 送到了同样的字节' },
      metric: 'quic/content_bytes',
      op: '=',
      value: BYTES,
      unit: 'B',
      why: { en: 'The content of one response of HTTP/3.', zh: '一个 HTTP/3 响应的内容。' },
    },
    {
      id: 'quic-resent',
      text: { en: 'And sends hardly more twice than selective repeat', zh: '发两遍的字节与选择重传相差无几' },
      metric: 'quic/resent_bytes',
      op: '<=',
      value: 8 * PAYLOAD,
      unit: 'B',
      why: {
        en: 'Its packets are lost when three later ones are acknowledged, too (RFC 9002, 6.1.1); what is repeated are the bytes, under new numbers.',
        zh: '它也是在三个更晚的包得到确认后判定丢失（RFC 9002，6.1.1）；重发的是数据，包号是新的。',
      },
      given: UNCHANGED,
    },
    {
      id: 'quic-window',
      text: { en: 'With a window of its own finding', zh: '窗口由它自己摸索' },
      metric: 'quic/max_window',
      op: '>',
      value: 12_000,
      unit: 'B',
      why: {
        en: 'It begins with ten packets (RFC 9002, 7.2), and grows with what is acknowledged.',
        zh: '从十个包开始（RFC 9002，7.2），随确认增长。',
      },
      given: UNCHANGED,
    },
  ],
  views: ['arq', 'goodput', 'ladder', 'packets', 'topology'],
  duration: 300_000_000,
  prediction: {
    question: {
      en: 'Go-back-N has a window of 32 packets, all under way. The first of them is lost, the other 31 arrive. How many packets does the sender repeat?',
      zh: '回退 N 步，窗口 32 个包，全在路上。第一个丢了，其余 31 个都到了。发送方要重发几个？',
    },
    choices: [
      {
        text: { en: 'One: the others are there', zh: '一个：别的都到了' },
        right: false,
        because: {
          en: 'They came, and were thrown away: this receiver takes packets in order only.',
          zh: '到是到了，可都被丢弃了：这种接收方只按次序收。',
        },
      },
      {
        text: { en: '31', zh: '31 个' },
        right: false,
        because: {
          en: 'The lost one has to go again, too.',
          zh: '丢的那个也得再发。',
        },
      },
      {
        text: { en: '32', zh: '32 个' },
        right: true,
        because: {
          en: 'It goes back to the first that is not acknowledged and sends everything from there.',
          zh: '退回到第一个没确认的包，从那里起全部重发。',
        },
      },
    ],
  },
}
