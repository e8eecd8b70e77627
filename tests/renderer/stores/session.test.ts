import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Command, RunInfo } from '../../../shared/commands.ts'
import { BatchBuilder } from '../../../shared/trace/batch.ts'
import { useNotices } from '../../../renderer/stores/notices.ts'
import { useSelection } from '../../../renderer/stores/selection.ts'
import { useSession } from '../../../renderer/stores/session.ts'
import { runInfo, settled, type Answer } from '../../support/fake-engine.ts'
import { openWindow, stubBrowser, type FakeWindow } from '../../support/window-globals.ts'

let open: FakeWindow
let runs: RunInfo[]
let frame: () => void

/** An engine that knows `runs`, and does what it is told. */
function answer(command: Command): Answer {
  if (command.type === 'run.list') return { result: runs }
  if (command.type === 'run.start') {
    const { seed, driver } = command
    runs.push(runInfo({ run: runs.length + 1, seed: seed ?? 1, driver: driver ?? 'live' }))
    return { result: runs.at(-1) }
  }
  if (command.type === 'run.export' && command.format !== 'pcapng') return { result: [] }
  if (command.type === 'run.export')
    return { result: [{ name: 'capture.pcapng', mime: 'x', bytes: Uint8Array.of(1), secret: true }] }
  if (!('run' in command)) return { result: null }
  const at = runs.findIndex((info) => info.run === command.run)
  if (at === -1) return { error: { code: 'not_found', message: `run: there is no ${command.run}` } }
  if (command.type === 'run.pause') runs[at] = { ...runs[at], state: 'paused' }
  if (command.type === 'run.stop') runs[at] = { ...runs[at], state: 'stopped' }
  const quiet = ['run.mark', 'run.unwatch', 'run.forget'].includes(command.type)
  return { result: quiet ? null : runs[at] }
}

beforeEach(() => {
  frame = stubBrowser().frame
  runs = []
  open = openWindow()
  open.engine.answer = answer
})
afterEach(() => {
  // The scheduler of frames outlives the test: one that it waits for must come.
  frame()
  vi.unstubAllGlobals()
})

const connect = async (): Promise<ReturnType<typeof useSession>> => {
  const session = useSession()
  open.engine.connect()
  await settled()
  return session
}

describe('when the window opens', () => {
  it('asks for the runs, and shows none when none is going on', async () => {
    runs = [runInfo({ run: 1, state: 'finished' })]
    const session = await connect()
    expect(session.runs.map(({ run }) => run)).toEqual([1])
    expect(session.run).toBeNull()
  })

  it('goes on with a run that is going on', async () => {
    runs = [runInfo({ run: 1, state: 'finished' }), runInfo({ run: 2 })]
    const session = await connect()
    expect(session.run?.run).toBe(2)
    expect(open.engine.sent('run.watch')).toEqual([{ type: 'run.watch', run: 2 }])
  })

  it('after a reload shows the run that it showed before', async () => {
    runs = [runInfo({ run: 1, state: 'finished' }), runInfo({ run: 2 })]
    await (await connect()).show(1)
    open = openWindow()
    open.engine.answer = answer
    expect((await connect()).run?.run).toBe(1)
  })

  it('asks once, although the carrier and the engine both say that they are there', async () => {
    const session = useSession()
    open.engine.connect()
    open.engine.say({ type: 'engine', state: 'ready', detail: '' })
    await settled()
    expect(open.engine.sent('run.list')).toHaveLength(1)
    expect(session.crash).toBeNull()
  })
})

