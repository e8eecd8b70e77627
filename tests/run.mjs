/**
 * `npm test` and `npm run test:full`: everything there is to check, quick stages first, with one sum at the end.
 * All stages run even when one fails. Each of the static checks counts as one test.
 *
 * `--full` takes all seeds and all fuzzing. With CI=true a missing tshark, curl, mosquitto or Chromium is a failure, not a skip
 * (tests/support/need-*.ts). `--only NAME,NAME` runs some stages.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { install, requireNode, root, setUp, SetUpError } from '../electron/setup.mjs'

const isWindows = process.platform === 'win32'
const bin = (path) => join(root, 'node_modules', path)
const tsc = (config, compiler = 'typescript/bin/tsc') => [bin(compiler), '-p', config]

/** Name and command lines of each stage, the longest first; a string names a project of vitest.config.ts. */
const stages = {
  'type-check': [
    tsc('tsconfig.tests.json'),
    tsc('tsconfig.renderer.json', 'vue-tsc/bin/vue-tsc.js'),
    tsc('tsconfig.node.json'),
    tsc('tsconfig.pure.json'),
  ],
  lint: [[bin('eslint/bin/eslint.js'), '.']],
  format: [
    [
      bin('prettier/bin/prettier.cjs'),
      '--check',
      '--cache',
      '--cache-strategy',
      'content',
      '--log-level',
      'warn',
      '.',
    ],
  ],
  architecture: 'architecture',
  unit: 'unit',
  renderer: 'renderer',
  scenario: 'scenario',
  fuzz: 'fuzz',
  interop: 'interop',
  e2e: 'e2e',
  electron: 'electron',
}

const full = process.argv.includes('--full')
/**
 * A stage that has not ended after so long hangs, whatever the machine: what runs in it is killed and it fails. A loop without an
 * end keeps Vitest's own timeouts from ever being looked at.
 */
const HANGS_AFTER = 20 * 60_000
const only = process.argv.includes('--only')
  ? process.argv[process.argv.indexOf('--only') + 1].split(',')
  : undefined
const env = full ? { ...process.env, REXMIT_FULL: '1' } : process.env
const temporary = mkdtempSync(join(tmpdir(), 'rexmit-test-'))
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }))

/** What ends each program that runs now. */
const running = new Set()
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

requireNode()
const chosen = only ?? Object.keys(stages)
const unknown = chosen.find((name) => !(name in stages))
if (unknown !== undefined) {
  console.error(`There is no stage ${unknown}; there are ${Object.keys(stages).join(', ')}.`)
  process.exit(2)
}
const isCheck = (name) => typeof stages[name] !== 'string'
const rows = [await timed('set-up', prepare)]
rows.push(...(await runChecks(chosen.filter(isCheck))))
for (const name of chosen.filter((name) => !isCheck(name))) {
  console.log(`\n== ${name}`)
  rows.push(await timed(name, () => runProject(stages[name])))
}
report(rows)

async function prepare() {
  const isStatic = chosen.every(isCheck)
  try {
    await (isStatic ? install() : setUp()) // the static checks read sources only
    return { passed: 0, failed: 0, skipped: 0 }
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    console.error(error.message)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

async function timed(name, work) {
  const start = performance.now()
  return { name, ...(await work()), seconds: (performance.now() - start) / 1000 }
}

/**
 * Runs the programs of the static checks, as many at a time as there are cores, since each keeps one busy: so what is waited for is
 * the sum of them over the cores. The programs of a stage are one test together. The seconds of a stage are those until its last
 * program has ended since the one before it had.
 */
async function runChecks(names) {
  if (names.length === 0) return []
  console.log(`\n== ${names.join(', ')}`)
  const start = performance.now()
  const waiting = names.flatMap((name) => stages[name].map((command) => ({ name, command })))
  const done = new Map(names.map((name) => [name, { ok: true, ended: 0 }]))
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const code = await run(next.command)
      const stage = done.get(next.name)
      stage.ok &&= code === 0
      stage.ended = (performance.now() - start) / 1000
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  let before = 0
  return [...done].map(([name, { ok, ended }]) => {
    const seconds = Math.max(0, ended - before)
    before = Math.max(before, ended)
    return { name, passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, seconds }
  })
}

/** Runs one project of Vitest and counts its tests from the JSON report that it leaves. */
async function runProject(project) {
  const file = join(temporary, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const code = await run([bin('vitest/vitest.mjs'), 'run', '--project', project, ...reporters])
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 }
  const counted = JSON.parse(readFileSync(file, 'utf8'))
  const skipped = counted.numPendingTests + counted.numTodoTests
  // A file that cannot be loaded, or an error outside any test, fails the run without a failed test.
  const failed = code === 0 ? counted.numFailedTests : Math.max(counted.numFailedTests, 1)
  return { passed: counted.numPassedTests, failed, skipped }
}

/** Runs a script with this Node, with an end to all that it started; gives its exit status. */
function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit', detached: !isWindows })
    // Elsewhere than on Windows a process group goes as one.
    const end = () => (isWindows ? child.kill() : process.kill(-child.pid, 'SIGKILL'))
    running.add(end)
    const watch = setTimeout(() => {
      console.error(`\nKilled after ${HANGS_AFTER / 60_000} minutes: a file that it began does not end.`)
      end()
    }, HANGS_AFTER)
    child.on('error', reject)
    child.on('exit', (code) => {
      clearTimeout(watch)
      running.delete(end)
      resolve(code ?? 1)
    })
  })
}

function stop() {
  for (const end of running) end()
  process.exit(130)
}

function report(rows) {
  console.log(
    `\n${'stage'.padEnd(14)}${['passed', 'failed', 'skipped', 'seconds'].map((s) => s.padStart(9)).join('')}`,
  )
  for (const { name, passed, failed, skipped, seconds } of rows) {
    const cells = [passed, failed, skipped, seconds.toFixed(1)].map((cell) => String(cell).padStart(9))
    console.log(name.padEnd(14) + cells.join(''))
  }
  const total = (key) => rows.reduce((sum, row) => sum + row[key], 0)
  const skipped = total('skipped')
  console.log(
    `\n${total('passed')} passed, ${total('failed')} failed${skipped ? `, ${skipped} skipped` : ''}`,
  )
  process.exitCode = total('failed') ? 1 : 0
}
