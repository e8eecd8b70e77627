/** TLS 1.3: the handshake of one round trip, what it hides, and what a resumed session saves. */
import type { ExperimentInput } from '../experiment.ts'
import {
  atBothEnds,
  bothEnds,
  HANDSHAKE_ONLY,
  INITIAL_WINDOW_KNOB,
  TLS_KNOBS,
  tlsBrowser,
  tlsSite,
} from './tls-knobs.ts'
import { PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

/** Connections of each lane, one after the other. */
const CONNECTIONS = 2

export const tls13: ExperimentInput = {
  id: 'tls13',
  chapter: 'tls',
  title: { en: 'TLS 1.3', zh: 'TLS 1.3 握手' },
  question: {
    en: 'What did TLS 1.3 leave out to open a connection in one round trip, what does an onlooker still see, and what does a resumed session save?',
    zh: 'TLS 1.3 删去了什么，才把握手压到 1 个往返？旁观者还能看到什么？会话恢复又能省下什么？',
  },
  narrative: [
    {
      en: 'In TLS 1.2 the client waits for the choice of the server before it sends its key share. In TLS 1.3 it guesses: the ClientHello already holds a share for the group that it expects to be chosen. So the server has both shares when it answers, and its ServerHello completes the key exchange. Three flights instead of four, one round trip instead of two; the request leaves together with the Finished of the client. If the guess is wrong, the server asks for another share (HelloRetryRequest), and the round trip that was saved is gone.',
      zh: 'TLS 1.2 的客户端要等服务器选定之后才发密钥份额。TLS 1.3 的客户端先猜：ClientHello 里已经带上了它认为会被选中的那个群的份额。于是服务器答复时两个份额都已齐备，ServerHello 一出，密钥交换即告完成。四次发送变三次，2 个往返变 1 个，请求和客户端的 Finished 一起发出。如果猜错了，服务器会要求换一个份额（HelloRetryRequest），省下的那个往返也就没了。',
    },
    {
      en: 'Since there are keys after the ServerHello, everything behind it is encrypted: EncryptedExtensions (such as the protocol that ALPN chose), the certificate chain, the signature, and Finished. Only the two hellos cross in the clear. An onlooker does not see the certificate any more, but he still reads the name of the host in the ClientHello (SNI).',
      zh: 'ServerHello 之后就有了密钥，其后的一切都被加密：EncryptedExtensions（例如 ALPN 选定的协议）、证书链、签名和 Finished。明文只剩下两个 Hello。旁观者看不到证书了，但 ClientHello 里的主机名（SNI）仍然看得见。',
    },
    {
      en: 'The server now signs not only its share but the hash of all messages up to its certificate (CertificateVerify). So the negotiation itself is under the signature: to strike the better cipher suites out of the ClientHello is of no use to an attacker any more, not even to one who can break the weaker ones at once. This run verifies each signature again from the recorded bytes.',
      zh: '服务器签名的不再只是份额，而是直到证书为止全部消息的哈希（CertificateVerify）。协商过程本身也在签名之内：从 ClientHello 里划掉较强的密码套件，对攻击者已经没有意义，哪怕他能当场破解较弱的那些。本次运行会用录下的字节重新验证每一个签名。',
    },
    {
      en: 'The keys come in stages (RFC 8446 7.1): early secret, handshake secret, master secret, each made of the one before by HKDF-Extract. From them, and from the transcript so far, traffic secrets are expanded for each direction: one pair for the handshake, one for the application. All of them depend on the messages exchanged; nothing like the extended master secret has to be added.',
      zh: '密钥分阶段产生（RFC 8446 7.1）：早期密钥、握手密钥、主密钥，每一级由上一级经 HKDF-Extract 得到；再结合此前的消息，为每个方向展开出流量密钥，握手阶段一对，应用数据一对。它们全都取决于已交换的消息，无需再补一个“扩展主密钥”。',
    },
    {
      en: 'Each lane opens two connections, one after the other. In the lanes with resumption the server gives the client a ticket on the first, and the second refers to it. With TLS 1.2 this saves a round trip: the shortened handshake has three flights. With TLS 1.3 it saves none, since there was only one. What it saves is the certificate chain and the signature: the secret from the first connection already proves who the server is. A fresh key share is sent all the same, so the second connection has forward secrecy of its own. Data in the first flight (0-RTT) is not part of this experiment.',
      zh: '每组依次打开两条连接。启用恢复的组里，服务器在第一条连接上发给客户端一张票据，第二条凭票据恢复。TLS 1.2 由此省下一个往返：简化握手只有三次发送。TLS 1.3 一个往返也没省，因为本来就只有一个；省下的是证书链和签名，因为知道上一次的秘密，本身就证明了服务器的身份。新的密钥份额照样要发，所以第二条连接仍有自己的前向保密。在第一次发送中就带数据（0-RTT）不在本实验之内。',
    },
  ],
  rfcs: [
    {
      number: 8446,
      title: 'The Transport Layer Security (TLS) Protocol Version 1.3: 2, 4.1, 4.4.3, 4.6.1 and 7.1',
    },
    { number: 5246, title: 'The Transport Layer Security (TLS) Protocol Version 1.2: 7.3' },
    { number: 5077, title: 'TLS Session Resumption without Server-Side State' },
    { number: 5869, title: 'HMAC-based Extract-and-Expand Key Derivation Function (HKDF)' },
    { number: 6066, title: 'TLS Extensions: Extension Definitions: 3, Server Name Indication' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    // Long, because eight handshakes compute on one processor in a live run.
    links: webLink(150_000),
    apps: { site: tlsSite(), browser: tlsBrowser({}, CONNECTIONS) },
  },
  lanes: [
    { id: 'tls12', label: { en: 'TLS 1.2', zh: 'TLS 1.2 完整握手' }, set: atBothEnds('version', '1.2') },
    { id: 'tls13', label: { en: 'TLS 1.3', zh: 'TLS 1.3 完整握手' }, set: atBothEnds('version', '1.3') },
    {
      id: 'tls12-resumed',
      label: { en: 'TLS 1.2, second resumed', zh: 'TLS 1.2，第二条恢复' },
      set: { ...atBothEnds('version', '1.2'), ...atBothEnds('resumption', true) },
    },
    {
      id: 'tls13-resumed',
      label: { en: 'TLS 1.3, second resumed', zh: 'TLS 1.3，第二条恢复' },
      set: { ...atBothEnds('version', '1.3'), ...atBothEnds('resumption', true) },
    },
  ],
  knobs: [
    ...PATH_KNOBS,
    { ...TLS_KNOBS.group, paths: bothEnds('groups') },
    { ...TLS_KNOBS.certificate, paths: ['apps.site.tls.certificate'] },
    INITIAL_WINDOW_KNOB,
  ],
  expectations: [
    {
      id: 'tls12-round-trips',
      text: { en: 'TLS 1.2 takes two round trips', zh: 'TLS 1.2 握手用去 2 个往返' },
      metric: 'tls12/tls_handshake_rtts',
      op: '=',
      value: 2,
      tolerance: withinRoundTrips(2),
      unit: 'rtt',
      why: {
        en: 'RFC 5246 (7.3). This and the other times of handshakes are means over the two connections of a lane.',
        zh: 'RFC 5246（7.3）。这里的握手时间都是一组中两条连接的平均值。',
      },
      given: HANDSHAKE_ONLY,
    },
    {
      id: 'tls13-round-trips',
      text: { en: 'TLS 1.3 takes one', zh: 'TLS 1.3 只用 1 个' },
      metric: 'tls13/tls_handshake_rtts',
      op: '=',
      value: 1,
      tolerance: withinRoundTrips(1),
      unit: 'rtt',
      why: {
        en: 'RFC 8446 (2): the key share is in the ClientHello already. The client is done when it has the Finished of the server.',
        zh: 'RFC 8446（2）：密钥份额已在 ClientHello 里，客户端收到服务器的 Finished 就算完成。',
      },
      given: HANDSHAKE_ONLY,
    },
    {
      id: 'first-byte',
      text: {
        en: 'The first byte of the answer arrives after three round trips',
        zh: '响应的第一个字节在 3 个往返之后到达',
      },
      metric: 'tls13/first_byte_rtts',
      op: '=',
      value: 3,
      tolerance: withinRoundTrips(3),
      unit: 'rtt',
      why: {
        en: 'TCP, TLS and the request, one each.',
        zh: 'TCP、TLS、请求，各一个。',
      },
      given: HANDSHAKE_ONLY,
    },
    {
      id: 'flights',
      text: { en: 'Three flights', zh: '三次发送' },
      metric: 'tls13/tls_flights',
      op: '=',
      value: 3,
      unit: 'count',
      why: {
        en: 'ClientHello; ServerHello to Finished; Finished. The third asks for no answer.',
        zh: 'ClientHello；ServerHello 直到 Finished；Finished。第三次不需要对方答复。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'clear-12',
      text: {
        en: 'In TLS 1.2 six of eight messages cross in the clear',
        zh: 'TLS 1.2 的八条消息中有六条是明文',
      },
      metric: 'tls12/tls_messages_in_clear',
      op: '=',
      value: 6,
      unit: 'count',
      why: {
        en: 'All but the two Finished: there are no keys before.',
        zh: '除了两条 Finished 都是：此前还没有密钥。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'clear-13',
      text: { en: 'In TLS 1.3 only the two hellos', zh: 'TLS 1.3 只有两个 Hello 是明文' },
      metric: 'tls13/tls_messages_in_clear',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'RFC 8446 (2): all messages after the ServerHello are encrypted.',
        zh: 'RFC 8446（2）：ServerHello 之后的消息全部加密。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'certificates-hidden',
      text: { en: 'No certificate can be read on the way', zh: '途中读不到任何证书' },
      metric: 'tls13/tls_certificates_in_clear',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'Certificate comes after the ServerHello and is encrypted. In TLS 1.2 both connections show theirs to everyone.',
        zh: 'Certificate 在 ServerHello 之后，已经加密。TLS 1.2 的两条连接则把证书给所有人看。',
      },
    },
    {
      id: 'signature-valid',
      text: { en: 'The signature over the transcript holds', zh: '对握手消息的签名成立' },
      metric: 'tls13/server_signature_valid',
      op: '=',
      value: 1,
      why: {
        en: 'RFC 8446 (4.4.3). Verified after the run from the recorded bytes.',
        zh: 'RFC 8446（4.4.3）。运行结束后用录下的字节验证。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'resumed-12',
      text: {
        en: 'Resumption saves TLS 1.2 a round trip: 1.5 on average of 2 and 1',
        zh: '恢复会话让 TLS 1.2 省一个往返：2 和 1 平均为 1.5',
      },
      metric: 'tls12-resumed/tls_handshake_rtts',
      op: '=',
      value: 1.5,
      tolerance: withinRoundTrips(1.5),
      unit: 'rtt',
      why: {
        en: 'RFC 5246 (7.3, figure 2): in the shortened handshake the server sends its Finished first, right behind its ServerHello.',
        zh: 'RFC 5246（7.3，图 2）：简化握手里服务器先发 Finished，紧跟在 ServerHello 之后。',
      },
      given: HANDSHAKE_ONLY,
    },
    {
      id: 'resumed-13',
      text: { en: 'It saves TLS 1.3 none', zh: '恢复会话不为 TLS 1.3 省往返' },
      metric: 'tls13-resumed/tls_handshake_rtts',
      op: '=',
      value: 1,
      tolerance: withinRoundTrips(1),
      unit: 'rtt',
      why: {
        en: 'The handshake with a pre-shared key has the same three flights (RFC 8446 2.2).',
        zh: '使用预共享密钥的握手同样是三次发送（RFC 8446 2.2）。',
      },
      given: HANDSHAKE_ONLY,
    },
    {
      id: 'resumed-certificates',
      text: {
        en: 'But the second connection needs no certificate',
        zh: '但第二条连接不再需要证书',
      },
      metric: 'tls13-resumed/tls_certificates_sent',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'One for two connections: whoever knows the secret of the first is the server of the first.',
        zh: '两条连接只发一次：知道第一条连接的秘密，就是第一条连接的那个服务器。',
      },
      given: UNDISTURBED,
    },
  ],
  views: ['tls', 'keys', 'ladder', 'layers', 'certificates', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'A client comes back to a server over TLS 1.3 and resumes its session, without 0-RTT. How many round trips does the TLS handshake save?',
      zh: '客户端再次访问同一台服务器，用 TLS 1.3 恢复会话，不用 0-RTT。TLS 握手能省几个往返？',
    },
    choices: [
      {
        text: { en: 'None', zh: '一个也不省' },
        right: true,
        because: {
          en: 'One round trip is needed for the key shares in any case. Certificate and signature are saved, that is bytes and computing.',
          zh: '交换密钥份额无论如何要 1 个往返。省下的是证书和签名，也就是字节和计算。',
        },
      },
      {
        text: { en: 'One', zh: '省 1 个' },
        right: false,
        because: {
          en: 'This was so in TLS 1.2, where the full handshake takes two. In TLS 1.3 only 0-RTT goes further.',
          zh: 'TLS 1.2 是这样，它的完整握手要 2 个。TLS 1.3 里只有 0-RTT 才能更进一步。',
        },
      },
      {
        text: { en: 'Two', zh: '省 2 个' },
        right: false,
        because: {
          en: 'There are not two to save: the full handshake of TLS 1.3 takes one.',
          zh: '没有 2 个可省：TLS 1.3 的完整握手只要 1 个。',
        },
      },
    ],
  },
}
