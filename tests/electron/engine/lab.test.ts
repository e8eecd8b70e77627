import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventsOf } from '../../../electron/engine/recording/events.ts'
import { Shelf } from '../../../electron/engine/recording/shelf.ts'
import type { TraceEvent } from '../../../electron/engine/recording/types.ts'
import { Run } from '../../../electron/engine/run.ts'
import { planExperiment } from '../../../electron/engine/plan.ts'
import type { EngineMessage } from '../../../shared/commands.ts'
import { decodeBatch, type Batch } from '../../../shared/trace/batch.ts'
import { createLab, TestWindow } from '../../support/lab.ts'
import { smallExperiment, smallSetup, temporaryFolder } from '../../support/runs.ts'

const small = smallExperiment() as never
const start = { type: 'run.start', experiment: small, driver: 'virtual' } as const

const decode = ({ data }: Extract<EngineMessage, { type: 'batch' }>): Batch => {
  const batch = decodeBatch(data)
  if ('reason' in batch) throw new Error(batch.reason)
  return batch
}
const eventsAt = (window: TestWindow, run: number): TraceEvent[] => [
  ...eventsOf(window.batches(run).map(decode)),
]

describe('a window', () => {
  it('runs an experiment and gets all batches, the first one first, and the summary', async () => {
    const window = new TestWindow(createLab())
    const info = await window.ask(start)
    expect(info).toMatchObject({ run: 1, kind: 'experiment', experiment: 'small', state: 'running', seed: 1 })
    await window.ask({ type: 'run.watch', run: 1 })
    await window.until(() => window.messages.some(({ type }) => type === 'summary'))
    await window.untilState(1, 'finished')
    const events = eventsAt(window, 1)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i))
    expect(events.filter(({ name }) => name === 'app:finished')).toHaveLength(2)
  })

  it('that comes later gets the same, whether the run goes on or not', async () => {
    const lab = createLab()
    const [first, second] = [new TestWindow(lab), new TestWindow(lab)]
    await first.ask(start)
    await first.ask({ type: 'run.watch', run: 1 })
    await first.untilState(1, 'finished')
    await second.ask({ type: 'run.watch', run: 1 })
    await second.until(() => second.messages.some(({ type }) => type === 'summary'))
    await first.until(() => first.batches(1).length === second.batches(1).length)
    expect(eventsAt(second, 1)).toEqual(eventsAt(first, 1))
  })

  it('has at most three batches on the way that it did not acknowledge', async () => {
    const window = new TestWindow(createLab())
    window.acknowledges = false
    const experiment = smallExperiment({ setup: smallSetup({}, 8_000_000) }) as never
    await window.ask({ type: 'run.start', experiment, driver: 'virtual' })
    await window.ask({ type: 'run.watch', run: 1 })
    await window.untilState(1, 'finished')
    expect(window.batches(1)).toHaveLength(3)
    window.send({ type: 'ack', run: 1, number: 99 })
    window.send({ type: 'ack', run: 1, number: -1 })
    window.send({ type: 'ack', run: 7, number: 0 })
    window.send({ type: 'ack', run: 1, number: 1 })
    await window.until(() => window.batches(1).length === 5)
    expect(window.batches(1).map(({ number }) => number)).toEqual([0, 1, 2, 3, 4])
  })

  it('hears that a run is complete after its last batch, and not before, however long the run has been over', async () => {
    const window = new TestWindow(createLab())
    window.acknowledges = false
    const experiment = smallExperiment({ setup: smallSetup({}, 8_000_000) }) as never
    await window.ask({ type: 'run.start', experiment, driver: 'virtual' })
    await window.ask({ type: 'run.watch', run: 1 })
    await window.untilState(1, 'finished')
    await window.ask({ type: 'run.list' })
    expect(window.completed(1)).toBe(0)
    window.acknowledges = true
    for (const { number } of window.batches(1)) window.send({ type: 'ack', run: 1, number })
    await window.until(() => window.completed(1) > 0)
    // Once, and nothing behind it.
    await window.ask({ type: 'run.list' })
    expect(window.completed(1)).toBe(1)
    const last = window.messages.findLastIndex(({ type }) => type === 'batch')
    expect(window.messages.findIndex(({ type }) => type === 'complete')).toBeGreaterThan(last)
    const finished = eventsAt(window, 1).filter(({ name }) => name === 'app:finished')
    expect(finished).toHaveLength(2)
  })

  it('hears the same of a recording that it opens later', async () => {
    const lab = createLab()
    const [first, second] = [new TestWindow(lab), new TestWindow(lab)]
    await first.ask(start)
    await first.untilState(1, 'finished')
    expect(first.completed(1)).toBe(0)
    await second.ask({ type: 'run.watch', run: 1 })
    await second.until(() => second.completed(1) > 0)
    expect(eventsAt(second, 1).filter(({ name }) => name === 'app:finished')).toHaveLength(2)
  })

  it('gets nothing more once it has stopped watching', async () => {
    const window = new TestWindow(createLab())
    await window.ask({ ...start, pace: 0.01 })
    await window.ask({ type: 'run.watch', run: 1 })
    await window.until(() => window.batches(1).length > 0)
    await window.ask({ type: 'run.unwatch', run: 1 })
    const before = window.batches(1).length
    await window.ask({ type: 'run.stop', run: 1 })
    expect(window.batches(1)).toHaveLength(before)
  })

  it('controls a run: pause, step, pace, set, mark, drop, stop', async () => {
    const window = new TestWindow(createLab())
    await window.ask({ ...start, pace: 0.001 })
    expect(await window.ask({ type: 'run.pause', run: 1 })).toMatchObject({ state: 'paused' })
    // The SYN may be on its way to the link, or on it.
    let drop = await window.ask({ type: 'run.drop', run: 1, pkt: 1 })
    if (!drop.dropped) {
      await window.ask({ type: 'run.step', run: 1, by: 'packet' })
      drop = await window.ask({ type: 'run.drop', run: 1, pkt: 1 })
    }
    expect(drop).toEqual({ dropped: true })
    expect(await window.ask({ type: 'run.drop', run: 1, pkt: 1 })).toEqual({ dropped: false })
    const before = await window.ask({ type: 'run.step', run: 1, by: 'time', span: 500 })
    const { now } = await window.ask({ type: 'run.step', run: 1, by: 'time', span: 500 })
    expect(now).toBe(before.now + 500)
    expect(await window.ask({ type: 'run.pace', run: 1, pace: 2 })).toMatchObject({ pace: 2 })
    const set = await window.ask({ type: 'run.set', run: 1, name: 'links.link.up.loss.rate', value: 0.5 })
    expect(set.setup.links.link.up.loss.rate).toBe(0.5)
    expect(await window.ask({ type: 'run.mark', run: 1, text: 'look' })).toBeNull()
    expect(await window.ask({ type: 'run.resume', run: 1 })).toMatchObject({ state: 'running' })
    expect(await window.ask({ type: 'run.stop', run: 1 })).toMatchObject({ state: 'stopped' })
    expect(await window.refused({ type: 'run.stop', run: 2 })).toMatchObject({
      code: 'not_found',
      field: 'run',
    })
  })

  it('reads a packet with its fields', async () => {
    const window = new TestWindow(createLab())
    await window.ask(start)
    await window.untilState(1, 'finished')
    const packet = await window.ask({ type: 'packet.read', run: 1, pkt: 1 })
    expect(packet.bytes).toHaveLength(packet.length)
    expect(packet.dissection.summary).toContain('SYN')
    expect(await window.refused({ type: 'packet.read', run: 1, pkt: 1e6 })).toMatchObject({
      code: 'not_found',
    })
  })

  it.each([
    ['mqtt', 'c000', 4, 'MQTT PINGREQ'],
    ['mqtt', '2003 00 87 00', 5, 'MQTT CONNACK 135: not authorized'],
    ['dns', '0007 0100 0000 0000 0000 0000', 4, 'DNS query 0x0007 '],
    ['websocket', '8902 6162', 4, 'WebSocket ping, 2 bytes'],
    ['grpc', '00 00000002 0801', 4, 'gRPC message, 2 bytes'],
    [
      'arp',
      'ffffffffffff 02004d000001 0806 0001 0800 06 04 0001 02004d000001 0a4d0001 000000000000 0a4d0002',
      4,
      'who has 10.77.0.2? tell 10.77.0.1',
    ],
  ] as const)('reads a message of %s with its fields', async (protocol, hex, version, summary) => {
    const window = new TestWindow(createLab())
    const bytes = hex.replaceAll(' ', '')
    const dissection = await window.ask({ type: 'pdu.dissect', protocol, hex: bytes, version })
    expect(dissection.summary).toContain(summary)
    expect(dissection.layers[0].offset).toBe(0)
  })

  it('exports a run', async () => {
    const window = new TestWindow(createLab())
    await window.ask(start)
    await window.untilState(1, 'finished')
    const [capture] = await window.ask({ type: 'run.export', run: 1, format: 'pcapng' })
    expect(capture.name).toBe('capture.pcapng')
    expect(capture.bytes.length).toBeGreaterThan(100_000)
    const [summary] = await window.ask({ type: 'run.export', run: 1, format: 'summary' })
    expect(JSON.parse(Buffer.from(summary.bytes).toString())).toMatchObject({ experiment: 'small', seed: 1 })
  })

  it('lists runs and forgets those that have ended', async () => {
    const window = new TestWindow(createLab())
    await window.ask({ ...start, pace: 0.001 })
    await window.ask({ ...start, seed: 2 })
    expect((await window.ask({ type: 'run.list' })).map(({ run, seed }) => [run, seed])).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(await window.refused({ type: 'run.forget', run: 1 })).toMatchObject({ code: 'wrong_state' })
    await window.ask({ type: 'run.stop', run: 1 })
    expect(await window.ask({ type: 'run.forget', run: 1 })).toBeNull()
    expect((await window.ask({ type: 'run.list' })).map(({ run }) => run)).toEqual([2])
  })
})

