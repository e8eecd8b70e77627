/** 连接迁移: the client's address changes in mid-transfer, by choice, behind its back, and while it is silent; and under TCP. */
import type { ExperimentInput, Text } from '../experiment.ts'
import { bothWays } from './link-knobs.ts'
import { browser, site } from './quic-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink } from './web.ts'

const DELAY = 50_000
const RATE = 4_000_000
/** Hardly more than the path holds: what waits in a queue for the old address would be in the way. */
const CREDIT = 65_535
/** A video comes in pieces, each asked for when the one before is there. */
const PIECE = 300_000
const PIECES = 3
/** In the middle of the second piece. */
const MOVE = 1_600_000
/** The client gives a request up after so long; a piece takes a second. */
const PATIENCE = 2_500_000
/** In the silent lane: what the server takes to think, and when the client next has something to say. */
const THINKING = 3_000_000
const SPEAKS = 8_000_000

const NEW_ADDRESS = 9
const ADDRESS = 'hosts.client.address'
const REBIND = 'links.link.up.rebind.at'
const STAYS = { [ADDRESS]: 0 }

const THIS_PATH = [
  ...UNDISTURBED,
  ...bothWays('delay').map((path) => is(path, DELAY)),
  ...bothWays('rate.limit').map((path) => is(path, RATE)),
]

type Claim = ExperimentInput['expectations'][number]

const gap = (lane: 'active' | 'rebound', text: Text, why: Text): Claim => ({
  id: `${lane}-gap`,
  text,
  metric: `${lane}/delivery_gap_rtts`,
  op: '<=',
  value: 3,
  unit: 'rtt',
  why,
  given: THIS_PATH,
})

const count = (lane: string, metric: string, value: number, text: Text, why: Text): Claim => ({
  id: `${lane}-${metric.replaceAll('_', '-')}`,
  text,
  metric: `${lane}/${metric}`,
  op: '=',
  value,
  unit: 'count',
  why,
  given: THIS_PATH,
})

