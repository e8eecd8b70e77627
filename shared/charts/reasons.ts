/** Why a packet died on the link, in words; the trace and the exports keep the fixed names. */
import type { DropReason } from '../trace/events.ts'
import type { Language } from './texts.ts'

const WORDS: Readonly<Record<DropReason, Readonly<Record<Language, string>>>> = {
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
}

/** The words for a reason of `link:packet_dropped`; a name that is not known stays as it is. */
export function reasonText(language: Language, reason: string): string {
  return Object.hasOwn(WORDS, reason) ? WORDS[reason as DropReason][language] : reason
}
