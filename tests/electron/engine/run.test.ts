import { describe, expect, it } from 'vitest'
import type { VirtualDriver } from '../../../electron/engine/drivers/virtual.ts'
import type { Run } from '../../../electron/engine/run.ts'
import type { ExperimentInput, SetupInput } from '../../../shared/experiment.ts'
import { createRun, packetBytes, smallExperiment, smallSetup, traceBytes } from '../../support/runs.ts'

const full = process.env.REXMIT_FULL === '1'
const text = (words: string) => ({ en: words, zh: words })

const lossy: Partial<SetupInput['links'][string]> = {
  up: {
    delay: 5_000,
    loss: { rate: 0.05 },
    jitter: { amount: 500 },
    reorder: { rate: 0.02 },
    duplicate: { rate: 0.02 },
    corrupt: { rate: 0.02 },
  },
}

function finished(seed: number, experiment = smallExperiment({ setup: smallSetup(lossy) })): Run {
  const run = createRun({ experiment: experiment as never, seed })
  run.runToEnd()
  expect(run.info).toMatchObject({ state: 'finished' })
  return run
}

describe('the same seed', () => {
  it('gives the same trace and the same packets, byte by byte', () => {
    const [first, second] = [finished(7), finished(7)]
    expect(traceBytes(first).length).toBeGreaterThan(10_000)
    expect(traceBytes(second).equals(traceBytes(first))).toBe(true)
    expect(packetBytes(second).equals(packetBytes(first))).toBe(true)
    expect(second.summary?.metrics).toEqual(first.summary?.metrics)
  })

  it('gives another trace than each of ten others', () => {
    const seeds = Array.from({ length: full ? 100 : 11 }, (_, seed) => seed)
    const traces = seeds.map((seed) => traceBytes(finished(seed)).toString('latin1'))
    expect(new Set(traces).size).toBe(seeds.length)
  })

  it('loses the same packets in each lane', () => {
    const lanes = ['one', 'two', 'three'].map((id) => ({ id, label: text(id) }))
    const run = finished(3, smallExperiment({ setup: smallSetup(lossy), lanes }))
    // Ordinals on the link, since the packets of the lanes have numbers of their own.
    const fate = (lane: string): boolean[] => {
      const fates = new Map<number, boolean>()
      for (const event of run.reader.events(['link:packet_dropped', 'link:packet_delivered']))
        if (event.node === `${lane}/link` && event.data.direction === 0)
          fates.set(event.pkt, event.name === 'link:packet_dropped')
      return [...fates].sort(([a], [b]) => a - b).map(([, lost]) => lost)
    }
    const lost = fate('one')
    expect(lost.filter(Boolean).length).toBeGreaterThan(2)
    const common = Math.min(lost.length, fate('two').length)
    expect(fate('two').slice(0, 40)).toEqual(lost.slice(0, 40))
    expect(common).toBeGreaterThan(40)
  })

  it('gives the same run whether it goes by slices of the event loop or in one go', async () => {
    const whole = finished(5)
    const sliced = createRun({ experiment: smallExperiment({ setup: smallSetup(lossy) }) as never, seed: 5 })
    await sliced.start()
    await sliced.ended
    expect([...sliced.reader.events()]).toEqual([...whole.reader.events()])
  })
})

