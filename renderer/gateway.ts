/**
 * The gateway as the window opens it: an experiment without a question of its own, whose traffic comes from the
 * user's client. Its knobs are those of the link, set in both directions.
 */
import * as v from 'valibot'
import { BUILT_IN_TARGETS, type CommandInput } from '../shared/commands.ts'
import { Experiment, type ExperimentInput, type Json, type ViewId } from '../shared/experiment.ts'
import { bothWays, LINK_KNOBS } from '../shared/experiments/link-knobs.ts'

const input: ExperimentInput = {
  id: 'gateway',
  chapter: 'own-client',
  title: { en: 'Your own client', zh: '你自己的客户端' },
  question: {
    en: 'How does a program of yours bear a bad network? All that passes between it and its server crosses the link of the lab.',
    zh: '你自己的程序在糟糕的网络上表现如何？它与服务器之间的一切都经过实验室的链路。',
  },
  narrative: [
    {
      en: 'The gateway listens on a port of this machine. Your client connects there instead of to its server; the bytes go through a TCP connection of the lab, over the link that you set here, and on to the target. Many connections may be open at once; a half-closed or reset connection is passed on as such.',
      zh: '网关在本机的一个端口上监听。让客户端连接这个端口，而不是直接连服务器：数据先走实验室的一条 TCP 连接，经过这里设定的链路，再转发到目标。可以同时有许多连接；半关闭和重置都会原样传递。',
    },
    {
      en: 'Over TCP, loss never reaches your program: TCP repairs it, and your program sees the time that this takes. Over UDP nobody repairs anything: what the link loses is lost, and your program has to cope.',
      zh: '走 TCP 时，丢包不会直接传到你的程序：TCP 会补上，程序看到的只是由此花掉的时间。走 UDP 时没有谁来补：链路丢了就是丢了，得由你的程序自己应付。',
    },
    {
      en: 'The target may also be a server in the lab: an MQTT broker, a web server or a DNS server. What your program says to it is read on the way and shown message by message.',
      zh: '目标也可以是实验室里的服务器：MQTT 代理、网站或 DNS 服务器。程序对它说的话会在途中被读出来，逐条显示。',
    },
    {
      en: 'Several gateways may be open at once, each with a link of its own. The knobs are those of the one on show.',
      zh: '可以同时打开几个网关，各有各的链路。旋钮调的是正在显示的那一个。',
    },
  ],
  rfcs: [
    { number: 768, title: 'User Datagram Protocol' },
    { number: 4787, title: 'Network Address Translation (NAT) Behavioral Requirements for Unicast UDP' },
    { number: 9293, title: 'Transmission Control Protocol (TCP)' },
  ],
  setup: {
    hosts: { client: { role: 'client' }, server: { role: 'server' } },
    links: { link: { a: 'client', b: 'server' } },
    apps: {},
  },
  lanes: [{ id: 'main', label: { en: 'Gateway', zh: '网关' } }],
  knobs: [
    { ...LINK_KNOBS.loss, paths: bothWays('loss.rate'), max: 0.5 },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), max: 1_000_000 },
    { ...LINK_KNOBS.jitter, paths: bothWays('jitter.amount'), max: 200_000 },
    {
      ...LINK_KNOBS.rate,
      hint: { en: '0: as fast as it goes.', zh: '0 表示不限速。' },
      paths: bothWays('rate.limit'),
      min: 0,
      step: 10_000,
    },
    { ...LINK_KNOBS.queue, paths: bothWays('queue.limit'), max: 16_000_000 },
    { ...LINK_KNOBS.reorder, paths: bothWays('reorder.rate') },
    { ...LINK_KNOBS.duplicate, paths: bothWays('duplicate.rate') },
    { ...LINK_KNOBS.corrupt, paths: bothWays('corrupt.rate') },
    { ...LINK_KNOBS.outage, paths: bothWays('outage.down') },
  ],
  expectations: [],
  views: [
    ...(['topology', 'goodput', 'windows', 'rtt', 'sequence', 'queue', 'stalls'] as const),
    ...(['ladder', 'packets', 'pdus', 'mqtt', 'streams', 'layers'] as const),
  ],
  duration: 86_400e6,
}

export const GATEWAY: Experiment = v.parse(Experiment, input)

/** The link of `gateway.start` from values by path: `links.link.up.delay` -> `{ up: { delay } }`. */
export function gatewayLink(values: ReadonlyMap<string, Json>): Record<string, unknown> {
  const link: Record<string, unknown> = {}
  for (const [path, value] of values) {
    const keys = path.split('.').slice(2)
    const last = keys.pop()!
    let part = link
    for (const key of keys) part = (part[key] ??= {}) as Record<string, unknown>
    part[last] = value
  }
  return link
}

/** Where a gateway can lead: the user's own server, or one in the lab. */
export const GATEWAY_TARGETS = ['own', ...BUILT_IN_TARGETS] as const
export type GatewayTarget = (typeof GATEWAY_TARGETS)[number]

/** What there is to see of each that is not to be seen of every gateway. */
export const GATEWAY_VIEWS: Readonly<Record<GatewayTarget, readonly ViewId[]>> = {
  own: [],
  broker: ['mqtt', 'pdus'],
  web: ['streams', 'layers'],
  dns: ['pdus'],
}

/** What the user says of the next gateway. */
export interface GatewayForm {
  /** 0: any free port. */
  listen: number
  target: GatewayTarget
  /** Of a server of the user's own. */
  protocol: 'tcp' | 'udp'
  host: string
  port: number
}

/** The form in the words of the command: a server in the lab is reached in its own way. */
export function gatewayCommand({
  listen,
  target,
  protocol,
  host,
  port,
}: GatewayForm): Omit<Extract<CommandInput, { type: 'gateway.start' }>, 'type'> {
  if (target !== 'own') return { listen, to: target, protocol: target === 'dns' ? 'udp' : 'tcp' }
  return { listen, to: { host: host.trim(), port }, protocol }
}
