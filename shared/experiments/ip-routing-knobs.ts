/** The knobs of `ip-routing`: the table of gate, delays and losses of all lines, and what the probes are like. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { LINK_KNOBS } from './link-knobs.ts'

const LINES = ['lan', 'trunk', 'hall', 'books', 'side', 'stall', 'exit', 'cross'] as const
export const delays = LINES.flatMap((line) => [`links.${line}.up.delay`, `links.${line}.down.delay`])
export const losses = LINES.flatMap((line) => [`links.${line}.up.loss.rate`, `links.${line}.down.loss.rate`])
export const TABLE = 'routers.gate.routes'

export const AGGREGATE = { to: '10.77.0.0/16', via: 'core' }
export const SHOP_NEARBY = { to: '10.77.5.0/24', via: 'branch' }
export const DEFAULT = { to: '0.0.0.0/0', via: 'isp' }
/** The table of gate, beyond the networks that it is in itself, and without some of its lines. */
export const GATE: Json = [AGGREGATE, SHOP_NEARBY, DEFAULT]
export const GATE_WITHOUT_24: Json = [AGGREGATE, DEFAULT]
const GATE_WITHOUT_DEFAULT: Json = [AGGREGATE, SHOP_NEARBY]

export const KNOBS: ExperimentInput['knobs'] = [
  {
    id: 'table',
    label: { en: 'The table of gate', zh: 'gate 的路由表' },
    hint: {
      en: 'Beyond its own networks. The lane with the detour has a table of its own.',
      zh: '自己所在的网络之外的表项。绕行的那一组另有自己的表。',
    },
    group: 'ip',
    paths: [TABLE],
    kind: 'choice',
    options: [
      { value: GATE, label: { en: '/16, /24 and default', zh: '/16、/24 与默认' } },
      { value: GATE_WITHOUT_24, label: { en: '/16 and default', zh: '/16 与默认' } },
      { value: GATE_WITHOUT_DEFAULT, label: { en: '/16 and /24', zh: '/16 与 /24' } },
    ],
    live: true,
  },
  {
    id: 'probe',
    label: { en: 'What traceroute sends', zh: 'traceroute 发什么' },
    hint: {
      en: 'Datagrams to ports that nobody listens on, or echo requests. Routers answer both alike.',
      zh: '发往没人监听的端口的数据报，或者回显请求。路由器对两者一视同仁。',
    },
    group: 'application',
    paths: ['apps.route.probe'],
    kind: 'choice',
    options: [
      { value: 'udp', label: { en: 'UDP datagrams', zh: 'UDP 数据报' } },
      { value: 'icmp', label: { en: 'ICMP echo requests', zh: 'ICMP 回显请求' } },
    ],
  },
  {
    id: 'max-hops',
    label: { en: 'Most hops', zh: '最多跳数' },
    hint: { en: 'Where traceroute gives up.', zh: 'traceroute 到这里就放弃。' },
    group: 'application',
    paths: ['apps.route.maxHops'],
    kind: 'number',
    unit: 'count',
    min: 1,
    max: 64,
    step: 1,
  },
  {
    id: 'ttl',
    label: { en: 'Time to live of ping', zh: 'ping 的 TTL' },
    hint: {
      en: 'With 3 no echo request reaches the library: the third router finds nothing left.',
      zh: '设成 3，回显请求就到不了图书馆：第三台路由器把它减没了。',
    },
    group: 'ip',
    paths: ['apps.ping.ttl'],
    kind: 'number',
    unit: 'count',
    min: 1,
    max: 255,
    step: 1,
  },
  { ...LINK_KNOBS.delay, paths: delays, max: 100_000, step: 1_000 },
  { ...LINK_KNOBS.loss, paths: losses },
]