describe('a bad message', () => {
  it('is answered with the field, the value and what is allowed', async () => {
    const window = new TestWindow(createLab())
    expect(await window.refused({ type: 'run.start', experiment: 'tcp-blk' })).toMatchObject({
      code: 'not_found',
    })
    expect(await window.refused({ ...start, set: { 'links.link.up.loss.rate': 2 } })).toMatchObject({
      code: 'invalid',
      field: 'links.link.up.loss.rate',
      value: '2',
      allowed: '<=1',
    })
    expect(await window.refused({ type: 'run.pace', run: 1, pace: -1 })).toMatchObject({
      field: 'command.pace',
    })
    expect(await window.refused({ type: 'run.fly' })).toMatchObject({
      code: 'invalid',
      field: 'command.type',
    })
  })

  it('never harms the laboratory', async () => {
    const lab = createLab()
    const window = new TestWindow(lab)
    const type = fc.constantFrom(
      'run.pause',
      'run.set',
      'run.step',
      'run.export',
      'packet.read',
      'packet.open',
      'pdu.dissect',
      'run.start',
      'ack',
    )
    // Ids that the honest questions in between do not have, or their answers would be mixed up.
    const id = fc.integer({ max: -1 })
    const hostile = fc.oneof(
      fc.anything(),
      fc.record({ id, command: fc.anything() }),
      fc.record({
        id,
        command: fc.record({
          type,
          run: fc.anything(),
          name: fc.string(),
          value: fc.anything(),
          number: fc.anything(),
        }),
      }),
      fc.record({ type, run: fc.anything(), number: fc.anything() }),
    )
    await fc.assert(
      fc.asyncProperty(hostile, async (message) => {
        window.send(message)
        expect(await window.ask({ type: 'run.list' })).toEqual([])
      }),
      { numRuns: process.env.REXMIT_FULL === '1' ? 5_000 : 200 },
    )
  })
})

