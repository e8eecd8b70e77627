/**
 * The gateway as the window opens it: an experiment without a question of its own, whose traffic comes from the
 * user's client. Its knobs are those of the link, set in both directions.
 */
import * as v from 'valibot'
import { Experiment, type ExperimentInput, type Json } from '../shared/experiment.ts'

const both = (path: string): string[] => [`links.link.up.${path}`, `links.link.down.${path}`]

const input: ExperimentInput = {
  id: 'gateway',
  chapter: 'own-client',
  title: { en: 'Your own client', zh: '你自己的客户端' },
  question: {
    en: 'How does a program of yours bear a bad network? Every byte between it and its server crosses the TCP and the link of the lab.',
    zh: '你自己的程序在糟糕的网络上表现如何？它与服务器之间的每个字节都经过实验室的 TCP 和链路。',
  },
  narrative: [
    {
      en: 'The gateway listens on a port of this machine. Your client connects there instead of to its server; the bytes go through a TCP connection of the lab, over the link that you set here, and on to the target. Many connections may be open at once; a half-closed or reset connection is passed on as such.',
      zh: '网关在本机的一个端口上监听。让客户端连接这个端口，而不是直接连服务器：数据先走实验室的一条 TCP 连接，经过这里设定的链路，再转发到目标。可以同时有许多连接；半关闭和重置都会原样传递。',
    },
    {
      en: 'Loss here never reaches your program: TCP repairs it, and your program sees the time that this takes.',
      zh: '这里的丢包不会直接传到你的程序：TCP 会补上，程序看到的只是由此花掉的时间。',
    },
  ],
  rfcs: [{ number: 9293, title: 'Transmission Control Protocol (TCP)' }],
  setup: {
    hosts: { client: { role: 'client' }, server: { role: 'server' } },
    links: { link: { a: 'client', b: 'server' } },
    apps: {},
  },
  lanes: [{ id: 'main', label: { en: 'Gateway', zh: '网关' } }],
  knobs: [
    {
      id: 'loss',
      label: { en: 'Loss', zh: '丢包率' },
      group: 'link',
      paths: both('loss.rate'),
      kind: 'number',
      unit: 'ratio',
      min: 0,
      max: 0.5,
      step: 0.001,
      live: true,
    },
    {
      id: 'delay',
      label: { en: 'One-way delay', zh: '单向时延' },
      group: 'link',
      paths: both('delay'),
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 1_000_000,
      step: 500,
      live: true,
    },
    {
      id: 'jitter',
      label: { en: 'Jitter', zh: '时延抖动' },
      group: 'link',
      paths: both('jitter.amount'),
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 200_000,
      step: 500,
      live: true,
    },
    {
      id: 'rate',
      label: { en: 'Rate', zh: '链路速率' },
      hint: { en: '0: as fast as it goes.', zh: '0 表示不限速。' },
      group: 'link',
      paths: both('rate.limit'),
      kind: 'number',
      unit: 'bit/s',
      min: 0,
      max: 1_000_000_000,
      step: 10_000,
      scale: 'log',
      live: true,
    },
    {
      id: 'queue',
      label: { en: 'Queue', zh: '队列长度' },
      group: 'link',
      paths: both('queue.limit'),
      kind: 'number',
      unit: 'B',
      min: 3_000,
      max: 16_000_000,
      scale: 'log',
      live: true,
    },
    {
      id: 'reorder',
      label: { en: 'Reordering', zh: '乱序' },
      group: 'link',
      paths: both('reorder.rate'),
      kind: 'number',
      unit: 'ratio',
      min: 0,
      max: 0.3,
      step: 0.001,
      live: true,
    },
    {
      id: 'duplicate',
      label: { en: 'Duplication', zh: '重复' },
      group: 'link',
      paths: both('duplicate.rate'),
      kind: 'number',
      unit: 'ratio',
      min: 0,
      max: 0.3,
      step: 0.001,
      live: true,
    },
    {
      id: 'corrupt',
      label: { en: 'Corruption', zh: '损坏' },
      group: 'link',
      paths: both('corrupt.rate'),
      kind: 'number',
      unit: 'ratio',
      min: 0,
      max: 0.3,
      step: 0.001,
      live: true,
    },
    {
      id: 'outage',
      label: { en: 'Cut the link', zh: '断开链路' },
      group: 'link',
      paths: both('outage.down'),
      kind: 'switch',
      live: true,
    },
  ],
  expectations: [],
  views: ['topology', 'windows', 'rtt', 'goodput', 'sequence', 'ladder', 'packets', 'queue', 'stalls'],
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
