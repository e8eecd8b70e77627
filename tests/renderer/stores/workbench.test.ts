import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Command } from '../../../shared/commands.ts'
import type { Knob } from '../../../shared/experiment.ts'
import { EXPERIMENTS } from '../../../shared/experiments/index.ts'
import { GATEWAY, gatewayLink } from '../../../renderer/gateway.ts'
import { useSession } from '../../../renderer/stores/session.ts'
import { useTransport } from '../../../renderer/stores/transport.ts'
import { parseExperiment, useWorkbench } from '../../../renderer/stores/workbench.ts'
import { runInfo, settled, type Answer } from '../../support/fake-engine.ts'
import { openWindow, stubBrowser, type FakeWindow } from '../../support/window-globals.ts'

const bulk = EXPERIMENTS.find(({ id }) => id === 'tcp-bulk')!
const rto = EXPERIMENTS.find(({ id }) => id === 'tcp-rto')!
const handshake = EXPERIMENTS.find(({ id }) => id === 'tcp-handshake')!
const knob = (id: string, of = bulk): Knob => of.knobs.find((candidate) => candidate.id === id)!

let open: FakeWindow
let info = runInfo()

/** The set-up with another loss. */
const withLoss = (rate: number) => {
  const setup = structuredClone(bulk.setup)
  setup.links.link.up.loss.rate = rate
  return setup
}

function answer(command: Command): Answer {
  if (command.type === 'run.list') return { result: [] }
  if (command.type === 'run.set') {
    if ((command.value as number) > 0.2) return { error: { code: 'invalid', message: 'too much' } }
    info = { ...info, setup: withLoss(command.value as number) }
  }
  if (command.type === 'run.start') info = runInfo({ driver: command.driver ?? 'live' })
  if (command.type === 'run.pause') info = { ...info, state: 'paused' }
  return { result: command.type === 'run.unwatch' ? null : info }
}

beforeEach(async () => {
  stubBrowser()
  open = openWindow()
  open.engine.answer = answer
  useSession()
  open.engine.connect()
  await settled()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the list of experiments', () => {
  it('has every built-in one under its chapter, and the gateway last', () => {
    const workbench = useWorkbench()
    expect(workbench.chapters.flatMap(({ experiments }) => experiments)).toEqual([...EXPERIMENTS, GATEWAY])
    expect(workbench.chapters.every(({ id, experiments }) => experiments.every((e) => e.chapter === id)))
  })

  it.each([
    ['three-way handshake', ['tcp-handshake']],
    ['拥塞', ['tcp-bulk']],
    ['RFC6675', ['tcp-bulk', 'tcp-sack']],
    ['tcp  CUBIC reno', ['tcp-bulk']],
    ['no such thing', []],
  ])('is searched for “%s”', (query, ids) => {
    const workbench = useWorkbench()
    workbench.query = query
    expect(workbench.chapters.flatMap(({ experiments }) => experiments.map(({ id }) => id))).toEqual(ids)
  })
})

describe('knobs before a run', () => {
  it('stand as the experiment has them, and are counted as turned only when they differ', () => {
    const workbench = useWorkbench()
    expect(workbench.valueOf(knob('loss'))).toBe(0.005)
    workbench.turn(knob('loss'), 0.05)
    expect(workbench.changes).toEqual({ loss: 0.05 })
    workbench.turn(knob('loss'), 0.005)
    expect(workbench.changes).toEqual({})
    expect(open.engine.sent('run.set')).toEqual([])
  })

  it('are kept for each experiment apart', () => {
    const workbench = useWorkbench()
    workbench.turn(knob('loss'), 0.05)
    workbench.open(handshake)
    expect(workbench.valueOf(knob('loss', handshake))).toBe(0)
    workbench.open(bulk)
    expect(workbench.valueOf(knob('loss'))).toBe(0.05)
    workbench.reset()
    expect(workbench.changes).toEqual({})
  })

  it('go into the next run', async () => {
    const transport = useTransport()
    useWorkbench().turn(knob('loss'), 0.05)
    transport.seed = 7
    transport.driver = 'virtual'
    transport.pace = 0.1
    await transport.run()
    expect(open.engine.sent('run.start')).toEqual([
      {
        type: 'run.start',
        experiment: 'tcp-bulk',
        set: { loss: 0.05 },
        seed: 7,
        driver: 'virtual',
        pace: 0.1,
      },
    ])
  })
})

