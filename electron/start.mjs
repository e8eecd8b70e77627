/**
 * `npm start`: sets the clone up, then opens the window; in the browser where Electron cannot run.
 * Arguments go on to the window: `npm start -- --port 5000`.
 */
import { spawn } from 'node:child_process'
import { fetchElectron, findElectron } from './runtime.mjs'
import { root, setUpOrExit } from './setup.mjs'

/** Electron that ends in an error so soon has not opened its window (no libraries, no sandbox, no GPU). */
const stillbornMs = 10_000

await setUpOrExit()
const why = await openElectron(process.argv.slice(2))
if (why) {
  console.error(`${why}; serving the same window in the browser.`)
  process.argv.splice(2, 0, 'serve')
  await import(new URL('../dist/electron/cli.js', import.meta.url))
}

/** Runs Electron until its window is closed; gives the reason when there can be none. */
async function openElectron(args) {
  const { platform, env } = process
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY)
    return 'There is no display for Electron here'
  let executable
  try {
    executable = findElectron() ?? (await fetchElectron())
  } catch (error) {
    return `The Electron runtime is not here and could not be fetched (${error.message})`
  }
  const started = Date.now()
  const { code, signal, stopped } = await runElectron(executable, args)
  const stillborn = Date.now() - started < stillbornMs && (code !== 0 || signal)
  if (stillborn && !stopped) return `Electron could not open a window (${signal ?? `exit ${code}`})`
  process.exit(code ?? 0)
}

/** Ctrl-C reaches Electron by itself in a terminal; we only pass on what came to us alone, and wait for its end. */
function runElectron(executable, args) {
  return new Promise((resolve) => {
    const child = spawn(executable, [root, ...args], { stdio: 'inherit' })
    let stopped = false
    const stop = (signal) => {
      stopped = true
      child.kill(signal)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop)
    child.on('error', (error) => resolve({ code: 1, signal: error.code, stopped }))
    child.on('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, stop)
      resolve({ code, signal, stopped })
    })
  })
}
