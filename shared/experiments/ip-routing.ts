/** IP 寻址与路由: tables, the longest prefix that fits, and a traceroute that finds out which way packets go. */
import type { ExperimentInput, Json, Text } from '../experiment.ts'
import {
  AGGREGATE,
  DEFAULT,
  delays,
  GATE,
  GATE_WITHOUT_24,
  KNOBS,
  losses,
  SHOP_NEARBY,
  TABLE,
} from './ip-routing-knobs.ts'
import { is } from './web.ts'

/** One way on each line, in microseconds. */
const DELAY = 20_000
const roundTrip = (lines: number): number => 2 * lines * DELAY

/** The table of core. */
const TO_CAMPUS = { to: '10.77.3.0/24', via: 'campus' }
const CORE_BACK = { to: '0.0.0.0/0', via: 'gate' }
const CORE_TO_SHOP = { to: '10.77.5.0/24', via: 'branch' }
/** Outside of the laboratory (RFC 5737). */
const ELSEWHERE = '198.51.100.7'
const MAX_HOPS = 12
/** Routers that pass on a packet that begins with a time to live of 64, if it never arrives. */
const PASSES = 63

const UNDISTURBED = losses.map((path) => is(path, 0))
const FAR_ENOUGH = is('apps.ping.ttl', 64)
const AS_IT_COMES = [...UNDISTURBED, is(TABLE, GATE), is('apps.route.maxHops', MAX_HOPS)]

type Claim = ExperimentInput['expectations'][number]
type Lane = ExperimentInput['lanes'][number]['id']

/** What a traceroute of a lane should have found. */
const found = (
  lane: Lane,
  id: string,
  metric: string,
  value: Claim['value'],
  text: Text,
  why: Text,
): Claim => ({
  id: `${lane}-${id}`,
  text,
  metric: `${lane}/${metric}`,
  op: '=',
  value,
  unit: 'count',
  why,
  // Lanes with tables of their own are no matter of the knob.
  given: lane === 'detour' ? [...UNDISTURBED, is('apps.route.maxHops', MAX_HOPS)] : AS_IT_COMES,
})

const away = (lane: Lane, lines: number, text: Text, why: Text): Claim => ({
  id: `${lane}-round-trip`,
  text,
  metric: `${lane}/ping_rtt_min`,
  // Not "=": at the wall clock each device on the way takes its time, too.
  op: '>=',
  value: roundTrip(lines),
  unit: 'us',
  why,
  given: [
    ...(lane === 'detour' ? UNDISTURBED : AS_IT_COMES),
    FAR_ENOUGH,
    ...delays.map((path) => is(path, DELAY)),
  ],
})

const line = { up: { delay: DELAY }, down: { delay: DELAY } }
const goingTo = (target: string): Record<string, Json> => ({
  'apps.route.to': target,
  'apps.ping.to': target,
})

