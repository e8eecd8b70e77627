/** ECDHE 握手: how TLS 1.2 agrees on keys that no recording holds, and the round trip that this does not save. */
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
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

const TLS12 = { version: '1.2' } as const
const GROUP = 'apps.site.tls.groups'
const TWO_ROUND_TRIPS = {
  en: 'RFC 5246 (7.3): in both the client sends no data before it has seen the Finished of the server. What the ClientKeyExchange holds makes no difference to that.',
  zh: 'RFC 5246（7.3）：两种握手里，客户端都要看到服务器的 Finished 才发数据。ClientKeyExchange 里装的是什么，与此无关。',
}

/** Lengths of the messages of the key exchange with a group whose shares have `share` bytes. */
const lengths = (id: string, group: string, share: number, name: string): ExperimentInput['expectations'] => [
  {
    id: `server-key-exchange-${id}`,
    text: {
      en: `With ${name}, ServerKeyExchange is ${268 + share} bytes long`,
      zh: `使用 ${name} 时，ServerKeyExchange 长 ${268 + share} 字节`,
    },
    metric: 'ecdhe/tls_server_key_exchange_bytes',
    op: '=',
    value: 268 + share,
    unit: 'B',
    why: {
      en: `RFC 8422 (5.4): header 4, curve 3, length 1, key share ${share}; signature scheme 2, length 2, signature 256. The proof is longer than what it proves.`,
      zh: `RFC 8422（5.4）：消息头 4，曲线 3，长度 1，密钥份额 ${share}；签名算法 2，长度 2，签名 256。用来证明的比被证明的还长。`,
    },
    given: [is(GROUP, group)],
  },
  {
    id: `client-key-exchange-${id}`,
    text: {
      en: `With ${name}, ClientKeyExchange is ${5 + share} bytes long`,
      zh: `使用 ${name} 时，ClientKeyExchange 长 ${5 + share} 字节`,
    },
    metric: 'ecdhe/tls_client_key_exchange_bytes',
    op: '=',
    value: 5 + share,
    unit: 'B',
    why: {
      en: `RFC 8422 (5.7): header 4, length 1, key share ${share}. Against RSA it is small, since it is a public key and not something encrypted.`,
      zh: `RFC 8422（5.7）：消息头 4，长度 1，密钥份额 ${share}。比 RSA 的短得多，因为它是一把公钥，而不是密文。`,
    },
    given: [is(GROUP, group)],
  },
]

