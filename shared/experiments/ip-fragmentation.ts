/** 分片与 MSS: one fragment lost is the whole datagram lost; how TCP avoids fragments, finds the path's MTU, and falls into a black hole. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { LINK_KNOBS } from './link-knobs.ts'
import { is } from './web.ts'

const LINE = 'links.line'
const both = (setting: string): string[] => [`${LINE}.up.${setting}`, `${LINE}.down.${setting}`]

/** Bytes of each large packet: what is written with one call, and a segment where no MSS limits it. */
const PIECE = 8_000
const BYTES = 240_000
const NARROW = 1_200
/** On the line, from the client: the first are ARP and the handshake. */
const LOST: Json = [20]
const LOST_TWO: Json = [20, 60]
const NONE: Json = []
/** What RFC 4821 leaves of its search (path-mtu.ts): it ends this near. */
const NEAR = 8

const UNHARMED = both('loss.rate').map((path) => is(path, 0))
const ONE_LOST = [...UNHARMED, is(`${LINE}.up.drop`, LOST)]
const AS_MUCH = is('apps.sender.bytes', BYTES)
const AS_LARGE = is('apps.datagrams.payload', PIECE)

const line = { up: { delay: 1_000 }, down: { delay: 1_000 } }
const far = { delay: 20_000, rate: { limit: 20_000_000 } }

/** A path that is narrower in the middle than at its ends, where nothing else is lost. */
const narrow = (more: Record<string, Json> = {}): Record<string, Json> => ({
  [`${LINE}.up.drop`]: NONE,
  ...Object.fromEntries(both('mtu').map((path) => [path, NARROW])),
  ...more,
})
const HOLE = Object.fromEntries(both('blackHole').map((path) => [path, true]))
const TCP = ['datagrams', 'datagram-sink']

