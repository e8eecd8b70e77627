/**
 * A stand-in for the parts of Electron's API that the program uses, held to the documented behaviour: what
 * must be called before `ready`, what an event's `preventDefault` prevents, what a deny handler answers. Its
 * surface is typed by `electron.d.ts`, so that a signature that changes there breaks the build here.
 *
 * Use with `vi.doMock('electron', () => import('../support/electron-stand-in.ts'))` after `vi.resetModules()`,
 * which makes a fresh one.
 */
import type * as Electron from 'electron'
import { EventEmitter } from 'node:events'

type Listener = (...args: never[]) => unknown
const emitterOf = () => new EventEmitter() as EventEmitter & { on(name: string, listener: Listener): unknown }

/** An event whose default can be prevented, as Electron passes it to listeners. */
export function preventable(): { defaultPrevented: boolean; preventDefault(): void } {
  const event = { defaultPrevented: false, preventDefault: () => void (event.defaultPrevented = true) }
  return event
}

/** What the tests look at and steer. */
export const state = {
  ready: false,
  lock: true,
  quit: false,
  schemes: [] as Electron.CustomScheme[],
  protocols: new Map<string, (request: Request) => Response | Promise<Response>>(),
  handlers: new Map<string, (event: Electron.IpcMainInvokeEvent, ...args: unknown[]) => unknown>(),
  windows: [] as StandInWindow[],
  children: [] as StandInChild[],
  saveDialog: { canceled: true, filePath: '' } as Electron.SaveDialogReturnValue,
  openDialog: { canceled: true, filePaths: [] } as Electron.OpenDialogReturnValue,
}

let becomeReady: () => void
const readiness = new Promise<void>((resolve) => (becomeReady = resolve))
const appEmitter = emitterOf()

/** Lets `app.whenReady()` resolve. */
export async function makeReady(): Promise<void> {
  state.ready = true
  becomeReady()
  await readiness
  await Promise.resolve()
}

export const app = Object.assign(appEmitter, {
  whenReady: () => readiness,
  requestSingleInstanceLock: () => state.lock,
  getPath: (name: string) => `/stand-in/${name}`,
  /** Asks by `before-quit`; a listener that prevents the default keeps the app. */
  quit: () => {
    const event = preventable()
    appEmitter.emit('before-quit', event)
    if (!event.defaultPrevented) state.quit = true
  },
}) satisfies Pick<Electron.App, 'whenReady' | 'requestSingleInstanceLock' | 'quit'> & { getPath: unknown }

export const protocol = {
  registerSchemesAsPrivileged(schemes: Electron.CustomScheme[]) {
    if (state.ready)
      throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
    state.schemes.push(...schemes)
  },
  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>) {
    if (!state.ready) throw new Error('protocol.handle can only be called after app is ready')
    state.protocols.set(scheme, handler)
  },
} satisfies Pick<Electron.Protocol, 'registerSchemesAsPrivileged'> & { handle: unknown }

export class StandInPort {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export class MessageChannelMain {
  readonly port1 = new StandInPort('port1')
  readonly port2 = new StandInPort('port2')
}

export class StandInChild extends EventEmitter {
  readonly module: string
  readonly messages: { message: unknown; ports: readonly StandInPort[] }[] = []
  killed = false
  constructor(module: string) {
    super()
    this.module = module
  }
  postMessage(message: unknown, transfer: StandInPort[] = []): void {
    this.messages.push({ message, ports: transfer })
  }
  kill(): boolean {
    if (this.killed) return false
    this.killed = true
    queueMicrotask(() => this.emit('exit', 0))
    return true
  }
}

export const utilityProcess = {
  fork(module: string): StandInChild {
    if (!state.ready) throw new Error('utilityProcess can only be created after app is ready')
    const child = new StandInChild(module)
    state.children.push(child)
    return child
  },
}

class StandInSession {
  request: Parameters<Electron.Session['setPermissionRequestHandler']>[0] = null
  check: Parameters<Electron.Session['setPermissionCheckHandler']>[0] = null
  setPermissionRequestHandler(handler: typeof this.request): void {
    this.request = handler
  }
  setPermissionCheckHandler(handler: typeof this.check): void {
    this.check = handler
  }
}

export const session = { defaultSession: new StandInSession() }

export class StandInContents extends EventEmitter {
  readonly session: StandInSession
  readonly mainFrame: { url: string }
  readonly posted: { channel: string; message: unknown; ports: readonly StandInPort[] }[] = []
  readonly sent: { channel: string; args: readonly unknown[] }[] = []
  openHandler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0] | undefined
  constructor(of: StandInSession) {
    super()
    this.session = of
    this.mainFrame = { url: 'about:blank' }
  }
  setWindowOpenHandler(handler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0]): void {
    this.openHandler = handler
  }
  postMessage(channel: string, message: unknown, transfer: StandInPort[] = []): void {
    this.posted.push({ channel, message, ports: transfer })
  }
  send(channel: string, ...args: unknown[]): void {
    this.sent.push({ channel, args })
  }
}

export class StandInWindow extends EventEmitter {
  static getAllWindows = (): StandInWindow[] => state.windows
  static fromWebContents = (contents: StandInContents): StandInWindow | null =>
    state.windows.find((window) => window.webContents === contents) ?? null

  readonly options: Electron.BrowserWindowConstructorOptions
  readonly webContents: StandInContents
  shown = false
  minimized = false
  focused = false

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super()
    if (!state.ready) throw new Error('Cannot create BrowserWindow before app is ready')
    this.options = options
    this.webContents = new StandInContents(options.webPreferences?.session as unknown as StandInSession)
    state.windows.push(this)
  }

  loadURL(url: string): Promise<void> {
    this.webContents.mainFrame.url = url
    queueMicrotask(() => {
      this.emit('ready-to-show')
      this.webContents.emit('did-finish-load')
    })
    return Promise.resolve()
  }
  show = (): void => void (this.shown = true)
  isMinimized = (): boolean => this.minimized
  restore = (): void => void (this.minimized = false)
  focus = (): void => void (this.focused = true)
  close(): void {
    state.windows.splice(state.windows.indexOf(this), 1)
    this.emit('closed')
    if (state.windows.length === 0) appEmitter.emit('window-all-closed')
  }
}
export { StandInWindow as BrowserWindow }

export const ipcMain = {
  handle(channel: string, handler: (event: Electron.IpcMainInvokeEvent, ...args: unknown[]) => unknown) {
    if (state.handlers.has(channel))
      throw new Error(`Attempted to register a second handler for '${channel}'`)
    state.handlers.set(channel, handler)
  },
} satisfies Pick<Electron.IpcMain, 'handle'>

export const dialog = {
  showSaveDialog: () => Promise.resolve(state.saveDialog),
  showOpenDialog: () => Promise.resolve(state.openDialog),
}