export const quicMigration: ExperimentInput = {
  id: 'quic-migration',
  chapter: 'quic',
  title: { en: 'Connection migration', zh: '连接迁移' },
  question: {
    en: 'A phone goes from one network to another in the middle of a video. What becomes of its connections over TCP and over QUIC?',
    zh: '手机看视频时从一个网络切换到另一个网络，它的 TCP 连接和 QUIC 连接各会怎样？',
  },
  narrative: [
    {
      en: 'A video comes in pieces of 300 kB. In the middle of the second one the client gets another address, as when a phone leaves the Wi-Fi. A TCP connection is its four-tuple: addresses and ports of both ends (RFC 9293 3.3.1). With another address it is another connection, and no message of TCP could tell the server otherwise. What the server sends to the old address reaches nobody.',
      zh: '视频分成 300 kB 一段下载。第二段下到一半，客户端换了地址，就像手机离开了 Wi-Fi。TCP 连接就是它的四元组，即两端的地址和端口（RFC 9293 3.3.1）；地址一变，就是另一条连接，TCP 里没有任何消息能让服务器认得它。服务器发往旧地址的包，谁也收不到。',
    },
    {
      en: 'A QUIC packet names its connection by the id in its header, whatever the addresses (RFC 9000 5.1). The client goes on from the new one with its next packet. It takes another connection id for it, so that an onlooker cannot link the two paths (9.5), and asks whether the server is there (PATH_CHALLENGE). The server sees an authentic packet from a new address, sends there from then on, and asks in turn; until the client has answered (PATH_RESPONSE), it sends no more than three times what came from there, for the address might be forged (9.3.1). It forgets its window and its round-trip times, too, since they belonged to the old path (9.4).',
      zh: 'QUIC 包用包头里的连接 ID 指明自己属于哪条连接，与地址无关（RFC 9000 5.1）。客户端的下一个包就从新地址发出。它同时换用另一个连接 ID，免得旁观者把两条路径联系起来（9.5），并询问服务器在不在（PATH_CHALLENGE）。服务器看到一个真实的包来自新地址，此后就往那里发，也反过来询问对方；在客户端应答（PATH_RESPONSE）之前，发送量不超过从那里收到的 3 倍，因为地址可能是伪造的（9.3.1）。原来的拥塞窗口和往返时间也作废，它们属于旧路径（9.4）。',
    },
    {
      en: 'So migration is not quite for nothing, but it costs a round trip or two and not the connection: no handshake, no lost request. In the second lane the client does not even know: a NAT on the way forgets its mapping and gives it another address and port. Since the client goes on sending, be it acknowledgments only, the server learns the new address with the next packet.',
      zh: '所以迁移并非毫无代价，但代价只是一两个往返，而不是整条连接：不必握手，请求也不会丢。第二组里客户端甚至不知情：途中的 NAT 忘了映射，给它换了地址和端口。只要客户端还在发包，哪怕只是确认，服务器收到下一个包就知道了新地址。',
    },
    {
      en: 'The third lane shows where this ends. The client has asked for something that the server thinks about for three seconds, and is silent meanwhile. The NAT changes its mapping. The server answers to the old address, repeats its answer after each probe timeout, and nothing comes through: to find the way the server would have to hear from the client first, and the client has no reason to speak. A PING from time to time would help (RFC 9000 10.1.2). Here it takes until the user clicks again, six seconds later: that one packet is enough, and the old answer follows at once. Connection ids make a connection survive a change of address; they do not make a server able to find its client.',
      zh: '第三组显示这种办法的边界。客户端发出一个请求，服务器要想三秒，其间客户端一声不响。NAT 改了映射。服务器把响应发往旧地址，每次探测超时都重发，却一个也到不了：服务器要先听到客户端，才找得到路，而客户端没有理由开口。客户端若时不时发个 PING（RFC 9000 10.1.2），就不至于此。这里要等到六秒之后用户再点一下：有这一个包就够了，先前的响应立刻跟来。连接 ID 让连接经得起换地址，却不能让服务器找到客户端。',
    },
    {
      en: 'In the last lane HTTP/2 over TCP meets the same move. Nobody tells the connection; the client gives the piece up two and a half seconds after it asked for it, opens a new connection, TCP and TLS anew, and asks again. A client that heeds its operating system would know of the change at once and not wait so long. The three round trips it would still pay, and whatever was on its way is lost.',
      zh: '最后一组是 TCP 上的 HTTP/2 遇到同样的切换。没有人通知连接；客户端等满两秒半，放弃这一段，重新建立连接，TCP 和 TLS 都从头来过，再问一遍。肯听操作系统通知的客户端能立刻得知地址变了，不必等这么久；但那 3 个往返照付，路上的数据也都丢了。',
    },
  ],
  rfcs: [
    {
      number: 9000,
      title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 5.1, 8.2, 9 and 10.1.2',
    },
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.3.1' },
    { number: 4787, title: 'NAT Behavioral Requirements for Unicast UDP: 4.3, Mapping Refresh' },
    { number: 9308, title: 'Applicability of the QUIC Transport Protocol: 3.2 and 9' },
  ],
  setup: {
    hosts: {
      ...WEB_HOSTS,
      client: { ...WEB_HOSTS.client, quic: { maxData: CREDIT, maxStreamData: CREDIT } },
    },
    links: webLink(DELAY, RATE),
    apps: {
      site: site({
        '/hello': { size: 1_000 },
        '/piece': { size: PIECE },
        '/answer': { size: PIECE, delay: THINKING },
      }),
      browser: browser([{ target: '/piece', times: PIECES, after: true }], {
        timeout: PATIENCE,
        retries: 2,
        http2: { initialWindow: CREDIT, connectionWindow: CREDIT },
      }),
    },
  },
  lanes: [
    { id: 'active', label: { en: 'QUIC, the client moves', zh: 'QUIC，客户端主动迁移' } },
    {
      id: 'rebound',
      label: { en: 'QUIC behind a NAT that rebinds', zh: 'QUIC，NAT 换了映射' },
      set: { ...STAYS, [REBIND]: MOVE },
    },
    {
      id: 'silent',
      label: { en: 'QUIC, silent behind such a NAT', zh: 'QUIC，NAT 换映射时客户端沉默' },
      set: {
        ...STAYS,
        [REBIND]: MOVE,
        'apps.browser.timeout': 0,
        'apps.browser.requests': [
          { target: '/hello' },
          { target: '/answer', after: true },
          { target: '/piece', at: SPEAKS },
        ],
      },
    },
    {
      id: 'tcp',
      label: { en: 'HTTP/2 over TCP', zh: 'TCP 上的 HTTP/2' },
      set: { 'apps.browser.version': 'h2' },
    },
  ],
  steps: [
    {
      at: MOVE,
      text: {
        en: 'The client comes to another network; in the second and third lane it is the NAT that changes',
        zh: '客户端换到另一个网络；第二、三组则是 NAT 换映射',
      },
      set: { [ADDRESS]: NEW_ADDRESS },
    },
  ],
  knobs: [...PATH_KNOBS],
  expectations: [
    gap(
      'active',
      {
        en: 'QUIC: nothing arrives for three round trips at most',
        zh: 'QUIC：数据中断至多 3 个往返',
      },
      {
        en: 'RFC 9000 (9.2, 9.3): half of one until the server hears of the new address, half of one back; what was lost on the way is found missing and sent again within another, or two under the 3x limit.',
        zh: 'RFC 9000（9.2、9.3）：半个往返让服务器得知新地址，半个往返回来；途中丢的再过 1 个往返发现并补上，受 3 倍限制时要 2 个。',
      },
    ),
    gap(
      'rebound',
      {
        en: 'Nor behind a NAT that changes while the client sends',
        zh: '客户端在发包时，NAT 换映射也一样',
      },
      {
        en: 'RFC 9000 (9.3): the client’s next packet comes from the new address. Acknowledgments are packets, too.',
        zh: 'RFC 9000（9.3）：客户端的下一个包就来自新地址。确认也是包。',
      },
    ),
    {
      id: 'tcp-gap',
      text: {
        en: 'TCP: as long as the client has patience, and then three round trips',
        zh: 'TCP：先耗尽客户端的耐心，再加 3 个往返',
      },
      metric: 'tcp/delivery_gap_max',
      op: '>=',
      value: PATIENCE - MOVE + 6 * DELAY,
      unit: 'us',
      why: {
        en: 'The piece is given up two and a half seconds after it was asked for, and when the client moved it was not longer ago than the run is old. Then TCP, TLS and the request, a round trip each.',
        zh: '这一段请求之后满两秒半才放弃，切换时已过去的最多是运行至今的时间。之后 TCP、TLS、请求各一个往返。',
      },
      given: THIS_PATH,
    },
    count(
      'active',
      'connections_opened',
      1,
      { en: 'QUIC needs one connection for all pieces', zh: 'QUIC 自始至终只用 1 条连接' },
      {
        en: 'RFC 9000 (5.1): it is named by its ids, not by addresses.',
        zh: 'RFC 9000（5.1）：连接由 ID 指明，与地址无关。',
      },
    ),
    count(
      'tcp',
      'connections_opened',
      2,
      { en: 'TCP a second one', zh: 'TCP 要再建 1 条' },
      {
        en: 'RFC 9293 (3.3.1): a connection is two pairs of address and port.',
        zh: 'RFC 9293（3.3.1）：连接就是两对地址与端口。',
      },
    ),
    {
      id: 'active-validated',
      text: { en: 'The new path is validated', zh: '新路径得到验证' },
      metric: 'active/paths_validated',
      op: '>=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 9000 (8.2): PATH_CHALLENGE, and the same eight bytes back.',
        zh: 'RFC 9000（8.2）：发出 PATH_CHALLENGE，收回同样的 8 个字节。',
      },
      given: THIS_PATH,
    },
    {
      id: 'silent-gap',
      text: {
        en: 'A silent client is not found: nothing arrives until it speaks itself',
        zh: '沉默的客户端找不到：在它自己开口之前，什么也收不到',
      },
      metric: 'silent/delivery_gap_max',
      op: '>',
      value: SPEAKS - MOVE,
      unit: 'us',
      why: {
        en: 'RFC 9000 (9.3): a server moves only after the client has sent from its new address. The answer was ready after three seconds and went to where nobody is.',
        zh: 'RFC 9000（9.3）：客户端从新地址发过包之后，服务器才会跟过去。响应三秒时就已备好，却发到了没有人的地方。',
      },
      given: THIS_PATH,
    },
    ...(['active', 'rebound', 'silent', 'tcp'] as const).map((lane) => ({
      id: `${lane}-complete`,
      text: {
        active: { en: 'Everything arrives in the end: QUIC that moves', zh: '最终都收到：主动迁移的 QUIC' },
        rebound: { en: 'QUIC behind the NAT', zh: 'NAT 之后的 QUIC 也是' },
        silent: { en: 'The silent one', zh: '沉默的也是' },
        tcp: { en: 'And TCP', zh: 'TCP 也是' },
      }[lane],
      metric: `${lane}/requests_failed`,
      op: '=' as const,
      value: 0,
      unit: 'count' as const,
      why: {
        en: 'By going on, or by asking again.',
        zh: '或者接着传，或者再问一遍。',
      },
      given: THIS_PATH,
    })),
  ],
  views: ['paths', 'quic', 'sequence', 'goodput', 'waterfall', 'ladder', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'A QUIC client has asked for something and waits. A NAT on the way changes its mapping. When does the answer arrive?',
      zh: 'QUIC 客户端发出请求后在等待，途中的 NAT 换了映射。响应什么时候到？',
    },
    choices: [
      {
        text: {
          en: 'As always: the server knows the client by its connection id',
          zh: '照常：服务器凭连接 ID 认得客户端',
        },
        right: false,
        because: {
          en: 'It would know it, if it heard from it. But to send it needs an address, and has only the old one.',
          zh: '收到它的包才认得出来。可是发送要用地址，而服务器手里只有旧的。',
        },
      },
      {
        text: {
          en: 'Only after the client has sent something',
          zh: '要等客户端再发点什么之后',
        },
        right: true,
        because: {
          en: 'The next packet of the client shows the new address.',
          zh: '客户端的下一个包才会带出新地址。',
        },
      },
      {
        text: {
          en: 'Never: the connection is broken',
          zh: '永远不到：连接断了',
        },
        right: false,
        because: {
          en: 'It is whole: keys and ids are good until the idle timeout. One packet from the client is enough.',
          zh: '连接完好：在空闲超时之前，密钥和 ID 都有效，客户端发一个包就够了。',
        },
      },
    ],
  },
}
