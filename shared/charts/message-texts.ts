/** The words on the charts of messages and remote calls, in both languages. */
import type { Language } from './texts.ts'

const en = {
  delivered: 'delivered',
  late: 'delivered out of order',
  again: 'delivered once more',
  missing: 'lost',
  open: 'under way',
  mistaken: 'taken for a message',
  sent: '{count} sent',
  deliveredOf: '{delivered} of {intended} delivered',
  unaskedCount: '{count} asked for later',
  lostCount: '{count} lost',
  underWayCount: '{count} under way',
  duplicates: '{count} duplicated',
  outOfOrder: '{count} out of order',
  wrong: '{count} wrong',
  delays: 'delay: median {median}, 95 % {p95}, longest {longest}',
  delaysShort: 'median {median}, longest {longest}',
  share: 'Delivered within (%)',
  delay: 'Delay',
  messageFor: '#{number} → {receiver}',
  call: 'from call to answer',
  failedCall: 'failed',
  message: 'messages',
  headers: 'HTTP headers',
  framing: 'framing, TLS',
  packets: 'TCP and IP headers',
  callsDone: '{done} of {all} answered',
  callsFailed: '{count} failed',
  callTimes: 'time: median {median}, longest {longest}',
  callTimesShort: 'median {median}',
  bytesACall: 'Bytes of each call',
  bytesSpent: 'Bytes',
  firstCall: 'first call',
  lastCall: 'last call',
  meanCall: 'mean of all',
}

export type MessageWord = keyof typeof en

const zh: Record<MessageWord, string> = {
  delivered: '送达',
  late: '乱序送达',
  again: '重复送达',
  missing: '丢失',
  open: '在途',
  mistaken: '被误当作消息',
  sent: '发出 {count}',
  deliveredOf: '送达 {delivered} / {intended}',
  unaskedCount: '后来订阅才得到 {count}',
  lostCount: '丢失 {count}',
  underWayCount: '在途 {count}',
  duplicates: '重复 {count}',
  outOfOrder: '乱序 {count}',
  wrong: '错误 {count}',
  delays: '时延：中位 {median}，95 % {p95}，最长 {longest}',
  delaysShort: '中位 {median}，最长 {longest}',
  share: '在此时延内送达 (%)',
  delay: '时延',
  messageFor: '#{number} → {receiver}',
  call: '从调用到应答',
  failedCall: '失败',
  message: '消息',
  headers: 'HTTP 首部',
  framing: '分帧、TLS',
  packets: 'TCP 与 IP 首部',
  callsDone: '已应答 {done} / {all}',
  callsFailed: '失败 {count}',
  callTimes: '用时：中位 {median}，最长 {longest}',
  callTimesShort: '中位 {median}',
  bytesACall: '每次调用的字节',
  bytesSpent: '字节',
  firstCall: '第一次调用',
  lastCall: '最后一次调用',
  meanCall: '全部平均',
}

/** A text with its `{name}` places filled in. */
export function messageWord(
  language: Language,
  key: MessageWord,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const text = (language === 'zh' ? zh : en)[key]
  return text.replace(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : place,
  )
}
