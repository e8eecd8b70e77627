/**
 * The gateway as the window opens it: an experiment without a question of its own, whose traffic comes from the
 * user's client. Its knobs are those of the link, set in both directions.
 */
import * as v from 'valibot'
import { Experiment, type ExperimentInput, type Json } from '../shared/experiment.ts'
import { bothWays, LINK_KNOBS } from '../shared/experiments/link-knobs.ts'

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