describe('a run', () => {
  it('begins by naming its nodes', () => {
    const run = finished(1)
    const nodes = [...run.reader.events(['sim:node_added'])]
    expect(nodes.map(({ node, data }) => [node, data.kind, data.role, data.address, data.a, data.b])).toEqual(
      [
        ['one/client', 'host', 'client', '10.77.0.1', '', ''],
        ['one/server', 'host', 'server', '10.77.0.2', '', ''],
        ['one/link', 'link', '', '', 'one/client', 'one/server'],
      ],
    )
    expect([...run.reader.events()].slice(0, 3)).toEqual(nodes)
  })

  it('ends when the applications are done and the link is empty', () => {
    const run = finished(1, smallExperiment())
    const events = [...run.reader.events()]
    expect(events.filter(({ name }) => name === 'app:finished')).toHaveLength(2)
    const enqueued = events.filter(({ name }) => name === 'link:packet_enqueued').length
    const out = events.filter(
      ({ name }) => name === 'link:packet_delivered' || name === 'link:packet_dropped',
    )
    expect(out.length).toBeGreaterThanOrEqual(enqueued)
    expect(run.info.now).toBeLessThan(5e6)
  })

  it('ends at its duration when they are not', () => {
    const setup = smallSetup({ up: { outage: { down: true } } })
    const run = createRun({ experiment: smallExperiment({ setup, duration: 3_000_000 }) as never })
    run.runToEnd()
    expect(run.info).toMatchObject({ state: 'finished', now: 3_000_000 })
  })

  it('takes a step that names lanes in these only, whatever becomes of the others later', () => {
    const lanes = ['one', 'two', 'three'].map((id) => ({ id, label: text(id) }))
    const power = (at: number, value: string, only?: string[]) => ({
      ...{ at, text: text(`power ${value}`), set: { 'hosts.client.power': value } },
      ...(only && { lanes: only }),
    })
    const steps = [
      power(20_000, 'off', ['two', 'three']),
      power(40_000, 'on', ['three']),
      { at: 60_000, set: { 'links.link.up.delay': 9_000 } },
    ]
    const setup = smallSetup()
    setup.apps.sender = { ...setup.apps.sender, bytes: 1e9, rate: 1e6 } as typeof setup.apps.sender
    const run = createRun({
      experiment: smallExperiment({ setup, lanes, steps, duration: 100_000 }) as never,
    })
    run.runToEnd()
    const lastOf = (lane: string) =>
      [...run.reader.events(['tcp:segment_sent'])].filter(({ node }) => node === `${lane}/client`).at(-1)!.t
    expect(lastOf('one')).toBeGreaterThan(90_000)
    expect(lastOf('two')).toBeLessThan(20_000)
    // On again, it has no program any more, but answers what still comes with a RST.
    expect(lastOf('three')).toBeLessThan(60_000)
    expect([...run.reader.events(['sim:mark'])].map(({ data }) => data.text)).toEqual([
      'power off',
      'power on',
    ])
  })

  it('takes the steps of the experiment at their moments, with a mark and as knob changes', () => {
    const steps: ExperimentInput['steps'] = [
      { at: 30_000, text: text('Loss!'), set: { 'links.link.up.loss.rate': 1 } },
      { at: 10_000, set: { 'links.link.up.delay': 6_000 } },
    ]
    const run = createRun({ experiment: smallExperiment({ steps, duration: 100_000 }) as never })
    run.runToEnd()
    const seen = [...run.reader.events(['sim:knob_changed', 'sim:mark'])].map(({ t, data }) => [t, data])
    expect(seen).toEqual([
      [10_000, { path: 'links.link.up.delay', from: '5000', to: '6000' }],
      [30_000, { text: 'Loss!' }],
      [30_000, { path: 'links.link.up.loss.rate', from: '0', to: '1' }],
    ])
    const lost = [...run.reader.events(['link:packet_dropped'])]
    expect(lost.length).toBeGreaterThan(0)
    expect(Math.min(...lost.map(({ t }) => t))).toBeGreaterThanOrEqual(30_000)
  })

  it('fails alone when something in it breaks, and says what', async () => {
    const [broken, sound] = [createRun(), createRun()]
    const { link } = broken.scene.lanes[0].links.get('link')!
    link.handleDatagram = () => {
      throw new Error('a bug in the link')
    }
    await Promise.all([broken.start(), sound.start()])
    await Promise.all([broken.ended, sound.ended])
    expect(broken.info.state).toBe('failed')
    expect(broken.info.error).toContain('a bug in the link')
    expect([...broken.reader.events(['tcp:segment_sent'])]).toHaveLength(1)
    expect(sound.info.state).toBe('finished')
  })
})

