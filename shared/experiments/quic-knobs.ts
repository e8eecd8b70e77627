/** What the experiments of QUIC share: a site that speaks every version of HTTP, a visitor over HTTP/3, knobs and conditions. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { is, ROUND_TRIPS_ONLY } from './web.ts'

type AppInput = ExperimentInput['setup']['apps'][string]
type SiteInput = Extract<AppInput, { kind: 'http-server' }>
type BrowserInput = Extract<AppInput, { kind: 'http-client' }>
type KnobInput = ExperimentInput['knobs'][number]

/** A site on UDP and TCP port 443, so that lanes differ by what the visitor chooses. */
export const site = (resources: SiteInput['resources'], changes: Partial<SiteInput> = {}): AppInput => ({
  kind: 'http-server',
  host: 'server',
  port: 443,
  tls: {},
  versions: ['h3', 'h2', 'http/1.1'],
  resources,
  ...changes,
})

/** A visitor, over HTTP/3 unless a lane says otherwise. */
export const browser = (
  requests: BrowserInput['requests'],
  changes: Partial<BrowserInput> = {},
): AppInput => ({
  kind: 'http-client',
  host: 'client',
  to: 'server',
  port: 443,
  tls: {},
  version: 'h3',
  requests,
  ...changes,
})

/** The path of a setting of both hosts. */
export const bothHosts = (setting: string): string[] => [`hosts.client.${setting}`, `hosts.server.${setting}`]

/** A setting of both hosts for a lane. */
export const atBothHosts = (setting: string, value: Json): Record<string, Json> =>
  Object.fromEntries(bothHosts(setting).map((path) => [path, value]))

const CERTIFICATE = 'apps.site.tls.certificate'
/**
 * Nothing but round trips takes time, and the server's first flight fits into three times the client's first datagram (RFC 9000 8.1):
 * of the lab's chain of two it does.
 */
export const FITTING_CHAIN = [...ROUND_TRIPS_ONLY, is(CERTIFICATE, 'rsa', 'p256')]

export const QUIC_KNOBS = {
  certificate: {
    id: 'certificate-key',
    label: { en: 'Key of the certificate', zh: '证书的密钥' },
    hint: {
      en: 'The shorter the certificates, the more room is left in the three datagrams that the server may send at first.',
      zh: '证书越短，服务器起初可发的三个数据报里余量就越大。',
    },
    group: 'tls',
    paths: [CERTIFICATE],
    kind: 'choice',
    options: [
      { value: 'rsa', label: { en: 'RSA, 2,048 bits', zh: 'RSA，2048 位' } },
      { value: 'p256', label: { en: 'ECDSA on P-256', zh: 'P-256 上的 ECDSA' } },
    ],
  },
  congestion: {
    id: 'congestion',
    label: { en: 'Congestion control', zh: '拥塞控制' },
    hint: { en: 'Of TCP and of QUIC alike, at both ends.', zh: '两端的 TCP 与 QUIC 都用它。' },
    group: 'quic',
    paths: [...bothHosts('tcp.congestion'), ...bothHosts('quic.congestion')],
    kind: 'choice',
    options: [
      { value: 'cubic', label: { en: 'CUBIC', zh: 'CUBIC' } },
      { value: 'newreno', label: { en: 'Reno', zh: 'Reno' } },
      { value: 'bbr', label: { en: 'BBR, by model', zh: 'BBR（基于模型）' } },
      { value: 'none', label: { en: 'none', zh: '不用' } },
    ],
  },
} as const satisfies Record<string, KnobInput>
