/** 选择确认: several losses in one window, repaired without SACK, with it, and by RACK. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

const DROP = 'links.link.up.dropMatching'
const data = (...ordinals: number[]): Json => [{ match: { protocol: 'tcp', payload: true }, ordinals }]

/** Every fourth segment of the third flight. */
const EIGHT = [33, 37, 41, 45, 49, 53, 57, 61]
const ONE_LOST = data(33)
const EIGHT_LOST = data(...EIGHT)
/** And the segment that repairs the first of them, which is the 77th with data. */
const NINE_LOST = data(...EIGHT, 77)

const is = (path: string, ...oneOf: Json[]) => ({ path, oneOf })
/** With other settings the counted segments are others, or their repair takes another time. */
const COUNTED = [
  is('links.link.up.loss.rate', 0),
  is('links.link.down.loss.rate', 0),
  is('links.link.up.delay', 25_000),
  is('hosts.client.tcp.minRto', 400_000),
  is('hosts.client.tcp.initialWindow', 10),
  is('hosts.client.tcp.congestion', 'newreno'),
]
const EIGHT_ONLY = [is(DROP, EIGHT_LOST), ...COUNTED]
const WITH_RETRANSMISSION = [is(DROP, NINE_LOST), ...COUNTED]

export const tcpSack: ExperimentInput = {
  id: 'tcp-sack',
  chapter: 'tcp-transfer',
  title: { en: 'Selective acknowledgment', zh: '选择确认' },
  question: {
    en: 'Eight segments of one window are lost, and then the first retransmission, too. What does it cost when the receiver can only say how far everything is complete?',
    zh: '一个窗口里丢了八个报文段，随后第一个重传也丢了。如果接收方只能说“到哪里为止是完整的”，代价有多大？',
  },
  narrative: [
    {
      en: 'The same transfer runs three times over links that lose the same segments. The first sender has no selective acknowledgment: an ACK tells it the first missing byte and nothing else. The second has SACK (RFC 2018): each ACK also lists what has arrived beyond the hole, and the sender keeps book of it (RFC 6675). The third has SACK and RACK (RFC 8985), which asks when a segment was sent.',
      zh: '同一个传输在三条链路上各跑一次，丢的是同样的报文段。第一个发送方没有选择确认：ACK 只告诉它第一个缺失的字节，别无其他。第二个有 SACK（RFC 2018）：每个 ACK 还列出空洞之后已经到达的范围，发送方据此记账（RFC 6675）。第三个在 SACK 之上用 RACK（RFC 8985），它看的是每个报文段是什么时候发出的。',
    },
    {
      en: 'Three duplicate ACKs start the repair in all three lanes at the same moment. With SACK the sender sees all eight holes at once and sends them again within one round trip. Without, it learns of the next hole only when the one before is filled: one hole for each round trip. Choose “eight segments” below and compare the lengths of the two recoveries in the sequence chart.',
      zh: '三个重复 ACK 让三条泳道在同一时刻开始修复。有 SACK 时，发送方一眼看到全部八个空洞，一个往返之内就能补完；没有 SACK 时，补好一个才知道下一个，每个往返只补一个。在下方选“八个报文段”，在序列号图上比较两者恢复的长短。',
    },
    {
      en: 'Then the first retransmission dies as well. Duplicate ACKs cannot tell: they look the same whether it is still under way or gone. So the first two senders sit and wait for the retransmission timer. What they do next differs. Without SACK all that is outstanding must be taken for lost, and slow start sends it again from the front, most of it for nothing. With SACK exactly one segment goes again.',
      zh: '接着第一个重传也丢了。重复 ACK 说明不了问题：重传还在路上和已经丢失，看起来一模一样。前两个发送方只好干等重传定时器。之后的做法就不同了：没有 SACK，只能当作在途的全都丢了，慢启动从头再发一遍，大部分是白发；有 SACK，只需重发一个报文段。',
    },
    {
      en: 'RACK needs no timer here. A segment is lost when one that was sent later has arrived and a little time has passed, and a retransmission is a segment like any other: what was sent after it arrives a round trip later, and the sender knows. In the packet table each retransmission carries the rule that asked for it.',
      zh: 'RACK 在这里不需要等定时器。如果后发的已经到达，再稍等片刻先发的仍没到，它就是丢了；重传的报文段也一视同仁：一个往返之后，在它之后发出的数据被确认，发送方就知道了。报文列表里，每次重传都注明是哪条规则要求的。',
    },
  ],
  rfcs: [
    { number: 2018, title: 'TCP Selective Acknowledgment Options' },
    { number: 6582, title: "The NewReno Modification to TCP's Fast Recovery Algorithm" },
    { number: 6675, title: 'A Conservative Loss Recovery Algorithm Based on SACK for TCP' },
    { number: 8985, title: 'The RACK-TLP Loss Detection Algorithm for TCP' },
    { number: 6298, title: "Computing TCP's Retransmission Timer" },
  ],
  setup: {
    hosts: {
      // RFC 6298 (2.4) says a second, systems in the field have 200 ms; this is eight round trips.
      client: { role: 'client', tcp: { congestion: 'newreno', minRto: 400_000 } },
      server: { role: 'server' },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        up: {
          rate: { limit: 50_000_000 },
          delay: 25_000,
          dropMatching: [{ match: { protocol: 'tcp', payload: true }, ordinals: [...EIGHT, 77] }],
        },
        down: { rate: { limit: 50_000_000 }, delay: 25_000 },
      },
    },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes: 400_000 },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  },
  lanes: [
    {
      id: 'none',
      label: { en: 'Without SACK', zh: '没有 SACK' },
      set: { 'hosts.client.tcp.sack': false },
    },
    { id: 'sack', label: { en: 'SACK', zh: '有 SACK' } },
    {
      id: 'rack',
      label: { en: 'SACK and RACK', zh: 'SACK 加 RACK' },
      set: {
        'hosts.client.tcp.rack': true,
        'hosts.client.tcp.tailLossProbe': true,
        'hosts.client.tcp.dsack': true,
        'hosts.server.tcp.dsack': true,
      },
    },
  ],
  knobs: [
    {
      id: 'lost',
      label: { en: 'What is lost', zh: '丢掉哪些' },
      hint: {
        en: 'Segments with data, counted as they leave the client; everything else passes.',
        zh: '按客户端发出的顺序数带数据的报文段，选中的丢失，其余照常通过。',
      },
      group: 'link',
      paths: [DROP],
      kind: 'choice',
      options: [
        { value: ONE_LOST, label: { en: 'one segment', zh: '一个报文段' } },
        { value: EIGHT_LOST, label: { en: 'eight segments', zh: '八个报文段' } },
        {
          value: NINE_LOST,
          label: { en: 'eight, and the first retransmission', zh: '八个，外加第一个重传' },
        },
        { value: [], label: { en: 'nothing', zh: '不丢' } },
      ],
    },
    {
      ...LINK_KNOBS.loss,
      label: { en: 'Random loss', zh: '随机丢包' },
      paths: ['links.link.up.loss.rate'],
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), min: 1_000 },
    {
      id: 'min-rto',
      label: { en: 'Least timeout', zh: '最小超时' },
      hint: {
        en: 'The retransmission timer never waits less than this; RFC 6298 says a second, Linux 200 ms.',
        zh: '重传定时器最少等这么久；RFC 6298 规定 1 秒，Linux 用 200 毫秒。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.minRto'],
      kind: 'number',
      unit: 'us',
      min: 10_000,
      max: 3_000_000,
      step: 10_000,
    },
    {
      id: 'congestion',
      label: { en: 'Congestion control', zh: '拥塞控制' },
      group: 'tcp',
      paths: ['hosts.client.tcp.congestion'],
      kind: 'choice',
      options: [
        { value: 'newreno', label: { en: 'Reno', zh: 'Reno' } },
        { value: 'cubic', label: { en: 'CUBIC', zh: 'CUBIC' } },
      ],
    },
  ],
  expectations: [
    {
      id: 'one-by-one',
      text: {
        en: 'Without SACK eight holes take eight round trips',
        zh: '没有 SACK，八个空洞要补八个往返',
      },
      metric: 'none/recovery_time',
      op: '=',
      value: 400_000,
      tolerance: 0.05,
      unit: 'us',
      why: {
        en: 'RFC 6582 (3.2 step 3): a partial ACK names the next hole, and only that. Eight times a round trip of 50 ms.',
        zh: 'RFC 6582（3.2 第 3 步）：部分确认只指出下一个空洞。八乘以 50 毫秒的往返。',
      },
      given: EIGHT_ONLY,
    },
    {
      id: 'at-once',
      text: { en: 'With SACK they take hardly more than one', zh: '有 SACK，一个往返多一点就够了' },
      metric: 'sack/recovery_time',
      op: '<=',
      value: 75_000,
      unit: 'us',
      why: {
        en: 'RFC 6675 (4): the scoreboard knows all holes, and what has arrived makes room for sending them.',
        zh: 'RFC 6675（4）：记分板知道所有空洞，已到达的数据又腾出了重发的余地。',
      },
      given: EIGHT_ONLY,
    },
    {
      id: 'same-bytes',
      text: {
        en: 'As long as no timer is needed, neither sends a byte too many',
        zh: '只要用不着定时器，两者都不多发一个字节',
      },
      metric: 'none/resent_bytes',
      op: '=',
      value: 'sack/resent_bytes',
      unit: 'B',
      why: {
        en: 'NewReno is slow but it repeats only what is known to be missing. The waste comes with the timeout.',
        zh: 'NewReno 虽慢，但只重发确知缺失的部分。浪费是随超时而来的。',
      },
      given: EIGHT_ONLY,
    },
    {
      id: 'none-waits',
      text: {
        en: 'Without SACK the lost retransmission costs a timeout',
        zh: '没有 SACK，重传丢失要付出一次超时',
      },
      metric: 'none/timeouts',
      op: '>=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 6582 (4): duplicate ACKs say that something arrives, not what; only the timer can tell that a retransmission died.',
        zh: 'RFC 6582（4）：重复 ACK 只说明有东西到达，不说明是什么；重传是否丢失只有定时器知道。',
      },
      given: WITH_RETRANSMISSION,
    },
    {
      id: 'sack-waits',
      text: { en: 'With SACK, too', zh: '有 SACK 也一样' },
      metric: 'sack/timeouts',
      op: '>=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 6675 (5.1): its scoreboard notes that a segment was sent again, and never that this was lost.',
        zh: 'RFC 6675（5.1）：记分板只记下报文段已经重发，不会判断重发的也丢了。',
      },
      given: WITH_RETRANSMISSION,
    },
    {
      id: 'rack-waits-not',
      text: { en: 'With RACK it costs none', zh: '有 RACK 则不需要' },
      metric: 'rack/timeouts',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 8985 (6.2 step 5): the retransmission was overtaken by what was sent after it, so it is lost.',
        zh: 'RFC 8985（6.2 第 5 步）：在它之后发出的已经到达，所以这个重传丢了。',
      },
      given: WITH_RETRANSMISSION,
    },
    {
      id: 'waste',
      text: {
        en: 'After the timeout the sender without SACK sends more than twice as much again',
        zh: '超时之后，没有 SACK 的一方重发的数据要多出一倍以上',
      },
      metric: 'none/retransmissions',
      op: '>',
      value: 18,
      unit: 'segments',
      why: {
        en: 'RFC 5681 (3.1): it goes on from the first byte that is not acknowledged, and most of what follows is there already. Nine segments were lost.',
        zh: 'RFC 5681（3.1）：它从第一个未确认的字节继续发，而后面的大部分早已到达。实际只丢了九个报文段。',
      },
      given: WITH_RETRANSMISSION,
    },
    {
      id: 'no-waste',
      text: { en: 'With SACK nothing is sent for nothing', zh: '有 SACK，没有一个字节是白发的' },
      metric: 'sack/spurious_retransmissions',
      op: '=',
      value: 0,
      unit: 'segments',
      why: {
        en: 'What the receiver reported to be there is not sent again, not even after a timeout.',
        zh: '接收方报告过已到达的就不再重发，超时之后也一样。',
      },
      given: WITH_RETRANSMISSION,
    },
    {
      id: 'rack-exact',
      text: {
        en: 'RACK asks for as many retransmissions as there were losses',
        zh: 'RACK 要求的重传次数与丢失的一样多',
      },
      metric: 'rack/retransmissions_rack',
      op: '=',
      value: 'rack/data_segments_lost',
      unit: 'segments',
      why: {
        en: 'Each loss is found once, that of the retransmission included.',
        zh: '每个丢失都恰好发现一次，包括重传的丢失。',
      },
      given: WITH_RETRANSMISSION,
    },
    {
      id: 'sack-faster',
      text: { en: 'SACK has all of it repaired sooner', zh: 'SACK 更早补齐全部数据' },
      metric: 'sack/repair_time',
      op: '<',
      value: 'none/repair_time',
      unit: 'us',
      why: {
        en: 'From the first loss found until all is there. Both lose a timeout; then one has a segment to send and the other a window.',
        zh: '从发现第一个丢失到全部补齐。两者都耗掉一次超时；之后一方只要补一个报文段，另一方要重发一个窗口。',
      },
      given: WITH_RETRANSMISSION,
    },
    {
      id: 'rack-fastest',
      text: {
        en: 'RACK repairs before the timer of the others runs out',
        zh: 'RACK 在别人的定时器到期之前就修好了',
      },
      metric: 'rack/repair_time',
      op: '<',
      value: 'sack/repair_time',
      unit: 'us',
      why: {
        en: 'One round trip until the holes are filled, and one more for the retransmission that was lost.',
        zh: '一个往返补好空洞，再一个往返补上丢失的重传。',
      },
      given: WITH_RETRANSMISSION,
    },
    ...(['none', 'sack', 'rack'] as const).map((lane): ExperimentInput['expectations'][number] => ({
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
    })),
  ],
  views: ['sequence', 'ladder', 'windows', 'stalls', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'Eight segments of a window are lost, and the first retransmission. Which senders have to wait for the retransmission timer?',
      zh: '一个窗口丢了八个报文段，第一个重传也丢了。哪些发送方不得不等重传定时器？',
    },
    choices: [
      {
        text: { en: 'Only the one without SACK', zh: '只有没有 SACK 的' },
        right: false,
        because: {
          en: 'SACK tells what has arrived, but not whether a retransmission is late or lost.',
          zh: 'SACK 说明什么已经到达，但分不清重传是晚了还是丢了。',
        },
      },
      {
        text: {
          en: 'The one without SACK and the one with it, but not RACK',
          zh: '没有 SACK 和有 SACK 的都要等，RACK 不用',
        },
        right: true,
        because: {
          en: 'Only RACK keeps the time of each sending, so it notices that later ones have overtaken the retransmission.',
          zh: '只有 RACK 记录每次发送的时刻，因此能看出重传被后来者超过了。',
        },
      },
      {
        text: { en: 'None: there are enough duplicate ACKs', zh: '都不用：重复 ACK 够多了' },
        right: false,
        because: {
          en: 'They started the recovery already. Within it they say nothing new about the first hole.',
          zh: '它们已经触发了恢复；恢复期间，它们对第一个空洞说不出什么新东西。',
        },
      },
    ],
  },
}
