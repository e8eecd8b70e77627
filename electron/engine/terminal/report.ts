/** What came of a run, in words: what was expected, what was measured, whether it holds. */
import type { RunInfo } from '../../../shared/commands.ts'
import type { Language } from '../../../shared/charts/texts.ts'
import type { Experiment } from '../../../shared/experiment.ts'
import { formatNumber, formatRate, formatShare, formatSize, formatSpan } from '../../../shared/quantity.ts'
import type { Summary, Verdict } from '../../../shared/summary.ts'
import { printable, table, type Output } from './output.ts'

const WORDS = {
  en: {
    seed: 'seed',
    live: 'live',
    virtual: 'virtual time',
    expected: 'expected',
    measured: 'measured',
    holds: { true: 'holds', false: 'DOES NOT HOLD' },
    nothing: 'nothing',
    unclaimed: (n: number) => `${n} more ${n === 1 ? 'is' : 'are'} claimed only with other settings.`,
    void: 'Nothing is claimed of this run:',
    fault: 'Nobody asked for this:',
    computing:
      'By the wall clock, what this machine takes to compute is part of each time that is measured. In virtual time, without --live, it takes none.',
  },
  zh: {
    seed: '种子',
    live: '实时',
    virtual: '虚拟时间',
    expected: '预期',
    measured: '实测',
    holds: { true: '成立', false: '不成立' },
    nothing: '无',
    unclaimed: (n: number) => `另有 ${n} 条只在其他设置下作断言。`,
    void: '本次运行不作断言：',
    fault: '出了意外：',
    computing:
      '实时运行时，本机计算所花的时间也算在每个测得的时间里；在虚拟时间里（不加 --live）计算不占时间。',
  },
} as const

/** A figure with its unit, as the window writes it. */
export function quantity(value: number, unit: string): string {
  switch (unit) {
    case 'us':
      return formatSpan(value)
    case 'bit/s':
      return formatRate(value)
    case 'B':
      return formatSize(value)
    case 'ratio':
      return formatShare(value)
    case 'rtt':
      return `${formatNumber(value)} RTT`
    default:
      return formatNumber(value)
  }
}

function expected({ op, value, unit, tolerance }: Verdict): string {
  // A tolerance that covers nothing but rounding is not worth a word.
  const band = tolerance >= 0.001 ? ` ± ${formatShare(tolerance)}` : ''
  return value === null ? '' : `${op} ${quantity(value, unit)}${band}`
}

function row(verdict: Verdict, experiment: Experiment | undefined, language: Language): string[] {
  const words = WORDS[language]
  const expectation = experiment?.expectations.find(({ id }) => id === verdict.id)
  const [id] = verdict.metric.split('/')
  const lane = experiment?.lanes.find((candidate) => candidate.id === id)
  return [
    // With one lane there is nothing to tell apart.
    ...(experiment !== undefined && experiment.lanes.length > 1
      ? [printable(lane?.label[language] ?? id)]
      : []),
    printable(expectation?.text[language] ?? verdict.metric),
    expected(verdict),
    verdict.measured === null ? words.nothing : quantity(verdict.measured, verdict.unit),
    words.holds[verdict.holds ? 'true' : 'false'],
  ]
}

/** Whether a figure in this unit grows where a machine is busy. */
const isTime = (unit: string): boolean => unit === 'us' || unit === 'rtt'

/** Prints the verdicts: those that are claimed as a table, the rest in a line. */
export function report(
  output: Output,
  { info, experiment, summary }: { info: RunInfo; experiment?: Experiment; summary: Summary },
  language: Language,
): void {
  const words = WORDS[language]
  const time = `${words[info.driver]}, ${formatSpan(summary.duration)}`
  output.line(`${printable(info.experiment)}  ${words.seed} ${info.seed}, ${time}`)
  const judged = summary.expectations.filter(({ holds }) => holds !== null)
  const rows = judged.map((verdict) => row(verdict, experiment, language))
  if (rows.length > 0) {
    const head = ['', words.expected, words.measured, '']
    output.line()
    for (const line of table([rows[0].length > head.length ? ['', ...head] : head, ...rows]))
      output.line(`  ${line}`)
  }
  const isBusy = info.driver === 'live' && judged.some(({ holds, unit }) => !holds && isTime(unit))
  if (isBusy) output.line(`\n${words.computing}`)
  for (const fault of summary.faults) output.line(`${words.fault} ${printable(fault)}`)
  const rest = summary.expectations.filter(({ holds }) => holds === null)
  if (rest.length === 0) return
  output.line()
  const [first] = rest
  if (judged.length > 0) output.line(words.unclaimed(rest.length))
  else output.line(`${words.void} ${printable(first.void?.[language] ?? '')}`)
}
