/** What the experiments of TLS share: a site behind TLS, a visitor, the knobs of both, and conditions of claims. */
import type { ExperimentInput, Json } from '../experiment.ts'
import type { TlsClientSettings, TlsServerSettings } from '../tls.ts'
import { is, ROUND_TRIPS_ONLY } from './web.ts'

type AppInput = ExperimentInput['setup']['apps'][string]
type KnobWithoutPaths = Omit<ExperimentInput['knobs'][number], 'paths'>

/** The path of a setting of TLS at both ends. */
export const bothEnds = (setting: string): string[] => [
  `apps.site.tls.${setting}`,
  `apps.browser.tls.${setting}`,
]

/** A setting of TLS for a lane, the same at both ends. */
export const atBothEnds = (setting: string, value: Json): Record<string, Json> =>
  Object.fromEntries(bothEnds(setting).map((path) => [path, value]))

/** A server with one document, over HTTP/1.1 so that one request and one answer follow the handshake and nothing else. */
export const tlsSite = (tls: Partial<TlsServerSettings> = {}, size = 1_000): AppInput => ({
  kind: 'http-server',
  host: 'server',
  port: 443,
  tls,
  versions: ['http/1.1'],
  resources: { '/': { size, type: 'text/plain' } },
})

/** A client that asks for the document, `times` times on a connection of its own each. */
export const tlsBrowser = (tls: Partial<TlsClientSettings> = {}, times = 1): AppInput => ({
  kind: 'http-client',
  host: 'client',
  to: 'server',
  port: 443,
  tls,
  version: 'http/1.1',
  reuse: false,
  requests: [{ target: '/', times, after: true }],
})

const INITIAL_WINDOW = 'hosts.server.tcp.initialWindow'
/** Nothing but round trips takes time, and the certificate chain fits into the first window (RFC 3390, RFC 6928). */
export const HANDSHAKE_ONLY = [...ROUND_TRIPS_ONLY, is(INITIAL_WINDOW, 4, 10)]
/** The server may send one segment, and must hear of it before it sends the rest of the chain. */
export const NARROW_WINDOW = [...ROUND_TRIPS_ONLY, is(INITIAL_WINDOW, 1)]

export const TLS_KNOBS = {
  extendedMasterSecret: {
    id: 'extended-master-secret',
    label: { en: 'Extended master secret', zh: '扩展主密钥' },
    hint: {
      en: 'RFC 7627: the master secret comes from the hash of the whole transcript and not from the two randoms alone.',
      zh: 'RFC 7627：主密钥由全部握手消息的哈希导出，而不只是两个随机数。',
    },
    group: 'tls',
    kind: 'switch',
  },
  group: {
    id: 'group',
    label: { en: 'Group of the key exchange', zh: '密钥交换的群' },
    hint: {
      en: 'The curve on which both sides make their key shares. It decides how long these are.',
      zh: '双方在哪条曲线上生成密钥份额，份额的长度由它决定。',
    },
    group: 'tls',
    kind: 'choice',
    options: [
      { value: 'x25519', label: { en: 'X25519', zh: 'X25519 曲线' } },
      { value: 'secp256r1', label: { en: 'P-256', zh: 'P-256 曲线' } },
    ],
  },
  certificate: {
    id: 'certificate-key',
    label: { en: 'Key of the certificate', zh: '证书的密钥' },
    hint: {
      en: 'What the server signs with. A signature of ECDSA is shorter than one of RSA, and its length varies by a byte or two.',
      zh: '服务器用它签名。ECDSA 的签名比 RSA 短，长度会有一两个字节的出入。',
    },
    group: 'tls',
    kind: 'choice',
    options: [
      { value: 'rsa', label: { en: 'RSA, 2,048 bits', zh: 'RSA，2048 位' } },
      { value: 'p256', label: { en: 'ECDSA on P-256', zh: 'P-256 上的 ECDSA' } },
    ],
  },
  initialWindow: {
    id: 'initial-window',
    label: { en: "Server's initial window", zh: '服务器的初始窗口' },
    hint: {
      en: 'How many segments the server may send before the first acknowledgment. With one, its certificates do not fit and the handshake waits for TCP.',
      zh: '收到第一个确认之前，服务器最多可发多少个报文段。只有 1 个时证书链发不完，握手要等 TCP。',
    },
    group: 'tcp',
    kind: 'number',
    unit: 'segments',
    min: 1,
    max: 10,
    step: 1,
  },
} as const satisfies Record<string, KnobWithoutPaths>

export const INITIAL_WINDOW_KNOB = { ...TLS_KNOBS.initialWindow, paths: [INITIAL_WINDOW] }