export const ipRouting: ExperimentInput = {
  id: 'ip-routing',
  chapter: 'ip',
  title: { en: 'Addresses, routes and hops', zh: 'IP 寻址与路由' },
  question: {
    en: 'No router knows the whole way. How does a packet find its destination all the same, what if two entries of a table fit, and what becomes of a packet that is sent round in a circle?',
    zh: '没有哪台路由器知道全程，数据包怎么还能到达目的地？路由表里有两条都匹配时听谁的？包要是被来回兜圈子，又会怎样？',
  },
  narrative: [
    {
      en: 'An address has two parts: the network in front, the host behind. How many bits belong to the network says the prefix length, or, in the older notation, the mask: /24 is 255.255.255.0. Whether a destination is in one’s own network is a comparison of that many bits. If it is, the packet goes straight to its host; if not, to a router, and which one stands in the table (RFC 1122 3.3.1).',
      zh: '地址分成两段：前面是网络，后面是主机。网络占多少位，由前缀长度说明，旧写法就是子网掩码：/24 即 255.255.255.0。目的地是否在本网络里，比较这么多位便知。在，就直接交给那台主机；不在，就交给一台路由器，交给哪台，写在路由表里（RFC 1122 3.3.1）。',
    },
    {
      en: 'Router gate knows three ways beyond its own networks. 10.77.0.0/16, all addresses of the laboratory, lies behind core. 10.77.5.0/24, the network of the shop, lies behind branch. And 0.0.0.0/0 fits everything: it leads to the provider. An address such as 10.77.5.20 fits all three, and the longest prefix wins (RFC 1812 5.2.4.3): 24 bits say more than 16, and 16 more than none. The order of the lines is no matter. In the view of the tables the line that a packet used lights up.',
      zh: '除了自己所在的网络，路由器 gate 还知道三条路：10.77.0.0/16，即实验室的全部地址，在 core 后面；10.77.5.0/24，商店的网络，在 branch 后面；0.0.0.0/0 匹配任何地址，通往运营商。像 10.77.5.20 这样的地址三条都匹配，前缀最长的说了算（RFC 1812 5.2.4.3）：24 位比 16 位说得细，16 位又比一位没有说得细，与书写次序无关。在路由表视图里，包用到哪一行，哪一行就亮起来。',
    },
    {
      en: 'So it comes that two packets into the laboratory part at the first router. To the library in 10.77.3.0/24 it is 3 routers and 4 lines: a ping takes 160 ms. To the shop it is 2 routers and 3 lines: 120 ms. Each router looks into its own table and decides one step; the way is the sum of such steps, and nobody has planned it.',
      zh: '于是，两个都发往实验室内部的包，在第一台路由器就分道扬镳。去 10.77.3.0/24 里的图书馆，要过 3 台路由器、4 段线路，ping 一次 160 毫秒；去商店，过 2 台路由器、3 段线路，120 毫秒。每台路由器只查自己的表、只决定一步；全程就是这些步子之和，没有谁统筹过。',
    },
    {
      en: 'When the line to branch is out of order, its entries are taken out at both ends. What is left over for the shop is the shorter prefix: 10.77.0.0/16 leads to core, which has a line to branch, too. 3 routers, 160 ms, and no packet is lost. That is why tables hold overlapping prefixes: the exception beside the rule, and the rule when the exception is gone.',
      zh: '通往 branch 的线路坏了，两端就把相应的表项撤掉。去商店还剩下较短的前缀可用：10.77.0.0/16 指向 core，而 core 也有一条线通到 branch。3 台路由器，160 毫秒，一个包也不丢。路由表里之所以有相互重叠的前缀，道理就在这里：平时按特例走，特例没了，还有通则。',
    },
    {
      en: 'How does one see the way? Traceroute abuses a safety catch. Each packet carries a time to live; every router takes 1 from it, and the one that finds nothing left discards the packet and tells the sender so by ICMP (RFC 792, RFC 1812 5.3.1). So a packet with time to live 1 makes the first router give its name, one with 2 the second, and so on, until the target itself answers: that nobody listens on this port. Each router answers from the address of the interface by which the answer leaves (RFC 1812 4.3.2.4), so that the list names the near side of each.',
      zh: '怎么看到走的是哪条路？traceroute 借用了一道保险。每个包都带着生存时间（TTL），每台路由器减 1，减没了的那台就丢弃它，并用 ICMP 告知发送方（RFC 792，RFC 1812 5.3.1）。于是，TTL 为 1 的包让第一台路由器报上名来，为 2 的让第二台报名，依此类推，直到目标自己回答“这个端口没人监听”。路由器作答时，源地址取答复离开的那个接口（RFC 1812 4.3.2.4），所以列出来的是每台路由器靠近我们这一侧的地址。',
    },
    {
      en: 'An address outside of the laboratory fits the default route only. The provider’s router, though, has no default of its own, and says so: network unreachable. That is an answer, too, and a better one than silence.',
      zh: '实验室以外的地址只匹配默认路由。可运营商的路由器自己没有默认路由，于是如实相告：网络不可达。这也是回答，总比一声不吭好。',
    },
    {
      en: 'Last, a mistake that is often made: core has lost its entry for the library, but still has a default route back to gate. Gate sends everything of 10.77.0.0/16 to core, core sends it back, and so on. Without the time to live each such packet would circle for ever. With it, a ping that starts with 64 is passed on 63 times and then discarded. Traceroute shows the same 2 addresses in turn. The remedy is old: who announces a prefix must discard what he has no longer entry for, and never send it by the default route (RFC 4632 5.1).',
      zh: '最后是一个常犯的错误：core 丢了通往图书馆的表项，却还留着一条指回 gate 的默认路由。gate 把 10.77.0.0/16 的包统统交给 core，core 又送回来，如此往复。没有 TTL，这样的包会永远兜下去；有了它，从 64 起步的 ping 被转发 63 次之后就被丢弃。traceroute 看到的是 2 个地址轮流出现。对策早就有了：既然对外宣告了一个前缀，其中没有具体表项的部分就要丢弃，绝不能顺着默认路由送出去（RFC 4632 5.1）。',
    },
  ],
  rfcs: [
    { number: 791, title: 'Internet Protocol' },
    { number: 792, title: 'Internet Control Message Protocol' },
    { number: 1122, title: 'Requirements for Internet Hosts: 3.3.1, Routing Outbound Datagrams' },
    {
      number: 1812,
      title: 'Requirements for IP Version 4 Routers: 4.3, ICMP, 5.2.4, Next Hop, and 5.3.1, TTL',
    },
    { number: 4632, title: 'Classless Inter-domain Routing (CIDR)' },
  ],
  setup: {
    ethernet: true,
    hosts: {
      client: { role: 'client', address: 10, gateway: 'gate' },
      library: { role: 'server', network: 3, address: 20, gateway: 'campus' },
      shop: { role: 'server', network: 5, address: 20, gateway: 'branch' },
    },
    routers: {
      gate: {
        interfaces: [
          { link: 'lan', network: 0, number: 1 },
          { link: 'trunk', network: 1, number: 1 },
          { link: 'side', network: 4, number: 1 },
          { link: 'exit', network: 6, number: 1 },
        ],
        routes: [AGGREGATE, SHOP_NEARBY, DEFAULT],
      },
      core: {
        interfaces: [
          { link: 'trunk', network: 1, number: 2 },
          { link: 'hall', network: 2, number: 1 },
          { link: 'cross', network: 7, number: 1 },
        ],
        routes: [TO_CAMPUS, CORE_TO_SHOP, CORE_BACK],
      },
      campus: {
        interfaces: [
          { link: 'hall', network: 2, number: 2 },
          { link: 'books', network: 3, number: 1 },
        ],
        routes: [{ to: '0.0.0.0/0', via: 'core' }],
      },
      branch: {
        interfaces: [
          { link: 'side', network: 4, number: 2 },
          { link: 'stall', network: 5, number: 1 },
          { link: 'cross', network: 7, number: 2 },
        ],
        routes: [{ to: '0.0.0.0/0', via: 'gate' }],
      },
      isp: {
        interfaces: [{ link: 'exit', network: 6, number: 2 }],
        routes: [{ to: '10.77.0.0/16', via: 'gate' }],
      },
    },
    links: {
      lan: { a: 'client', b: 'gate', ...line },
      trunk: { a: 'gate', b: 'core', ...line },
      hall: { a: 'core', b: 'campus', ...line },
      books: { a: 'campus', b: 'library', ...line },
      side: { a: 'gate', b: 'branch', ...line },
      stall: { a: 'branch', b: 'shop', ...line },
      exit: { a: 'gate', b: 'isp', ...line },
      cross: { a: 'core', b: 'branch', ...line },
    },
    apps: {
      route: { kind: 'traceroute', host: 'client', to: 'library', maxHops: MAX_HOPS, timeout: 3_000_000 },
      ping: {
        kind: 'ping',
        host: 'client',
        to: 'library',
        start: 2_000_000,
        count: 5,
        every: 200_000,
        timeout: 5_000_000,
      },
    },
  },
  lanes: [
    { id: 'library', label: { en: 'To the library: 10.77.0.0/16', zh: '去图书馆：10.77.0.0/16' } },
    {
      id: 'shop',
      label: { en: 'To the shop: 10.77.5.0/24', zh: '去商店：10.77.5.0/24' },
      set: goingTo('shop'),
    },
    {
      id: 'detour',
      label: { en: 'To the shop, the line to branch is down', zh: '去商店，通往 branch 的线路已断' },
      set: {
        ...goingTo('shop'),
        [TABLE]: GATE_WITHOUT_24,
        'routers.branch.routes': [{ to: '0.0.0.0/0', via: 'core' }],
        'links.side.up.outage.down': true,
        'links.side.down.outage.down': true,
      },
    },
    {
      id: 'elsewhere',
      label: { en: 'Out into the world: 0.0.0.0/0', zh: '去外面：0.0.0.0/0' },
      set: goingTo(ELSEWHERE),
    },
    {
      id: 'loop',
      label: { en: 'To the library, core has lost its entry', zh: '去图书馆，core 丢了表项' },
      set: { 'routers.core.routes': [CORE_TO_SHOP, CORE_BACK] },
    },
  ],
  knobs: KNOBS,
  expectations: [
    found(
      'library',
      'hops',
      'hops_found',
      3,
      { en: 'To the library the way is 3 routers', zh: '去图书馆经过 3 台路由器' },
      {
        en: 'Gate, core and campus, as the map shows: one answer for each value of the time to live.',
        zh: 'gate、core、campus，与拓扑图一致：TTL 每取一个值，就有一台作答。',
      },
    ),
    found(
      'library',
      'right',
      'hop_addresses_right',
      'library/hops_found',
      {
        en: 'Each address in its list is that of the router which passed the packets on there',
        zh: '列出的每个地址，都正是在那一跳转发了数据包的路由器的地址',
      },
      {
        en: 'The answers are held against what the routers did with the last probe, on the side where it came in.',
        zh: '把答复与各路由器转发最后一个探测包的实际记录逐一核对，取包进来的那一侧。',
      },
    ),
    found(
      'library',
      'prefix',
      'first_prefix_length',
      16,
      { en: 'The first router used the /16', zh: '第一台路由器用的是 /16' },
      {
        en: '10.77.3.20 fits 10.77.0.0/16 and the default route, but not 10.77.5.0/24.',
        zh: '10.77.3.20 与 10.77.0.0/16 和默认路由匹配，与 10.77.5.0/24 不匹配。',
      },
    ),
    away(
      'library',
      4,
      { en: 'No ping to the library takes less than 160 ms', zh: 'ping 图书馆至少要 160 毫秒' },
      { en: '4 lines of 20 ms there, and as many back.', zh: '去程 4 段线路，每段 20 毫秒，回程同样。' },
    ),
    found(
      'shop',
      'hops',
      'hops_found',
      2,
      { en: 'To the shop the way is 2 routers', zh: '去商店经过 2 台路由器' },
      { en: 'Gate and branch.', zh: '就是 gate 和 branch。' },
    ),
    found(
      'shop',
      'prefix',
      'first_prefix_length',
      24,
      {
        en: 'The first router used the /24, though the /16 fits as well',
        zh: '第一台路由器用的是 /24，尽管 /16 也匹配',
      },
      {
        en: 'The longest prefix that fits wins (RFC 1812 5.2.4.3), wherever it stands in the table.',
        zh: '匹配的前缀中最长的优先（RFC 1812 5.2.4.3），与它在表中的位置无关。',
      },
    ),
    away(
      'shop',
      3,
      { en: 'No ping to the shop takes less than 120 ms', zh: 'ping 商店至少要 120 毫秒' },
      { en: '3 lines there and 3 back.', zh: '去程 3 段线路，回程 3 段。' },
    ),
    {
      id: 'shop-nearer',
      text: { en: 'and the shop is nearer than the library', zh: '商店比图书馆近' },
      metric: 'shop/ping_rtt_min',
      op: '<',
      value: 'library/ping_rtt_min',
      unit: 'us',
      why: {
        en: 'The longer prefix happens to name the shorter way. It need not: the table knows nothing of lengths.',
        zh: '较长的前缀恰好指向较短的路。未必总是如此：路由表并不知道路的长短。',
      },
      given: [...AS_IT_COMES, FAR_ENOUGH, ...delays.map((path) => is(path, DELAY))],
    },
    found(
      'detour',
      'hops',
      'hops_found',
      3,
      {
        en: 'Without the direct line the shop is 3 routers away',
        zh: '没有直达线路时，商店在 3 台路由器之外',
      },
      { en: 'Gate, core and branch.', zh: '依次是 gate、core、branch。' },
    ),
    found(
      'detour',
      'prefix',
      'first_prefix_length',
      16,
      { en: 'The /16 takes the place of the /24 that is gone', zh: '/24 撤掉之后，由 /16 接替' },
      {
        en: 'It was there all the time and fitted; only that a longer one was preferred.',
        zh: '它一直都在，也一直匹配，只是先前有更长的优先。',
      },
    ),
    away(
      'detour',
      4,
      {
        en: 'The detour costs a line: no ping takes less than 160 ms',
        zh: '绕行多走一段线路：ping 至少要 160 毫秒',
      },
      { en: '4 lines instead of 3, there and back.', zh: '去程回程都从 3 段变成 4 段。' },
    ),
    {
      id: 'detour-complete',
      text: { en: 'Every ping is answered over the detour', zh: '绕行时每个 ping 都有回音' },
      metric: 'detour/probes_timed_out',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'The line is dead in both directions, and nobody uses it any more.',
        zh: '那条线路双向都断了，但已经没有谁再走它。',
      },
      given: UNDISTURBED,
    },
    found(
      'elsewhere',
      'prefix',
      'first_prefix_length',
      0,
      { en: 'What is not of the laboratory goes by the default route', zh: '实验室之外的地址走默认路由' },
      {
        en: 'A prefix of 0 bits fits every address, and every other one is longer.',
        zh: '0 位的前缀匹配一切地址，而其他任何前缀都比它长。',
      },
    ),
    {
      id: 'elsewhere-unreachable',
      text: {
        en: 'The provider’s router says that it knows no way, 8 times: to 3 probes and 5 pings',
        zh: '运营商的路由器 8 次答复无路可走：3 个探测包，5 个 ping',
      },
      metric: 'elsewhere/probes_unreachable',
      op: '=',
      value: 8,
      unit: 'count',
      why: {
        en: 'Network unreachable (RFC 1812 4.3.3.1): none of its prefixes fits, and it has no default route.',
        zh: '网络不可达（RFC 1812 4.3.3.1）：没有一个前缀匹配，它也没有默认路由。',
      },
      given: [...AS_IT_COMES, FAR_ENOUGH],
    },
    found(
      'loop',
      'hops',
      'hops_found',
      MAX_HOPS,
      {
        en: 'In the circle traceroute finds hop after hop, until it gives up after 12',
        zh: '兜圈子时，traceroute 一跳接一跳，直到 12 跳后放弃',
      },
      {
        en: 'Each value of the time to live ends somewhere, but never at the library.',
        zh: 'TTL 无论取多少，总在某处减没，却从不在图书馆。',
      },
    ),
    found(
      'loop',
      'routers',
      'routers_found',
      2,
      { en: 'They are only 2 addresses in turn', zh: '其实只有 2 个地址轮流出现' },
      {
        en: 'Gate by the /16, core by its default route, gate again.',
        zh: 'gate 按 /16 送出，core 按默认路由送回，又到 gate。',
      },
    ),
    {
      id: 'loop-ends',
      text: {
        en: 'A ping with a time to live of 64 is passed on 63 times, then discarded',
        zh: 'TTL 为 64 的 ping 被转发 63 次，然后丢弃',
      },
      metric: 'loop/probe_passes_max',
      op: '=',
      value: PASSES,
      unit: 'count',
      why: {
        en: 'Every router takes 1, and the one that would leave nothing discards it (RFC 1812 5.3.1).',
        zh: '每台路由器减 1，减到没有的那台把它丢弃（RFC 1812 5.3.1）。',
      },
      given: [...UNDISTURBED, is(TABLE, GATE), FAR_ENOUGH],
    },
  ],
  views: ['topology', 'routes', 'probes', 'journey', 'packets'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'The table of gate holds 10.77.0.0/16 by core, 10.77.5.0/24 by branch, and the default route by the provider, in this order. To whom does gate hand a packet for 10.77.5.20?',
      zh: 'gate 的路由表里依次写着：10.77.0.0/16 经 core，10.77.5.0/24 经 branch，默认路由经运营商。发往 10.77.5.20 的包，gate 会交给谁？',
    },
    choices: [
      {
        text: { en: 'To core: its line comes first and fits', zh: '交给 core：它排在最前，而且匹配' },
        right: false,
        because: {
          en: 'It fits, but the order of the lines is no matter. A packet filter takes the first that fits, a routing table the longest.',
          zh: '匹配是匹配，但次序不算数。防火墙规则取最先匹配的一条，路由表取前缀最长的一条。',
        },
      },
      {
        text: { en: 'To branch: its prefix is the longest that fits', zh: '交给 branch：匹配的前缀中它最长' },
        right: true,
        because: {
          en: 'All three fit. 24 bits describe the destination more exactly than 16 or none.',
          zh: '三条都匹配，而 24 位对目的地的描述比 16 位或 0 位更精确。',
        },
      },
      {
        text: { en: 'To both, to be safe', zh: '两边都送，以防万一' },
        right: false,
        because: {
          en: 'A router hands a packet to one next hop. Two copies would reach the shop twice.',
          zh: '路由器只把一个包交给一个下一跳；送两份，商店就会收到两次。',
        },
      },
    ],
  },
}
