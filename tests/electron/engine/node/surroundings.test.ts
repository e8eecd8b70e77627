import { describe, expect, it } from 'vitest'
import type { Surroundings } from '../../../../electron/engine/node/program.ts'
import type { LabSocket } from '../../../../electron/engine/sockets.ts'
import { LAB_EPOCH } from '../../../../shared/units.ts'
import { createProgramRun, happenings, perform, PORT, type Cast } from '../../../support/program-run.ts'
import { exchange } from '../../../support/tls-exchange.ts'

const DRIVERS = ['virtual', 'live'] as const

/** A client alone, that is done when it says so. */
function alone(act: (lab: Surroundings, finish: () => void) => void): Cast {
  let done = false
  return {
    client: (lab) => ({
      get done() {
        return done
      },
      start: () => act(lab, () => (done = true)),
    }),
  }
}

describe.each(DRIVERS)('lab timers in %s time', (driver) => {
  it('call back in the order of their time, then of their setting, never within the call', async () => {
    const heard: string[] = []
    await perform(
      alone((lab, finish) => {
        // By the wall clock, time may go on between these lines.
        if (driver === 'virtual') lab.after(25_000, () => heard.push('last'))
        lab.after(0, () => heard.push('at once'))
        lab.after(10_000, () => heard.push('first'))
        lab.after(10_000, () => heard.push('second'))
        lab.after(20_000, () => heard.push('late'))
        heard.push('set')
        lab.after(30_000, finish)
      }),
      { driver },
    )
    const last = driver === 'virtual' ? ['last'] : []
    expect(heard).toEqual(['set', 'at once', 'first', 'second', 'late', ...last])
  })

  it('are cancelled at any time, by another one of the same moment too', async () => {
    const heard: string[] = []
    await perform(
      alone((lab, finish) => {
        const never = lab.after(10_000, () => heard.push('never'))
        never()
        never()
        lab.after(10_000, () => stopped())
        const stopped = lab.after(10_000, () => heard.push('stopped'))
        const gone = lab.after(15_000, () => heard.push('gone'))
        lab.after(20_000, () => {
          gone()
          finish()
        })
      }),
      { driver },
    )
    expect(heard).toEqual(['gone'])
  })

  it('wait for at least their span', async () => {
    const spans: number[] = []
    await perform(
      alone((lab, finish) => {
        lab.after(5_000, () => {
          const from = lab.now()
          spans.push(from)
          lab.after(7_000, () => {
            spans.push(lab.now() - from)
            finish()
          })
        })
      }),
      { driver },
    )
    if (driver === 'virtual') expect(spans).toEqual([5_000, 7_000])
    expect(spans[0]).toBeGreaterThanOrEqual(5_000)
    expect(spans[1]).toBeGreaterThanOrEqual(7_000)
  })
})

describe('the surroundings of a program', () => {
  it('have a calendar that begins with the laboratory and goes by lab time', async () => {
    const dates: string[] = []
    await perform(
      alone((lab, finish) => {
        dates.push(lab.date().toISOString())
        lab.after(3_600e6, () => {
          dates.push(lab.date().toISOString())
          finish()
        })
      }),
      { experiment: { duration: 86_400e6 } },
    )
    expect(dates).toEqual([new Date(LAB_EPOCH).toISOString(), '2026-01-01T01:00:00.000Z'])
  })

  it('hold lab time while work is done elsewhere', async () => {
    const times: number[] = []
    await perform(
      alone((lab, finish) => {
        const work = new Promise<string>((resolve) => setTimeout(() => resolve('done'), 20))
        lab.after(1_000, () => times.push(lab.now()))
        lab.after(500, () => {
          void lab.hold(work).then((result) => {
            expect(result).toBe('done')
            times.push(lab.now())
          })
        })
        lab.after(2_000, finish)
      }),
    )
    expect(times).toEqual([500, 1_000])
  })

  it('go on after work that failed', async () => {
    let message = ''
    await perform(
      alone((lab, finish) => {
        void lab.hold(Promise.reject(new Error('no luck'))).catch((error: Error) => {
          message = error.message
          finish()
        })
      }),
    )
    expect(message).toBe('no luck')
  })

  it('stamp events with the time at which they are told, their host and no packet', async () => {
    const run = await perform(
      alone((lab, finish) => {
        lab.after(1_234, () => {
          lab.trace.emit('app:counted', { what: 'thoughts', count: 1 })
          finish()
        })
      }),
    )
    const [event] = run.reader.events(['app:counted'])
    expect(event).toMatchObject({ t: 1_234, node: 'one/client', pkt: 0, data: { what: 'thoughts' } })
  })

  it('give the same dice in every lane', async () => {
    const drawn: number[] = []
    const lanes = ['one', 'two'].map((id) => ({ id, label: { en: id, zh: id } }))
    const cast = { client: (lab: Surroundings) => ({ start: () => void drawn.push(lab.rng.uint32()) }) }
    await perform(cast, { experiment: { lanes } })
    expect(drawn).toHaveLength(2)
    expect(drawn[0]).toBe(drawn[1])
  })
})

