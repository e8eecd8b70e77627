/** The table of the rules that tests hold: every call of `rule` and `rule.not` (rule.ts), read from the sources. */
import { posix } from 'node:path'
import ts from 'typescript'

export interface RuleFound {
  readonly rfc: number
  readonly clause: string
  readonly text: string
  /** Why it is not implemented; without: it is, and a test shows it. */
  readonly lacking?: string
  readonly file: string
}

/**
 * The calls in one file of tests.
 *
 * @throws when RFC, clause or text are no literals: then the table could not say what the test is of
 */
export function rulesOf(file: string, source: string): RuleFound[] {
  // Most files have none, and to read one as a tree takes its time.
  if (!/\brule(\.not)?\(/.test(source)) return []
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const found: RuleFound[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const name = node.expression.getText(tree)
      if (name === 'rule' || name === 'rule.not') found.push(ruleOf(node, name === 'rule.not', file, tree))
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

function ruleOf(call: ts.CallExpression, isLacking: boolean, file: string, tree: ts.SourceFile): RuleFound {
  const literal = (at: number): string => {
    const node = call.arguments[at]
    if (node !== undefined && (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node))) return node.text
    const { line } = tree.getLineAndCharacterOfPosition(call.getStart(tree))
    throw new Error(`${file}:${line + 1}: RFC, clause and text of a rule are literals`)
  }
  const [rfc, clause, text] = [Number(literal(0)), literal(1), literal(2)]
  return { rfc, clause, text, file, lacking: isLacking ? literal(3) : undefined }
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth']

/** Clauses in the order of the RFC: 3.8 before 3.10, the second step before the fourth. */
const sortable = (clause: string): string =>
  clause
    .replace(/\b[a-z]+\b/g, (word) => (ORDINALS.includes(word) ? String(ORDINALS.indexOf(word) + 1) : word))
    .replace(/\d+/g, (digits) => digits.padStart(4, '0'))

const plain = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byClause = (a: RuleFound, b: RuleFound): number =>
  a.rfc - b.rfc || plain(sortable(a.clause), sortable(b.clause)) || plain(a.file, b.file)

/** Short and unlike all others: `tcp/closing`. */
const labelOf = (file: string): string =>
  file.replace(/^tests\/(electron\/protocol\/)?/, '').replace(/\.test\.ts$/, '')

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** The table as Markdown, each file of tests linked from the README in `folder`. */
export function ruleTable(rules: readonly RuleFound[], folder: string): string {
  const rows = [...rules].sort(byClause).map(({ rfc, clause, text, lacking, file }) => {
    const [implemented, test] =
      lacking === undefined
        ? ['yes', `${cell(text)} ([${labelOf(file)}])`]
        : [`no: ${cell(lacking)}`, cell(text)]
    return `| ${rfc} | ${cell(clause)} | ${implemented} | ${test} |`
  })
  const files = [...new Set(rules.filter((r) => r.lacking === undefined).map((r) => r.file))].sort(plain)
  const links = files.map((file) => `[${labelOf(file)}]: ${posix.relative(folder, file)}`)
  return ['| RFC | clause | implemented | test name |', '| - | - | - | - |', ...rows, '', ...links].join('\n')
}

export const TABLE_BEGINS = '<!-- Made by `npm run rules` from the tests; not to be written by hand. -->'
export const TABLE_ENDS = '<!-- End of the table. -->'

/** A README with its table as it should be now. */
export function withTable(readme: string, table: string): string {
  const begin = readme.indexOf(TABLE_BEGINS)
  const end = readme.indexOf(TABLE_ENDS)
  if (begin < 0 || end < begin) throw new Error('the README has lost the two comments around its table')
  // Columns that are not aligned: a long rule would move them all, and each change would be one of the whole table.
  const unaligned = `<!-- prettier-ignore-start -->\n\n${table}\n\n<!-- prettier-ignore-end -->`
  return `${readme.slice(0, begin + TABLE_BEGINS.length)}\n\n${unaligned}\n\n${readme.slice(end)}`
}
