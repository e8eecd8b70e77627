/** QUIC 握手: packets, keys and connection ids of the opening, and what its detours cost. */
import type { ExperimentInput, Text } from '../experiment.ts'
import { browser, FITTING_CHAIN, QUIC_KNOBS, site } from './quic-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

/** Long, because five handshakes compute on one processor in a live run. */
const DELAY = 300_000
const roundTrips = (
  lane: string,
  metric: 'quic_handshake_rtts' | 'first_byte_rtts',
  value: number,
  text: Text,
  why: Text,
): ExperimentInput['expectations'][number] => ({
  id: `${lane}-${metric === 'first_byte_rtts' ? 'first-byte' : 'round-trips'}`,
  text,
  metric: `${lane}/${metric}`,
  op: '=',
  value,
  tolerance: withinRoundTrips(value),
  unit: 'rtt',
  why,
  given: FITTING_CHAIN,
})

export const quicHandshake: ExperimentInput = {
  id: 'quic-handshake',
  chapter: 'quic',
  title: { en: 'The handshake of QUIC', zh: 'QUIC 握手' },
  question: {
    en: 'QUIC opens a connection in one round trip and protects even its first packet. With which keys? And what do the detours cost: Retry, version negotiation, a lost packet?',
    zh: 'QUIC 用 1 个往返建立连接，连第一个包都受保护。用的是什么密钥？Retry、版本协商、丢包这些弯路，又各要付出什么？',
  },
  narrative: [
    {
      en: 'Over TCP, TLS can begin only when TCP has finished. QUIC does both at once: the first packet of the client carries the ClientHello, and QUIC’s own settings (transport parameters) travel in it as an extension of TLS. There are no TLS records here: the handshake messages themselves lie in CRYPTO frames, and QUIC packets do what the record layer did (RFC 9001 3, 4). The server answers with ServerHello to Finished; the client sends its Finished, and its request with it. One round trip and three flights, which are those of TLS 1.3.',
      zh: '在 TCP 上，要等 TCP 握完手，TLS 才能开始。QUIC 两件事一起办：客户端的第一个包就带着 ClientHello，QUIC 自己的设置（传输参数）作为 TLS 的一个扩展放在里面。这里没有 TLS 记录：握手消息直接装进 CRYPTO 帧，记录层的职责由 QUIC 包承担（RFC 9001 3、4）。服务器一次答复从 ServerHello 到 Finished，客户端发出自己的 Finished，请求也随之出发。1 个往返，三次发送，正是 TLS 1.3 的那三次。',
    },
    {
      en: 'So it is only half right that QUIC needs a three-way handshake to agree upon connection ids. The three flights are there for the keys; the ids come along in the headers, each side choosing its own, and are repeated in the transport parameters, so that nobody on the way can have changed them (RFC 9000 7.3). The long header (Initial, 0-RTT, Handshake, Retry) names the version and both ids, since the other side cannot know them yet. The short header of all later packets has the id of the receiver and nothing else that can be read: even the packet number is hidden (header protection, RFC 9001 5.4).',
      zh: '所以，“QUIC 也要三次握手，主要是为了协商连接 ID”只对了一半。三次发送是为了密钥；连接 ID 由双方各自选定，随包头捎带，并在传输参数里再写一遍，途中谁也改不了（RFC 9000 7.3）。长包头（Initial、0-RTT、Handshake、Retry）写明版本和两个 ID，因为对方还不知道；此后的短包头只有接收方的 ID 可读，连包号都被遮住（包头保护，RFC 9001 5.4）。',
    },
    {
      en: 'Packets are numbered in three spaces: Initial, Handshake, and application data, each from 0 (RFC 9000 12.3). Each space has its own keys and its own acknowledgments, so that a packet can be acknowledged only by someone who could read it. Several packets, of different spaces even, may share a datagram. When a space has done its part, its keys are thrown away, and with them all that was still to be acknowledged (RFC 9001 4.9).',
      zh: '包号分三个空间：Initial、Handshake、应用数据，各从 0 开始（RFC 9000 12.3）。每个空间有自己的密钥和自己的确认，于是只有读得懂一个包的人才能确认它。几个包可以合装在一个数据报里，哪怕属于不同的空间。一个空间用完之后，密钥就丢弃，其中尚未确认的也一并作废（RFC 9001 4.9）。',
    },
    {
      en: 'Initial packets are encrypted, too, but not secret. Their keys are made of a constant in the RFC and of the connection id in the same header (RFC 9001 5.2), so everyone on the path can open them, ClientHello and server name included; the views here do. What it is good for: a middlebox that rewrites what it only half understands breaks the packet, and an attacker who sees nothing of the path cannot make one. Secrets begin with the Handshake packets.',
      zh: 'Initial 包也加密，但并不保密。它的密钥由 RFC 里的一个常数和同一个包头里的连接 ID 导出（RFC 9001 5.2），途中任何人都能解开，包括其中的 ClientHello 和服务器名；这里的视图就是这么做的。这样做的用处在于：中间设备若一知半解就去改写，包就作废；看不到这条路径的攻击者也造不出这样的包。真正的秘密从 Handshake 包开始。',
    },
    {
      en: 'A UDP source address is easily forged. Until the client has shown that it is where it claims to be, the server sends at most three times what it has received (RFC 9000 8.1); for this reason the client fills its first datagram up to 1,200 bytes. A server under attack may ask for proof first: it answers with Retry, a token and not a byte of state, and the client begins again with the token. The second lane shows the price, a round trip. The third begins with a version that nobody speaks: the server names those that it knows, and the client starts over; once more a round trip. Version 2 (RFC 9369) in the fourth lane is version 1 with other constants and other type numbers, so that no box gets used to the first; it costs nothing.',
      zh: 'UDP 的源地址很容易伪造。在客户端证明自己确实在那里之前，服务器最多发送收到字节数的 3 倍（RFC 9000 8.1）；正因如此，客户端要把第一个数据报填满到 1200 字节。受到攻击的服务器可以先要凭证：答复一个 Retry，内含令牌，自己不留任何状态，客户端带上令牌重新开始。第二组显示它的代价：1 个往返。第三组从一个谁也不会的版本开始：服务器列出自己会的，客户端从头再来，又是 1 个往返。第四组是 QUIC v2（RFC 9369），与 v1 相比只换了常数和类型编号，免得中间设备只认得 v1；它不费任何代价。',
    },
    {
      en: 'In the last lane the client’s Finished is lost. For the client the handshake is over, and its request is on its way already; it arrives, but the server must not read it before it has seen the Finished (RFC 9001 5.7). The packet is key-blocked and waits in a buffer. The client has measured one round trip and takes half of it for the variation, so its timer runs out after three: then Finished comes again, and the request is read at once.',
      zh: '最后一组里，客户端的 Finished 丢了。在客户端看来握手已经结束，请求也已发出；请求到了，但服务器没见到 Finished 之前不得解读（RFC 9001 5.7）。这个包被密钥阻塞，只能在缓冲区里等。客户端此时只测过一个往返，方差取其一半，定时器要走 3 个往返才超时；随后 Finished 重发到达，请求立刻读出。',
    },
  ],
  rfcs: [
    {
      number: 9000,
      title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 5.1, 6, 7, 8.1, 12.2, 12.3, 14.1 and 17',
    },
    { number: 9001, title: 'Using TLS to Secure QUIC: 3, 4, 4.9, 5.2, 5.4 and 5.7' },
    { number: 9002, title: 'QUIC Loss Detection and Congestion Control: 6.2' },
    { number: 9368, title: 'Compatible Version Negotiation for QUIC: 2.1' },
    { number: 9369, title: 'QUIC Version 2' },
    { number: 8446, title: 'The Transport Layer Security (TLS) Protocol Version 1.3: 2' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(DELAY),
    apps: { site: site({ '/': { size: 1_000, type: 'text/plain' } }), browser: browser([{ target: '/' }]) },
  },
  lanes: [
    { id: 'v1', label: { en: 'QUIC, version 1', zh: 'QUIC 版本 1' } },
    {
      id: 'retry',
      label: { en: 'Retry', zh: 'Retry，先验证地址' },
      set: { 'hosts.server.quic.retry': true },
    },
    {
      id: 'negotiation',
      label: { en: 'Version negotiation', zh: '版本协商' },
      set: { 'hosts.client.quic.version': 'reserved' },
    },
    {
      id: 'v2',
      label: { en: 'QUIC, version 2', zh: 'QUIC 版本 2' },
      set: { 'hosts.client.quic.version': '2' },
    },
    {
      id: 'lost',
      label: { en: 'Finished of the client lost', zh: '客户端的 Finished 丢失' },
      // The first datagram has the hello, the second nothing but acknowledgments.
      set: { 'links.link.up.drop': [3] },
    },
  ],
  knobs: [...PATH_KNOBS, QUIC_KNOBS.certificate],
  expectations: [
    roundTrips(
      'v1',
      'quic_handshake_rtts',
      1,
      { en: 'The handshake takes one round trip', zh: '握手用 1 个往返' },
      {
        en: 'RFC 9000 (7): the first flight carries the ClientHello with its key share, the answer everything up to the server’s Finished. From the first Initial packet until the client has that.',
        zh: 'RFC 9000（7）：第一次发送就带上 ClientHello 和密钥份额，答复直到服务器的 Finished。从第一个 Initial 包发出算起，到客户端收齐为止。',
      },
    ),
    roundTrips(
      'v1',
      'first_byte_rtts',
      2,
      { en: 'The answer begins after two', zh: '响应在 2 个往返之后开始' },
      { en: 'One for the handshake, one for the request.', zh: '握手一个，请求一个。' },
    ),
    roundTrips(
      'retry',
      'quic_handshake_rtts',
      2,
      { en: 'With Retry it takes two', zh: '有 Retry 时要 2 个' },
      {
        en: 'RFC 9000 (8.1.2): the token goes to the client and must come back, before TLS begins at the server.',
        zh: 'RFC 9000（8.1.2）：令牌先到客户端，再带回来，服务器这才开始 TLS。',
      },
    ),
    {
      id: 'retries',
      text: { en: 'The client obeys one Retry', zh: '客户端照办了一个 Retry' },
      metric: 'retry/quic_retries',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 9000 (17.2.5.2): at most one a connection, or a forger could send it in circles.',
        zh: 'RFC 9000（17.2.5.2）：每条连接至多一个，否则伪造者可以让它一直兜圈子。',
      },
      given: UNDISTURBED,
    },
    roundTrips(
      'negotiation',
      'first_byte_rtts',
      3,
      {
        en: 'A version that the server does not speak costs a round trip: 3',
        zh: '用了服务器不会的版本，多花 1 个往返：共 3 个',
      },
      {
        en: 'RFC 9000 (6.1), RFC 9368 (2.1): Version Negotiation comes back instead of an answer; then all begins anew. From the first packet of all.',
        zh: 'RFC 9000（6.1）、RFC 9368（2.1）：回来的不是答复，而是版本协商包，然后一切从头开始。从最早的那个包算起。',
      },
    ),
    {
      id: 'negotiated',
      text: { en: 'One Version Negotiation packet is heeded', zh: '采纳了一个版本协商包' },
      metric: 'negotiation/quic_versions_negotiated',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 9368 (2.1): the client chooses from the list and opens a new connection; it does not negotiate twice. RFC 9000 (6.2) only knows clients of one version, which give up.',
        zh: 'RFC 9368（2.1）：客户端从列表里选一个，另开一条连接，不会再协商第二次。RFC 9000（6.2）只讲了只会一个版本的客户端，它就此放弃。',
      },
      given: UNDISTURBED,
    },
    roundTrips(
      'v2',
      'quic_handshake_rtts',
      1,
      { en: 'Version 2 takes one, like version 1', zh: 'QUIC v2 与 v1 一样是 1 个' },
      {
        en: 'RFC 9369 (3): other salt, labels and type numbers, the same exchange.',
        zh: 'RFC 9369（3）：只换了盐、标签和类型编号，交互完全相同。',
      },
    ),
    {
      id: 'amplification',
      text: {
        en: 'The server never sends more than three times what came',
        zh: '服务器发送的从不超过收到的 3 倍',
      },
      metric: 'v1/amplification_factor_max',
      op: '<=',
      value: 3,
      why: {
        en: 'RFC 9000 (8.1): until the client’s address is validated, here by its first Handshake packet. Datagrams of UDP, without their headers.',
        zh: 'RFC 9000（8.1）：直到客户端的地址得到验证为止，这里靠的是它的第一个 Handshake 包。按 UDP 载荷计算，不含包头。',
      },
    },
    {
      id: 'numbers',
      text: { en: 'No packet number is used twice', zh: '没有一个包号用过两次' },
      metric: 'lost/quic_numbers_repeated',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 9000 (12.3): in each of the three spaces they only grow, also when what a packet carried has to be sent again.',
        zh: 'RFC 9000（12.3）：三个空间里的包号都只增不减，内容要重发时也换新的包号。',
      },
    },
    roundTrips(
      'lost',
      'first_byte_rtts',
      5,
      {
        en: 'When the Finished is lost, the answer begins after 5: a timeout of three more',
        zh: 'Finished 丢失时，响应在 5 个往返后开始：多等一次 3 个往返的超时',
      },
      {
        en: 'RFC 9002 (5.3, 6.2.1): after the first sample the variation is half of it, and the timer is the sample and four times the variation.',
        zh: 'RFC 9002（5.3、6.2.1）：第一个样本之后，方差是它的一半，定时器为样本加 4 倍方差。',
      },
    ),
    {
      id: 'key-blocked',
      text: {
        en: 'All that time the request waits at the server: key-blocked',
        zh: '其间请求一直在服务器那里等：密钥阻塞',
      },
      metric: 'lost/key_blocked_time',
      op: '>=',
      value: 4 * DELAY,
      unit: 'us',
      why: {
        en: 'RFC 9001 (5.7): packets that may not be opened yet can be kept until they may. At least two of the three round trips.',
        zh: 'RFC 9001（5.7）：还不能解读的包可以留着，等可以时再处理。至少是 3 个往返中的 2 个。',
      },
      given: [...UNDISTURBED, is('links.link.up.delay', DELAY), is('links.link.down.delay', DELAY)],
    },
    {
      id: 'key-blocked-not',
      text: { en: 'Without loss nothing comes before its keys', zh: '不丢包时，没有包先于密钥到达' },
      metric: 'v1/key_blocked_time',
      op: '=',
      value: 0,
      unit: 'us',
      why: {
        en: 'The server sends its hello before all that is protected by it, and the path keeps the order.',
        zh: '服务器先发 Hello，再发受其保护的内容，而路径不改变次序。',
      },
      given: UNDISTURBED,
    },
  ],
  views: ['quic', 'tls', 'keys', 'ladder', 'packets', 'stalls', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'The very first packet of a QUIC connection is encrypted. Who can read it?',
      zh: 'QUIC 连接的第一个包就是加密的。谁能读懂它？',
    },
    choices: [
      {
        text: { en: 'Only the server that it is for', zh: '只有它要去的那台服务器' },
        right: false,
        because: {
          en: 'Nothing has been agreed with the server yet that others do not know.',
          zh: '此时还没有和服务器商定过任何别人不知道的东西。',
        },
      },
      {
        text: { en: 'Everyone on the way', zh: '途中的每一个人' },
        right: true,
        because: {
          en: 'Its keys come from the connection id in its own header. They keep boxes from meddling, not from reading.',
          zh: '密钥由它自己包头里的连接 ID 导出，能防止中间设备乱改，防不了它们看。',
        },
      },
      {
        text: {
          en: 'Nobody before the handshake is done, so it is kept until then',
          zh: '握手完成之前谁也读不懂，要先存起来',
        },
        right: false,
        because: {
          en: 'Then the handshake could never begin. Packets that are kept for want of keys are those that come after it.',
          zh: '那样握手就永远开始不了。因缺密钥而存起来的，是它后面的那些包。',
        },
      },
    ],
  },
}
