/** TCP 升级为什么难: a new option of TCP, and one of QUIC, on their way through boxes that know neither. */
import type { ExperimentInput, Json, Text } from '../experiment.ts'
import { bothWays } from './link-knobs.ts'
import { bothHosts, browser, FITTING_CHAIN, QUIC_KNOBS, site } from './quic-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, webLink, withinRoundTrips } from './web.ts'

/** RFC 6298 (2.1). */
const INITIAL_RTO = 1_000_000
const OPTION = bothHosts('tcp.experimentalOption')
const WITH_OPTION = [...UNDISTURBED, is(OPTION[0], true)]
const RETRIED = [...WITH_OPTION, is('hosts.client.tcp.initialRto', INITIAL_RTO)]

const box = (unknownTcpOptions: 'strip' | 'drop'): Record<string, Json> =>
  Object.fromEntries(bothWays('middlebox.unknownTcpOptions').map((path) => [path, unknownTcpOptions]))
const QUIC = { 'apps.browser.version': 'h3' }
const LANES = ['clean', 'strip', 'drop', 'quic-strip', 'quic-drop'] as const

type Claim = ExperimentInput['expectations'][number]

const arrived = (
  lane: string,
  what: 'unknown_option_arrived' | 'unknown_parameter_arrived',
  value: 0 | 1,
  text: Text,
  why: Text,
): Claim => ({
  id: `${lane}-arrived`,
  text,
  metric: `${lane}/${what}`,
  op: '=',
  value,
  why,
  given: what === 'unknown_option_arrived' ? WITH_OPTION : UNDISTURBED,
})

const firstByte = (lane: string, value: number, text: Text, why: Text): Claim => ({
  id: `${lane}-first-byte`,
  text,
  metric: `${lane}/first_byte_rtts`,
  op: '=',
  value,
  tolerance: withinRoundTrips(value),
  unit: 'rtt',
  why,
  given: FITTING_CHAIN,
})

