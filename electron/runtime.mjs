/**
 * Finds the Electron runtime, or fetches it. The npm package `electron` brings a script only; its `install.js` fetches
 * the runtime (over 100 MB) on first use, and waits for ever on a network that swallows packets. So we watch it.
 */
import { spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './setup.mjs'

const electron = join(root, 'node_modules/electron')
/** Given up when nothing has arrived for so long. The connection itself has 10 s in Node's fetch. */
const silenceMs = 20_000

/** Path of the Electron executable, or undefined when the runtime is not here. */
export function findElectron() {
  const pathFile = join(electron, 'path.txt')
  const file = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron'
  const path = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(electron, 'dist'), file)
  return existsSync(path) ? path : undefined
}

/** Fetches the runtime. Rejects with the reason in one line when that can't be done. */
export async function fetchElectron() {
  console.error('Fetching the Electron runtime ...')
  const temporary = mkdtempSync(join(tmpdir(), 'rexmit-electron-'))
  try {
    await runInstaller(temporary)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  const path = findElectron()
  if (!path) throw new Error('the download is incomplete')
  return path
}

function runInstaller(temporary) {
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary }
  const child = spawn(process.execPath, [join(electron, 'install.js')], { env, stdio: ['ignore', 2, 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (text) => (complaint += text))
  return new Promise((resolve, reject) => {
    let [size, since] = [0, Date.now()]
    const watch = setInterval(() => {
      const now = sizeOf(temporary) + sizeOf(join(electron, 'dist'))
      if (now !== size) [size, since] = [now, Date.now()]
      if (Date.now() - since < silenceMs) return
      complaint = `nothing arrived for ${silenceMs / 1000} s`
      child.kill()
    }, 500)
    child.on('exit', (code) => {
      clearInterval(watch)
      if (code === 0) resolve()
      else reject(new Error(complaint.split('\n')[0].replace(/^\w*Error: /, '') || `exit ${code}`))
    })
  })
}

/** Bytes below a folder, 0 when it is not there. */
function sizeOf(path) {
  try {
    const stat = lstatSync(path)
    if (!stat.isDirectory()) return stat.size
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
  } catch {
    return 0 // removed while we looked
  }
}