describe('a window that cannot keep up', () => {
  it('has metric samples left out, and only those, and is told how many; the recording has them all', async () => {
    const window = new TestWindow(createLab())
    const experiment = smallExperiment({ setup: smallSetup({}, 200_000_000), duration: 3_600e6 }) as never
    await window.ask({ type: 'run.start', experiment, driver: 'virtual' })
    await window.ask({ type: 'run.watch', run: 1 })
    // It has caught up once; then it does not answer for more than a second's worth of batches.
    await window.until(() => window.batches(1).length > 0)
    window.acknowledges = false
    await window.until(() => {
      const infos = window.messages.filter((message) => message.type === 'batch')
      return infos.length >= 3
    })
    const trace = await traceOf(window, 60)
    window.acknowledges = true
    for (const { number } of window.batches(1)) window.send({ type: 'ack', run: 1, number })
    await window.until(() => window.batches(1).some((batch) => decode(batch).thinned > 0))
    await window.ask({ type: 'run.stop', run: 1 })
    const thinned = window
      .batches(1)
      .map(decode)
      .find((batch) => batch.thinned > 0)!
    const whole = decodeBatch(trace.read(thinned.number)) as Batch
    expect(whole.events).toBe(thinned.events + thinned.thinned)
    for (const table of whole.tables) {
      const kept = thinned.tables.find(({ name }) => name === table.name)!
      if (table.name !== 'tcp:metrics_updated' && table.name !== 'tcp:rtt_sampled')
        expect(kept.rows).toBe(table.rows)
    }
  })

  /** The trace of run 1, once it has so many batches. */
  async function traceOf(window: TestWindow, count: number) {
    const { trace } = labOf(window).reader
    while (trace.count < count) await new Promise((resolve) => setTimeout(resolve, 5))
    return trace
  }
  const labOf = (window: TestWindow): Run =>
    (window as unknown as { window: { watches: Map<number, { run: Run }> } }).window.watches.get(1)!.run
})

