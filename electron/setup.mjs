/**
 * Makes a clone ready to run: the packages installed, the build fresh. Used by `npm start`, `npm test` and `rexmit`.
 *
 * Plain JavaScript without dependencies, since it runs before there are any. Everything it has to say goes to stderr:
 * stdout belongs to the program that asked.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url))

const dist = join(root, 'dist')
const stampFile = join(dist, '.stamp')
const buildConfigs = ['vite.config.ts', 'vite.node.config.ts', 'vite.preload.config.ts']

/** Ends the process with a plain sentence when this Node cannot run Rexmit (`engines` of package.json). */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return
  console.error(`Rexmit needs Node 20.19, 22.12 or later; this is Node ${process.versions.node}.`)
  process.exit(2)
}

/** Installs what is missing and builds what is stale; does nothing, and says nothing, when all is fresh. */
export async function setUp() {
  await install()
  await build()
}

/** The same for a program that is nothing without it: ends the process when it fails or Node is too old. */
export async function setUpOrExit() {
  requireNode()
  try {
    await setUp()
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

/** `npm ci`, when node_modules is not what the lock file asks for. */
export async function install() {
  if (isInstalled()) return
  const release = await takeLock()
  try {
    if (isInstalled()) return // another process has installed while we waited
    console.error('Installing packages (npm ci) ...')
    // Warnings about the Node version are about Electron's own tools, which we do not run with this Node.
    await run('npm ci', ...npm('ci', '--include=dev', '--loglevel=error'))
  } finally {
    release()
  }
}

/** The three builds of Vite, side by side, when a source has changed since the last ones. */
export async function build() {
  if (isFresh()) return
  const release = await takeLock()
  try {
    const stamp = sourceStamp()
    if (isFresh(stamp)) return // another process has built while we waited
    console.error('Building ...')
    for (const folder of ['electron', 'renderer'])
      rmSync(join(dist, folder), { recursive: true, force: true })
    const vite = join(root, 'node_modules/vite/bin/vite.js')
    const one = (config) =>
      run(config, process.execPath, [vite, 'build', '--config', config, '--logLevel', 'warn'])
    // All three come to their end before the lock is given back, also when one fails.
    const ends = await Promise.allSettled(buildConfigs.map(one))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed) throw failed.reason
    writeFileSync(stampFile, stamp)
  } finally {
    release()
  }
}

/**
 * Are the packages of the lock file here, each in its version? Those for other platforms are not missed. npm's own
 * list is not enough: it outlives an installation that broke off while it removed the packages of the last one.
 */
function isInstalled() {
  const packages = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false
  const here = packages('node_modules/.package-lock.json')
  return Object.entries(packages('package-lock.json')).every(
    ([path, wanted]) =>
      path === '' ||
      wanted.optional ||
      (here[path]?.version === wanted.version && existsSync(join(root, path, 'package.json'))),
  )
}

function isFresh(stamp = sourceStamp()) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
}

/** A digest of all that the build reads. Contents, not dates: a checkout or a `git switch` moves dates for nothing. */
function sourceStamp() {
  const hash = createHash('sha256')
  for (const file of [...buildConfigs, 'package.json', 'package-lock.json'])
    hash.update(readFileSync(join(root, file)))
  for (const folder of ['shared', 'electron', 'renderer']) {
    for (const file of readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).sort(
      byPath,
    )) {
      if (!file.isFile() || /\.(md|mjs)$/.test(file.name)) continue
      hash.update(pathOf(file)).update(readFileSync(pathOf(file)))
    }
  }
  return hash.digest('hex')
}

const pathOf = (file) => join(file.parentPath, file.name)
const byPath = (a, b) => (pathOf(a) < pathOf(b) ? -1 : 1)

/** One process at a time installs or builds; gives the function that lets the next one in. A lock whose holder is gone is taken over. */
async function takeLock() {
  const lock = join(dist, '.lock')
  mkdirSync(dist, { recursive: true })
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      return () => rmSync(lock, { force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      const holder = readIfThere(lock) // empty while it is being written, or just removed
      if (holder && !isRunning(Number(holder))) rmSync(lock, { force: true })
      await sleep(200)
    }
  }
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM' // it is there, and somebody else's
  }
}

/** Command and arguments of npm: the very npm that started us, else the one on the path (a shell script on Windows). */
function npm(...args) {
  const script = process.env.npm_execpath
  return script?.endsWith('.js')
    ? [process.execPath, [script, ...args]]
    : ['npm', args, process.platform === 'win32']
}

/** Runs a program to its end with its output on stderr; rejects when it fails. */
function run(name, command, args, shell = false) {
  return new Promise((resolve, reject) => {
    // A test run sets NODE_ENV=test, which would make Vue's development build ours.
    const env = { ...process.env, NODE_ENV: 'production' }
    const child = spawn(command, args, { cwd: root, shell, env, stdio: ['ignore', 2, 2] })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new SetUpError(`${name} failed (${signal ?? `exit ${code}`})`))
    })
  })
}

/** Set-up could not be done; the program that failed has already said why. */
export class SetUpError extends Error {}