export const tcpOssification: ExperimentInput = {
  id: 'tcp-ossification',
  chapter: 'tcp-connections',
  title: { en: 'Why TCP is hard to change', zh: 'TCP 升级为什么难' },
  question: {
    en: 'Someone invents a new option for TCP. Both ends know it. What can keep it from being used, and why does the same not happen to QUIC?',
    zh: '有人为 TCP 发明了一个新选项，两端都支持。什么会让它用不起来？QUIC 为什么不会遇到同样的事？',
  },
  narrative: [
    {
      en: 'TCP was made to be extended: options in the SYN, and whoever does not know one ignores it (RFC 9293 3.1, 3.2). Client and server here both know an option that nobody else does, of the kind that is set aside for experiments (RFC 4727, RFC 6994). It does nothing but ask whether it arrives. On the clean path of the first lane it does, and the server answers with its own.',
      zh: 'TCP 本来就留有扩展的余地：SYN 里可以带选项，不认识的就忽略（RFC 9293 3.1、3.2）。这里的客户端和服务器都支持一个别人不认识的选项，编号取自专供实验的那一类（RFC 4727、RFC 6994）。它别无他用，只看能不能送到。第一组路径干净，选项到了，服务器也回了自己的。',
    },
    {
      en: 'But a TCP header lies open to every box on the way: firewalls, accelerators, address translators, load balancers. Many of them were built with a list of the options of their time. In the second lane such a box overwrites what it does not know with NOP. The connection opens and works, and the extension is gone; neither end can tell a box that removed it from a peer that is too old for it.',
      zh: '可是 TCP 的首部对途中每台设备都是敞开的：防火墙、加速器、地址转换、负载均衡。许多设备出厂时就固定了一张当年的选项清单。第二组里，这样一台设备用 NOP 盖掉不认识的选项。连接照样建立、照样能用，扩展却没了；两端分不清是途中设备删了它，还是对方太旧不支持。',
    },
    {
      en: 'In the third lane the box drops what it does not know. The SYN is lost, and so would be the next one. Careful implementations give up the new thing rather than the connection: the SYN that is sent again goes without the option, as clients of TCP Fast Open do it. So the price of the extension is a second for every connection through such a box, and who would switch that on for millions of users? This is called ossification (RFC 9170): it is not the ends that have grown stiff but the way between them.',
      zh: '第三组里，设备干脆丢弃带有陌生选项的包。SYN 丢了，再发一个同样的还是会丢。谨慎的实现宁可放弃新东西，也不放弃连接：重发的 SYN 不再带这个选项，TCP Fast Open 的客户端就是这样做的。于是，每条经过这种设备的连接都要为扩展多等一秒，谁敢给几百万用户打开它？这叫僵化（RFC 9170）：变硬的不是两端，而是两端之间的路。',
    },
    {
      en: 'The last two lanes send QUIC through the same two boxes. Its extensions are transport parameters, and here the client declares one that nobody knows. The boxes have nothing to strip: they see a UDP datagram. A box made for QUIC could read the client’s parameters, for the keys of Initial packets are no secret; but it could not change them, since the handshake covers them with its Finished. The server’s are encrypted, and after the handshake everything is, down to the packet number and the acknowledgments.',
      zh: '最后两组让 QUIC 经过同样的两台设备。QUIC 的扩展是传输参数，这里客户端声明了一个谁也不认识的参数。设备无从下手：它们看到的只是 UDP 数据报。专门针对 QUIC 的设备能读到客户端的参数，因为 Initial 包的密钥并不保密；但改不了，握手的 Finished 把它们一并保护了。服务器的参数是加密的；握手之后一切都加密，连包号和确认也不例外。',
    },
    {
      en: 'That is the point of encrypting so much: not secrecy alone, but keeping what is to change in later versions out of the sight of boxes that might take it for fixed. What stays visible for good is written down (RFC 8999) and is little. Unknown parameters and versions are sent on purpose from time to time, so that nobody gets used to their absence (greasing). One weapon is left to the boxes: to let no UDP through at all, which has an experiment of its own.',
      zh: '加密到这种程度，用意就在于此：不单是为了保密，也是为了让今后会变的东西不被途中设备看见，免得被当成固定不变的。永远可见的部分有明文规定（RFC 8999），少之又少。实现还不时故意发送陌生的参数和版本，免得大家习惯了它们不出现（GREASE）。途中设备还剩一招：一个 UDP 包也不放行，这另有实验专门讲。',
    },
  ],
  rfcs: [
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.1 and 3.2' },
    { number: 6994, title: 'Shared Use of Experimental TCP Options' },
    { number: 3234, title: 'Middleboxes: Taxonomy and Issues' },
    { number: 9170, title: 'Long-Term Viability of Protocol Extension Mechanisms' },
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 7.4 and 18.1' },
    { number: 8999, title: 'Version-Independent Properties of QUIC' },
  ],
  setup: {
    hosts: {
      client: {
        role: 'client',
        tcp: { nagle: false, experimentalOption: true },
        quic: { unknownParameter: true },
      },
      server: { role: 'server', tcp: { nagle: false, experimentalOption: true } },
    },
    links: webLink(100_000),
    apps: {
      site: site({ '/': { size: 1_000, type: 'text/plain' } }),
      browser: browser([{ target: '/' }], { version: 'http/1.1' }),
    },
  },
  lanes: [
    { id: 'clean', label: { en: 'TCP, clean path', zh: 'TCP，路径干净' } },
    { id: 'strip', label: { en: 'TCP, a box strips', zh: 'TCP，设备删选项' }, set: box('strip') },
    { id: 'drop', label: { en: 'TCP, a box drops', zh: 'TCP，设备丢包' }, set: box('drop') },
    {
      id: 'quic-strip',
      label: { en: 'QUIC, the box that strips', zh: 'QUIC，过删选项的设备' },
      set: { ...QUIC, ...box('strip') },
    },
    {
      id: 'quic-drop',
      label: { en: 'QUIC, the box that drops', zh: 'QUIC，过丢包的设备' },
      set: { ...QUIC, ...box('drop') },
    },
  ],
  knobs: [
    {
      id: 'option',
      label: { en: 'Send the unknown option', zh: '发送陌生选项' },
      hint: {
        en: 'Of both ends of TCP. Without it the boxes have nothing to object to.',
        zh: 'TCP 的两端都用。不发的话，途中设备就无可挑剔。',
      },
      group: 'tcp',
      paths: OPTION,
      kind: 'switch',
    },
    {
      id: 'initial-rto',
      label: { en: 'First timeout of TCP', zh: 'TCP 的首次超时' },
      hint: {
        en: 'How long the client waits before it sends the SYN again, without the option.',
        zh: '客户端等多久重发 SYN，重发的不带选项。',
      },
      group: 'tcp',
      paths: ['hosts.client.tcp.initialRto'],
      kind: 'number',
      unit: 'us',
      min: 100_000,
      max: 5_000_000,
      step: 100_000,
    },
    ...PATH_KNOBS,
    QUIC_KNOBS.certificate,
  ],
  expectations: [
    arrived(
      'clean',
      'unknown_option_arrived',
      1,
      { en: 'On a clean path the option arrives', zh: '路径干净，选项送到' },
      {
        en: 'RFC 9293 (3.1): hosts ignore what they do not know, and what is in between is to forward.',
        zh: 'RFC 9293（3.1）：主机忽略不认识的选项，途中的设备本该只管转发。',
      },
    ),
    arrived(
      'strip',
      'unknown_option_arrived',
      0,
      { en: 'Through the box that strips it does not', zh: '经过删选项的设备，就送不到' },
      {
        en: 'Its bytes are overwritten with NOP and the checksum is repaired, so that all looks well.',
        zh: '它的字节被 NOP 覆盖，校验和也补好，看上去一切正常。',
      },
    ),
    firstByte(
      'strip',
      3,
      { en: 'And nobody notices: 3 round trips, as always', zh: '而且谁也没有察觉：照常 3 个往返' },
      { en: 'TCP, TLS 1.3 and the request, one each.', zh: 'TCP、TLS 1.3、请求各一个。' },
    ),
    arrived(
      'drop',
      'unknown_option_arrived',
      0,
      { en: 'Nor through the box that drops', zh: '经过丢包的设备，同样送不到' },
      {
        en: 'The SYN that carries it dies; the one that arrives is the second, and goes without.',
        zh: '带着它的 SYN 被丢弃；送到的是第二个 SYN，已经不带了。',
      },
    ),
    {
      id: 'drop-retry',
      text: { en: 'There the SYN must be sent again, after 1 s', zh: '在那里 SYN 要在 1 秒后重发' },
      metric: 'drop/syn_interval_1',
      op: '=',
      value: INITIAL_RTO,
      tolerance: 0.02,
      unit: 'us',
      why: {
        en: 'RFC 6298 (2.1): nothing has been measured yet, so the timer runs for a second.',
        zh: 'RFC 6298（2.1）：还没有任何测量值，定时器要走一秒。',
      },
      given: RETRIED,
    },
    {
      id: 'drop-later',
      text: {
        en: 'And the answer comes a second later than through the box that strips',
        zh: '响应也比经过删选项的设备时晚一秒',
      },
      metric: 'drop/first_byte_time',
      op: '>=',
      value: INITIAL_RTO,
      unit: 'us',
      why: {
        en: 'That is what trying something new costs each connection through such a box.',
        zh: '每条经过这种设备的连接，尝试新东西就要付这个代价。',
      },
      given: RETRIED,
    },
    ...(['quic-strip', 'quic-drop'] as const).flatMap((lane) => [
      arrived(
        lane,
        'unknown_parameter_arrived',
        1,
        lane === 'quic-strip'
          ? { en: 'QUIC’s unknown parameter passes the first box', zh: 'QUIC 的陌生参数通过了第一种设备' }
          : { en: 'And the second', zh: '也通过了第二种' },
        {
          en: 'RFC 9000 (7.4.2): unknown parameters are ignored by the end that they are for; nobody else can touch them, for they are part of the transcript of TLS (RFC 9001 8.2).',
          zh: 'RFC 9000（7.4.2）：陌生参数由收到它的那一端忽略；别人动不了，因为它们在 TLS 的握手记录之内（RFC 9001 8.2）。',
        },
      ),
      firstByte(
        lane,
        2,
        lane === 'quic-strip'
          ? { en: 'Without any delay: 2 round trips', zh: '没有任何耽搁：2 个往返' }
          : { en: 'Without any delay either', zh: '同样没有耽搁' },
        { en: 'Handshake and request, as on a clean path.', zh: '握手和请求各一个，与干净路径一样。' },
      ),
    ]),
    ...LANES.map((lane): Claim => ({
      id: `${lane}-complete`,
      text: {
        clean: { en: 'The document arrives: clean path', zh: '文件收到：干净路径' },
        strip: { en: 'Box that strips', zh: '删选项的设备' },
        drop: { en: 'Box that drops', zh: '丢包的设备' },
        'quic-strip': { en: 'QUIC through the one', zh: 'QUIC 过前一种设备' },
        'quic-drop': { en: 'QUIC through the other', zh: 'QUIC 过后一种设备' },
      }[lane],
      metric: `${lane}/requests_failed`,
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'The old protocol works everywhere; it is the new that does not get through.',
        zh: '旧的协议处处能用，过不去的是新东西。',
      },
    })),
  ],
  views: ['ladder', 'packets', 'quic', 'states', 'waterfall', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'A firewall drops every SYN with an option that it does not know. What does a user of the new option notice?',
      zh: '防火墙丢弃每一个带陌生选项的 SYN。使用新选项的人会察觉到什么？',
    },
    choices: [
      {
        text: { en: 'Nothing: the option is ignored', zh: '什么也察觉不到：选项被忽略' },
        right: false,
        because: {
          en: 'An end ignores it. This box does not let it come so far.',
          zh: '端点会忽略它，可是这台设备根本不让它走到那里。',
        },
      },
      {
        text: {
          en: 'Each connection opens a second later, without the option',
          zh: '每条连接都晚一秒建立，而且没有用上选项',
        },
        right: true,
        because: {
          en: 'If the implementation is careful. One that is not never connects.',
          zh: '这还得实现足够谨慎，否则永远连不上。',
        },
      },
      {
        text: {
          en: 'An error that names the option',
          zh: '一条指明该选项的错误消息',
        },
        right: false,
        because: {
          en: 'A box that drops says nothing, and TCP has no message for it.',
          zh: '丢包的设备一声不吭，TCP 也没有这样的消息。',
        },
      },
    ],
  },
}