describe('knobs during a run', () => {
  it('that are live are sent at once, and while one is dragged only the latest value every 100 ms', async () => {
    const workbench = useWorkbench()
    await useTransport().run()
    vi.useFakeTimers()
    for (const loss of [0.01, 0.02, 0.03, 0.04, 0.05]) workbench.turn(knob('loss'), loss)
    expect(workbench.valueOf(knob('loss'))).toBe(0.05)
    await vi.advanceTimersByTimeAsync(99)
    expect(open.engine.sent('run.set')).toEqual([{ type: 'run.set', run: 1, name: 'loss', value: 0.01 }])
    await vi.advanceTimersByTimeAsync(301)
    expect(open.engine.sent('run.set').map(({ value }) => value)).toEqual([0.01, 0.05])
    expect(workbench.valueOf(knob('loss'))).toBe(0.05)
  })

  it('that are not wait for the next run, and say so', async () => {
    const workbench = useWorkbench()
    await useTransport().run()
    workbench.turn(knob('initial-window'), 3)
    expect(open.engine.sent('run.set')).toEqual([])
    expect(workbench.waitsForNextRun(knob('initial-window'))).toBe(true)
    expect(workbench.waitsForNextRun(knob('loss'))).toBe(false)
  })

  it('go back to what is when the engine refuses', async () => {
    const workbench = useWorkbench()
    await useTransport().run()
    vi.useFakeTimers()
    workbench.turn(knob('loss'), 0.9)
    await vi.advanceTimersByTimeAsync(200)
    expect(workbench.valueOf(knob('loss'))).toBe(0.005)
  })

  it('follow what another window turned', async () => {
    const workbench = useWorkbench()
    await useTransport().run()
    open.engine.say({ type: 'run', info: { ...info, setup: withLoss(0.1) } })
    await settled()
    expect(workbench.valueOf(knob('loss'))).toBe(0.1)
  })

  it('follow a step of the experiment as long as its run goes on; the next begins as this one did', async () => {
    const workbench = useWorkbench()
    const { id, setup, steps } = rto
    const longer = structuredClone(setup)
    longer.links.link.up.delay = steps[0].set['links.link.up.delay'] as number
    open.engine.answer = (command) => ({
      result: command.type === 'run.start' ? (info = runInfo({ experiment: id, setup })) : info,
    })
    workbench.open(rto)
    await useTransport().run()
    const delay = knob('delay', rto)
    const before = workbench.valueOf(delay)
    open.engine.say({ type: 'run', info: { ...info, setup: longer } })
    await settled()
    expect(workbench.valueOf(delay)).toBe(longer.links.link.up.delay)
    expect(workbench.changes).toEqual({})
    open.engine.say({ type: 'run', info: { ...info, setup: longer, state: 'finished' } })
    await settled()
    expect(workbench.valueOf(delay)).toBe(before)
    await useTransport().run()
    expect(open.engine.sent('run.start').map(({ set }) => set)).toEqual([{}, {}])
  })

  it('of a gateway are sent by path, in both directions', async () => {
    const workbench = useWorkbench()
    open.engine.answer = (command) => {
      if (command.type === 'gateway.start')
        info = runInfo({ experiment: 'gateway', kind: 'gateway', setup: GATEWAY.setup, driver: 'live' })
      return { result: info }
    }
    workbench.open(GATEWAY)
    workbench.turn(knob('delay', GATEWAY), 20_000)
    await useTransport().run()
    const [start] = open.engine.sent('gateway.start')
    expect(start).toMatchObject({
      listen: 0,
      to: { host: '127.0.0.1', port: 8080 },
      link: { up: { delay: 20_000 }, down: { delay: 20_000 } },
    })
    workbench.turn(knob('outage', GATEWAY), true)
    await settled()
    expect(open.engine.sent('run.set').map(({ name }) => name)).toEqual([
      'links.link.up.outage.down',
      'links.link.down.outage.down',
    ])
  })
})