describe('after an engine has died', () => {
  /** What an engine leaves that dies in the midst of a run: files, and no word more. */
  async function crashed(folder: string): Promise<void> {
    const plan = planExperiment({ experiment: small, seed: 4 })
    if (!plan.ok) throw new Error(plan.error.message)
    const run = new Run(plan.value, { id: 1, directory: new Shelf(folder).make() })
    await run.start()
    run.pause()
    for (let i = 0; i < 60; i++) await run.step('packet', 0)
  }

  it('the next one lists its recording as recovered, shows and exports it', async () => {
    const recordings = temporaryFolder()
    await crashed(recordings)
    const window = new TestWindow(createLab({ recordings }))
    const [info] = await window.ask({ type: 'run.list' })
    expect(info).toMatchObject({ run: 1, state: 'recovered', seed: 4, experiment: 'small' })
    expect(info.error).toContain('engine')
    expect(info.now).toBeGreaterThan(10_000)
    await window.ask({ type: 'run.watch', run: 1 })
    await window.until(() => window.messages.some(({ type }) => type === 'summary'))
    await window.until(() => window.batches(1).length > 25)
    expect(eventsAt(window, 1).length).toBeGreaterThan(100)
    const [capture] = await window.ask({ type: 'run.export', run: 1, format: 'pcapng' })
    expect(capture.bytes.length).toBeGreaterThan(10_000)
    expect(await window.refused({ type: 'run.resume', run: 1 })).toMatchObject({ code: 'wrong_state' })
    expect(await window.ask({ type: 'run.forget', run: 1 })).toBeNull()
    expect(await window.ask({ type: 'run.list' })).toEqual([])
  })

  it('keeps what was finished as it was', async () => {
    const recordings = temporaryFolder()
    const first = new TestWindow(createLab({ recordings }))
    await first.ask(start)
    await first.untilState(1, 'finished')
    const second = new TestWindow(createLab({ recordings }))
    expect(await second.ask({ type: 'run.list' })).toMatchObject([{ run: 1, state: 'finished' }])
  })
})
