/** Why a packet died on a link or at a router, in words; the trace and the exports keep the fixed names. */
import type { DropReason } from '../trace/events.ts'
import type { Language } from './texts.ts'

/** Why a router or an interface gives a packet up (`ip:packet_discarded`, `ethernet:frame_rejected`). */
type DiscardReason = 'ttl_expired' | 'no_route' | 'too_long' | 'malformed' | 'bad_address' | 'no_neighbour'

const WORDS: Readonly<Record<DropReason | DiscardReason, Readonly<Record<Language, string>>>> = {
  queue_full: { en: 'queue full', zh: '队列已满' },
  codel: { en: 'CoDel', zh: 'CoDel 丢弃' },
  bernoulli: { en: 'random loss', zh: '随机丢包' },
  gilbert_elliott: { en: 'burst loss', zh: '突发丢包' },
  markov: { en: 'four-state loss', zh: '四状态丢包' },
  every_nth: { en: 'every n-th', zh: '每 n 个丢一个' },
  listed: { en: 'listed', zh: '指定序号' },
  matched: { en: 'as chosen', zh: '按选择丢弃' },
  mtu: { en: 'too large', zh: '超过 MTU' },
  outage: { en: 'link down', zh: '链路中断' },
  udp_blocked: { en: 'UDP blocked', zh: 'UDP 被拦截' },
  no_mapping: { en: 'no NAT mapping', zh: 'NAT 无映射' },
  middlebox: { en: 'middlebox', zh: '中间设备丢弃' },
  by_hand: { en: 'by hand', zh: '手动丢弃' },
  ttl_expired: { en: 'TTL expired', zh: 'TTL 用尽' },
  no_route: { en: 'no route', zh: '没有路由' },
  too_long: { en: 'longer than the MTU, not to be fragmented', zh: '超过 MTU 且不许分片' },
  malformed: { en: 'malformed', zh: '格式错误' },
  bad_address: { en: 'not an address of a single host', zh: '不是单个主机的地址' },
  no_neighbour: { en: 'nobody answered ARP', zh: 'ARP 无人应答' },
}

/** The words for a reason; a name that is not known stays as it is. */
export function reasonText(language: Language, reason: string): string {
  return Object.hasOwn(WORDS, reason) ? WORDS[reason as keyof typeof WORDS][language] : reason
}
