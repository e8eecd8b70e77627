/** 前向保密: everything is recorded, then the server's private key leaks. What can be read? */
import type { ExperimentInput } from '../experiment.ts'
import { atBothEnds, bothEnds, TLS_KNOBS, tlsBrowser, tlsSite } from './tls-knobs.ts'
import { PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink } from './web.ts'

const UNREADABLE = ['ecdhe', 'tls13'] as const
const NAMES = { ecdhe: { en: 'ECDHE', zh: 'ECDHE' }, tls13: { en: 'TLS 1.3', zh: 'TLS 1.3' } } as const
const WHY_NOT = {
  ecdhe: {
    en: 'The key of the certificate signed the key share and did nothing else. The secret came from two private halves that both ends threw away (RFC 8422 5.10).',
    zh: '证书的密钥只给份额签过名。秘密来自两个临时私钥，用完就被两端丢弃（RFC 8422 5.10）。',
  },
  tls13: {
    en: 'TLS 1.3 knows key exchanges with forward secrecy only, apart from a pre-shared key by itself (RFC 8446 1.2 and 2.2).',
    zh: '除了单独使用预共享密钥之外，TLS 1.3 只有前向保密的密钥交换（RFC 8446 1.2、2.2）。',
  },
} as const

export const forwardSecrecy: ExperimentInput = {
  id: 'forward-secrecy',
  chapter: 'tls',
  title: { en: 'Forward secrecy', zh: '前向保密' },
  question: {
    en: 'Someone records all packets today and steals the private key of the server in a year. What of today will he be able to read?',
    zh: '有人今天录下全部数据包，一年后偷到了服务器的私钥。今天的内容，他能读出多少？',
  },
  narrative: [
    {
      en: 'Three connections carry the same page: TLS 1.2 with RSA key exchange, TLS 1.2 with ECDHE, and TLS 1.3. Beside the server sits an eavesdropper who takes down every packet and breaks nothing. When the connections are closed and their keys forgotten, the private key of the certificate leaks to him. Then he tries, with the recording, the private key and nothing else: the key log, which lets the other views show what is inside, is not his.',
      zh: '三条连接传送同一个页面：TLS 1.2 的 RSA 密钥交换、TLS 1.2 的 ECDHE、TLS 1.3。服务器旁边有一个窃听者，他记下每一个数据包，不做任何破坏。连接关闭、密钥都已丢弃之后，证书的私钥泄露到他手里。他开始尝试，手上只有录下的数据和这把私钥；其他视图能显示明文，靠的是密钥日志，他并没有。',
    },
    {
      en: 'With RSA he is done at once. ClientKeyExchange holds the premaster secret, encrypted for precisely this key. He decrypts it, takes the randoms from the hellos (or the hash of the messages, with the extended master secret), computes master secret and keys as both ends did, and opens record after record. Nothing is guessed, and nothing is broken.',
      zh: '对 RSA 那条，他立刻得手。ClientKeyExchange 里的预主密钥正是用这把密钥加密的。他解开它，从两个 Hello 中取出随机数（启用扩展主密钥时，则是握手消息的哈希），像两端当初那样算出主密钥和各方向的密钥，把记录一条一条打开。没有猜测，也没有攻破任何算法。',
    },
    {
      en: 'With ECDHE he finds two key shares, both public, and a signature. The private key lets him make such signatures, so from now on he can pose as the server. But it does not help him with yesterday: the private halves of the shares existed in the memory of the two ends only, and are gone. This is forward secrecy: a long-term key that leaks endangers the future, not the past.',
      zh: '对 ECDHE 那条，他只找到两个公开的份额和一个签名。私钥能让他伪造这样的签名，从此可以冒充服务器；对过去却毫无用处：两个份额对应的私钥只在两端的内存里存在过，早已消失。这就是前向保密：长期密钥泄露，危及的是将来，而不是过去。',
    },
    {
      en: 'Forward secrecy has its limits, too. It holds only if the ephemeral keys are really thrown away and not used for days on end, and a server that encrypts its session tickets with one long-lived key gives it away again in TLS 1.2: the ticket holds the master secret. And whoever can compute discrete logarithms on the curve, one day with a quantum computer, needs no leaked key: that is why hybrid post-quantum key exchange is being rolled out now.',
      zh: '前向保密也有边界。临时密钥必须真的用完即弃，而不是一用好几天；TLS 1.2 的服务器如果长期用同一把密钥加密会话票据，也等于把它送了回去，因为票据里装着主密钥。再者，谁能在曲线上求离散对数，比如将来的量子计算机，就根本不需要泄露的私钥：混合后量子密钥交换正是为此而部署的。',
    },
  ],
  rfcs: [
    { number: 5246, title: 'The Transport Layer Security (TLS) Protocol Version 1.2: 7.4.7.1 and F.1.1.2' },
    {
      number: 8422,
      title: 'Elliptic Curve Cryptography (ECC) Cipher Suites for TLS Versions 1.2 and Earlier',
    },
    { number: 8446, title: 'The Transport Layer Security (TLS) Protocol Version 1.3: 1.2 and E.1' },
    { number: 9325, title: 'Recommendations for Secure Use of TLS and DTLS: 4.1 and 7.3' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(20_000),
    apps: {
      site: tlsSite({}, 20_000),
      browser: tlsBrowser(),
      eavesdropper: { kind: 'eavesdropper', host: 'server', server: 'site' },
    },
  },
  lanes: [
    {
      id: 'rsa',
      label: { en: 'TLS 1.2, RSA', zh: 'TLS 1.2，RSA 握手' },
      set: { ...atBothEnds('version', '1.2'), ...atBothEnds('keyExchange', 'rsa') },
    },
    {
      id: 'ecdhe',
      label: { en: 'TLS 1.2, ECDHE', zh: 'TLS 1.2，ECDHE 握手' },
      set: { ...atBothEnds('version', '1.2'), ...atBothEnds('keyExchange', 'ecdhe') },
    },
    { id: 'tls13', label: { en: 'TLS 1.3', zh: 'TLS 1.3 握手' }, set: atBothEnds('version', '1.3') },
  ],
  knobs: [
    {
      id: 'size',
      label: { en: 'Size of the page', zh: '页面大小' },
      group: 'http',
      paths: ['apps.site.resources./.size'],
      kind: 'number',
      unit: 'B',
      min: 0,
      max: 1_000_000,
      step: 1_000,
    },
    { ...TLS_KNOBS.extendedMasterSecret, paths: bothEnds('extendedMasterSecret') },
    { ...TLS_KNOBS.group, paths: bothEnds('groups') },
    ...PATH_KNOBS,
  ],
  expectations: [
    {
      id: 'rsa-all',
      text: { en: 'With RSA every byte is recovered', zh: 'RSA 握手：每个字节都被读出' },
      metric: 'rsa/plaintext_recovered',
      op: '=',
      value: 'rsa/plaintext_total',
      unit: 'B',
      why: {
        en: 'The premaster secret crossed under the key that has leaked (RFC 5246 7.4.7.1). Counted are the bytes of application data of both directions.',
        zh: '预主密钥正是用这把泄露的密钥加密传输的（RFC 5246 7.4.7.1）。统计两个方向的应用数据字节。',
      },
      given: UNDISTURBED,
    },
    ...UNREADABLE.map((lane): ExperimentInput['expectations'][number] => ({
      id: `${lane}-none`,
      text: { en: `With ${NAMES[lane].en} not one`, zh: `${NAMES[lane].zh}：一个字节也读不出` },
      metric: `${lane}/plaintext_recovered`,
      op: '=',
      value: 0,
      unit: 'B',
      why: WHY_NOT[lane],
      given: UNDISTURBED,
    })),
    ...(['rsa', ...UNREADABLE] as const).map((lane): ExperimentInput['expectations'][number] => ({
      id: `${lane}-something`,
      text: {
        en: 'There was something to read: the page and more',
        zh: '确有内容可读：整个页面，还不止',
      },
      metric: `${lane}/plaintext_total`,
      op: '>',
      value: `${lane}/content_bytes`,
      unit: 'B',
      why: {
        en: 'Requests and header sections are application data as well. Without this, zero bytes recovered would prove nothing.',
        zh: '请求和首部也是应用数据。没有这一条，“读出 0 字节”就什么也说明不了。',
      },
      given: UNDISTURBED,
    })),
    {
      id: 'still-authentic',
      text: {
        en: 'The leaked key did its duty: it signed the key share',
        zh: '泄露的密钥尽了它的职责：为份额签名',
      },
      metric: 'ecdhe/server_signature_valid',
      op: '=',
      value: 1,
      why: {
        en: 'In all three lanes the same private key proves who the server is. What it is used for makes the difference.',
        zh: '三组中都靠同一把私钥证明服务器的身份，区别在于拿它来做什么。',
      },
      given: UNDISTURBED,
    },
  ],
  views: ['tls', 'keys', 'layers', 'packets', 'ladder', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'The connection used ECDHE, and everything was recorded. Now the private key of the certificate leaks. What can be read?',
      zh: '连接使用 ECDHE，全部数据都被录下。现在证书的私钥泄露了，能读出什么？',
    },
    choices: [
      {
        text: { en: 'Everything', zh: '全部内容' },
        right: false,
        because: {
          en: 'So it is with RSA key exchange, where this key decrypts the premaster secret.',
          zh: 'RSA 密钥交换才是这样：那把私钥能解开预主密钥。',
        },
      },
      {
        text: { en: 'The handshake, but not the data', zh: '握手消息，但读不到数据' },
        right: false,
        because: {
          en: 'The handshake of TLS 1.2 was readable before the leak already, but for the Finished. The leak adds nothing.',
          zh: 'TLS 1.2 的握手消息除 Finished 外本来就是明文，泄露前后并无不同。',
        },
      },
      {
        text: { en: 'Nothing more than before', zh: '不比泄露之前更多' },
        right: true,
        because: {
          en: 'The key can only sign. It makes it possible to pose as the server from now on, not to open what is past.',
          zh: '这把密钥只能签名。有了它，今后可以冒充服务器，但打不开过去的内容。',
        },
      },
    ],
  },
}