describe('a run', () => {
  it('is watched as soon as it has started, and its batches fill the store', async () => {
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk', seed: 7, driver: 'virtual' })
    expect(open.engine.commands.map(({ type }) => type)).toEqual(['run.list', 'run.start', 'run.watch'])
    const builder = new BatchBuilder()
    builder.add('sim:mark', { text: 'begin' }, 1, 0, 0, 0, 0)
    open.engine.sendBatch(1, 0, builder.flush()!)
    expect(open.feed.handle.store.value.events).toBe(1)
    expect(open.engine.acks).toEqual([{ type: 'ack', run: 1, number: 0 }])
  })

  it('is growing until the engine says that all of it has been sent', async () => {
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk' })
    open.engine.say({ type: 'run', info: runInfo({ state: 'finished' }) })
    frame()
    expect(open.feed.handle.growing.value).toBe(true)
    open.engine.say({ type: 'complete', run: 1 })
    frame()
    expect(open.feed.handle.growing.value).toBe(false)
  })

  it('does not take in batches of another run, but acknowledges them', async () => {
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk' })
    open.engine.sendBatch(9, 0, new ArrayBuffer(8))
    expect(open.feed.handle.store.value.batches).toBe(0)
    expect(open.engine.acks).toHaveLength(1)
    expect(useNotices().list).toEqual([])
  })

  it('that is damaged says so once for each reason', async () => {
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk' })
    open.engine.sendBatch(1, 0, new ArrayBuffer(64))
    expect(useNotices().list).toMatchObject([
      { kind: 'error', title: 'notice.damaged', detail: 'not a batch' },
    ])
  })

  it('in virtual time is paused by the engine', async () => {
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk', driver: 'virtual' })
    await session.pause()
    expect(session.run?.state).toBe('paused')
    expect(session.frozen).toBe(false)
  })

  it('that is live goes on while its display is frozen, until it is stopped', async () => {
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk', driver: 'live' })
    await session.pause()
    expect(session.frozen).toBe(true)
    expect(open.engine.sent('run.pause')).toEqual([])
    await session.stop()
    expect(session.frozen).toBe(false)
    expect(session.run?.state).toBe('stopped')
  })

  it('leaves nothing selected when another comes on show', async () => {
    runs = [runInfo({ run: 1 }), runInfo({ run: 2, state: 'finished' })]
    const session = await connect()
    const selection = useSelection()
    selection.selectPacket(12, { t: 5_000, lane: 'reno' })
    selection.zoom({ from: 0, to: 100 })
    await session.show(2)
    expect([selection.pkt, selection.cursor, selection.lane, selection.range]).toEqual(Array(4).fill(null))
    expect(open.engine.sent('run.unwatch')).toEqual([{ type: 'run.unwatch', run: 1 }])
  })

  it('is exported into files, and said to hold keys when it does', async () => {
    runs = [runInfo({ run: 1 })]
    const session = await connect()
    await session.exportRun(1, 'pcapng')
    expect(open.engine.saved).toEqual(['capture.pcapng'])
    expect(useNotices().list).toMatchObject([{ kind: 'done', title: 'notice.exported_secret' }])
  })

  it('says so when it has nothing for a file of the kind', async () => {
    runs = [runInfo({ run: 1 })]
    const session = await connect()
    await session.exportRun(1, 'har')
    expect(open.engine.saved).toEqual([])
    expect(useNotices().list).toMatchObject([{ kind: 'done', title: 'notice.exported_nothing' }])
  })

  it('that is removed while it is on show leaves the stage', async () => {
    runs = [runInfo({ run: 1 })]
    const session = await connect()
    await session.forget(1)
    expect(session.runs).toEqual([])
    expect(session.run).toBeNull()
  })
})

describe('what goes wrong', () => {
  it('becomes a notice with the words of the engine', async () => {
    const session = await connect()
    await session.forget(5)
    expect(useNotices().list).toMatchObject([
      { kind: 'error', title: 'error.not_found', detail: 'run: there is no 5' },
    ])
  })

  it('is no error when a run ends while it is being paused', async () => {
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk', driver: 'virtual' })
    const late = { code: 'wrong_state', message: 'the run is finished, not running' } as const
    open.engine.answer = () => {
      open.engine.say({ type: 'run', info: runInfo({ run: 1, state: 'finished' }) })
      return { error: late }
    }
    await session.pause()
    expect(useNotices().list).toEqual([])
    expect(session.run?.state).toBe('finished')

    // It is one when the run goes on.
    open.engine.answer = () => ({ error: late })
    open.engine.say({ type: 'run', info: runInfo({ run: 1 }) })
    await session.step('packet')
    expect(useNotices().list).toMatchObject([{ title: 'error.wrong_state' }])
  })

  it('a lost connection is followed by the same run, from where it was', async () => {
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk' })
    const store = open.feed.handle.store.value
    open.engine.lose()
    open.engine.connect()
    await settled()
    expect(open.engine.sent('run.watch')).toHaveLength(2)
    expect(open.feed.handle.store.value).toBe(store)
    expect(session.run?.run).toBe(1)
  })

  it('a crash is told with the run that it cut short, which comes back as a recording', async () => {
    runs = [runInfo({ run: 1, state: 'finished', seed: 5 })]
    const session = await connect()
    await session.start({ experiment: 'tcp-bulk', seed: 7, driver: 'virtual' })
    open.engine.say({ type: 'engine', state: 'crashed', detail: 'out of memory' })
    expect(session.crash).toMatchObject({ detail: 'out of memory', ready: false, run: { run: 2 } })

    // The new engine numbers anew: what was run 2 is run 1 now.
    runs = [runInfo({ run: 1, state: 'recovered', seed: 7, now: 3e6 })]
    open.engine.say({ type: 'engine', state: 'ready', detail: '' })
    await settled()
    expect(session.crash?.ready).toBe(true)
    expect(session.run).toMatchObject({ run: 1, state: 'recovered', now: 3e6 })
  })
})
