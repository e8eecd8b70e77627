/** RSA 握手: how TLS 1.2 agrees on keys when the client makes the secret and encrypts it with the certificate's key. */
import type { ExperimentInput } from '../experiment.ts'
import {
  atBothEnds,
  HANDSHAKE_ONLY,
  INITIAL_WINDOW_KNOB,
  NARROW_WINDOW,
  tlsBrowser,
  tlsSite,
} from './tls-knobs.ts'
import { PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

const RSA = { version: '1.2', keyExchange: 'rsa' } as const
const LANES = ['classic', 'extended'] as const

/** Of both lanes, which the wire can hardly tell apart. */
const claimsOf = (lane: (typeof LANES)[number]): ExperimentInput['expectations'] => [
  {
    id: `${lane}-two-round-trips`,
    text: { en: 'The handshake takes two round trips', zh: '握手用去 2 个往返' },
    metric: `${lane}/tls_handshake_rtts`,
    op: '=',
    value: 2,
    tolerance: withinRoundTrips(2),
    unit: 'rtt',
    why: {
      en: 'RFC 5246 (7.3): the client cannot send the premaster secret before it has the certificate, and does not send data before it has seen the Finished of the server. That is two times there and back, counted from the moment when TCP is open.',
      zh: 'RFC 5246（7.3）：没有证书，客户端发不出预主密钥；没有看到服务器的 Finished，客户端不发数据。各是一去一回，从 TCP 建立时算起。',
    },
    given: HANDSHAKE_ONLY,
  },
  {
    id: `${lane}-read-afterwards`,
    text: {
      en: 'Whoever gets the private key later reads all of it',
      zh: '事后拿到私钥的人能读出全部明文',
    },
    metric: `${lane}/plaintext_recovered`,
    op: '=',
    value: `${lane}/plaintext_total`,
    unit: 'B',
    why: {
      en: 'The encrypted premaster secret stands in the recording. The private key opens it, and all else that the master secret is made of crossed in the clear, the transcript included.',
      zh: '加密的预主密钥就在录下的数据里，私钥能解开它；主密钥的其他成分，包括握手消息本身，都是明文传输的。',
    },
    given: UNDISTURBED,
  },
]

export const tls12Rsa: ExperimentInput = {
  id: 'tls12-rsa',
  chapter: 'tls',
  title: { en: 'TLS 1.2 with RSA key exchange', zh: 'TLS 1.2：RSA 握手' },
  question: {
    en: 'Two hosts have never met, and everyone on the path reads along. How do they come to keys that only the two of them know?',
    zh: '两台主机素未谋面，沿途的人看得到每一个字节。它们怎样得出只有彼此知道的密钥？',
  },
  narrative: [
    {
      en: 'Four flights, two in each direction, carry seven messages. ClientHello says what the client can do and brings 32 random bytes. The server answers with three messages at once: ServerHello, its choice and 32 random bytes of its own; Certificate, its chain; and ServerHelloDone. The client checks the chain, makes the premaster secret, encrypts it with the public key from the certificate and sends it as ClientKeyExchange, with its Finished right behind. The fourth flight is the Finished of the server. The two ChangeCipherSpec between them are no handshake messages but records of a type of their own: from here on, under the new keys.',
      zh: '四次发送，每个方向两次，共七条消息。ClientHello 列出客户端的能力，并带上 32 字节随机数。服务器一口气答复三条：ServerHello 给出选择和自己的 32 字节随机数，Certificate 送上证书链，ServerHelloDone 表示说完了。客户端验过证书链，生成预主密钥，用证书里的公钥加密，放进 ClientKeyExchange 发出，Finished 紧随其后。第四次是服务器的 Finished。夹在中间的两个 ChangeCipherSpec 不是握手消息，而是单独一种类型的记录，意思是“从下一条记录起启用新密钥”。',
    },
    {
      en: 'The premaster secret is 48 bytes: the version that the client asked for in two, and 46 random ones. It is the only thing that is kept from the onlooker; both randoms cross in the clear, and they are there so that no two connections have the same keys. A function that mixes (PRF, here HMAC with SHA-256) makes the master secret of the three, and from the master secret it draws, again with both randoms, as many bytes as are needed: a key and the fixed part of the nonce for each direction. So there is not one session key but a set for each direction, and the view of keys shows each step with its values.',
      zh: '预主密钥共 48 字节：2 字节是客户端最初提出的版本号，46 字节随机。旁观者唯一看不到的就是它；两个随机数都是明文传输的，作用是让每个连接的密钥都不相同。伪随机函数 PRF（这里基于 HMAC-SHA256）把三者混合成主密钥，再用主密钥和两个随机数展开出所需的字节：每个方向一把密钥和一段固定的 nonce。所以“会话密钥”不是一把，而是每个方向各一套；密钥视图列出了每一步和其中的值。',
    },
    {
      en: 'The two lanes differ in one step. On the left the master secret comes from the premaster secret and the two randoms, as RFC 5246 has it. On the right the hash of all messages so far takes the place of the randoms: the extended master secret of RFC 7627. A man in the middle who is a server to the one and a client to the other can hand on randoms and premaster secret, and so make both of his connections end in the same master secret, although each side saw another certificate. The hash covers the certificate, so with it the two come out different.',
      zh: '两组只有一步不同。左边按 RFC 5246，主密钥由预主密钥和两个随机数算出；右边用此前全部握手消息的哈希取代随机数，这就是 RFC 7627 的扩展主密钥。中间人对一方扮服务器、对另一方扮客户端，只要转交随机数和预主密钥，就能让两条连接得到同一个主密钥，尽管双方看到的证书并不相同。哈希把证书也算了进去，两条连接的主密钥就不会再一样。',
    },
    {
      en: 'Finished is the first message under the new keys, and it is not just a digest. Its 12 bytes are drawn by the PRF from the master secret and the hash of all messages before it, so only someone who has the master secret can make it. If a cipher suite was struck out of the ClientHello on the way, the hashes of the two sides differ, and the handshake ends here.',
      zh: 'Finished 是新密钥下的第一条消息，但它不是一份单纯的摘要：这 12 字节由 PRF 从主密钥和此前全部消息的哈希算出，没有主密钥就造不出来。如果有人在途中从 ClientHello 里划掉了某个密码套件，双方的哈希对不上，握手到此为止。',
    },
    {
      en: 'The weakness is plain: the premaster secret is in the recording, locked with a key that lives as long as the certificate. At the end of each run the private key leaks to someone who recorded everything, and he reads all of it. The extended master secret is no help, nor is it meant to be: the transcript is in the recording, too. Therefore TLS 1.3 has no RSA key exchange any more, and browsers avoid it; this program, too, can only show it where its TLS library still offers it.',
      zh: '弱点一目了然：预主密钥就在录下的数据里，锁住它的私钥却和证书一样长寿。每次运行结束时，私钥泄露给一个录下了全部数据的人，他读出了一切。扩展主密钥帮不上忙，它本来也不管这件事：握手消息同样在录下的数据里。正因如此，TLS 1.3 取消了 RSA 密钥交换，浏览器也避免使用；本程序同样只有在 TLS 库仍然提供时才能演示。',
    },
    {
      en: 'Two round trips is what TLS asks for; TCP can ask for more. Set the initial window of the server to one segment: its certificates do not fit any more, and the second half waits until the first is acknowledged.',
      zh: '2 个往返是 TLS 的要求，TCP 还可能要得更多。把服务器的初始窗口设为 1 个报文段：证书链一次发不完，后一半要等前一半得到确认才能发。',
    },
  ],
  rfcs: [
    {
      number: 5246,
      title: 'The Transport Layer Security (TLS) Protocol Version 1.2: 5, 6.3, 7.3, 7.4.7.1 and 8.1',
    },
    { number: 7627, title: 'TLS Session Hash and Extended Master Secret Extension' },
    { number: 5288, title: 'AES Galois Counter Mode (GCM) Cipher Suites for TLS' },
    { number: 6928, title: "Increasing TCP's Initial Window" },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(100_000),
    apps: {
      site: tlsSite(RSA),
      browser: tlsBrowser(RSA),
      eavesdropper: { kind: 'eavesdropper', host: 'server', server: 'site' },
    },
  },
  lanes: [
    {
      id: 'classic',
      label: { en: 'Master secret from the randoms', zh: '主密钥取自随机数' },
      set: atBothEnds('extendedMasterSecret', false),
    },
    { id: 'extended', label: { en: 'Extended master secret', zh: '扩展主密钥' } },
  ],
  knobs: [...PATH_KNOBS, INITIAL_WINDOW_KNOB],
  expectations: [
    ...LANES.flatMap(claimsOf),
    {
      id: 'first-byte',
      text: {
        en: 'The first byte of the answer arrives after four round trips',
        zh: '响应的第一个字节在 4 个往返之后到达',
      },
      metric: 'extended/first_byte_rtts',
      op: '=',
      value: 4,
      tolerance: withinRoundTrips(4),
      unit: 'rtt',
      why: {
        en: 'One for TCP, two for TLS, one for the request and its answer. Counted from the SYN.',
        zh: 'TCP 一个，TLS 两个，请求与响应一个。从 SYN 发出时算起。',
      },
      given: HANDSHAKE_ONLY,
    },
    {
      id: 'flights',
      text: { en: 'Four flights', zh: '四次发送' },
      metric: 'extended/tls_flights',
      op: '=',
      value: 4,
      unit: 'count',
      why: {
        en: 'RFC 5246 (7.3, figure 1). A flight is what one side sends before it needs an answer; it is often called a message, but the second one holds three.',
        zh: 'RFC 5246（7.3，图 1）。一次发送是一方在需要对方答复之前连续发出的内容；常有人把它说成“一个消息”，其实第二次里就有三条。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'messages',
      text: { en: 'Seven handshake messages', zh: '七条握手消息' },
      metric: 'extended/tls_messages',
      op: '=',
      value: 7,
      unit: 'count',
      why: {
        en: 'ClientHello; ServerHello, Certificate, ServerHelloDone; ClientKeyExchange, Finished; Finished. There is no ServerKeyExchange: the key in the certificate is all that the client needs.',
        zh: 'ClientHello；ServerHello、Certificate、ServerHelloDone；ClientKeyExchange、Finished；Finished。没有 ServerKeyExchange：客户端需要的公钥就在证书里。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'key-exchange-bytes',
      text: {
        en: 'ClientKeyExchange is 262 bytes long',
        zh: 'ClientKeyExchange 长 262 字节',
      },
      metric: 'extended/tls_client_key_exchange_bytes',
      op: '=',
      value: 262,
      unit: 'B',
      why: {
        en: 'RSA gives back as many bytes as the modulus has, 256 with a key of 2,048 bits, whatever is put in. Before them a length of 2 bytes and the header of 4 (RFC 5246 7.4.7.1).',
        zh: '无论放进多少，RSA 的密文总与模数等长，2048 位的密钥就是 256 字节；前面有 2 字节长度和 4 字节消息头（RFC 5246 7.4.7.1）。',
      },
    },
    {
      id: 'no-transcript',
      text: {
        en: 'On the left the server did not agree to the extended master secret',
        zh: '左边没有协商扩展主密钥',
      },
      metric: 'classic/extended_master_secret',
      op: '=',
      value: 0,
      why: {
        en: 'The extension is absent from its ServerHello, so the seed is client random and server random (RFC 5246 8.1).',
        zh: 'ServerHello 里没有这个扩展，于是种子是两个随机数（RFC 5246 8.1）。',
      },
    },
    {
      id: 'transcript',
      text: { en: 'On the right it did', zh: '右边协商了扩展主密钥' },
      metric: 'extended/extended_master_secret',
      op: '=',
      value: 1,
      why: {
        en: 'RFC 7627 (5.2): both hellos carry the extension, so the seed is the hash of all messages up to ClientKeyExchange.',
        zh: 'RFC 7627（5.2）：双方的 Hello 都带有这个扩展，种子是截至 ClientKeyExchange 的全部消息的哈希。',
      },
    },
    {
      id: 'narrow-window',
      text: {
        en: 'With a window of one segment it takes at least three round trips',
        zh: '初始窗口只有 1 个报文段时，握手至少要 3 个往返',
      },
      metric: 'extended/tls_handshake_rtts',
      op: '>=',
      value: 3,
      unit: 'rtt',
      why: {
        en: 'The chain is longer than a segment. What does not fit leaves when the first segment has been acknowledged, a round trip later; the client, which waits for a second segment, delays that acknowledgment (RFC 9293 3.8.6.3).',
        zh: '证书链超过一个报文段，剩下的部分要等第一个报文段被确认后才能发出，晚一个往返；客户端还在等第二个报文段，这个确认又会延迟一会儿（RFC 9293 3.8.6.3）。',
      },
      given: NARROW_WINDOW,
    },
  ],
  views: ['tls', 'keys', 'ladder', 'certificates', 'layers', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'Nothing has been exchanged yet, not even TCP is open. How many round trips pass until the first byte of the answer to a request over TLS 1.2 is there?',
      zh: '此前没有任何往来，TCP 也还没有建立。通过 TLS 1.2 发一个请求，要经过几个往返才能收到响应的第一个字节？',
    },
    choices: [
      {
        text: { en: 'Two', zh: '2 个' },
        right: false,
        because: {
          en: 'That is the TLS handshake alone. It needs an open TCP connection before it, and the request comes after it.',
          zh: '这只是 TLS 握手本身。它之前要先建立 TCP，之后才轮到请求。',
        },
      },
      {
        text: { en: 'Three', zh: '3 个' },
        right: false,
        because: {
          en: 'That would do if the client could send its request along with its Finished. In TLS 1.2 it waits for the Finished of the server.',
          zh: '如果请求能和客户端的 Finished 一起发出，3 个就够了；但在 TLS 1.2 里，客户端要等服务器的 Finished。',
        },
      },
      {
        text: { en: 'Four', zh: '4 个' },
        right: true,
        because: {
          en: 'One for TCP, two for TLS, one for the request: the layers do not know of each other and open one after the other.',
          zh: 'TCP 一个，TLS 两个，请求一个：各层互不知情，只能一层接一层地建立。',
        },
      },
    ],
  },
}
