import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type * as StandIn from '../support/electron-stand-in.ts'

let electron: typeof StandIn
let state: typeof StandIn.state

/** A busy machine takes its time. */
const PATIENT = { timeout: 20_000 }

/** Starts the program's main process and waits until its window has loaded. */
async function launch(): Promise<StandIn.StandInWindow> {
  await import('../../electron/main.ts')
  await electron.makeReady()
  await vi.waitFor(() => expect(state.children[0]?.messages.length).toBeGreaterThan(1), PATIENT)
  return state.windows[0]
}

/** A program that was just started: no module of it is loaded yet. */
async function restart(): Promise<void> {
  vi.resetModules()
  vi.doMock('electron', () => import('../support/electron-stand-in.ts'))
  electron = (await import('electron')) as unknown as typeof StandIn
  state = electron.state
}

beforeEach(restart)

describe('the main process', () => {
  it('starts the engine in a utility process and gives each load of the page a port to it', async () => {
    const window = await launch()
    const [engine] = state.children
    expect(engine.module).toMatch(/worker\.js$/)
    expect(engine.messages[0].message).toEqual({
      type: 'options',
      recordings: join('/stand-in/userData', 'recordings'),
    })
    expect(engine.messages[1]).toMatchObject({ message: { type: 'connect' }, ports: [{ name: 'port1' }] })
    expect(window.webContents.posted).toMatchObject([{ channel: 'rexmit:port', ports: [{ name: 'port2' }] }])
    window.webContents.emit('did-finish-load')
    expect(engine.messages).toHaveLength(3)
    expect(window.webContents.posted).toHaveLength(2)
  })

  it('sandboxes the page and shows it when it is ready', async () => {
    const window = await launch()
    expect(window.options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
    })
    expect(window.options.webPreferences?.preload).toMatch(/preload\.cjs$/)
    expect(window.webContents.mainFrame.url).toBe('app://rexmit/index.html')
    expect(window.shown).toBe(true)
  })

  it('denies permissions, new windows, navigation and web views', async () => {
    const { webContents } = await launch()
    const answers: boolean[] = []
    webContents.session.request?.(
      {} as never,
      'geolocation' as never,
      (allowed) => answers.push(allowed),
      {} as never,
    )
    expect(answers).toEqual([false])
    expect(webContents.session.check?.(null, 'media' as never, '', {} as never)).toBe(false)
    expect(webContents.openHandler?.({ url: 'https://example.org' } as never)).toEqual({ action: 'deny' })
    for (const name of ['will-navigate', 'will-attach-webview']) {
      const event = electron.preventable()
      webContents.emit(name, event)
      expect(event.defaultPrevented, name).toBe(true)
    }
  })

  it('serves its own scheme with a strict policy, and no other host of it', async () => {
    await launch()
    expect(state.schemes).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
    ])
    const serve = state.protocols.get('app')!
    expect((await serve(new Request('app://other/index.html'))).status).toBe(404)
    expect((await serve(new Request('app://rexmit/missing.html'))).status).toBe(404)
    expect((await serve(new Request('app://rexmit/..%2f..%2fpackage.json'))).status).toBe(404)
  })

  it('tells the page of a crash and connects it to the next engine', async () => {
    const { webContents } = await launch()
    state.children[0].emit('exit', 9)
    expect(state.children).toHaveLength(2)
    expect(webContents.sent.map(({ args }) => args[0])).toMatchObject([
      { state: 'ready' },
      { state: 'crashed', detail: 'the engine process ended with status 9' },
      { state: 'ready' },
    ])
    expect(webContents.posted).toHaveLength(2)
  })

  it('quits only when the engine has ended, so that the last batch is on the disk', async () => {
    await launch()
    electron.app.quit()
    expect(state.quit).toBe(false)
    expect(state.children[0].killed).toBe(true)
    await vi.waitFor(() => expect(state.quit).toBe(true), PATIENT)
  })

  it('quits at once when it already runs, and the first one comes to the front', async () => {
    const window = await launch()
    window.minimized = true
    electron.app.emit('second-instance')
    expect(window).toMatchObject({ minimized: false, focused: true })

    await restart()
    state.lock = false
    await import('../../electron/main.ts')
    expect(state.quit).toBe(true)
    expect(state.windows).toEqual([])
  })
})

describe('saving files for the page', () => {
  const file = (name: string) => ({ name, mime: 'text/plain', bytes: Uint8Array.of(104, 105) })

  function save(window: StandIn.StandInWindow, payload: unknown, url = window.webContents.mainFrame.url) {
    const { webContents: sender } = window
    const own = url === sender.mainFrame.url
    const event = { sender, senderFrame: own ? sender.mainFrame : { url } }
    return state.handlers.get('rexmit:save')!(event as never, payload) as Promise<number>
  }

  it('writes one file under the chosen name, several into the chosen folder, none when cancelled', async () => {
    const window = await launch()
    const folder = await mkdtemp(join(tmpdir(), 'rexmit-save-'))
    state.saveDialog = { canceled: false, filePath: join(folder, 'mine.txt') }
    expect(await save(window, [file('a.txt')])).toBe(1)
    expect(await readFile(join(folder, 'mine.txt'), 'utf8')).toBe('hi')
    state.openDialog = { canceled: false, filePaths: [folder] }
    expect(await save(window, [file('a.txt'), file('b.txt')])).toBe(2)
    // Charts are exported into a folder of their own.
    expect(await save(window, [file('charts/a.svg'), file('charts/b.svg')])).toBe(2)
    expect((await readdir(join(folder, 'charts'))).sort()).toEqual(['a.svg', 'b.svg'])
    expect(await readFile(join(folder, 'b.txt'), 'utf8')).toBe('hi')
    state.saveDialog = { canceled: true, filePath: '' }
    expect(await save(window, [file('a.txt')])).toBe(0)
    await rm(folder, { recursive: true })
  })

  it.each(['../escape.txt', '.hidden', 'a/b.txt', '', 'x'.repeat(200)])(
    'refuses the name %j',
    async (name) => {
      const window = await launch()
      await expect(save(window, [file(name)])).rejects.toThrow('0.name')
    },
  )

  it('refuses what is not a list of files, and any sender but the page itself', async () => {
    const window = await launch()
    await expect(save(window, 'all of them')).rejects.toThrow()
    await expect(save(window, [])).rejects.toThrow()
    await expect(save(window, [file('a.txt')], 'https://example.org/')).rejects.toThrow('not for this sender')
  })
})