export const tls12Ecdhe: ExperimentInput = {
  id: 'tls12-ecdhe',
  chapter: 'tls',
  title: { en: 'TLS 1.2 with ECDHE', zh: 'TLS 1.2：ECDHE 握手' },
  question: {
    en: 'With ECDHE nothing secret is sent at all. Where do the keys come from then, who vouches for them, and is the handshake any faster?',
    zh: 'ECDHE 握手中根本不传输秘密。那么密钥从何而来，由谁担保？握手会不会因此更快？',
  },
  narrative: [
    {
      en: 'Each side makes a key pair for this connection alone and sends the public half, its key share: the server in ServerKeyExchange, the client in ClientKeyExchange. From its own private half and the share of the other each computes the same point of the curve, and this is the premaster secret. Whoever sees only the two shares cannot. From there on all is as with RSA: premaster secret, master secret, keys.',
      zh: '双方各自为这一条连接生成一对密钥，把公开的一半，即密钥份额，发给对方：服务器放在 ServerKeyExchange 里，客户端放在 ClientKeyExchange 里。用自己的私钥和对方的份额，两边算出曲线上的同一个点，这就是预主密钥；只看到两个份额的人算不出来。之后与 RSA 握手相同：预主密钥、主密钥、各方向的密钥。',
    },
    {
      en: 'A key share by itself says nothing of whom it comes from. So the server signs it with the private key of its certificate: client random, server random and its share go under one signature. That is all that the key of the certificate does here. It signs, it never encrypts, and once it leaks it opens no recording.',
      zh: '份额本身说明不了它来自谁，所以服务器要用证书的私钥签名：客户端随机数、服务器随机数和自己的份额签在一起。证书的密钥在这里只做这一件事：签名，从不加密。将来即使泄露，也解不开任何录下的数据。',
    },
    {
      en: 'The randoms under the signature tie it to this connection. This run verifies each signature once more from the recorded bytes alone, and then asks what would be if it were shown to another client, whose random is another: the signature does not hold. An attacker who once caught a server with a share that he can break could otherwise pass it off for ever.',
      zh: '签名里的随机数把它和这条连接绑在一起。本次运行只凭录下的字节把每个签名重新验证一遍，再设想把它拿给另一个随机数不同的客户端：签名不成立。否则，攻击者只要得到一个自己能破解的份额，就可以拿着它的签名一直冒充下去。',
    },
    {
      en: 'ECDHE is often said to save a round trip, since the client may send data before the Finished of the server arrives. Measured, it does not: two round trips, as with RSA. What is meant is TLS False Start (RFC 7918), and that is a decision of the client, not a part of ECDHE. It may be taken with key exchanges like this one only, because whoever sends early has not yet seen the proof that nobody tampered with the negotiation. The TLS library here does not do it. The figure with False Start is therefore not measured but computed, the measured one less a round trip, and it is marked as such.',
      zh: '常有人说 ECDHE 能省一个往返，因为客户端不必等服务器的 Finished 就可以发数据。实测并非如此：和 RSA 一样，2 个往返。那说的其实是 TLS False Start（RFC 7918），它是客户端的一种做法，不是 ECDHE 的一部分。只有像这样的密钥交换才允许这么做，因为提前发数据的人还没有看到“协商未被篡改”的证明。这里的 TLS 库并不采用它。所以 False Start 的那个数字不是测出来的，而是由实测值减去一个往返得到的，并已注明。',
    },
    {
      en: 'Choose P-256 in place of X25519: shares of 65 bytes instead of 32, because both coordinates of the point are sent. The round trips stay the same.',
      zh: '把 X25519 换成 P-256：份额从 32 字节变成 65 字节，因为要传点的两个坐标。往返次数不变。',
    },
  ],
  rfcs: [
    {
      number: 8422,
      title: 'Elliptic Curve Cryptography (ECC) Cipher Suites for TLS Versions 1.2 and Earlier',
    },
    { number: 7748, title: 'Elliptic Curves for Security' },
    { number: 5246, title: 'The Transport Layer Security (TLS) Protocol Version 1.2' },
    { number: 7918, title: 'Transport Layer Security (TLS) False Start' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(100_000),
    apps: { site: tlsSite(TLS12), browser: tlsBrowser(TLS12) },
  },
  lanes: [
    { id: 'rsa', label: { en: 'RSA', zh: 'RSA 握手' }, set: atBothEnds('keyExchange', 'rsa') },
    { id: 'ecdhe', label: { en: 'ECDHE', zh: 'ECDHE 握手' }, set: atBothEnds('keyExchange', 'ecdhe') },
  ],
  knobs: [...PATH_KNOBS, { ...TLS_KNOBS.group, paths: bothEnds('groups') }, INITIAL_WINDOW_KNOB],
  expectations: [
    ...(['rsa', 'ecdhe'] as const).map((lane): ExperimentInput['expectations'][number] => ({
      id: `${lane}-two-round-trips`,
      text: {
        en: `With ${lane.toUpperCase()} the handshake takes two round trips`,
        zh: `${lane.toUpperCase()} 握手用去 2 个往返`,
      },
      metric: `${lane}/tls_handshake_rtts`,
      op: '=',
      value: 2,
      tolerance: withinRoundTrips(2),
      unit: 'rtt',
      why: TWO_ROUND_TRIPS,
      given: HANDSHAKE_ONLY,
    })),
    {
      id: 'first-byte',
      text: {
        en: 'The first byte of the answer arrives after four round trips',
        zh: '响应的第一个字节在 4 个往返之后到达',
      },
      metric: 'ecdhe/first_byte_rtts',
      op: '=',
      value: 4,
      tolerance: withinRoundTrips(4),
      unit: 'rtt',
      why: {
        en: 'One for TCP, two for TLS, one for the request. As with RSA.',
        zh: 'TCP 一个，TLS 两个，请求一个。与 RSA 相同。',
      },
      given: HANDSHAKE_ONLY,
    },
    {
      id: 'false-start',
      text: {
        en: 'With False Start it would be three (computed, not measured)',
        zh: '若采用 False Start 则为 3 个（推算值，并非实测）',
      },
      metric: 'ecdhe/false_start_first_byte_rtts',
      op: '=',
      value: 3,
      tolerance: withinRoundTrips(3),
      unit: 'rtt',
      why: {
        en: 'RFC 7918 (3): the client sends the request right behind its own Finished and does not wait for that of the server. The measured figure less one round trip.',
        zh: 'RFC 7918（3）：客户端在自己的 Finished 之后立刻发出请求，不等服务器的 Finished。由实测值减去一个往返得到。',
      },
      given: HANDSHAKE_ONLY,
    },
    {
      id: 'messages',
      text: {
        en: 'Eight handshake messages, one more than with RSA',
        zh: '八条握手消息，比 RSA 多一条',
      },
      metric: 'ecdhe/tls_messages',
      op: '=',
      value: 8,
      unit: 'count',
      why: {
        en: 'ServerKeyExchange, with the key share and its signature. It travels in the same flight as the certificate and costs no round trip.',
        zh: '多出的是 ServerKeyExchange，内含密钥份额及其签名。它与证书同一次发出，不多花往返。',
      },
      given: UNDISTURBED,
    },
    ...lengths('x25519', 'x25519', 32, 'X25519'),
    ...lengths('p256', 'secp256r1', 65, 'P-256'),
    {
      id: 'signature-valid',
      text: {
        en: 'The signature over randoms and key share holds',
        zh: '对随机数和密钥份额的签名成立',
      },
      metric: 'ecdhe/server_signature_valid',
      op: '=',
      value: 1,
      why: {
        en: 'RFC 8422 (5.4). Verified after the run from the recorded bytes, with the key of the certificate that crossed; 1 means that it holds.',
        zh: 'RFC 8422（5.4）。运行结束后只凭录下的字节，用链路上那张证书的公钥验证；1 表示成立。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'signature-bound',
      text: {
        en: 'It would not hold for another client (counterfactual)',
        zh: '换一个客户端，签名就不成立（反事实）',
      },
      metric: 'ecdhe/server_signature_replayable',
      op: '=',
      value: 0,
      why: {
        en: 'The same signature, checked with another client random in the place of the real one. 0 means that it fails, as it should.',
        zh: '把客户端随机数换掉，再验证同一个签名。0 表示验证失败，理应如此。',
      },
      given: UNDISTURBED,
    },
  ],
  views: ['tls', 'keys', 'ladder', 'certificates', 'layers', 'packets', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'A client changes from RSA to ECDHE key exchange, and nothing else. What becomes of the time to the first byte?',
      zh: '客户端把密钥交换从 RSA 换成 ECDHE，其余不变。收到第一个字节的时间会怎样？',
    },
    choices: [
      {
        text: { en: 'One round trip less', zh: '少一个往返' },
        right: false,
        because: {
          en: 'Only a client that also does False Start gains it, and that is a decision of its own.',
          zh: '只有同时采用 False Start 的客户端才能省下它，而那是另一回事。',
        },
      },
      {
        text: { en: 'The same', zh: '不变' },
        right: true,
        because: {
          en: 'The flights are the same four. Another message rides in the second one, and the client still waits for the Finished of the server.',
          zh: '仍是那四次发送，只是第二次里多了一条消息，客户端照样要等服务器的 Finished。',
        },
      },
      {
        text: { en: 'One round trip more', zh: '多一个往返' },
        right: false,
        because: {
          en: 'ServerKeyExchange needs no answer before the next message; it goes out together with the certificate.',
          zh: 'ServerKeyExchange 不必等对方答复，它和证书一起发出。',
        },
      },
    ],
  },
}
