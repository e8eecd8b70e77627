/** The words on the charts, in both languages; the window's own words are in its locale files. */
import type { StallCause } from '../trace/events.ts'

export type Language = 'en' | 'zh'

const en = {
  time: 'Time',
  window: 'Window',
  cwnd: 'congestion window',
  cwndShort: 'cwnd',
  ssthresh: 'ssthresh',
  inFlight: 'in flight',
  receiveWindow: 'receive window',
  receiveWindowShort: 'rwnd',
  above: '{name} ({value}, above)',
  roundTrip: 'Round-trip time',
  sample: 'sample',
  discarded: 'not taken (Karn)',
  smoothed: 'SRTT',
  rto: 'RTO',
  sequence: 'Sequence no.',
  sent: 'sent',
  retransmitted: 'sent again (R)',
  probe: 'probe',
  acked: 'acknowledged',
  windowEdge: 'window edge',
  sacked: 'SACK',
  lost: 'lost',
  goodput: 'Goodput',
  goodputName: 'Goodput per {interval}',
  mean: 'mean',
  queue: 'Queue',
  towards: 'to {node}',
  turnedAway: 'dropped by the queue',
  waiting: 'Waiting connections',
  synQueue: 'SYN queue',
  acceptQueue: 'accept queue',
  limit: 'limit {value}',
  turnedAwayConnections: 'turned away: {value}',
  busiest: '{flow} (busiest of {count})',
  silence: '{span} without a packet',
  up: 'up',
  down: 'down',
}

export type ChartWord = keyof typeof en

const zh: Record<ChartWord, string> = {
  time: '时间',
  window: '窗口',
  cwnd: '拥塞窗口',
  cwndShort: 'cwnd',
  ssthresh: '慢启动阈值',
  inFlight: '在途',
  receiveWindow: '接收窗口',
  receiveWindowShort: 'rwnd',
  above: '{name}（{value}，在图外上方）',
  roundTrip: '往返时间',
  sample: '样本',
  discarded: '未采用（Karn）',
  smoothed: 'SRTT',
  rto: 'RTO',
  sequence: '序列号',
  sent: '发送',
  retransmitted: '重传 (R)',
  probe: '探测',
  acked: '已确认',
  windowEdge: '窗口右沿',
  sacked: 'SACK',
  lost: '丢失',
  goodput: '有效吞吐量',
  goodputName: '每 {interval} 的有效吞吐量',
  mean: '平均',
  queue: '队列',
  towards: '去往 {node}',
  turnedAway: '被队列丢弃',
  waiting: '等待中的连接',
  synQueue: '半连接队列',
  acceptQueue: '全连接队列',
  limit: '上限 {value}',
  turnedAwayConnections: '被拒绝：{value}',
  busiest: '{flow}（{count} 条中最忙的）',
  silence: '{span} 没有数据包',
  up: '上行',
  down: '下行',
}

const CAUSES: Record<Language, Record<StallCause, string>> = {
  en: {
    handshake: 'handshake',
    address_validation: 'address validation',
    idle: 'idle',
    retransmission_timer: 'retransmission timer',
    recovery: 'recovery',
    congestion_window: 'congestion window',
    receive_window: 'receive window',
    connection_credit: 'connection credit',
    stream_credit: 'stream credit',
    nagle: 'Nagle',
    pacer: 'pacer',
    sending: 'sending',
    application: 'application',
  },
  zh: {
    handshake: '握手',
    address_validation: '地址验证',
    idle: '空闲',
    retransmission_timer: '重传定时器',
    recovery: '丢包恢复',
    congestion_window: '拥塞窗口',
    receive_window: '接收窗口',
    connection_credit: '连接信用',
    stream_credit: '流信用',
    nagle: 'Nagle',
    pacer: '发送节奏',
    sending: '发送中',
    application: '应用程序',
  },
}

/** A text with its `{name}` places filled in. */
export function word(
  language: Language,
  key: ChartWord,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const text = (language === 'zh' ? zh : en)[key]
  return text.replace(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : place,
  )
}

export const causeName = (language: Language, cause: StallCause): string => CAUSES[language][cause]
