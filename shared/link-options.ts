/**
 * The link options of the terminal (DESIGN 8) as data: the same for run, gateway, host and link. Each is also
 * there with `-up` or `-down` for one direction; the one for a direction goes before the one for both.
 */
import * as v from 'valibot'
import { failure, success, type Result } from './errors.ts'
import type { Text } from './experiment.ts'
import { DirectionSpec, LinkSpec, type DirectionInput, type LinkInput } from './link.ts'
import { parseDropRule, parseHoldRule, parseNumberList } from './link-rules.ts'
import {
  applyBurst,
  applyQueue,
  applyRebind,
  atLeastOne,
  count,
  flag,
  one,
  parseMahimahi,
  parseOutage,
  parseSchedule,
  several,
  word,
  type Apply,
} from './link-arguments.ts'
import {
  parseCount,
  parseRate,
  parseShare,
  parseSize,
  parseSpan,
  type Quantity,
  type QuantityError,
} from './quantity.ts'

export interface LinkOption {
  /** Without dashes and direction: `loss`. */
  readonly name: string
  /** As commander writes it: `<share>` is needed, `[share]` may be left out, empty: a switch. */
  readonly argument: string
  readonly help: Text
  /** The argument names a file; `apply` is to be given what is in it. */
  readonly file?: boolean
  readonly apply: Apply
}

export interface LinkOptionError {
  /** As the user wrote it: `--loss-up`. */
  readonly option: string
  readonly value: string
  readonly allowed: string
}

const DISTRIBUTIONS = ['uniform', 'normal', 'pareto', 'paretonormal'] as const
const DISCIPLINES = ['drop-tail', 'drop-head', 'codel'] as const

