/**
 * Finds the programs of others that some tests use. A test file that needs one says so once:
 *
 *     describe.skipIf(!findTshark())('captures read by tshark', ...)
 *
 * Whether a missing one is a skip or a failure is decided by `need-*.ts`, which call `requireTool` once a run.
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { env, platform } from 'node:process'

export { findElectron } from '../../electron/runtime.mjs'

/** Folders of Windows where programs are installed, as far as this machine has them. */
const programFolders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(
  (path) => path !== undefined,
)

/** Path of an executable on the PATH, or undefined. */
export function findOnPath(name: string): string | undefined {
  const names = platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name]
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) => names.map((file) => join(folder, file))).find(isExecutable)
}

/** Path of tshark, also where Wireshark's installers put it; or undefined. */
export function findTshark(): string | undefined {
  const usual = [
    '/Applications/Wireshark.app/Contents/MacOS/tshark',
    ...programFolders.map((folder) => join(folder, 'Wireshark', 'tshark.exe')),
  ]
  return findOnPath('tshark') ?? usual.find(isExecutable)
}

/** Path of curl, or undefined. */
export function findCurl(): string | undefined {
  return findOnPath('curl')
}

/** Path of a program of Eclipse Mosquitto, or undefined. The broker is where only administrators look for programs. */
export function findMosquitto(name: 'mosquitto' | 'mosquitto_pub' | 'mosquitto_sub'): string | undefined {
  return (
    findOnPath(name) ??
    [
      '/usr/sbin',
      '/usr/local/sbin',
      '/opt/homebrew/sbin',
      ...programFolders.map((folder) => join(folder, 'mosquitto')),
    ]
      .map((folder) => join(folder, platform === 'win32' ? `${name}.exe` : name))
      .find(isExecutable)
  )
}

/** Path of a browser of the Chromium family: `CHROMIUM` of the environment first, then the usual places; or undefined. */
export function findChromium(): string | undefined {
  if (env.CHROMIUM) return isExecutable(env.CHROMIUM) ? env.CHROMIUM : undefined
  const usual = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    ...programFolders.map((folder) => join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')),
    ...programFolders.map((folder) => join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe')),
  ]
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge']
  return names.map(findOnPath).find((path) => path !== undefined) ?? usual.find(isExecutable)
}

/** Says in one line that a program is missing and what that means; in CI (`CI=true`) this is an error. */
export function requireTool(name: string, path: string | undefined, skipped: string): void {
  if (path !== undefined) return
  const text = `${name} is not on this machine: ${skipped} skipped.`
  if (env.CI === 'true' || env.CI === '1') throw new Error(`${text} In CI it has to be here.`)
  console.log(text)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
