/** The Electron main process: one engine, one window, our own scheme. */
import { app, BrowserWindow, protocol } from 'electron'
import { join } from 'node:path'
import { originOf, pageHeaders, readPage } from './ipc/page.ts'
import { handleSaveFiles } from './ipc/save-files.ts'
import { Supervisor } from './ipc/supervisor.ts'
import { startUtilityEngine } from './ipc/utility-engine.ts'
import { APP_ORIGIN, openWindow } from './window.ts'

const PAGE_ROOT = join(import.meta.dirname, '..', 'renderer')

protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
])

async function servePage(request: Request): Promise<Response> {
  const ours = originOf(request.url) === APP_ORIGIN
  const file = ours ? await readPage(PAGE_ROOT, new URL(request.url).pathname) : undefined
  if (!file) return new Response('not found', { status: 404 })
  return new Response(file.body, { headers: { ...pageHeaders("'self'"), 'content-type': file.type } })
}

function start(): void {
  const supervisor = new Supervisor(startUtilityEngine, join(app.getPath('userData'), 'recordings'))
  protocol.handle('app', servePage)
  handleSaveFiles(APP_ORIGIN)
  openWindow(supervisor)
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openWindow(supervisor)
  })
  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows()
    if (window?.isMinimized()) window.restore()
    window?.focus()
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  let stopping = false
  app.on('before-quit', (event) => {
    if (stopping) return
    // Wait for the engine, so that the recording's last batch is on the disk.
    event.preventDefault()
    stopping = true
    void supervisor.stop().finally(() => app.quit())
  })
}

if (app.requestSingleInstanceLock()) void app.whenReady().then(start)
else app.quit()
