/**
 * `npm run soak`: traffic through gateways for an hour, one line a minute, exit status 1 if the engine's memory grows or a connection
 * fails that should not. `--minutes N`, `--connections N`.
 *
 * Judged is the memory in use after a full collection, in the part of the time after the first quarter: a line is laid through the
 * samples, and may rise by so much. The index of recorded packets, 4 bytes each (`recording/spool.ts`), is allowed for.
 */
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { install, requireNode, root } from '../../electron/setup.mjs'

const MEGABYTE = 1024 ** 2
/** What the line may rise by. */
const MOST_GROWTH = 12 * MEGABYTE
/** An index grows by half when it is full. */
const INDEX_BYTES_PER_PACKET = 6
const LOSS = 0.01

const here = fileURLToPath(new URL('.', import.meta.url))
const option = (name, otherwise) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
const minutes = option('--minutes', 60)
const connections = option('--connections', 500)

requireNode()
await install()
const parent = join(root, 'node_modules/.cache') // below node_modules, so that packages are found from there
mkdirSync(parent, { recursive: true })
const folder = mkdtempSync(join(parent, 'soak-'))
let engine
try {
  await bundle()
  process.exitCode = await soak()
} finally {
  engine?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
// Sockets of programs that are in the middle of something.
process.exit()

async function bundle() {
  const { build } = await import('vite')
  const input = { engine: join(here, 'engine.ts'), traffic: join(here, 'traffic.ts') }
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      ssr: true,
      target: 'node20',
      outDir: folder,
      rolldownOptions: {
        input,
        output: { entryFileNames: '[name].mjs', chunkFileNames: 'chunk-[hash].mjs' },
      },
    },
  })
}

async function soak() {
  const { openTargets, Traffic } = await import(pathToFileURL(join(folder, 'traffic.mjs')))
  const targets = await openTargets()
  const ports = await openEngine(targets)
  const traffic = new Traffic(ports)
  traffic.start(connections)
  const samples = []
  const step = Math.min(60, (minutes * 60) / 8)
  console.log('minute      RSS MB   in use MB   packets   trace MB   open   came   what the programs did')
  for (let at = step; at <= minutes * 60 + 1e-6; at += step) {
    await new Promise((resolve) => setTimeout(resolve, step * 1000))
    const sample = summarise(await ask({ type: 'report' }))
    samples.push({ minute: at / 60, ...sample })
    print(samples.at(-1), traffic.tally)
  }
  traffic.stop()
  await ask({ type: 'close' })
  return judge(samples, traffic.tally)
}

/** Starts the engine with a gateway to each target; returns where they listen. */
async function openEngine(targets) {
  engine = fork(join(folder, 'engine.mjs'), [join(folder, 'recordings')], { execArgv: ['--expose-gc'] })
  engine.on('exit', (code) => code !== null && console.error(`the engine ended with exit status ${code}`))
  const link = { up: { delay: 5_000, loss: { rate: LOSS } }, down: { delay: 5_000, loss: { rate: LOSS } } }
  const at = (port) => ({ host: '127.0.0.1', port })
  const wanted = [
    ['tcp', at(targets.tcp)],
    ['http', at(targets.http)],
    ['web', 'web'],
    ['broker', 'broker'],
    ['udp', at(targets.udp)],
  ]
  const gateways = wanted.map(([name, to]) => {
    const protocol = name === 'udp' ? 'udp' : 'tcp'
    return { type: 'gateway.start', listen: 0, protocol, to, link }
  })
  const runs = await ask({ type: 'open', gateways })
  return Object.fromEntries(wanted.map(([name], i) => [name, Number(runs[i].gateway.listen.split(':')[1])]))
}

function ask(order) {
  return new Promise((resolve, reject) => {
    engine.once('message', ({ result, error }) =>
      error === undefined ? resolve(result) : reject(new Error(error)),
    )
    engine.send(order)
  })
}

function summarise({ memory, runs }) {
  const sum = (figure) => runs.reduce((total, run) => total + figure(run), 0)
  return {
    rss: memory.rss,
    used: memory.heapUsed + memory.external,
    packets: sum((run) => run.recording.packets),
    bytes: sum((run) => run.recording.bytes),
    open: sum((run) => run.gateway.connections.open),
    came: sum((run) => run.gateway.connections.total),
    refused: sum((run) => run.gateway.connections.refused),
    ended: runs.filter((run) => run.state !== 'running').map((run) => `${run.title.en}: ${run.error}`),
  }
}

function print({ minute, rss, used, packets, bytes, open, came }, tally) {
  const megabytes = (value) => (value / MEGABYTE).toFixed(1)
  const { failures, ...done } = tally
  const words = Object.entries({ ...done, ...failures }).map(([name, count]) => `${count} ${name}`)
  const figures = [minute.toFixed(1), megabytes(rss), megabytes(used), packets, megabytes(bytes), open, came]
  const widths = [6, 12, 12, 10, 11, 7, 7]
  console.log(figures.map((figure, i) => String(figure).padStart(widths[i])).join(''), ' ', words.join(', '))
}

/** Exit status: 0 memory is flat and all is well. */
function judge(samples, { failures }) {
  const late = samples.slice(Math.floor(samples.length / 4))
  const span = late.at(-1).minute - late[0].minute
  const allowed = MOST_GROWTH + INDEX_BYTES_PER_PACKET * (late.at(-1).packets - late[0].packets)
  const growth = slope(late.map(({ minute, used }) => [minute, used])) * span
  const problems = [
    growth > allowed && 'memory grows',
    samples.at(-1).refused > 0 && `${samples.at(-1).refused} were refused`,
    samples.at(-1).ended.join(', '),
    Object.keys(failures).length > 0 && `programs failed: ${JSON.stringify(failures)}`,
  ].filter(Boolean)
  const megabytes = (value) => `${(value / MEGABYTE).toFixed(1)} MB`
  console.log(
    `in ${span.toFixed(1)} minutes memory in use grew by ${megabytes(growth)}; ${megabytes(allowed)} are allowed`,
  )
  for (const problem of problems) console.log(problem)
  return problems.length === 0 ? 0 : 1
}

/** Of the line of least squares. */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))]
  const up = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0)
  const across = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
  return across === 0 ? 0 : up / across
}
