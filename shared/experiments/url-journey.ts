/** 输入网址后发生了什么: from a name in the address bar to the last byte of a page, through switch and routers. */
import type { ExperimentInput, Text } from '../experiment.ts'
import { CACHE, KNOBS, ofLine, QUERY_LOST, RECORD, SERVER_DELAY } from './url-journey-knobs.ts'
import { is, withinRoundTrips } from './web.ts'

const NAME = 'www.rexmit.lab'
const TTL = 300
/** Of each link, one way, in microseconds: long, because handshakes compute on one processor in a live run. */
const DELAYS = { desk: 5_000, uplink: 5_000, names: 40_000, internet: 100_000, rack: 5_000 } as const
type Line = keyof typeof DELAYS
const roundTrip = (...lines: Line[]): number => 2 * lines.reduce((sum, line) => sum + DELAYS[line], 0)
const TO_SITE = roundTrip('desk', 'uplink', 'internet', 'rack')
/** In each network the first packet waits until its next hop is known. */
const ARP = roundTrip('desk', 'uplink') + roundTrip('names') + roundTrip('internet') + roundTrip('rack')
/** TCP, TLS 1.3, the page, its objects. */
const ROUND_TRIPS = 4
/** When the address is entered again: the site has closed the first connection by then. */
const AGAIN = 4_000_000
const PATIENCE = 1_000_000

const UNDISTURBED = [
  ...(Object.keys(DELAYS) as Line[]).flatMap((line) => [
    ...ofLine(line, 'delay').map((path) => is(path, DELAYS[line])),
    ...ofLine(line, 'loss.rate').map((path) => is(path, 0)),
  ]),
  is(QUERY_LOST, []),
  is(SERVER_DELAY, 0),
]
const SHORT = [is(`${RECORD}.times`, 1)]
const LONG = [is(`${RECORD}.times`, 100)]
const KEPT = [is(`${RECORD}.ttl`, TTL), is(CACHE, true)]

type Claim = ExperimentInput['expectations'][number]

/** A part of the first visit that takes a round trip to the site. */
const oneRoundTrip = (id: string, metric: string, text: Text, why: Text): Claim => ({
  id,
  text,
  metric: `main/${metric}`,
  op: '=',
  value: TO_SITE,
  tolerance: withinRoundTrips(1),
  unit: 'us',
  why,
  given: UNDISTURBED,
})

const line = (delay: number, limit: number) => {
  const direction = { delay, rate: { limit } }
  return { up: direction, down: direction }
}
const FAST = 1_000_000_000

