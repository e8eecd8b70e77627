import { describe, expect, it } from 'vitest'
import {
  type EngineProcess,
  type EngineWord,
  Supervisor,
  type Window,
} from '../../../electron/ipc/supervisor.ts'
import type { EngineNotice } from '../../../shared/carrier.ts'

interface FakeEngine extends EngineProcess {
  readonly words: { word: EngineWord; ports: readonly object[] }[]
  crash(detail: string): void
  killed: boolean
}

function fakeEngine(): FakeEngine {
  let exit: (detail: string) => void = () => undefined
  const engine: FakeEngine = {
    words: [],
    killed: false,
    post: (word, ports) => void engine.words.push({ word, ports }),
    onExit: (callback) => (exit = callback),
    kill: () => {
      engine.killed = true
      exit('killed')
      return Promise.resolve()
    },
    crash: (detail) => exit(detail),
  }
  return engine
}

function setUp() {
  const engines: FakeEngine[] = []
  const supervisor = new Supervisor(() => {
    const engine = fakeEngine()
    engines.push(engine)
    return engine
  }, '/recordings')
  const notices: EngineNotice[] = []
  let channels = 0
  const window: Window = {
    openChannel: () => ({ channel: ++channels }),
    notify: (notice) => void notices.push(notice),
  }
  return { supervisor, engines, window, notices }
}

describe('the supervisor of the engine', () => {
  it('starts one engine for all windows, and tells it first where recordings go', () => {
    const { supervisor, engines, window } = setUp()
    supervisor.add(window)
    supervisor.add({ ...window })
    expect(engines).toHaveLength(1)
    expect(engines[0].words).toEqual([
      { word: { type: 'options', recordings: '/recordings' }, ports: [] },
      { word: { type: 'connect' }, ports: [{ channel: 1 }] },
      { word: { type: 'connect' }, ports: [{ channel: 2 }] },
    ])
  })

  it('gives a reloaded page a new channel to the same engine, and a stranger none', () => {
    const { supervisor, engines, window } = setUp()
    supervisor.add(window)
    supervisor.reconnect(window)
    supervisor.reconnect({ ...window })
    expect(engines[0].words.slice(1).map(({ ports }) => ports)).toEqual([[{ channel: 1 }], [{ channel: 2 }]])
  })

  it('after a crash tells the windows, starts another engine, and connects those that are still there', () => {
    const { supervisor, engines, window, notices } = setUp()
    const closed: Window = { openChannel: window.openChannel, notify: (notice) => void told.push(notice) }
    const told: EngineNotice[] = []
    supervisor.add(closed)
    supervisor.remove(closed)
    told.length = 0
    supervisor.add(window)
    notices.length = 0
    engines[0].crash('out of memory')
    expect(notices).toEqual([
      { type: 'engine', state: 'crashed', detail: 'out of memory' },
      { type: 'engine', state: 'ready', detail: '' },
    ])
    expect(told).toEqual([])
    expect(engines[1].words.map(({ word }) => word.type)).toEqual(['options', 'connect'])
  })

  it('leaves an engine dead that dies again and again, until a window asks anew', () => {
    const { supervisor, engines, window, notices } = setUp()
    supervisor.add(window)
    for (let i = 0; i < 4; i++) engines.at(-1)!.crash('broken')
    expect(engines).toHaveLength(4)
    expect(notices.at(-1)).toEqual({ type: 'engine', state: 'crashed', detail: 'broken' })
    supervisor.reconnect(window)
    expect(engines).toHaveLength(5)
    expect(notices.at(-1)).toEqual({ type: 'engine', state: 'ready', detail: '' })
  })

  it('starts nothing anew when it was stopped', async () => {
    const { supervisor, engines, window } = setUp()
    supervisor.add(window)
    await supervisor.stop()
    expect(engines).toHaveLength(1)
    expect(engines[0].killed).toBe(true)
  })
})
