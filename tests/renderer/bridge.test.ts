import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CommandError, createBridge, type Bridge, type News } from '../../renderer/bridge.ts'
import { FakeEngine, runInfo } from '../support/fake-engine.ts'

let engine: FakeEngine
let bridge: Bridge

beforeEach(() => {
  engine = new FakeEngine()
  bridge = createBridge(engine.open)
})
afterEach(() => vi.useRealTimers())

const failureOf = async (promise: Promise<unknown>): Promise<CommandError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CommandError)
  return error as CommandError
}

describe('commands', () => {
  it('gives each answer to the command that it belongs to, in whatever order they come', async () => {
    engine.connect().answer = () => undefined
    const first = bridge.send({ type: 'run.pause', run: 1 })
    const second = bridge.send({ type: 'run.pause', run: 2 })
    engine.say({ type: 'reply', id: 2, ok: true, result: runInfo({ run: 2 }) })
    engine.say({ type: 'reply', id: 1, ok: true, result: runInfo({ run: 1 }) })
    expect((await first).run).toBe(1)
    expect((await second).run).toBe(2)
  })

  it('rejects with the error that the engine gives, field by field', async () => {
    const error = {
      code: 'invalid',
      message: 'seed: -1 is not >=0',
      field: 'seed',
      value: '-1',
      allowed: '>=0',
    } as const
    engine.connect().answer = () => ({ error })
    const thrown = await failureOf(bridge.send({ type: 'run.start', experiment: 'tcp-bulk', seed: -1 }))
    expect(thrown.error).toEqual(error)
  })

  it('does not pass an answer on that breaks the contract', async () => {
    engine.connect().answer = () => ({ result: { ...runInfo(), state: 'asleep' } })
    const { error } = await failureOf(bridge.send({ type: 'run.pause', run: 1 }))
    expect(error.code).toBe('failed')
    expect(error.message).toContain('state')
  })

  it('fails after 15 s without an answer, an export after 3 min', async () => {
    vi.useFakeTimers()
    engine.connect().answer = () => undefined
    const short = failureOf(bridge.send({ type: 'run.list' }))
    const long = failureOf(bridge.send({ type: 'run.export', run: 1, format: 'csv' }))
    vi.advanceTimersByTime(15_000)
    expect((await short).message).toBe('run.list: no answer within 15 s.')
    vi.advanceTimersByTime(165_000)
    expect((await long).message).toBe('run.export: no answer within 180 s.')
  })

  it('fails at once when the carrier is not open, and those on their way when it is lost', async () => {
    expect((await failureOf(bridge.send({ type: 'run.list' }))).message).toMatch(/no connection/)
    engine.connect().answer = () => undefined
    const onTheWay = failureOf(bridge.send({ type: 'run.list' }))
    engine.lose()
    expect((await onTheWay).message).toMatch(/was lost/)
    expect(bridge.state.value.phase).toBe('lost')
  })

  it('fails all commands when the engine crashes, and new ones until it is there again', async () => {
    engine.connect().answer = () => undefined
    const commands = [bridge.send({ type: 'run.list' }), bridge.send({ type: 'run.pause', run: 1 })]
    const failures = Promise.all(commands.map(failureOf))
    engine.say({ type: 'engine', state: 'crashed', detail: 'out of memory' })
    for (const { error } of await failures) expect(error.message).toBe('The engine ended.')
    expect((await failureOf(bridge.send({ type: 'run.list' }))).message).toMatch(/not running/)

    engine.say({ type: 'engine', state: 'ready', detail: '' })
    engine.answer = () => ({ result: [] })
    expect(await bridge.send({ type: 'run.list' })).toEqual([])
  })

  it('ignores an answer that comes after its time, or to nothing', async () => {
    vi.useFakeTimers()
    engine.connect().answer = () => undefined
    const late = failureOf(bridge.send({ type: 'run.list' }))
    vi.advanceTimersByTime(15_000)
    await late
    expect(() => engine.say({ type: 'reply', id: 1, ok: true, result: [] })).not.toThrow()
    expect(() => engine.say({ type: 'reply', id: 99, ok: true, result: [] })).not.toThrow()
  })
})

describe('what the engine says unasked', () => {
  it('is passed on if it keeps the contract, and dropped if not', () => {
    const news: News[] = []
    const stop = bridge.onMessage((message) => news.push(message))
    engine.connect()
    const told = { type: 'run', info: runInfo({ run: 3 }) }
    for (const message of [told, { type: 'run', info: {} }, 'run', null, undefined, { type: 'format_disk' }])
      engine.say(message)
    expect(news).toEqual([told])
    stop()
    engine.say(told)
    expect(news).toHaveLength(1)
  })

  it('is acknowledged also when who takes it fails', () => {
    bridge.onBatch(() => {
      throw new Error('a bug of ours')
    })
    engine.connect()
    expect(() => engine.sendBatch(7, 0, new ArrayBuffer(8))).toThrow('a bug of ours')
    expect(engine.acks).toHaveLength(1)
  })

  it('comes with batches, each acknowledged once everyone has taken it', () => {
    const order: string[] = []
    bridge.onBatch(({ run, number }) => order.push(`${run}/${number}, acks so far: ${engine.acks.length}`))
    engine.connect()
    engine.sendBatch(7, 0, new ArrayBuffer(8))
    engine.sendBatch(7, 1, new ArrayBuffer(8))
    expect(order).toEqual(['7/0, acks so far: 0', '7/1, acks so far: 1'])
    expect(engine.acks).toEqual([
      { type: 'ack', run: 7, number: 0 },
      { type: 'ack', run: 7, number: 1 },
    ])
  })
})
