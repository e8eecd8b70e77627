/** 建连时延: round trips until the answer begins, with TCP and TLS 1.2, TCP and TLS 1.3, QUIC, and QUIC with 0-RTT. */
import type { ExperimentInput, Text } from '../experiment.ts'
import { browser, FITTING_CHAIN, QUIC_KNOBS, site } from './quic-knobs.ts'
import { atBothEnds, INITIAL_WINDOW_KNOB } from './tls-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

/** Long, because handshakes compute on one processor in a live run. */
const DELAY = 150_000
/** When the second connection begins: the first is closed by then, in all lanes. */
const SECOND = 3_000_000

/** The chain of certificates fits into the first window of TCP (RFC 6928), too. */
const COUNTED = [...FITTING_CHAIN, is('hosts.server.tcp.initialWindow', 4, 10)]

/** Of the second connection: by then the code of the handshakes is warm, which matters in a live run. */
const firstByte = (
  lane: string,
  value: number,
  text: Text,
  why: Text,
): ExperimentInput['expectations'][number] => ({
  id: `${lane}-first-byte`,
  text,
  metric: `${lane}/last_first_byte_rtts`,
  op: '=',
  value,
  tolerance: withinRoundTrips(value),
  unit: 'rtt',
  why,
  given: COUNTED,
})