/** In the order in which they are applied: `burst` looks at what `loss` left. */
export const LINK_OPTIONS: readonly LinkOption[] = [
  {
    name: 'rate',
    argument: '<rate>',
    help: { en: 'bits a second, such as 10mbit; 0: unlimited', zh: '每秒比特数，如 10mbit；0 为不限' },
    apply: one(parseRate, (d, limit) => ({ ...d, rate: { ...d.rate, limit } })),
  },
  {
    name: 'bucket',
    argument: '<size>',
    help: {
      en: 'token bucket: this much may go at once above the rate',
      zh: '令牌桶：可一次性超速发送的字节数',
    },
    apply: one(parseSize, (d, bucket) => ({ ...d, rate: { ...d.rate, bucket } })),
  },
  {
    name: 'rate-schedule',
    argument: '<steps>',
    help: { en: 'rates by time, such as 0s:10mbit,5s:1mbit', zh: '按时间变化的速率，如 0s:10mbit,5s:1mbit' },
    apply: one(parseSchedule, (d, schedule) => ({ ...d, rate: { ...d.rate, schedule } })),
  },
  {
    name: 'mahimahi',
    argument: '<file>',
    file: true,
    help: { en: 'packet-delivery trace in the format of mahimahi', zh: 'mahimahi 格式的链路轨迹文件' },
    apply: one(parseMahimahi, (d, mahimahi) => ({ ...d, rate: { ...d.rate, mahimahi } })),
  },
  {
    name: 'delay',
    argument: '<time>',
    help: { en: 'propagation delay, one way', zh: '单向传播时延' },
    apply: one(parseSpan, (d, delay) => ({ ...d, delay })),
  },
  {
    name: 'jitter',
    argument: '<time>',
    help: {
      en: 'half width (uniform) or standard deviation of the delay',
      zh: '抖动：均匀分布的半宽，或标准差',
    },
    apply: one(parseSpan, (d, amount) => ({ ...d, jitter: { ...d.jitter, amount } })),
  },
  {
    name: 'jitter-distribution',
    argument: '<shape>',
    help: { en: DISTRIBUTIONS.join(', '), zh: `抖动分布：${DISTRIBUTIONS.join('、')}` },
    apply: word(DISTRIBUTIONS, (d, distribution) => ({ ...d, jitter: { ...d.jitter, distribution } })),
  },
  {
    name: 'jitter-correlation',
    argument: '<share>',
    help: { en: 'how much of a draw is the one before (as netem)', zh: '抖动的相关系数（同 netem）' },
    apply: one(parseShare, (d, correlation) => ({ ...d, jitter: { ...d.jitter, correlation } })),
  },
  {
    name: 'jitter-reorders',
    argument: '',
    help: { en: 'packets may overtake each other by jitter', zh: '允许抖动造成乱序' },
    apply: flag((d, reorders) => ({ ...d, jitter: { ...d.jitter, reorders } })),
  },
  {
    name: 'spikes',
    argument: '<every,extra,duration>',
    help: { en: 'sudden delays at random, such as 5s,200ms,1s', zh: '随机出现的时延尖峰，如 5s,200ms,1s' },
    apply: several([parseSpan, parseSpan, parseSpan], 3, 'three times such as 5s,200ms,1s', (d, spike) => ({
      ...d,
      spikes: { every: spike[0], extra: spike[1], duration: spike[2] },
    })),
  },
  {
    name: 'slots',
    argument: '<min[,max[,packets]]>',
    help: {
      en: 'let packets go in slots, such as 10ms or 5ms,15ms,8',
      zh: '按时隙放行，如 10ms 或 5ms,15ms,8',
    },
    apply: several([parseSpan, parseSpan, count], 1, 'such as 10ms, 5ms,15ms or 5ms,15ms,8', (d, slot) => ({
      ...d,
      slots: { min: slot[0], max: slot[1] ?? slot[0], packets: slot[2] ?? 0 },
    })),
  },
  {
    name: 'loss',
    argument: '<share>',
    help: { en: 'packets lost at random, such as 2%', zh: '随机丢包率，如 2%' },
    apply: one(parseShare, (d, rate) => ({ ...d, loss: { ...d.loss, rate } })),
  },
  {
    name: 'loss-correlation',
    argument: '<share>',
    help: {
      en: 'how often a packet shares the fate of the one before; the share lost stays',
      zh: '与前一个包同命运的概率；总丢包率不变',
    },
    apply: one(parseShare, (d, correlation) => ({ ...d, loss: { ...d.loss, correlation } })),
  },
  {
    name: 'burst',
    argument: '<packets>',
    help: { en: 'mean number of packets that --loss takes in a row', zh: '平均连续丢包数，与 --loss 同用' },
    apply: applyBurst,
  },
  {
    name: 'gilbert',
    argument: '<p,r[,h[,k]]>',
    help: {
      en: 'Gilbert-Elliott: p to bad, r to good, 1-h and 1-k lost in bad and good',
      zh: 'Gilbert-Elliott 模型：p 变坏，r 变好，坏态丢 1-h，好态丢 1-k',
    },
    apply: several(
      [parseShare, parseShare, parseShare, parseShare],
      2,
      'two to four shares such as 1%,30%,0,1',
      (d, [p, r, h = 0, k = 1]) => ({ ...d, gilbertElliott: { p, r, lossBad: 1 - h, lossGood: 1 - k } }),
    ),
  },
  {
    name: 'markov',
    argument: '<p13,p31,p32,p23,p14>',
    help: { en: "four states, as netem's loss state", zh: '四状态马尔可夫丢包（同 netem loss state）' },
    apply: several(
      [parseShare, parseShare, parseShare, parseShare, parseShare],
      5,
      'five shares such as 1%,60%,20%,50%,0.1%',
      (d, [p13, p31, p32, p23, p14]) => ({ ...d, markov: { p13, p31, p32, p23, p14 } }),
    ),
  },
  {
    name: 'every',
    argument: '<n>',
    help: { en: 'every n-th packet is lost', zh: '每 n 个包丢一个' },
    apply: one(count, (d, everyNth) => ({ ...d, everyNth })),
  },
  {
    name: 'drop',
    argument: '<numbers>',
    help: { en: 'exactly these packets are lost, such as 12,40-42', zh: '指定要丢的包，如 12,40-42' },
    apply: one(parseNumberList, (d, drop) => ({ ...d, drop })),
  },
  {
    name: 'drop-matching',
    argument: '<rule>',
    help: {
      en: 'packets that match, such as syn,!ack#1 or udp,port=53; may be repeated',
      zh: '丢弃符合条件的包，如 syn,!ack#1 或 udp,port=53；可重复',
    },
    apply: one(parseDropRule, (d, rule) => ({ ...d, dropMatching: [...(d.dropMatching ?? []), rule] })),
  },
  {
    name: 'hold-matching',
    argument: '<time,rule>',
    help: {
      en: 'packets that match come so much later, such as 2s,syn,!ack#1; may be repeated',
      zh: '符合条件的包晚到这么久，如 2s,syn,!ack#1；可重复',
    },
    apply: one(parseHoldRule, (d, rule) => ({ ...d, holdMatching: [...(d.holdMatching ?? []), rule] })),
  },
  {
    name: 'duplicate',
    argument: '<share>',
    help: { en: 'packets that come twice', zh: '重复包比例' },
    apply: one(parseShare, (d, rate) => ({ ...d, duplicate: { ...d.duplicate, rate } })),
  },
  {
    name: 'duplicate-correlation',
    argument: '<share>',
    help: { en: 'as netem', zh: '重复的相关系数（同 netem）' },
    apply: one(parseShare, (d, correlation) => ({ ...d, duplicate: { ...d.duplicate, correlation } })),
  },
  {
    name: 'reorder',
    argument: '<share>',
    help: { en: 'packets held back until later ones have passed', zh: '乱序包比例：等后面的包先过' },
    apply: one(parseShare, (d, rate) => ({ ...d, reorder: { ...d.reorder, rate } })),
  },
  {
    name: 'reorder-gap',
    argument: '<n>',
    help: { en: 'by how many packets they are late (3)', zh: '落后的包数（默认 3）' },
    apply: one(atLeastOne, (d, gap) => ({ ...d, reorder: { ...d.reorder, gap } })),
  },
  {
    name: 'reorder-hold',
    argument: '<time>',
    help: { en: 'the longest that they are held back (50ms)', zh: '最长滞留时间（默认 50ms）' },
    apply: one(parseSpan, (d, hold) => ({ ...d, reorder: { ...d.reorder, hold } })),
  },
  {
    name: 'reorder-correlation',
    argument: '<share>',
    help: { en: 'as netem', zh: '乱序的相关系数（同 netem）' },
    apply: one(parseShare, (d, correlation) => ({ ...d, reorder: { ...d.reorder, correlation } })),
  },
  {
    name: 'corrupt',
    argument: '<share>',
    help: { en: 'packets with one bit flipped', zh: '翻转一个比特的包的比例' },
    apply: one(parseShare, (d, rate) => ({ ...d, corrupt: { ...d.corrupt, rate } })),
  },
  {
    name: 'corrupt-correlation',
    argument: '<share>',
    help: { en: 'as netem', zh: '损坏的相关系数（同 netem）' },
    apply: one(parseShare, (d, correlation) => ({ ...d, corrupt: { ...d.corrupt, correlation } })),
  },
  {
    name: 'corrupt-repair',
    argument: '',
    help: {
      en: 'with checksums made good, so that only the application can tell',
      zh: '修复校验和，只有应用能发现',
    },
    apply: flag((d, repair) => ({ ...d, corrupt: { ...d.corrupt, repair } })),
  },
  {
    name: 'queue',
    argument: '<limit>',
    help: { en: 'limit of the queue: 64kB, 100p, 50ms or none', zh: '队列上限：64kB、100p、50ms 或 none' },
    apply: applyQueue,
  },
  {
    name: 'queue-discipline',
    argument: '<name>',
    help: { en: DISCIPLINES.join(', '), zh: `队列规则：${DISCIPLINES.join('、')}` },
    apply: word(DISCIPLINES, (d, discipline) => ({ ...d, queue: { ...d.queue, discipline } })),
  },
  {
    name: 'codel',
    argument: '[target[,interval]]',
    help: { en: 'CoDel, by default 5ms,100ms (RFC 8289)', zh: 'CoDel 队列管理，默认 5ms,100ms' },
    apply: several([parseSpan, parseSpan], 0, 'target and interval such as 5ms,100ms', (d, codel) => ({
      ...d,
      queue: {
        ...d.queue,
        discipline: 'codel',
        ...(codel.length > 0 ? { target: codel[0] } : {}),
        ...(codel.length > 1 ? { interval: codel[1] } : {}),
      },
    })),
  },
  {
    name: 'ecn',
    argument: '',
    help: {
      en: 'CoDel and random loss mark ECN-capable packets instead',
      zh: '对支持 ECN 的包打标记而不丢弃',
    },
    apply: flag((d, ecn) => ({ ...d, markInsteadOfDrop: ecn, queue: { ...d.queue, ecn } })),
  },
  {
    name: 'mtu',
    argument: '<size>',
    help: { en: 'longest packet in bytes (1500)', zh: '最大包长，字节（默认 1500）' },
    apply: one(parseSize, (d, mtu) => ({ ...d, mtu })),
  },
  {
    name: 'mtu-blackhole',
    argument: '',
    help: { en: 'longer packets die without a word', zh: '超长的包被静默丢弃' },
    apply: flag((d, blackHole) => ({ ...d, blackHole })),
  },
  {
    name: 'outage',
    argument: '<up/down>',
    help: { en: 'flapping, such as 5s/1s', zh: '周期性中断，如 5s/1s' },
    apply: one(parseOutage, (d, outage) => ({ ...d, outage: { ...d.outage, ...outage } })),
  },
  {
    name: 'outage-start',
    argument: '<time>',
    help: { en: 'when the flapping begins', zh: '周期性中断的开始时间' },
    apply: one(parseSpan, (d, start) => ({ ...d, outage: { ...d.outage, start } })),
  },
  {
    name: 'cut',
    argument: '',
    help: { en: 'no packet enters', zh: '线路断开' },
    apply: flag((d, down) => ({ ...d, outage: { ...d.outage, down } })),
  },
  {
    name: 'rebind',
    argument: '<time[,address[,port-shift]]>',
    help: {
      en: 'the source address and port change, such as 5s,10.77.0.99,1000',
      zh: '源地址和端口在某时刻改变',
    },
    apply: applyRebind,
  },
  {
    name: 'udp-blocked',
    argument: '',
    help: { en: 'UDP is dropped', zh: '拦截 UDP' },
    apply: flag((d, udpBlocked) => ({ ...d, udpBlocked })),
  },
]

