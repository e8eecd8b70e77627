/** `rexmit list`: the experiments that there are. */
import { EXPERIMENTS } from '../../../shared/experiments/index.ts'
import type { Language } from '../../../shared/charts/texts.ts'
import { printableJson, table, type Output } from './output.ts'
import { EXIT, type ExitStatus } from './status.ts'

export function list({ json, lang }: { json?: boolean; lang: Language }, output: Output): ExitStatus {
  if (json) output.line(printableJson(EXPERIMENTS.map(({ id, chapter, title }) => ({ id, chapter, title }))))
  else
    for (const line of table(EXPERIMENTS.map(({ id, title, question }) => [id, title[lang], question[lang]])))
      output.line(line)
  return EXIT.ok
}