export const urlJourney: ExperimentInput = {
  id: 'url-journey',
  chapter: 'ip',
  title: { en: 'From a name to a page', zh: '输入网址后发生了什么' },
  question: {
    en: 'Somebody types an address and presses Enter. Who is asked what before the first byte of the page arrives, through which devices do the packets go, and what does each of these change?',
    zh: '输入网址，按下回车。网页的第一个字节到来之前，要向谁打听些什么？数据包经过哪些设备，每台设备又改动了什么？',
  },
  narrative: [
    {
      en: 'The client stands in an office, at a switch. Router west leads out: to the network in which the DNS server stands, and over a long line to router east, behind which is the site. Four networks, two routers on the way to the site. At the start nobody knows anybody: all tables are empty, but for the routes, which have been set by hand.',
      zh: '客户端在一间办公室里，接在交换机上。出口是路由器 west：一边通往 DNS 服务器所在的网络，一边经一条长线路通往路由器 east，网站就在 east 后面。一共四个网络，去网站要过两台路由器。开始时谁也不认识谁：除了手工配好的路由，所有的表都是空的。',
    },
    {
      en: 'First comes the name. The client asks the DNS server for the address of www.rexmit.lab, in one UDP datagram, and has the answer in one more (RFC 1035): one round trip to the DNS server, and not to the site. The answer may be kept for 300 seconds, its TTL.',
      zh: '先要弄清名字。客户端用一个 UDP 数据报向 DNS 服务器询问 www.rexmit.lab 的地址，对方也用一个数据报答复（RFC 1035）：花一个往返，不过是到 DNS 服务器的往返，不是到网站的。答案可以保存 300 秒，这就是它的 TTL。',
    },
    {
      en: 'But even that query cannot leave at once. The DNS server is in another network, so the packet is for the router, and Ethernet delivers to MAC addresses, not to IP addresses. So ARP asks everybody on the wire who has the router’s address (RFC 826), and the query waits for the reply. Each network has its own such question, asked by whoever has the packet in hand: 4 requests until the site is reached. They hold up the first packets for 310 ms altogether; most of it is the long line, which here is Ethernet, too. ARP never crosses a router.',
      zh: '可是连这次询问也不能马上发出。DNS 服务器在别的网络里，包得先交给路由器；而以太网按 MAC 地址投递，不认 IP 地址。于是 ARP 向同一网络里的所有人打听：谁有路由器的这个地址（RFC 826）？询问包就等着回音。每个网络都要这样问一次，由手里拿着包的那台设备来问：到达网站为止，一共 4 个 ARP 请求，先后让最初的几个包等了 310 毫秒，大头在那条长线路上，因为这里把它也做成了以太网。ARP 从不穿过路由器。',
    },
    {
      en: 'The usual list, HTTP, DNS, TCP, IP, MAC, switch, router, server, mixes two orders. DNS, TCP, TLS and HTTP follow each other in time. IP, MAC, switch and router are passed by each single packet, that of the DNS query as well as that of the last object. So the first thing on the wire is neither HTTP nor DNS, but an ARP request.',
      zh: '常见的说法把全程列成一串：HTTP、DNS、TCP、IP、MAC、交换机、路由器、服务器。这里混了两种次序。DNS、TCP、TLS、HTTP 是时间上的先后；IP、MAC、交换机、路由器则是每个包都要经过的，DNS 询问如此，最后一个对象也如此。所以线上最先出现的既不是 HTTP，也不是 DNS，而是一个 ARP 请求。',
    },
    {
      en: 'Follow a packet in the journey view. The switch reads the destination’s MAC address, looks up the port behind which it has seen that address, and passes the frame on as it is. A router takes the frame off, looks for the longest prefix in its table that fits the destination (RFC 1812 5.2.4.3), takes 1 from the TTL, mends the header checksum and puts a new frame around: its own MAC address as the source, the next hop’s as the destination. IP addresses, ports and everything inside stay as they were.',
      zh: '在旅程视图里跟着一个包走。交换机只看目的 MAC 地址，查自己在哪个端口后面见过它，然后把帧原样送过去。路由器则拆掉旧帧，在路由表里找与目的地址匹配的最长前缀（RFC 1812 5.2.4.3），把 TTL 减 1，改好首部校验和，再套上新帧：源 MAC 换成自己的，目的 MAC 换成下一跳的。IP 地址、端口和里面的一切照旧。',
    },
    {
      en: 'Now the address is known, and the rest is counted in round trips to the site, 230 ms each: one for TCP’s handshake, one for TLS 1.3, which also checks that the certificate is for the name that was typed, one for the page, and one for the objects that it names, all at once over HTTP/2. The waterfall shows all of it in one row, from the key press to the last byte; no moment is left out and none counted twice.',
      zh: '地址有了，剩下的都按到网站的往返计，每个 230 毫秒：TCP 握手 1 个；TLS 1.3 握手 1 个，其间还要核对证书是不是发给所输入的那个名字；取网页 1 个；网页引用的对象再要 1 个，由 HTTP/2 一次问完。瀑布图把从按键到最后一个字节的全过程画在一行里：每一刻都算到，也没有哪一刻算两遍。',
    },
    {
      en: 'After 4 s the same address is entered again. The name is known and has 296 seconds to go, the neighbours are known, so that DNS and ARP take nothing, and the page comes after 4 round trips. The connection is opened anew, since the site has closed the first one by then. A visit soon after would find it still open and pay for less.',
      zh: '过了 4 秒，再输入一次同样的网址。名字还记得，剩余寿命 296 秒；邻居也都认识，DNS 和 ARP 不再花时间，网页只要 4 个往返。连接要重新建立，因为网站已经关掉了前一条；要是来得早些，它还开着，花费更少。',
    },
    {
      en: 'Three things to try. Lose the first query: UDP repairs nothing, so the client itself asks again when 1 s has passed, and that second is longer than any other part of the way. Let the name have 100 addresses: the answer is too long for the datagram, comes back cut (TC), and is asked for again over TCP (RFC 7766): 3 round trips in place of 1. Set the TTL to 1 second: the second visit has to ask again.',
      zh: '有三件事可以试试。丢掉第一个 DNS 询问：UDP 不会补发，只能由客户端自己等满 1 秒再问一遍，这一秒比其他哪一步都长。让名字对应 100 个地址：答案太长，一个数据报装不下，截断后（TC）返回，改用 TCP 再问一次（RFC 7766），往返从 1 个变成 3 个。把 TTL 设成 1 秒：第二次访问就得重新询问。',
    },
  ],
  rfcs: [
    { number: 826, title: 'An Ethernet Address Resolution Protocol' },
    { number: 1034, title: 'Domain Names: Concepts and Facilities' },
    { number: 1035, title: 'Domain Names: Implementation and Specification' },
    { number: 1122, title: 'Requirements for Internet Hosts: 3.3.1, Routing Outbound Datagrams' },
    {
      number: 1812,
      title: 'Requirements for IP Version 4 Routers: 5.2, Forwarding Walk-Through, and 5.3.1, TTL',
    },
    { number: 5452, title: 'Measures for Making DNS More Resilient against Forged Answers' },
    { number: 7766, title: 'DNS Transport over TCP' },
    { number: 8446, title: 'The Transport Layer Security (TLS) Protocol Version 1.3' },
    { number: 9113, title: 'HTTP/2' },
  ],
  setup: {
    ethernet: true,
    hosts: {
      client: { role: 'client', tcp: { nagle: false }, address: 10, gateway: 'west' },
      server: { role: 'server', tcp: { nagle: false }, network: 2, address: 20, gateway: 'east' },
      dns: { role: 'server', tcp: { nagle: false }, network: 3, address: 53, gateway: 'west' },
    },
    switches: { office: {} },
    routers: {
      west: {
        interfaces: [
          { link: 'uplink', network: 0, number: 1 },
          { link: 'internet', network: 1, number: 1 },
          { link: 'names', network: 3, number: 1 },
        ],
        routes: [{ to: '10.77.2.0/24', via: 'east' }],
      },
      east: {
        interfaces: [
          { link: 'internet', network: 1, number: 2 },
          { link: 'rack', network: 2, number: 1 },
        ],
        routes: [{ to: '0.0.0.0/0', via: 'west' }],
      },
    },
    links: {
      desk: { a: 'client', b: 'office', ...line(DELAYS.desk, FAST) },
      uplink: { a: 'office', b: 'west', ...line(DELAYS.uplink, FAST) },
      internet: { a: 'west', b: 'east', ...line(DELAYS.internet, 100_000_000) },
      rack: { a: 'east', b: 'server', ...line(DELAYS.rack, FAST) },
      names: { a: 'west', b: 'dns', ...line(DELAYS.names, FAST) },
    },
    apps: {
      names: {
        kind: 'dns-server',
        host: 'dns',
        records: [
          { name: NAME, type: 'A', ttl: TTL, value: 'server' },
          { name: 'rexmit.lab', type: 'SOA', value: 'ns.rexmit.lab admin.rexmit.lab 1 7200 3600 86400 60' },
        ],
      },
      site: {
        kind: 'http-server',
        host: 'server',
        port: 443,
        tls: { names: [NAME] },
        versions: ['h2', 'http/1.1'],
        keepAlive: 1_500_000,
        resources: { '/': { type: 'text/html', objects: 6, objectSize: 2_000 } },
      },
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 443,
        tls: { serverName: NAME },
        version: 'h2',
        lookup: { name: NAME, resolver: { server: 'dns', timeout: PATIENCE } },
        requests: [
          { target: '/', page: true },
          { target: '/', page: true, at: AGAIN },
        ],
      },
    },
  },
  lanes: [{ id: 'main', label: { en: 'Two visits', zh: '两次访问' } }],
  steps: [
    { at: 0, text: { en: 'Enter is pressed', zh: '按下回车' } },
    { at: AGAIN, text: { en: 'The same address once more', zh: '再次输入同一网址' } },
  ],
  knobs: KNOBS,
  expectations: [
    {
      id: 'complete',
      text: { en: 'Both visits get the whole page', zh: '两次访问都收到整个网页' },
      metric: 'main/requests_failed',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'Whatever is lost is repaired: by TCP on the way to the site, by asking again on the way to the DNS server.',
        zh: '丢了什么都会补上：去网站的由 TCP 重传，去 DNS 服务器的由客户端重新询问。',
      },
    },
    {
      id: 'hops',
      text: { en: 'The client’s SYN passes 2 routers', zh: '客户端的 SYN 经过 2 台路由器' },
      metric: 'main/hops',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'As many as the map shows between client and site. The switch is none: it works below IP, and packets do not notice it.',
        zh: '与拓扑图上客户端和网站之间的台数相同。交换机不算：它工作在 IP 之下，包察觉不到它。',
      },
      // A longer answer goes by TCP, and then the first SYN is for the DNS server.
      given: SHORT,
    },
    {
      id: 'rewritten',
      text: {
        en: 'Each packet leaves a router with both MAC addresses, TTL and checksum changed',
        zh: '每个包离开路由器时，两个 MAC 地址、TTL 和校验和都变了',
      },
      metric: 'main/headers_rewritten',
      op: '=',
      value: 'main/packets_forwarded',
      unit: 'count',
      why: {
        en: 'The frame ends at the router, and a new one begins (RFC 1812 5.2.4): from its MAC address to that of the next hop. TTL goes down by 1 (5.3.1), and with it the header checksum changes.',
        zh: '旧帧到路由器为止，新帧从这里开始（RFC 1812 5.2.4）：源是路由器的 MAC 地址，目的是下一跳的。TTL 减 1（5.3.1），首部校验和随之改变。',
      },
    },
    {
      id: 'arp-requests',
      text: { en: 'ARP asks 4 times: once in each of the 4 networks', zh: 'ARP 一共问 4 次：4 个网络各一次' },
      metric: 'main/arp_requests',
      op: '=',
      value: 4,
      unit: 'count',
      why: {
        en: 'A request reaches its own network only. Who is asked learns the other’s address from the request itself (RFC 826), so that nothing is asked on the way back; the second visit finds all tables filled.',
        zh: '请求只在本网络内传播。被问的一方从请求里就得知了对方的地址（RFC 826），返回时不必再问；第二次访问时，各张表都已填好。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'arp-time',
      text: { en: 'The first packets wait 310 ms for ARP', zh: '最初的几个包为 ARP 等了 310 毫秒' },
      metric: 'main/arp_time',
      op: '=',
      value: ARP,
      // Without one of the two longer waits it would not pass.
      tolerance: 0.25,
      unit: 'us',
      why: {
        en: 'A round trip of each network: 20 ms to the router through the switch, 80 ms to the DNS server, 200 ms to the other router, 10 ms to the site.',
        zh: '每个网络各花自己的一个往返：经交换机到路由器 20 毫秒，到 DNS 服务器 80 毫秒，到对面的路由器 200 毫秒，到网站 10 毫秒。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'dns-round-trip',
      text: { en: 'The lookup takes 1 round trip to the DNS server', zh: '查询花 1 个到 DNS 服务器的往返' },
      metric: 'main/lookup_rtts',
      op: '=',
      value: 1,
      tolerance: withinRoundTrips(1),
      unit: 'rtt',
      why: {
        en: 'One datagram there and one back; UDP has nothing to open first. The waits for ARP are not counted in.',
        zh: '去一个数据报，回一个数据报；UDP 不必先建立连接。等 ARP 的时间不计在内。',
      },
      given: [...UNDISTURBED, ...SHORT],
    },
    oneRoundTrip(
      'tcp-round-trip',
      'connect_time',
      { en: 'TCP opens in 1 round trip of 230 ms', zh: 'TCP 握手花 1 个 230 毫秒的往返' },
      {
        en: 'SYN and SYN-ACK; the third segment goes together with what TLS has to say.',
        zh: 'SYN 和 SYN-ACK；第三个报文段与 TLS 的第一条消息一道出发。',
      },
    ),
    oneRoundTrip(
      'tls-round-trip',
      'tls_time',
      { en: 'TLS 1.3 takes 1 round trip more', zh: 'TLS 1.3 再花 1 个往返' },
      {
        en: 'ClientHello with the key share there, the server’s flight with its certificate back (RFC 8446 2).',
        zh: 'ClientHello 带着密钥份额过去，服务器的整批消息连同证书回来（RFC 8446 2）。',
      },
    ),
    oneRoundTrip(
      'page-round-trip',
      'request_time',
      { en: 'The page takes 1 round trip', zh: '网页花 1 个往返' },
      {
        en: 'It is small, so that its last byte comes soon after its first.',
        zh: '网页很小，最后一个字节紧跟着第一个到来。',
      },
    ),
    oneRoundTrip(
      'objects-round-trip',
      'rest_time',
      { en: 'Its 6 objects together take 1 round trip', zh: '网页引用的 6 个对象合起来花 1 个往返' },
      {
        en: 'HTTP/2 asks for all of them at once (RFC 9113 5), and together they fit into the first window of TCP.',
        zh: 'HTTP/2 一次问完（RFC 9113 5），而它们合起来装得进 TCP 的初始窗口。',
      },
    ),
    {
      id: 'covered',
      text: {
        en: 'DNS, ARP, TCP, TLS, page and objects add up to the whole journey',
        zh: 'DNS、ARP、TCP、TLS、网页、对象加起来恰好是全程',
      },
      metric: 'main/journey_covered',
      op: '=',
      value: 1,
      tolerance: 0.000_001,
      unit: 'ratio',
      why: {
        en: 'Each moment from the key press to the last byte belongs to exactly one of them.',
        zh: '从按键到最后一个字节，每一刻都恰好归其中之一。',
      },
    },
    {
      id: 'known-name',
      text: {
        en: 'The second visit knows the name: 1 lookup from the cache',
        zh: '第二次访问记得名字：1 次查询直接取自缓存',
      },
      metric: 'main/lookups_cached',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'It comes after 4 s, when 296 of the 300 seconds are left.',
        zh: '它在 4 秒后到来，300 秒的寿命还剩 296 秒。',
      },
      given: [...UNDISTURBED, ...KEPT],
    },
    {
      id: 'nobody-asked',
      text: { en: 'And waits for no ARP', zh: '也不必等 ARP' },
      metric: 'main/arp_time_last',
      op: '=',
      value: 0,
      unit: 'us',
      why: {
        en: 'The entries of the first visit are still good.',
        zh: '第一次访问留下的表项还有效。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'second-visit',
      text: { en: 'So it takes 4 round trips to the site', zh: '因此一共花 4 个到网站的往返' },
      metric: 'main/journey_time_last',
      op: '=',
      value: ROUND_TRIPS * TO_SITE,
      // One round trip more or less would not pass.
      tolerance: 0.2,
      unit: 'us',
      why: {
        en: 'TCP, TLS 1.3, the page, its objects. No session is resumed here; that saves computing, and with early data (RFC 8446 2.3) a round trip.',
        zh: 'TCP、TLS 1.3、网页、对象各 1 个。这里没有恢复会话：恢复可省下计算，若再用上早期数据（RFC 8446 2.3），还能省 1 个往返。',
      },
      given: [...UNDISTURBED, ...KEPT],
    },
    {
      id: 'asked-again',
      text: { en: 'With a TTL of 1 second it has to ask again', zh: 'TTL 为 1 秒时，第二次访问要重新询问' },
      metric: 'main/lookups_cached',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'What is older than its TTL is not to be used (RFC 1035 3.2.1).',
        zh: '超过 TTL 的记录不得再用（RFC 1035 3.2.1）。',
      },
      given: [...UNDISTURBED, is(`${RECORD}.ttl`, 1)],
    },
    {
      id: 'query-repeated',
      text: { en: 'A lost query costs at least 1 s', zh: '丢一个询问至少损失 1 秒' },
      metric: 'main/lookup_time',
      op: '>=',
      value: PATIENCE,
      unit: 'us',
      why: {
        en: 'UDP tells nobody that it has lost something. The resolver waits for its timeout and asks again, with another id and from another port (RFC 5452 9.2).',
        zh: 'UDP 丢了东西不会告诉任何人。解析器等到超时才再问一遍，换一个 id，也换一个端口（RFC 5452 9.2）。',
      },
      given: [is(QUERY_LOST, [2], [2, 3])],
    },
    {
      id: 'over-tcp',
      text: { en: 'An answer with 100 addresses goes over TCP', zh: '带 100 个地址的答案改走 TCP' },
      metric: 'main/dns_over_tcp',
      op: '>=',
      value: 1,
      unit: 'count',
      why: {
        en: 'It has more than the 1,232 bytes that both sides are ready for by UDP (RFC 6891 6.2.3), so it comes back cut, without a part of it to be used.',
        zh: '它超过双方在 UDP 上约定的 1232 字节（RFC 6891 6.2.3），于是只回来一个截断标志，一条记录也不带。',
      },
      given: LONG,
    },
    {
      id: 'three-round-trips',
      text: { en: 'And takes 3 round trips in place of 1', zh: '往返也从 1 个变成 3 个' },
      metric: 'main/lookup_rtts',
      op: '=',
      value: 3,
      tolerance: withinRoundTrips(3),
      unit: 'rtt',
      why: {
        en: 'One for the answer that was cut, one for TCP to open, one for the answer.',
        zh: '一个换来截断的答案，一个用来建立 TCP 连接，一个取回完整的答案。',
      },
      given: [...UNDISTURBED, ...LONG],
    },
  ],
  views: [
    'journey',
    'waterfall',
    'ladder',
    'packets',
    'pdus',
    'topology',
    'layers',
    'frames',
    'tls',
    'certificates',
  ],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'A packet goes from the client through a switch and two routers to the site. Which addresses does it arrive with?',
      zh: '一个包从客户端出发，经过一台交换机和两台路由器到达网站。到达时，它带着哪些地址？',
    },
    choices: [
      {
        text: { en: 'The same IP and MAC addresses as it left with', zh: 'IP 地址和 MAC 地址都和出发时一样' },
        right: false,
        because: {
          en: 'The client’s MAC address would mean nothing in another network; it never leaves its own.',
          zh: '客户端的 MAC 地址到了别的网络毫无意义，它从不离开自己的网络。',
        },
      },
      {
        text: { en: 'The same IP addresses, other MAC addresses', zh: 'IP 地址一样，MAC 地址换了' },
        right: true,
        because: {
          en: 'IP addresses say where it comes from and goes to, MAC addresses only from whom to whom the present hop leads. Each router writes new ones.',
          zh: 'IP 地址说的是从哪里来、到哪里去，MAC 地址只管眼下这一跳从谁到谁。每台路由器都会换上新的。',
        },
      },
      {
        text: { en: 'Other IP addresses, the same MAC addresses', zh: 'IP 地址换了，MAC 地址一样' },
        right: false,
        because: {
          en: 'A router that changes IP addresses translates them (NAT), which none here does. Without that, the site could not tell whom to answer.',
          zh: '改动 IP 地址的路由器是在做地址转换（NAT），这里没有。何况地址若被改掉，网站就不知道该答复谁了。',
        },
      },
    ],
  },
}
