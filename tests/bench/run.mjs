/**
 * `npm run bench`: runs each `*.bench.ts` of this folder in a process of its own, three times, and prints one table with
 * the median (least to most). Nothing is judged here: a goal stands beside its figure, and a reader compares.
 *
 *     npm run bench -- --only link     the benches whose file name contains "link"
 *     npm run bench -- --json          the same as JSON on stdout
 *
 * A bench is a default export `run(): Promise<{name, value, unit, goal?, note?}[]>`. It is bundled before it runs, as
 * the program itself is: what is measured is what is shipped, not a test runner's rewriting of it.
 */
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { root, setUpOrExit } from '../../electron/setup.mjs'

const repetitions = 3
const here = fileURLToPath(new URL('.', import.meta.url))
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : '')

if (process.send) await measure(process.argv[2])
else await main()

/** In a child: one run of one bundled bench. */
async function measure(bundle) {
  const { default: run } = await import(pathToFileURL(bundle))
  // A bench that leaves a socket or a timer behind would keep us alive.
  process.send(await run(), () => process.exit(0))
}

async function main() {
  await setUpOrExit()
  const files = readdirSync(here).filter(
    (file) => file.endsWith('.bench.ts') && file.includes(option('--only')),
  )
  const parent = join(root, 'node_modules/.cache') // below node_modules, so that packages are found from there
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'bench-'))
  try {
    await bundle(files, folder)
    const results = []
    for (const file of files) {
      try {
        results.push(...(await repeat(join(folder, file.replace(/\.ts$/, '.js')))))
      } catch (error) {
        console.error(error.message) // the child has printed the cause; the other benches go on
        process.exitCode = 1
      }
    }
    print(results)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function bundle(files, folder) {
  const { build } = await import('vite')
  const input = Object.fromEntries(files.map((file) => [file.replace(/\.ts$/, ''), join(here, file)]))
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      ssr: true,
      target: 'node20',
      outDir: folder,
      rolldownOptions: { input, output: { entryFileNames: '[name].js', chunkFileNames: 'chunk-[hash].js' } },
    },
  })
}

/** Runs a bench several times; a figure keeps the goal and the note of its first run. */
async function repeat(path) {
  const runs = []
  for (let i = 0; i < repetitions; i++) {
    console.error(`${basename(path, '.bench.js')} ${i + 1}/${repetitions}`)
    runs.push(await once(path))
  }
  return runs[0].map(({ name, unit, goal, note }) => {
    const values = runs.flatMap((run) =>
      run.filter((figure) => figure.name === name).map((figure) => figure.value),
    )
    values.sort((a, b) => a - b)
    return {
      name,
      unit,
      goal,
      note,
      median: values[values.length >> 1],
      least: values[0],
      most: values.at(-1),
    }
  })
}

function once(path) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [path], {
      execArgv: ['--expose-gc'],
      stdio: [0, 2, 2, 'ipc'],
    })
    child.on('message', resolve)
    child.on('exit', (code) =>
      reject(new Error(`${basename(path)} ended with exit status ${code} and no figures`)),
    )
  })
}

function print(results) {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify(results, null, 2))
    return
  }
  const header = ['what', 'median', 'least to most', 'unit', 'goal', 'note']
  const body = results.map(({ name, unit, goal, note, median, least, most }) => {
    const figures = [number(median), `${number(least)} to ${number(most)}`]
    return [name, ...figures, unit, goal === undefined ? '' : number(goal), note ?? '']
  })
  const lines = [header, ...body]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const pad = (cell, column) => (column === 1 ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))
  for (const line of lines) console.log(line.map(pad).join('  ').trimEnd())
  const [{ model }, { length }] = [cpus()[0], cpus()]
  console.log(`\nNode ${process.versions.node} on ${process.platform} ${process.arch}, ${length} x ${model}`)
}

/** Four significant digits, with separators. */
function number(value) {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 })
}