/** The one link option that belongs to no direction; the terminal keeps it for the run. */
export const SEED_OPTION = {
  name: 'seed',
  argument: '<number>',
  help: { en: 'the same seed gives the same fate to every packet', zh: '随机种子：相同的种子，相同的结果' },
  parse: (text: string): Quantity => parseCount(text),
} as const

type Side = 'up' | 'down'

interface Wanted {
  readonly option: LinkOption
  readonly sides: readonly Side[]
  readonly written: string
  readonly text: string
}

/** `loss` is for both sides, `loss-up` for one. */
function recognise(written: string, text: string): Wanted | undefined {
  const side = /-(up|down)$/.exec(written)?.[1] as Side | undefined
  const name = side === undefined ? written : written.slice(0, -side.length - 1)
  const option = LINK_OPTIONS.find((candidate) => candidate.name === name)
  return option && { option, sides: side === undefined ? ['up', 'down'] : [side], written, text }
}

/** Applies an option to one direction, and sees to it that the outcome is valid. */
function applyTo(direction: DirectionInput, wanted: Wanted): Result<DirectionInput, QuantityError> {
  const applied = wanted.option.apply(direction, wanted.text)
  if (!applied.ok) return applied
  const checked = v.safeParse(DirectionSpec, applied.value)
  if (checked.success) return applied
  const issue = checked.issues[0]
  return failure({ value: wanted.text, allowed: issue.expected ?? issue.message })
}