describe('a run that comes on show', () => {
  it('opens its experiment, with the knobs as they stand in it', async () => {
    const workbench = useWorkbench()
    workbench.open(handshake)
    info = runInfo({ run: 4, setup: withLoss(0.03) })
    open.engine.say({ type: 'run', info })
    await useSession().show(4)
    expect(workbench.experiment.id).toBe('tcp-bulk')
    expect(workbench.changes).toEqual({ loss: 0.03 })
  })

  it('of an experiment that is not known here is shown by what the run tells of itself', async () => {
    const workbench = useWorkbench()
    info = runInfo({ run: 5, experiment: 'mine', title: { en: 'Mine', zh: '我的' } })
    open.engine.say({ type: 'run', info: { ...info, experiment: 'mine' } })
    info = { ...info, experiment: 'mine' }
    await useSession().show(5)
    expect(workbench.experiment).toMatchObject({ id: 'mine', knobs: [], title: info.title })
  })
})

describe('the transport', () => {
  it('steps from the very beginning: starts at a creep, pauses, sets the pace, steps', async () => {
    const transport = useTransport()
    transport.driver = 'virtual'
    await transport.step('packet')
    const [, ...types] = open.engine.commands.map(({ type }) => type)
    expect(types).toEqual(['run.start', 'run.watch', 'run.pause', 'run.pace', 'run.step'])
    expect(open.engine.sent('run.start')[0].pace).toBe(0.000_01)
    expect(open.engine.sent('run.pace')[0].pace).toBe(1)
  })

  it('does not step a live run', async () => {
    const transport = useTransport()
    await transport.run()
    await transport.step('packet')
    expect(open.engine.sent('run.step')).toEqual([])
  })

  it('does one thing after the other with the same key: run, pause, resume', async () => {
    const transport = useTransport()
    transport.driver = 'virtual'
    await transport.toggle()
    await transport.toggle()
    await transport.toggle()
    const types = open.engine.commands.map(({ type }) => type)
    expect(types.filter((type) => type !== 'run.watch' && type !== 'run.list')).toEqual([
      'run.start',
      'run.pause',
      'run.resume',
    ])
  })

  it('shifts the pace by notches and stops at both ends', async () => {
    const transport = useTransport()
    for (let i = 0; i < 20; i++) await transport.shiftPace(-1)
    expect(transport.pace).toBe(0.001)
    for (let i = 0; i < 20; i++) await transport.shiftPace(1)
    expect(transport.pace).toBeNull()
  })
})

describe('an experiment file', () => {
  it('that is right is opened, and sent whole when it is run', async () => {
    const workbench = useWorkbench()
    const result = workbench.openFile(JSON.stringify({ ...bulk, id: 'my-own' }))
    expect(result.ok).toBe(true)
    expect(workbench.isFromFile).toBe(true)
    await useTransport().run()
    expect(open.engine.sent('run.start')[0].experiment).toMatchObject({
      id: 'my-own',
      chapter: 'tcp-transfer',
    })
  })

  it.each([
    ['{ "id": ', /^JSON: /, undefined],
    [JSON.stringify({ ...bulk, chapter: 'cooking' }), /^chapter: cooking is not/, 'chapter'],
    [JSON.stringify({ ...bulk, lanes: [] }), /^lanes: /, 'lanes'],
    [JSON.stringify({ ...bulk, extra: 1 }), /extra/, 'extra'],
    ['[]', /^id: /, 'id'],
  ])('that is not gets an error that names the field: %.30s', (text, message, field) => {
    const result = parseExperiment(text)
    if (result.ok) throw new Error('accepted')
    expect(result.error.message).toMatch(message)
    expect(result.error.field).toBe(field)
  })
})

it('the link of a gateway is nested as the schema wants it', () => {
  const values = new Map([
    ['links.link.up.loss.rate', 0.02],
    ['links.link.up.delay', 5],
    ['links.link.down.queue.limit', 3_000],
  ])
  expect(gatewayLink(values)).toEqual({
    up: { loss: { rate: 0.02 }, delay: 5 },
    down: { queue: { limit: 3_000 } },
  })
})
