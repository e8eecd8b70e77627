/** The table of RFC 9293 and its kin in the README of TCP says what the tests say. `npm run rules` writes it anew. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rulesOf, ruleTable, withTable } from '../support/rule-table.ts'

const root = join(import.meta.dirname, '../..')
const readme = 'electron/protocol/tcp/README.md'
const read = (file: string) => readFileSync(join(root, file), 'utf8')

const listing = ['ls-files', '--cached', '--others', '--exclude-standard', 'tests/**/*.test.ts']
const tests = execFileSync('git', listing, { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))

it('the table in the README of tcp is the one that the tests make: if not, `npm run rules`', async () => {
  const rules = tests.flatMap((file) => rulesOf(file, read(file)))
  const text = withTable(read(readme), ruleTable(rules, 'electron/protocol/tcp'))
  // What is in the file is the snapshot: Vitest's -u mends it.
  await expect(text).toMatchFileSnapshot(join(root, readme))
})

describe('a rule', () => {
  it('is found with its clause and text, one that is not implemented with the reason', () => {
    const source = `
      describe('x', () => {
        rule(9293, '3.10.7.4 first', 'too old', () => undefined)
        rule.not(9293, '3.10.7.4 third', 'security', 'nobody uses it')
        other(1, 'a', 'b')
      })`
    expect(rulesOf('a.test.ts', source)).toEqual([
      { rfc: 9293, clause: '3.10.7.4 first', text: 'too old', lacking: undefined, file: 'a.test.ts' },
      { rfc: 9293, clause: '3.10.7.4 third', text: 'security', lacking: 'nobody uses it', file: 'a.test.ts' },
    ])
  })

  it('that says by a variable what it is of is a mistake', () => {
    expect(() => rulesOf('a.test.ts', '\nrule(9293, clause, "x", f)')).toThrow('a.test.ts:2')
  })

  it('stands in the table in the order of its RFC', () => {
    const of = (rfc: number, clause: string) => ({ rfc, clause, text: 'x', file: 'tests/a.test.ts' })
    const clauses = [of(9293, '3.10.7.4 second'), of(9293, '3.10.7.4 first'), of(9293, '3.8.4'), of(793, '9')]
    const table = ruleTable(clauses, 'electron/protocol/tcp')
    expect([...table.matchAll(/^\| \d+ \| (\S+ ?\w*) \|/gm)].map(([, clause]) => clause)).toEqual([
      '9',
      '3.8.4',
      '3.10.7.4 first',
      '3.10.7.4 second',
    ])
    expect(table).toContain('[a]: ../../../tests/a.test.ts')
  })
})
