import type { EngineNotice } from '../../shared/carrier.ts'

/** One end of a message channel: a worker's MessagePort, or Electron's MessagePortMain. */
export type Port = object

/** What the main side tells an engine; everything else goes over the windows' ports. */
export type EngineWord =
  { readonly type: 'options'; readonly recordings: string } | { readonly type: 'connect' }

/** A running engine, be it an Electron utility process or a worker thread. */
export interface EngineProcess {
  /** Sends one of the engine's first words: its options, or a window's port. */
  post(message: EngineWord, ports: readonly Port[]): void
  onExit(callback: (detail: string) => void): void
  /** Ends it; resolves when it is gone. */
  kill(): Promise<void>
}

/** A window that looks at the engine. */
export interface Window {
  /** Makes a fresh channel, gives one end to the window and returns the other. */
  openChannel(): Port
  notify(notice: EngineNotice): void
}

const RESTARTS_ALLOWED = 3
const RESTART_PERIOD_MS = 60_000

/**
 * Keeps one engine alive for any number of windows. When it ends by itself the windows are told, it is
 * started anew, and every window gets a new channel; recordings are on the disk, so nothing else is lost. An
 * engine that keeps dying is left dead.
 */
export class Supervisor {
  private engine: EngineProcess | undefined
  private readonly windows = new Set<Window>()
  private readonly spawn: () => EngineProcess
  private readonly recordings: string
  private restarts: number[] = []
  private stopped = false

  /** `recordings` is the folder where each engine keeps its recordings. */
  constructor(spawn: () => EngineProcess, recordings: string) {
    this.spawn = spawn
    this.recordings = recordings
  }

  start(): void {
    if (this.engine || this.stopped) return
    const engine = this.spawn()
    this.engine = engine
    engine.post({ type: 'options', recordings: this.recordings }, [])
    engine.onExit((detail) => this.onExit(engine, detail))
  }

  /** Connects a window, now and after every restart, until `remove`. */
  add(window: Window): void {
    this.windows.add(window)
    this.serve(window)
  }

  /** Connects a window anew, for one whose page was reloaded; an engine that was left dead gets another try. */
  reconnect(window: Window): void {
    if (this.windows.has(window)) this.serve(window)
  }

  remove(window: Window): void {
    this.windows.delete(window)
  }

  /** Ends the engine for good. */
  async stop(): Promise<void> {
    this.stopped = true
    const engine = this.engine
    this.engine = undefined
    await engine?.kill()
  }

  /** Connects a window; to a fresh engine all of them. */
  private serve(window: Window): void {
    if (this.engine) return this.connect(window)
    this.start()
    for (const each of this.windows) this.connect(each)
  }

  private connect(window: Window): void {
    if (!this.engine) {
      window.notify({ type: 'engine', state: 'crashed', detail: 'the engine is not running' })
      return
    }
    this.engine.post({ type: 'connect' }, [window.openChannel()])
    window.notify({ type: 'engine', state: 'ready', detail: '' })
  }

  private onExit(engine: EngineProcess, detail: string): void {
    if (this.engine !== engine) return
    this.engine = undefined
    if (this.stopped) return
    for (const window of this.windows) window.notify({ type: 'engine', state: 'crashed', detail })
    const now = Date.now()
    this.restarts = this.restarts.filter((at) => now - at < RESTART_PERIOD_MS)
    if (this.restarts.length >= RESTARTS_ALLOWED) return
    this.restarts.push(now)
    this.start()
    for (const window of this.windows) this.connect(window)
  }
}
