/** 乱序与伪重传: packets overtake each other and none is lost; what three duplicate ACKs, D-SACK and RACK make of it. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

const UP = 'links.link.up'
const is = (path: string, ...oneOf: Json[]) => ({ path, oneOf })

const NOTHING_LOST = [
  is(`${UP}.loss.rate`, 0),
  is(`${UP}.duplicate.rate`, 0),
  is('links.link.down.loss.rate', 0),
]
/** Late by less than a quarter of the round trip, so that RACK can wait for them. */
const REORDERED = [
  ...NOTHING_LOST,
  is(`${UP}.reorder.rate`, 0.02),
  is(`${UP}.reorder.gap`, 6, 8, 10),
  is(`${UP}.delay`, 20_000),
  is(`${UP}.rate.limit`, 20_000_000),
  is('hosts.client.tcp.congestion', 'newreno'),
  is('apps.sender.bytes', 2_000_000),
]
const HEEDED = [...REORDERED, is('hosts.server.tcp.dsack', true)]

export const tcpReorder: ExperimentInput = {
  id: 'tcp-reorder',
  chapter: 'tcp-transfer',
  title: { en: 'Reordering and spurious retransmissions', zh: '乱序与伪重传' },
  question: {
    en: 'No packet is lost, but now and then one comes late, overtaken by others. Why does that slow TCP down, and how does it find out that it was wrong?',
    zh: '一个包也没丢，只是偶尔有包迟到、被后面的超过。为什么 TCP 会因此变慢？它又怎样发现自己弄错了？',
  },
  narrative: [
    {
      en: 'The link loses nothing. One data packet in fifty is held back until eight later ones have passed, as happens with parallel paths, with radio links that repeat frames, and in routers with many queues. Three transfers run side by side over such links.',
      zh: '链路不丢包，只是每五十个数据包有一个被扣住，等后面八个过去才放行。并行路径、会重发帧的无线链路、多队列的路由器都会造成这种现象。三个传输各走一条这样的链路。',
    },
    {
      en: 'A receiver answers every segment beyond a hole with a duplicate ACK. Three of them, says the oldest rule, mean a loss (RFC 5681). Here they mean that a packet is late. The sender repeats it and halves its window, all for nothing: each retransmission of the first lane was spurious. The late original arrives a moment later, and nobody gives the window back.',
      zh: '接收方对空洞之后的每个报文段都回一个重复 ACK。按最老的规则，三个重复 ACK 就意味着丢包（RFC 5681）。可这里只是有包迟到。发送方重发了它，窗口减半，全都白费：第一条泳道的每次重传都是伪重传。迟到的原件片刻之后就到了，窗口却没人还回来。',
    },
    {
      en: 'The receiver knows: the same bytes came twice. With D-SACK (RFC 2883) it says so in the first SACK block of the next ACK. In the second lane the sender heeds it. When all that it sent again has been reported as a duplicate, nothing had been lost, and congestion window and threshold are given back (RFC 3708, RFC 4015). The timestamps can tell even sooner: an ACK that echoes an earlier time than that of the retransmission answers the original (RFC 3522).',
      zh: '接收方心里清楚：同样的字节来了两次。有了 D-SACK（RFC 2883），它在下一个 ACK 的第一个 SACK 块里如实相告。第二条泳道的发送方听得进去：重发的部分如果全被报告为重复，就说明什么也没丢，于是归还拥塞窗口和门限（RFC 3708、RFC 4015）。时间戳还能发现得更早：ACK 回显的时刻若早于重传的时刻，它应答的就是原件（RFC 3522）。',
    },
    {
      en: 'RACK (RFC 8985) does not make the mistake in the first place, or only once. It does not count ACKs. Once it has seen reordering it waits a quarter of the shortest round trip before it calls an overtaken segment lost, and the late packets are there by then. If that is too short, D-SACKs tell it so, and it waits longer. The stall chart shows the waiting under a name of its own.',
      zh: 'RACK（RFC 8985）根本不犯这个错，或者只犯一次。它不数 ACK。见过一次乱序之后，被超过的报文段要再等最短往返时间的四分之一才判为丢失，而迟到的包这时已经到了。如果等得还不够，D-SACK 会告诉它，它就再多等一些。停顿图里，这种等待有自己的名字。',
    },
  ],
  rfcs: [
    { number: 5681, title: 'TCP Congestion Control' },
    { number: 2883, title: 'An Extension to the Selective Acknowledgement (SACK) Option for TCP' },
    { number: 3708, title: 'Using TCP DSACKs and SCTP Duplicate TSNs to Detect Spurious Retransmissions' },
    { number: 3522, title: 'The Eifel Detection Algorithm for TCP' },
    { number: 4015, title: 'The Eifel Response Algorithm for TCP' },
    { number: 8985, title: 'The RACK-TLP Loss Detection Algorithm for TCP' },
    { number: 4737, title: 'Packet Reordering Metrics' },
  ],
  setup: {
    hosts: {
      client: { role: 'client', tcp: { congestion: 'newreno', minRto: 200_000, dsack: true } },
      server: { role: 'server', tcp: { dsack: true, receiveBuffer: 131_072 } },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: { rate: { limit: 20_000_000 }, delay: 20_000, reorder: { rate: 0.02, gap: 8 } },
        down: { rate: { limit: 20_000_000 }, delay: 20_000 },
      },
    },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes: 2_000_000 },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  },
  lanes: [
    { id: 'count', label: { en: 'Three duplicate ACKs', zh: '数三个重复 ACK' } },
    {
      id: 'undo',
      label: { en: 'The same, and undone', zh: '同上，但会撤销' },
      set: { 'hosts.client.tcp.undo': true },
    },
    {
      id: 'rack',
      label: { en: 'RACK', zh: '用 RACK' },
      set: {
        'hosts.client.tcp.undo': true,
        'hosts.client.tcp.rack': true,
        'hosts.client.tcp.tailLossProbe': true,
      },
    },
  ],
  knobs: [
    {
      id: 'reorder',
      label: { en: 'Share held back', zh: '被扣住的比例' },
      group: 'link',
      paths: [`${UP}.reorder.rate`],
      kind: 'number',
      unit: 'ratio',
      min: 0,
      max: 0.2,
      step: 0.001,
      live: true,
    },
    {
      id: 'gap',
      label: { en: 'How many overtake it', zh: '被几个包超过' },
      hint: {
        en: 'Below three nobody notices; beyond a quarter of a round trip RACK has to learn to wait longer.',
        zh: '少于三个谁也察觉不到；超过四分之一个往返，RACK 就要学着多等一会儿。',
      },
      group: 'link',
      paths: [`${UP}.reorder.gap`],
      kind: 'number',
      unit: 'packets',
      min: 1,
      max: 60,
      step: 1,
      live: true,
    },
    {
      ...LINK_KNOBS.loss,
      hint: {
        en: 'Real losses among the late packets: now waiting has its price, too.',
        zh: '在迟到的包之外再加上真正的丢包：这时等待也有了代价。',
      },
      paths: [`${UP}.loss.rate`],
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), min: 1_000 },
    { ...LINK_KNOBS.rate, paths: bothWays('rate.limit') },
    {
      id: 'dsack',
      label: { en: 'The receiver sends D-SACK', zh: '接收方发送 D-SACK' },
      group: 'tcp',
      paths: ['hosts.server.tcp.dsack'],
      kind: 'switch',
    },
    {
      id: 'timestamps',
      label: { en: 'Timestamps', zh: '时间戳' },
      hint: {
        en: 'Off: only D-SACK can tell the sender that it was wrong.',
        zh: '关闭后，只有 D-SACK 能告诉发送方它弄错了。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.timestamps'],
      kind: 'switch',
    },
    {
      id: 'dup-thresh',
      label: { en: 'Duplicate ACKs that make a loss', zh: '几个重复 ACK 算丢包' },
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
      id: 'nothing-lost',
      text: { en: 'The link loses no data segment', zh: '链路没有丢任何数据' },
      metric: 'count/data_segments_lost',
      op: '=',
      value: 0,
      unit: 'segments',
      why: {
        en: 'Whatever is sent again in this experiment is sent again without need.',
        zh: '所以这个实验里的每次重传都没有必要。',
      },
      given: NOTHING_LOST,
    },
    {
      id: 'count-fooled',
      text: { en: 'Counting ACKs finds losses all the same', zh: '数 ACK 的发送方照样“发现”丢包' },
      metric: 'count/recoveries',
      op: '>=',
      value: 5,
      unit: 'count',
      why: {
        en: 'RFC 5681 (3.2): the third duplicate ACK starts a fast retransmit. Eight overtaking packets send eight of them.',
        zh: 'RFC 5681（3.2）：第三个重复 ACK 触发快速重传，而八个超车的包会带来八个重复 ACK。',
      },
      given: REORDERED,
    },
    {
      id: 'all-spurious',
      text: { en: 'Each of its retransmissions was spurious', zh: '它的每次重传都是伪重传' },
      metric: 'count/spurious_retransmissions',
      op: '=',
      value: 'count/retransmissions',
      unit: 'segments',
      why: {
        en: 'The original and the repetition both arrive, and one of them brings nothing new.',
        zh: '原件和重发的都到了，其中一个没有带来任何新数据。',
      },
      given: REORDERED,
    },
    {
      id: 'reported',
      text: { en: 'The receiver reports the duplicates', zh: '接收方报告了重复' },
      metric: 'undo/dsacks',
      op: '=',
      value: 'undo/spurious_retransmissions',
      tolerance: 0.05,
      unit: 'count',
      why: {
        en: 'RFC 2883 (4): each duplicate is reported in one ACK. One that arrives as the transfer ends may be heard of no more.',
        zh: 'RFC 2883（4）：每个重复都在一个 ACK 里报告一次。临近传输结束时的重复，发送方可能来不及听到。',
      },
      given: HEEDED,
    },
    {
      id: 'undone',
      text: { en: 'and the sender takes back its recoveries', zh: '发送方随之撤销恢复' },
      metric: 'undo/undone',
      op: '>=',
      value: 5,
      unit: 'count',
      why: {
        en: 'RFC 3522 and RFC 3708: found by the echoed timestamp or by the D-SACK, whichever comes first.',
        zh: 'RFC 3522 与 RFC 3708：靠回显的时间戳或 D-SACK，哪个先到算哪个。',
      },
      given: HEEDED,
    },
    {
      id: 'undo-pays',
      text: { en: 'which pays', zh: '这样做很值得' },
      metric: 'undo/goodput',
      op: '>',
      value: 'count/goodput',
      unit: 'bit/s',
      why: {
        en: 'RFC 4015 (3.2): the window is given back, but for a burst, and so is the threshold up to which it grows fast.',
        zh: 'RFC 4015（3.2）：归还窗口（避免突发），也归还快速增长的门限。',
      },
      given: HEEDED,
    },
    {
      id: 'rack-tolerates',
      text: { en: 'RACK sends little again', zh: 'RACK 很少重发' },
      metric: 'rack/spurious_retransmissions',
      op: '<=',
      value: 10,
      unit: 'segments',
      why: {
        en: 'RFC 8985 (6.2 step 4): until it has seen reordering for the first time three SACKed segments decide at once; from then on it waits.',
        zh: 'RFC 8985（6.2 第 4 步）：第一次见到乱序之前，三个被 SACK 的报文段仍会立即定案；此后它就会等。',
      },
      given: HEEDED,
    },
    {
      id: 'rack-pays',
      text: { en: 'and is faster than counting ACKs', zh: '也比数 ACK 快' },
      metric: 'rack/goodput',
      op: '>',
      value: 'count/goodput',
      unit: 'bit/s',
      why: {
        en: 'A window that is not halved need not grow back.',
        zh: '窗口没有减半，也就不必再慢慢长回来。',
      },
      given: HEEDED,
    },
    ...(['count', 'undo', 'rack'] as const).map((lane): ExperimentInput['expectations'][number] => ({
      id: `${lane}-intact`,
      text: { en: 'Every byte arrives as it was sent', zh: '每个字节都原样到达' },
      metric: `${lane}/bytes_intact`,
      op: '=',
      value: 1,
      unit: '',
      why: {
        en: 'Order on the network is not promised to anyone; order in the stream is. The digests (SHA-256) of both sides are compared; 1 means equal.',
        zh: '网络不保证次序，字节流保证。比较两端数据的 SHA-256 摘要，1 表示相同。',
      },
    })),
  ],
  views: ['sequence', 'windows', 'stalls', 'ladder', 'goodput', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'Nothing is lost, but one packet in fifty arrives late. What does Reno with three duplicate ACKs make of a line of 20 Mbit/s?',
      zh: '什么也没丢，只是每五十个包有一个迟到。数三个重复 ACK 的 Reno，在 20 Mbit/s 的线路上能跑多快？',
    },
    choices: [
      {
        text: { en: 'The full rate: TCP sorts the packets', zh: '全速：TCP 会把包排好序' },
        right: false,
        because: {
          en: 'The receiver does. But the sender only sees duplicate ACKs, and takes them for losses.',
          zh: '接收方确实会排序。可发送方只看到重复 ACK，把它们当成了丢包。',
        },
      },
      {
        text: { en: 'A little less: the repeated packets take some room', zh: '略低：重发的包占了一点带宽' },
        right: false,
        because: {
          en: 'They are few. What costs is the window, halved for each of them.',
          zh: '重发的并不多。真正的代价是窗口：每次都减半。',
        },
      },
      {
        text: { en: 'A fraction of it', zh: '只剩一小部分' },
        right: true,
        because: {
          en: 'A late packet costs as much as a lost one, and with such losses Reno has a small window.',
          zh: '迟到一次与丢一次代价相同，而以这样的“丢包率”，Reno 的窗口很小。',
        },
      },
    ],
  },
}