export const setupLatency: ExperimentInput = {
  id: 'setup-latency',
  chapter: 'tls',
  title: { en: 'How long until the first byte', zh: '建连时延' },
  question: {
    en: 'A browser asks a site for one small document. How many round trips pass until the answer begins, and what became of the others over the years?',
    zh: '浏览器向网站要一个小文件。响应开始之前要过几个往返？这些年里，省掉的那些往返去哪儿了？',
  },
  narrative: [
    {
      en: 'The path is long and fast: computing and sending take next to no time, and what is left to count are round trips. Each lane opens two connections to the same site, one after the other, and fetches a document over each; the second one counts.',
      zh: '这条路径又长又快：计算和发送几乎不花时间，剩下可数的只有往返。每组依次打开两条连接，访问同一个站点，各取一个文件；计数以第二条为准。',
    },
    {
      en: 'The first lane pays four: one for TCP, two for TLS 1.2, one for the request. TLS 1.3 guesses the key exchange and sends its share at once, so that one round trip is saved. Both have to wait until TCP is open, for TLS runs on top of it and knows nothing of it.',
      zh: '第一组要 4 个：TCP 一个，TLS 1.2 两个，请求一个。TLS 1.3 预先猜中密钥交换，一开始就发出份额，省下一个。这两组都得等 TCP 打开，因为 TLS 架在它上面，对它一无所知。',
    },
    {
      en: 'QUIC has no layers to stack here: transport and TLS open together, in the same packets, and so the round trip of TCP is gone as well. It is sometimes said that TLS 1.3 makes QUIC fast. Either does a part: TLS 1.3 saves the third round trip to whoever uses it, on TCP too; that the transport’s own is saved is QUIC’s doing.',
      zh: 'QUIC 在这里不必一层叠一层：传输和 TLS 用同样的包一起打开，TCP 的那个往返也就没了。有人说 QUIC 快是因为 TLS 1.3。其实各有一份功劳：谁用 TLS 1.3 都能省下一个往返，在 TCP 上也一样；省掉传输层自己那一个，才是 QUIC 的功劳。',
    },
    {
      en: 'With 0-RTT the second connection sends its request together with the ClientHello, protected by a secret of the first. One round trip is left, and there is no way to have less: question and answer have to travel. The saving has a price, replay, which has an experiment of its own. TCP could come closer as well: TCP Fast Open (RFC 7413) carries data in the SYN, and TLS 1.3 knows 0-RTT over TCP, too. Middleboxes stand in the way of the first, and neither is part of this experiment.',
      zh: '有了 0-RTT，第二条连接把请求和 ClientHello 一同发出，用第一条连接留下的秘密保护。只剩 1 个往返，再少就不可能了：问和答总要各走一趟。省下它也有代价，即重放，另有实验专门讲。TCP 也可以再近一步：TCP Fast Open（RFC 7413）能在 SYN 里带数据，TLS 1.3 在 TCP 上同样有 0-RTT。前者常被中间设备挡住，这两样都不在本实验之内。',
    },
    {
      en: 'There is a condition. A QUIC server that does not know the client’s address yet sends at most three times what it has received, 3,600 bytes here. The certificates of this site fit; a chain of 5 kB would not, and the server would have to wait for the client before it sends the rest: a round trip more, which TCP with its window of ten segments does not need.',
      zh: '这里有个前提。QUIC 服务器在确认客户端的地址之前，最多发送收到字节数的 3 倍，这里是 3600 字节左右。本站的证书链放得下；若是 5 kB 的证书链就放不下，服务器要等客户端再来一个包才能发完，多出 1 个往返，而 TCP 有 10 个报文段的初始窗口，用不着等。',
    },
  ],
  rfcs: [
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 7 and 8.1' },
    { number: 9001, title: 'Using TLS to Secure QUIC: 4' },
    { number: 8446, title: 'The Transport Layer Security (TLS) Protocol Version 1.3: 2' },
    { number: 5246, title: 'The Transport Layer Security (TLS) Protocol Version 1.2: 7.3' },
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.5' },
    { number: 6928, title: "Increasing TCP's Initial Window" },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(DELAY),
    apps: {
      site: site({ '/': { size: 1_000, type: 'text/plain' } }),
      browser: browser([{ target: '/' }, { target: '/', at: SECOND, after: true }], {
        version: 'http/1.1',
        reuse: false,
      }),
    },
  },
  lanes: [
    {
      id: 'tls12',
      label: { en: 'TCP and TLS 1.2', zh: 'TCP 加 TLS 1.2' },
      set: atBothEnds('version', '1.2'),
    },
    { id: 'tls13', label: { en: 'TCP and TLS 1.3', zh: 'TCP 加 TLS 1.3' } },
    { id: 'quic', label: { en: 'QUIC', zh: 'QUIC 完整握手' }, set: { 'apps.browser.version': 'h3' } },
    {
      id: 'quic-0rtt',
      label: { en: 'QUIC, second with 0-RTT', zh: 'QUIC，第二条用 0-RTT' },
      set: {
        'apps.browser.version': 'h3',
        ...atBothEnds('resumption', true),
        'apps.browser.tls.earlyData': true,
        'apps.site.tls.earlyData': 'once',
      },
    },
  ],
  knobs: [...PATH_KNOBS, QUIC_KNOBS.certificate, INITIAL_WINDOW_KNOB],
  expectations: [
    firstByte(
      'tls12',
      4,
      { en: 'TCP and TLS 1.2: 4 round trips', zh: 'TCP 加 TLS 1.2：4 个往返' },
      {
        en: 'One for TCP (RFC 9293 3.5), two for TLS (RFC 5246 7.3), one for the request.',
        zh: 'TCP 一个（RFC 9293 3.5），TLS 两个（RFC 5246 7.3），请求一个。',
      },
    ),
    firstByte(
      'tls13',
      3,
      { en: 'TCP and TLS 1.3: 3', zh: 'TCP 加 TLS 1.3：3 个' },
      {
        en: 'RFC 8446 (2): the key share is in the ClientHello, which saves one.',
        zh: 'RFC 8446（2）：密钥份额就在 ClientHello 里，省下一个。',
      },
    ),
    firstByte(
      'quic',
      2,
      { en: 'QUIC: 2', zh: 'QUIC：2 个' },
      {
        en: 'RFC 9000 (7): the handshakes of transport and TLS are one.',
        zh: 'RFC 9000（7）：传输与 TLS 的握手合二为一。',
      },
    ),
    firstByte(
      'quic-0rtt',
      1,
      { en: 'QUIC with 0-RTT: 1', zh: 'QUIC 用 0-RTT：1 个' },
      {
        en: 'RFC 9001 (4.6): the request is in the first flight. Counted from the first packet of the second connection until its answer begins.',
        zh: 'RFC 9001（4.6）：请求就在第一次发送里。从第二条连接的第一个包算起，到响应开始为止。',
      },
    ),
    {
      id: 'amplification',
      text: {
        en: 'The server stays within three times what it has received',
        zh: '服务器的发送量没有超过收到的 3 倍',
      },
      metric: 'quic/amplification_factor_max',
      op: '<=',
      value: 3,
      why: {
        en: 'RFC 9000 (8.1). If the certificates did not fit, another round trip would be needed.',
        zh: 'RFC 9000（8.1）。证书链若放不下，就要多一个往返。',
      },
      given: UNDISTURBED,
    },
  ],
  views: ['ladder', 'waterfall', 'quic', 'tls', 'layers', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'A client comes back to a site that it has visited a moment ago, over QUIC with 0-RTT. When does the answer begin?',
      zh: '客户端再次访问刚刚访问过的站点，用 QUIC 的 0-RTT。响应什么时候开始到达？',
    },
    choices: [
      {
        text: { en: 'At once: 0 round trips', zh: '立刻：0 个往返' },
        right: false,
        because: {
          en: '0-RTT says how long the request waits before it leaves. The way there and back remains.',
          zh: '0-RTT 说的是请求出发前等多久，一去一回的路程免不了。',
        },
      },
      {
        text: { en: 'After one round trip', zh: '1 个往返之后' },
        right: true,
        because: {
          en: 'The request goes with the first packet, the answer comes with the first one back.',
          zh: '请求随第一个包去，响应随回来的第一个包到。',
        },
      },
      {
        text: { en: 'After two, since the handshake is not spared', zh: '2 个之后，因为握手省不了' },
        right: false,
        because: {
          en: 'It is not spared, but the request does not wait for it.',
          zh: '握手确实省不了，但请求不必等它。',
        },
      },
    ],
  },
}