export const ipFragmentation: ExperimentInput = {
  id: 'ip-fragmentation',
  chapter: 'ip',
  title: { en: 'Fragments, MSS and the MTU of a path', zh: '分片与 MSS' },
  question: {
    en: 'IP can cut a packet that is too long for a network. Why then does TCP take such pains never to need it, and how does it know what fits through a path that nobody has measured?',
    zh: '包太长，IP 会自己切开。那 TCP 为什么还要千方百计避免分片？路径上能过多大的包，没人量过，它又从何得知？',
  },
  narrative: [
    {
      en: 'Every network carries packets up to some length only, its MTU: 1,500 bytes on Ethernet. A longer one is cut (RFC 791 3.2). Each fragment is an IP packet of its own, with the number of the datagram and the place of its bytes in it; all but the last are multiples of eight bytes long. Nobody on the way puts them together, only the destination does, when all of them are there.',
      zh: '每种网络能承载的包长都有上限，即 MTU，以太网是 1,500 字节。再长就要切开（RFC 791 3.2）。每个分片都是独立的 IP 包，带着数据报的标识，以及自己这段在其中的位置；除最后一片外，长度都是 8 字节的倍数。途中没有谁负责拼装，只有目的主机在各片到齐后才拼。',
    },
    {
      en: 'The first lane sends 240,000 bytes by UDP in datagrams of 8,000, each of which needs 6 fragments. The 20th packet on the line is lost, one fragment of 1,500 bytes. IP has no way to ask for it again: the others of its datagram arrive, wait, and are thrown away in the end. The program that sent the datagram misses the acknowledgment and sends all of it once more: 8,000 bytes for a loss of less than a fifth of them.',
      zh: '第一组用 UDP 传送 240,000 字节，每个数据报 8,000 字节，各要 6 个分片。线路上的第 20 个包丢了，那是一个 1,500 字节的分片。IP 没有办法单独把它要回来：同一数据报的其余分片到了，等着，最后只能扔掉。发送程序等不到确认，就把整个数据报再发一遍：丢的不到五分之一，重发的却是全部 8,000 字节。',
    },
    {
      en: 'TCP cuts for itself, and before IP has to. In the SYN each side says how large a segment it takes: its interface’s MTU less 40 bytes of headers, the MSS (RFC 9293 3.7.1). So each packet fits as it is, and what is lost is sent again alone: 1,448 bytes, for the timestamps take their 12.',
      zh: 'TCP 则赶在 IP 之前自己切。双方在 SYN 里说明自己能收多大的报文段：接口的 MTU 减去 40 字节首部，即 MSS（RFC 9293 3.7.1）。这样每个包都能原样通过，丢哪个就只重发哪个：1,448 字节，因为时间戳还要占 12 字节。',
    },
    {
      en: 'The third lane shows what that is worth: TCP without the MSS option, with segments of 8,000 bytes that IP has to cut. Again one fragment is lost, again a whole segment is repeated: 7,988 bytes. A segment now dies with any one of its 6 fragments, and each time all of it is repeated.',
      zh: '第三组说明这样做值多少：不用 MSS 选项的 TCP，报文段长 8,000 字节，只好由 IP 来切。同样丢一个分片，同样要把整个报文段再发一遍：7,988 字节。如今 6 个分片中丢了任何一个，整个报文段就算丢了，而且每次都要全部重发。',
    },
    {
      en: 'But the MSS speaks of the two ends only. In the fourth lane a line between them takes no more than 1,200 bytes. TCP sets Don’t Fragment in each packet; the router before the line may not cut, discards the packet and tells the sender so by ICMP, with the MTU that would have fitted (RFC 1191). The sender makes its segments smaller at once, and repeats what was too long; since that was no congestion, its window stays.',
      zh: '不过 MSS 说的只是两端。第四组里，两端之间有一段线路只能过 1,200 字节。TCP 在每个包里都设了“不许分片”（DF），线路前的路由器不能切，只好丢弃，并用 ICMP 告诉发送方，顺带给出能通过的 MTU（RFC 1191）。发送方立刻改用较小的报文段，把过长的重发一遍；这不是拥塞，窗口照旧。',
    },
    {
      en: 'It all hangs on that message. Many a firewall throws away ICMP, and then the path is a black hole (RFC 2923 2.1): the handshake gets through, for its packets are small; so do short requests; but the first full segment vanishes, and each repetition after it. The fifth lane opens a connection, transfers 0 bytes and gives up. That is what a page looks like that connects and never loads.',
      zh: '一切都系于这条消息。不少防火墙会丢掉 ICMP，路径就成了黑洞（RFC 2923 2.1）：握手能过，因为包小；短请求也能过；可第一个满长的报文段不见了，之后每次重发也都不见了。第五组连上了，传了 0 字节，最后放弃。网页“连得上却打不开”，就是这副样子。',
    },
    {
      en: 'The sixth lane helps itself (RFC 4821). When full segments have vanished twice in a row, it no longer waits for anybody’s word, but falls back to 1,024 bytes, which nearly every path takes, and the data flow. Then it searches: now and then one segment is longer than the others, halfway between what came through and what did not. If it arrives, all are as long from then on; if it alone is missing, its data go again in small segments, and the window does not shrink, for that is no congestion either (7.6.2). The search ends less than 8 bytes below the truth. Nobody had to say anything.',
      zh: '第六组自己想办法（RFC 4821）。满长的报文段接连两次消失之后，它不再等谁的通知，退回到 1,024 字节，这么大几乎哪条路都能过，数据于是流动起来。接着开始搜索：不时让一个报文段比别的长些，取“过得去”和“过不去”之间的中点。到了，以后都用这个长度；要是唯独缺它，就把其中的数据用小报文段重发，窗口也不缩，因为这同样不是拥塞（7.6.2）。搜索的结果离真值不到 8 字节，而自始至终没有人告诉过它什么。',
    },
  ],
  rfcs: [
    { number: 791, title: 'Internet Protocol: 2.3 and 3.2, Fragmentation and Reassembly' },
    { number: 815, title: 'IP Datagram Reassembly Algorithms' },
    { number: 1122, title: 'Requirements for Internet Hosts: 3.3.2 and 3.3.3' },
    { number: 1191, title: 'Path MTU Discovery' },
    { number: 2923, title: 'TCP Problems with Path MTU Discovery' },
    { number: 4821, title: 'Packetization Layer Path MTU Discovery' },
    { number: 8900, title: 'IP Fragmentation Considered Fragile' },
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.7, Segmentation' },
  ],
  setup: {
    ethernet: true,
    hosts: {
      client: {
        role: 'client',
        address: 10,
        gateway: 'west',
        tcp: { minRto: 200_000, initialRto: 1_000_000, dataRetries: 3 },
      },
      server: { role: 'server', network: 2, address: 20, gateway: 'east' },
    },
    routers: {
      west: {
        interfaces: [
          { link: 'office', network: 0, number: 1 },
          { link: 'line', network: 1, number: 1 },
        ],
        routes: [{ to: '0.0.0.0/0', via: 'east' }],
      },
      east: {
        interfaces: [
          { link: 'line', network: 1, number: 2 },
          { link: 'rack', network: 2, number: 1 },
        ],
        routes: [{ to: '0.0.0.0/0', via: 'west' }],
      },
    },
    links: {
      office: { a: 'client', b: 'west', ...line },
      line: { a: 'west', b: 'east', up: { ...far, drop: [20] }, down: far },
      rack: { a: 'east', b: 'server', ...line },
    },
    apps: {
      datagrams: {
        kind: 'arq-sender',
        host: 'client',
        to: 'server',
        port: 7,
        bytes: BYTES,
        payload: PIECE,
        window: 8,
        timeout: 3_000_000,
      },
      'datagram-sink': { kind: 'arq-receiver', host: 'server', port: 7, window: 8 },
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes: BYTES },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  },
  lanes: [
    {
      id: 'datagrams',
      label: { en: 'UDP, datagrams of 8,000 bytes', zh: 'UDP，数据报 8,000 字节' },
      without: ['sender', 'sink'],
    },
    { id: 'mss', label: { en: 'TCP with MSS', zh: 'TCP，有 MSS' }, without: TCP },
    {
      id: 'no-mss',
      label: { en: 'TCP without MSS, cut by IP', zh: 'TCP，没有 MSS，由 IP 分片' },
      set: {
        'hosts.client.tcp.mssOption': false,
        'hosts.server.tcp.mssOption': false,
        'hosts.client.tcp.mss': PIECE,
        'hosts.client.tcp.pathMtuDiscovery': false,
        'hosts.client.tcp.mtuProbing': false,
        'hosts.server.tcp.pathMtuDiscovery': false,
      },
      without: TCP,
    },
    {
      id: 'told',
      label: { en: 'A narrow line, routers say so', zh: '线路变窄，路由器会说' },
      set: narrow(),
      without: TCP,
    },
    {
      id: 'hole',
      label: { en: 'A black hole', zh: '黑洞' },
      set: narrow(HOLE),
      without: TCP,
    },
    {
      id: 'probing',
      label: { en: 'A black hole, with probing', zh: '黑洞，但会探测' },
      set: narrow({ ...HOLE, 'hosts.client.tcp.mtuProbing': true }),
      without: TCP,
    },
  ],
  knobs: [
    {
      id: 'lost',
      label: { en: 'Lost on the line', zh: '线路上丢掉' },
      hint: {
        en: 'Which packets from the client. Of the first three lanes only.',
        zh: '客户端方向上的哪些包。只影响前三组。',
      },
      group: 'link',
      paths: [`${LINE}.up.drop`],
      kind: 'choice',
      options: [
        { value: NONE, label: { en: 'nothing', zh: '不丢' } },
        { value: LOST, label: { en: 'the 20th packet', zh: '第 20 个包' } },
        { value: LOST_TWO, label: { en: 'the 20th and the 60th', zh: '第 20 个和第 60 个' } },
      ],
    },
    {
      id: 'datagram',
      label: { en: 'Bytes in a datagram', zh: '每个数据报的字节数' },
      hint: {
        en: 'With up to 1,460 none is cut (12 are the program’s own header): then as little is repeated as by TCP.',
        zh: '不超过 1,460 时都不用切（另有 12 字节是程序自己的首部），重发的就与 TCP 一样少。',
      },
      group: 'ip',
      paths: ['apps.datagrams.payload'],
      kind: 'number',
      unit: 'B',
      min: 500,
      max: 65_000,
      step: 20,
    },
    {
      id: 'probing',
      label: { en: 'Probe for the MTU', zh: '探测 MTU' },
      hint: {
        en: 'RFC 4821 in all lanes of TCP that heed an MSS, not only in the last: the black hole of the fifth is none any more.',
        zh: '凡用 MSS 的 TCP 组都启用 RFC 4821，不只最后一组：第五组的黑洞就不再是黑洞。',
      },
      group: 'ip',
      paths: ['hosts.client.tcp.mtuProbing'],
      kind: 'switch',
    },
    {
      id: 'bytes',
      label: { en: 'Bytes to transfer', zh: '传送的字节数' },
      group: 'application',
      paths: ['apps.datagrams.bytes', 'apps.sender.bytes'],
      kind: 'number',
      unit: 'B',
      min: 100_000,
      max: 4_000_000,
      scale: 'log',
    },
    { ...LINK_KNOBS.delay, paths: both('delay') },
    { ...LINK_KNOBS.loss, paths: both('loss.rate') },
  ],
  expectations: [
    {
      id: 'datagram-fragments',
      text: {
        en: '31 datagrams of 6 fragments leave the client: 186',
        zh: '客户端发出 31 个数据报，每个 6 片，共 186 片',
      },
      metric: 'datagrams/fragments',
      op: '=',
      value: 186,
      unit: 'count',
      why: {
        en: '240,000 bytes are 30 datagrams, and one goes twice. 8,020 bytes with both headers need 6 times up to 1,480.',
        zh: '240,000 字节是 30 个数据报，其中一个发了两遍。加上首部共 8,020 字节，每片最多 1,480 字节，要 6 片。',
      },
      given: [...ONE_LOST, AS_LARGE, is('apps.datagrams.bytes', BYTES)],
    },
    {
      id: 'datagram-resent',
      text: {
        en: 'For one lost fragment all 8,000 bytes of the datagram are sent again',
        zh: '丢了一个分片，数据报的 8,000 字节全部重发',
      },
      metric: 'datagrams/resent_bytes',
      op: '=',
      value: PIECE,
      unit: 'B',
      why: {
        en: 'Fragments have no acknowledgment of their own. The receiver’s IP hands on whole datagrams or nothing.',
        zh: '分片没有自己的确认；接收方的 IP 要么交出完整的数据报，要么什么也不交。',
      },
      given: [...ONE_LOST, AS_LARGE],
    },
    {
      id: 'mss-resent',
      text: {
        en: 'With MSS one segment goes again: 1,448 bytes',
        zh: '有 MSS 时只重发一个报文段：1,448 字节',
      },
      metric: 'mss/resent_bytes',
      op: '=',
      value: 1_448,
      unit: 'B',
      why: {
        en: '1,500 less 40 bytes of headers and 12 of timestamps: a packet is a segment, and a segment a packet.',
        zh: '1,500 减去首部 40 字节和时间戳 12 字节：一个包就是一个报文段，一个报文段就是一个包。',
      },
      given: ONE_LOST,
    },
    {
      id: 'mss-fragments',
      text: { en: 'and nothing is cut', zh: '而且什么都不用切' },
      metric: 'mss/fragments',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'No network of this path has a smaller MTU than the two interfaces.',
        zh: '路径上没有哪段网络的 MTU 比两端接口更小。',
      },
      given: ONE_LOST,
    },
    {
      id: 'no-mss-resent',
      text: {
        en: 'Without MSS a segment of 7,988 bytes goes again',
        zh: '没有 MSS 时，重发的报文段长 7,988 字节',
      },
      metric: 'no-mss/resent_bytes',
      op: '=',
      value: PIECE - 12,
      unit: 'B',
      why: {
        en: '8,000 less 12 of timestamps: TCP repeats what it sent as one, though only a sixth of it is missing.',
        zh: '8,000 减去时间戳的 12 字节：TCP 当初整个发出，现在就整个重发，尽管缺的只是六分之一。',
      },
      given: [...ONE_LOST, AS_MUCH],
    },
    {
      id: 'less-with-mss',
      text: { en: 'With MSS less is sent again than without', zh: '有 MSS 时重发的比没有时少' },
      metric: 'mss/resent_bytes',
      op: '<',
      value: 'no-mss/resent_bytes',
      unit: 'B',
      why: {
        en: 'What is lost is a packet; what is repeated is the smallest unit that is acknowledged.',
        zh: '丢的是一个包，重发的却是能被确认的最小单位。',
      },
      given: ONE_LOST,
    },
    {
      id: 'told-mtu',
      text: {
        en: 'Told by a router, the sender knows the MTU of 1,200',
        zh: '路由器一说，发送方就知道 MTU 是 1,200',
      },
      metric: 'told/path_mtu',
      op: '=',
      value: NARROW,
      unit: 'B',
      why: {
        en: 'It stands in the message itself (RFC 1191 4), so that there is nothing to search for.',
        zh: '数值就写在消息里（RFC 1191 4），用不着搜索。',
      },
      given: UNHARMED,
    },
    {
      id: 'told-no-congestion',
      text: { en: 'and takes it for no congestion', zh: '也不把它当成拥塞' },
      metric: 'told/recoveries',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'The packets were not lost in a full queue, so the window stays as it is (RFC 1191 6.4).',
        zh: '这些包不是因为队列满了才丢的，窗口因此不变（RFC 1191 6.4）。',
      },
      given: UNHARMED,
    },
    {
      id: 'hole-empty',
      text: {
        en: 'In the black hole the connection opens, and 0 bytes arrive',
        zh: '黑洞里，连接建立了，数据却到了 0 字节',
      },
      metric: 'hole/bytes_read',
      op: '=',
      value: 0,
      unit: 'B',
      why: {
        en: 'Only small packets get through: SYN, SYN-ACK and ACK.',
        zh: '过得去的只有小包：SYN、SYN-ACK 和 ACK。',
      },
      given: [...UNHARMED, is('hosts.client.tcp.mtuProbing', false)],
    },
    {
      id: 'probing-complete',
      text: { en: 'With probing every byte arrives all the same', zh: '会探测，每个字节照样送到' },
      metric: 'probing/bytes_intact',
      op: '=',
      value: 1,
      unit: '',
      why: {
        en: 'Segments that are small enough get through the hole.',
        zh: '够小的报文段，黑洞也拦不住。',
      },
      given: UNHARMED,
    },
    {
      id: 'probing-timeouts',
      text: { en: 'The hole is found after 2 timeouts in a row', zh: '接连 2 次超时后察觉黑洞' },
      metric: 'probing/black_hole_timeouts',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'One alone may be congestion, which would lose small segments as well (RFC 4821 7.7).',
        zh: '只有一次，可能是拥塞；而拥塞时小报文段也会丢（RFC 4821 7.7）。',
      },
      given: UNHARMED,
    },
    {
      id: 'probing-near',
      text: { en: 'The search ends less than 8 bytes below 1,200', zh: '搜索结果离 1,200 不到 8 字节' },
      metric: 'probing/path_mtu',
      op: '>',
      value: NARROW - NEAR,
      unit: 'B',
      why: {
        en: 'Each probe halves what is left between 1,024 bytes, which got through, and 1,499, which did not.',
        zh: '1,024 字节过得去，1,499 过不去，每次探测把剩下的范围缩小一半。',
      },
      given: [...UNHARMED, AS_MUCH],
    },
    {
      id: 'probing-not-above',
      text: { en: 'and not above it', zh: '也不会超过' },
      metric: 'probing/path_mtu',
      op: '<=',
      value: NARROW,
      unit: 'B',
      why: {
        en: 'A size counts as found only when a segment of it was acknowledged.',
        zh: '只有这个长度的报文段得到过确认，才算找到。',
      },
      given: UNHARMED,
    },
  ],
  views: ['topology', 'fragments', 'sequence', 'ladder', 'packets'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'A UDP datagram of 8,000 bytes travels in 6 fragments, and one of these is lost. What has to be sent again?',
      zh: '一个 8,000 字节的 UDP 数据报分成 6 片传送，丢了其中一片。需要重发的是什么？',
    },
    choices: [
      {
        text: { en: 'The fragment that is missing', zh: '缺的那一片' },
        right: false,
        because: {
          en: 'Nobody can ask for it: fragments carry no acknowledgment, and the sender’s IP forgot them when they left.',
          zh: '没有谁能把它要来：分片没有确认，发送方的 IP 发完就忘了。',
        },
      },
      {
        text: { en: 'The whole datagram', zh: '整个数据报' },
        right: true,
        because: {
          en: 'Five fragments have arrived for nothing. With a loss of 1 % of the packets, nearly 6 % of such datagrams are lost.',
          zh: '到了的五片全白费了。要是包的丢失率为 1%，这样的数据报就会丢将近 6%。',
        },
      },
      {
        text: {
          en: 'Nothing: the receiver gets 8,000 bytes with a gap',
          zh: '不用重发：接收方拿到带缺口的 8,000 字节',
        },
        right: false,
        because: {
          en: 'IP hands on a datagram whole or not at all (RFC 791 3.2); UDP’s checksum covers all of it, too.',
          zh: 'IP 要么交出完整的数据报，要么不交（RFC 791 3.2）；UDP 的校验和也覆盖全部内容。',
        },
      },
    ],
  },
}