describe('a virtual run', () => {
  /** Paused at its very beginning. */
  async function paused(): Promise<{ run: Run; driver: VirtualDriver }> {
    const run = createRun({ pace: 0.001 })
    await run.start()
    expect(run.pause()).toEqual({ ok: true, value: null })
    return { run, driver: run.driver as VirtualDriver }
  }

  it('goes on by one event, by one packet, or by a span', async () => {
    const { run } = await paused()
    const delivered = (): number => [...run.reader.events(['link:packet_delivered'])].length
    const before = run.recorder.events
    await run.step('event', 0)
    expect(run.recorder.events).toBeGreaterThan(before)
    await run.step('packet', 0)
    await run.step('packet', 0)
    expect(delivered()).toBe(1)
    const { now } = run.info
    await run.step('time', 2_500)
    expect(run.info.now).toBe(now + 2_500)
    await run.step('time', 1e9)
    await run.ended
    expect(run.info.state).toBe('finished')
  })

  it('stands still while it is paused and goes on as if nothing had been', async () => {
    const { run } = await paused()
    const { now } = run.info
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(run.info.now).toBe(now)
    expect(run.setPace(null)).toMatchObject({ ok: true })
    expect(run.resume()).toMatchObject({ ok: true })
    await run.ended
    expect([...run.reader.events()]).toEqual([...finished(1, smallExperiment()).reader.events()])
  })

  it('can be slowed down', async () => {
    const run = createRun({ pace: 0.01 })
    await run.start()
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(run.info.state).toBe('running')
    // However late we are woken: lab time runs at a hundredth of the wall's.
    expect(run.info.now).toBeLessThan(100_000)
    await run.stop()
    expect(run.info.state).toBe('stopped')
  })

  it('says what cannot be done to it in its state', async () => {
    const run = createRun({ pace: 0.001 })
    await run.start()
    const wrong = { ok: false, error: { code: 'wrong_state' } }
    expect(run.resume()).toMatchObject(wrong)
    expect(await run.step('event', 0)).toMatchObject(wrong)
    await run.stop()
    for (const result of [
      run.pause(),
      run.setPace(1),
      run.set('links.link.up.delay', 1),
      run.mark('x'),
      run.drop(1),
    ])
      expect(result).toMatchObject(wrong)
  })
})

describe('turning knobs of a run', () => {
  it('changes the link, is an event, and shows in the set-up', async () => {
    const run = createRun({ pace: 0.001 })
    await run.start()
    expect(run.set('links.link.up.loss.rate', '10%')).toEqual({ ok: true, value: null })
    expect(run.info.setup.links.link.up.loss.rate).toBe(0.1)
    expect([...run.reader.events(['sim:knob_changed'])].map(({ data }) => data)).toEqual([
      { path: 'links.link.up.loss.rate', from: '0', to: '0.1' },
    ])
  })

  it('reaches open connections', async () => {
    const run = createRun({ pace: 0.001 })
    await run.start()
    run.pause()
    for (let i = 0; i < 8; i++) await run.step('packet', 0)
    expect(run.set('hosts.client.tcp.nagle', false)).toMatchObject({ ok: true })
    const { station } = run.scene.lanes[0].hosts.get('client')!
    expect([...station.openConnections].map(({ settings }) => settings.nagle)).toEqual([false])
  })

  it('refuses what is not allowed, with the field and what is; nothing has changed then', async () => {
    const run = createRun({ pace: 0.001 })
    await run.start()
    const { setup } = run.info
    expect(run.set('links.link.up.loss.rate', 7)).toMatchObject({
      error: { code: 'invalid', field: 'links.link.up.loss.rate', value: '7', allowed: '<=1' },
    })
    expect(run.set('hosts.client.role', 'server')).toMatchObject({ error: { code: 'wrong_state' } })
    expect(run.set('lossiness', 1)).toMatchObject({ error: { code: 'invalid', field: 'lossiness' } })
    expect(run.info.setup).toEqual(setup)
    expect([...run.reader.events(['sim:knob_changed'])]).toEqual([])
  })

  it('that are not meant for it is refused once the run goes on', async () => {
    const paths = ['links.link.up.queue.discipline']
    const knob = { id: 'queueing', label: text('Queue'), group: 'link', kind: 'choice', paths } as const
    const run = createRun({ experiment: smallExperiment({ knobs: [knob] }) as never, pace: 0.001 })
    await run.start()
    for (const name of ['queueing', ...paths])
      expect(run.set(name, 'codel')).toMatchObject({ error: { code: 'wrong_state' } })
  })

  it('drops a packet on the link by hand', async () => {
    const run = createRun({ pace: 0.001 })
    await run.start()
    run.pause()
    await run.step('packet', 0)
    expect(run.drop(1)).toEqual({ ok: true, value: true })
    expect(run.drop(1)).toEqual({ ok: true, value: false })
    const drops = [...run.reader.events(['link:packet_dropped'])]
    expect(drops.map(({ pkt, data }) => [pkt, data.reason])).toEqual([[1, 'by_hand']])
  })
})