/**
 * The link that options ask for, each a pair of its name without dashes (`loss`, `loss-up`) and its argument (empty
 * for a switch), laid over what `base` has. An option for both directions fails when neither takes it.
 */
export function parseLinkOptions(
  pairs: readonly (readonly [name: string, text: string])[],
  base: LinkInput = {},
): Result<LinkSpec, LinkOptionError> {
  const wanted: Wanted[] = []
  for (const [name, text] of pairs) {
    const known = recognise(name, text)
    if (known === undefined) {
      const allowed = `one of ${LINK_OPTIONS.map((option) => option.name).join(', ')}, also with -up or -down`
      return failure({ option: `--${name}`, value: text, allowed })
    }
    wanted.push(known)
  }
  wanted.sort(
    (a, b) =>
      LINK_OPTIONS.indexOf(a.option) - LINK_OPTIONS.indexOf(b.option) || b.sides.length - a.sides.length,
  )

  const directions: Record<Side, DirectionInput> = { up: base.up ?? {}, down: base.down ?? {} }
  for (const item of wanted) {
    const results = item.sides.map((side) => ({ side, result: applyTo(directions[side], item) }))
    let problem: QuantityError | undefined
    let taken = false
    for (const { side, result } of results) {
      if (result.ok) {
        directions[side] = result.value
        taken = true
      } else {
        problem ??= result.error
      }
    }
    if (!taken && problem !== undefined) return failure({ option: `--${item.written}`, ...problem })
  }
  return success(v.parse(LinkSpec, directions))
}