describe.each(DRIVERS)('the life of programs in %s time', (driver) => {
  it('is start, work, conclude when all are done, stop', async () => {
    const heard: string[] = []
    let done = false
    const cast: Cast = {
      server: () => ({
        start: () => void heard.push('server starts'),
        stop: () => void heard.push('server stops'),
      }),
      client: (lab) => ({
        get done() {
          return done
        },
        start() {
          heard.push('client starts')
          lab.after(1_000, () => (done = true))
        },
        conclude: () => {
          heard.push('client concludes')
          lab.trace.emit('app:counted', { what: 'words', count: 3 })
        },
        stop: () => void heard.push('client stops'),
      }),
    }
    const run = await perform(cast, { driver })
    expect(heard).toEqual([
      'server starts',
      'client starts',
      'client concludes',
      'server stops',
      'client stops',
    ])
    // What is said in conclusion is still part of the run.
    expect([...run.reader.events(['app:counted'])]).toHaveLength(1)
  })

  it('hears of settings that change', async () => {
    const heard: unknown[] = []
    let done = false
    const run = createProgramRun(
      {
        client: () => ({
          get done() {
            return done
          },
          configure(setup) {
            heard.push((setup as { timeout: number }).timeout)
            done = true
          },
        }),
      },
      { driver, experiment: { steps: [{ at: 10_000, set: { 'apps.client.timeout': 7_000 } }] } },
    )
    await run.start()
    await run.ended
    expect(heard).toEqual([7_000])
  })

  it('ends with connections still open when all are done', async () => {
    let done = false
    const cast: Cast = {
      server: (lab) => ({ start: () => void lab.sockets.listen(PORT, (socket) => void socket.resume()) }),
      client: (lab) => ({
        get done() {
          return done
        },
        start() {
          const socket = lab.sockets.connect({ address: lab.addressOf('server'), port: PORT })
          socket.once('connect', () => socket.write('and then silence', () => (done = true)))
        },
      }),
    }
    const run = await perform(cast, { driver })
    expect(run.info.now).toBeLessThan(1e6)
  })

  it('breaks the run, not the process, when a program breaks in what it was told', async () => {
    const run = createProgramRun(
      alone(
        (lab) =>
          void lab.after(1_000, () => {
            throw new Error('a bug of ours')
          }),
      ),
      { driver },
    )
    await run.start()
    await run.ended
    expect(run.info.state).toBe('failed')
    expect(run.info.error).toContain('a bug of ours')
  })
})

describe('a virtual run with programs', () => {
  it('cannot be run within a call', () => {
    const run = createProgramRun({})
    expect(() => run.runToEnd()).toThrow('programs in Node need the event loop')
  })

  it('ends when nothing can come any more, even for a program that is not done', async () => {
    const run = createProgramRun({ client: () => ({ done: false }) })
    await run.start()
    await run.ended
    expect(run.info).toMatchObject({ state: 'finished', now: 0 })
  })

  it('probes the window of a program that has stopped reading, to the end of its time and no further', async () => {
    const cast: Cast = {
      server: (lab) => ({
        start: () => void lab.sockets.listen(PORT, (socket: LabSocket) => void socket.pause()),
      }),
      client: (lab) => ({
        done: false,
        start: () =>
          void lab.sockets
            .connect({ address: lab.addressOf('server'), port: PORT })
            .on('error', () => undefined)
            .end(Buffer.alloc(1_000_000)),
      }),
    }
    const run = await perform(cast, { serverTcp: { receiveBuffer: 20_000 }, experiment: { duration: 300e6 } })
    expect(run.info.now).toBe(300e6)
    expect(run.info.recording.packets).toBeLessThan(150)
  })

  it.each(['event', 'packet', 'time'] as const)(
    'gives the same trace when it is stepped by %s',
    async (by) => {
      const tls = { serverTls: {}, clientTls: {}, seed: 5 }
      const link = {
        up: { delay: 5_000, loss: { rate: 0.05 } },
        down: { delay: 5_000, loss: { rate: 0.05 } },
      }
      const whole = happenings(await perform(exchange(), { ...tls, link }))
      const run = createProgramRun(exchange(), { ...tls, link })
      await run.start()
      run.pause()
      for (let steps = 0; !run.isOver && steps < 10_000; steps++) await run.step(by, 1_700)
      expect(run.info.state).toBe('finished')
      expect(happenings(run)).toEqual(whole)
    },
  )

  it('gives the same trace when it is paced and paused', async () => {
    const tls = { serverTls: {}, clientTls: {} }
    const whole = happenings(await perform(exchange(), tls))
    const run = createProgramRun(exchange(), { ...tls, pace: 2 })
    await run.start()
    for (let pauses = 0; pauses < 4; pauses++) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      run.pause()
      await new Promise((resolve) => setTimeout(resolve, 2))
      run.resume()
    }
    await run.ended
    expect(happenings(run)).toEqual(whole)
  })
})

describe('a program that is not built in', () => {
  it('is refused with its name before there is a run', () => {
    const cast = exchange()
    expect(() =>
      createProgramRun(cast, {
        experiment: {
          setup: {
            hosts: { client: { role: 'client' }, server: { role: 'server' } },
            links: { link: { a: 'client', b: 'server' } },
            apps: {
              web: { kind: 'http-server', host: 'server', port: PORT, resources: {} },
              eve: { kind: 'eavesdropper', host: 'server', server: 'web' },
            },
          },
        },
      }),
    ).toThrow('eavesdropper is not built in')
  })
})
