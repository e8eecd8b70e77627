import { BrowserWindow, session } from 'electron'
import { join } from 'node:path'
import { sendNotice, sendPort } from './ipc/page-port.ts'
import type { Supervisor, Window } from './ipc/supervisor.ts'

/** Our own scheme, so that the page has an origin and no reach into the file system (DESIGN 9). */
export const APP_ORIGIN = 'app://rexmit'

/** Denies what a laboratory page never needs: permissions, navigation, further windows, web views. */
export function lockDown(window: BrowserWindow): void {
  const { webContents } = window
  webContents.session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  webContents.session.setPermissionCheckHandler(() => false)
  webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  webContents.on('will-navigate', (event) => event.preventDefault())
  webContents.on('will-attach-webview', (event) => event.preventDefault())
}

/** Opens the window on our page and connects each load of it to the engine. */
export function openWindow(supervisor: Supervisor): BrowserWindow {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 1024,
    minHeight: 640,
    show: false,
    backgroundColor: '#14181f',
    title: 'Rexmit',
    webPreferences: {
      preload: join(import.meta.dirname, 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      session: session.defaultSession,
    },
  })
  lockDown(window)
  const engineWindow: Window = {
    openChannel: () => sendPort(window.webContents),
    notify: (notice) => sendNotice(window.webContents, notice),
  }
  let connected = false
  window.webContents.on('did-finish-load', () => {
    if (connected) supervisor.reconnect(engineWindow)
    else supervisor.add(engineWindow)
    connected = true
  })
  window.once('ready-to-show', () => window.show())
  window.once('closed', () => supervisor.remove(engineWindow))
  void window.loadURL(`${APP_ORIGIN}/index.html`)
  return window
}
