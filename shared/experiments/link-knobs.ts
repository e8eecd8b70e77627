/**
 * The knobs of a link that one experiment after another has. An experiment takes one with its paths and changes what is
 * different with it, a hint or a range: `{ ...LINK_KNOBS.loss, paths: bothWays('loss.rate') }`.
 */
import type { ExperimentInput } from '../experiment.ts'

type KnobWithoutPaths = Omit<ExperimentInput['knobs'][number], 'paths'>

const knob = { group: 'link', kind: 'number', live: true } as const
const share = { ...knob, unit: 'ratio', min: 0, max: 0.3, step: 0.001 } as const

export const LINK_KNOBS = {
  loss: {
    ...share,
    id: 'loss',
    label: { en: 'Loss', zh: '丢包率' },
    hint: {
      en: 'Share of packets lost, each by its own throw of the dice (Bernoulli).',
      zh: '数据包丢失的比例，逐包独立抽取（伯努利）。',
    },
  },
  delay: {
    ...knob,
    id: 'delay',
    label: { en: 'One-way delay', zh: '单向时延' },
    hint: {
      en: 'Propagation delay of each direction; the round trip takes twice as long.',
      zh: '每个方向的传播时延，往返时间是它的两倍。',
    },
    unit: 'us',
    min: 0,
    max: 300_000,
    step: 500,
  },
  jitter: {
    ...knob,
    id: 'jitter',
    label: { en: 'Jitter', zh: '时延抖动' },
    hint: {
      en: 'Each packet takes up to this much more or less; the order is kept.',
      zh: '每个数据包的时延在此范围内上下浮动，次序不变。',
    },
    unit: 'us',
    min: 0,
    max: 50_000,
    step: 100,
  },
  rate: {
    ...knob,
    id: 'rate',
    label: { en: 'Rate', zh: '链路速率' },
    unit: 'bit/s',
    min: 100_000,
    max: 1_000_000_000,
    scale: 'log',
  },
  queue: {
    ...knob,
    id: 'queue',
    label: { en: 'Queue', zh: '队列长度' },
    hint: {
      en: 'What the bottleneck holds before it drops.',
      zh: '瓶颈在丢包之前能存放的数据量。',
    },
    unit: 'B',
    min: 3_000,
    max: 4_000_000,
    scale: 'log',
  },
  reorder: {
    ...share,
    id: 'reorder',
    label: { en: 'Reordering', zh: '乱序' },
    hint: {
      en: 'Share of packets that let three later ones go first: enough to look like a loss.',
      zh: '让后面三个包先走的数据包所占比例，三个正好足以被误判为丢包。',
    },
  },
  duplicate: {
    ...share,
    id: 'duplicate',
    label: { en: 'Duplication', zh: '重复' },
    hint: { en: 'Share of packets that arrive twice.', zh: '到达两次的数据包所占比例。' },
  },
  corrupt: {
    ...share,
    id: 'corrupt',
    label: { en: 'Corruption', zh: '损坏' },
    hint: {
      en: 'Share of packets in which a bit is flipped. The checksum gives it away and the packet counts as lost.',
      zh: '被翻转一个比特的数据包所占比例。校验和会发现错误，这个包等同于丢失。',
    },
  },
  outage: {
    id: 'outage',
    label: { en: 'Cut the link', zh: '断开链路' },
    hint: { en: 'Nothing passes in either direction.', zh: '两个方向都不通。' },
    group: 'link',
    kind: 'switch',
    live: true,
  },
} as const satisfies Record<string, KnobWithoutPaths>

/** The paths of a setting in both directions of the link called `link`. */
export const bothWays = (path: string): string[] => [`links.link.up.${path}`, `links.link.down.${path}`]
