import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LiveDriver } from '../../../../electron/engine/drivers/live.ts'
import type { Run } from '../../../../electron/engine/run.ts'
import { createRun, smallExperiment, smallSetup } from '../../../support/runs.ts'

const live = (changes = {}): Run =>
  createRun({ experiment: smallExperiment({ setup: smallSetup(), ...changes }) as never, driver: 'live' })

/** A UDP socket of somebody else. */
async function stranger() {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return socket
}

const portOf = (run: Run, node: string): number =>
  (run.driver as LiveDriver).socketPort(
    run.scene.world.nodes.find(({ name }) => name === node)!,
    0,
  )

describe('a live run', () => {
  it('moves real packets over real sockets, each delivered as it was sent, and no loss that nobody asked for', async () => {
    const setup = smallSetup({ up: { delay: 2_000, loss: { rate: 0.02 } } }, 500_000)
    const run = live({ setup })
    await run.start()
    await run.ended
    expect(run.info).toMatchObject({ state: 'finished' })
    const ends = [...run.reader.events(['app:finished'])].map(({ data }) => data)
    expect(ends[0]).toMatchObject({ bytes: 500_000, error: '' })
    expect(ends[1]).toEqual(ends[0])
    expect([...run.reader.events(['sim:fault', 'wire:datagram_ignored'])]).toEqual([])
    expect(run.summary).toMatchObject({ driver: 'live', faults: [] })
    // Every packet that came out of the link reached its host: nothing on the way was lost or made up.
    const delivered = [...run.reader.events(['link:packet_delivered'])].length
    const received = [...run.reader.events(['tcp:segment_received', 'tcp:segment_refused'])].length
    expect(received).toBeGreaterThanOrEqual(delivered - 2)
  })

  it('keeps at least the delay of its link', async () => {
    const run = live({ setup: smallSetup({ up: { delay: 20_000 }, down: { delay: 20_000 } }, 1_000) })
    await run.start()
    await run.ended
    for (const { data } of run.reader.events(['link:packet_delivered']))
      expect(data.delay).toBeGreaterThanOrEqual(20_000)
    const [{ t }] = run.reader.events(['app:connected'])
    expect(t).toBeGreaterThanOrEqual(40_000)
  })

  it('ends at its duration', async () => {
    const run = live({ setup: smallSetup({ up: { outage: { down: true } } }), duration: 100_000 })
    await run.start()
    await run.ended
    expect(run.info).toMatchObject({ state: 'finished', now: 100_000 })
  })

  it('turns knobs and drops packets while it runs, and cannot be paused', async () => {
    const run = live({ setup: smallSetup({ up: { delay: 1_000_000 } }) })
    await run.start()
    // The SYN has to cross a socket first.
    let dropped = false
    while (!dropped) {
      await new Promise((resolve) => setImmediate(resolve))
      const result = run.drop(1)
      dropped = result.ok && result.value
    }
    expect(run.set('links.link.up.delay', 0)).toMatchObject({ ok: true })
    expect(run.pause()).toMatchObject({ ok: false, error: { code: 'wrong_state' } })
    expect(run.setPace(2)).toMatchObject({ ok: false })
  })

  it('takes datagrams from its own peer only, and says so', async () => {
    const run = live({ setup: smallSetup({ up: { outage: { down: true } } }), duration: 5_000_000 })
    await run.start()
    const socket = await stranger()
    for (const node of ['one/client', 'one/link'])
      socket.send('I am a packet', portOf(run, node), '127.0.0.1')
    const ignoredSoFar = () => [...run.reader.events(['wire:datagram_ignored'])]
    while (ignoredSoFar().length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    const ignored = ignoredSoFar()
    const peer = `127.0.0.1:${(socket.address() as AddressInfo).port}`
    expect(ignored.map(({ node, data }) => [node, data])).toEqual([
      ['one/client', { reason: 'unknown_peer', peer, size: 13 }],
      ['one/link', { reason: 'unknown_peer', peer, size: 13 }],
    ])
    expect(run.info.state).toBe('running')
  })

  it('finds out, counts and reports a datagram that the system lost; the expectations are void then', async () => {
    const expectation = {
      ...{ id: 'intact', text: { en: '', zh: '' }, metric: 'one/bytes_read', op: '=' as const },
      ...{ value: 100_000, why: { en: '', zh: '' } },
    }
    const run = live({ expectations: [expectation] })
    const driver = run.driver as LiveDriver
    await run.start()
    loseOne(driver)
    await run.ended
    const faults = [...run.reader.events(['sim:fault'])].map(({ data }) => data)
    expect(faults).toEqual([{ what: 'wire_loss', detail: 'one/client to one/link', count: 1 }])
    expect(run.summary!.faults).not.toEqual([])
    expect(run.summary!.expectations[0].holds).toBeNull()
  })

  /** As a full receive buffer would: the third datagram of the client's socket goes nowhere. */
  function loseOne(driver: LiveDriver): void {
    const { ends } = driver as unknown as { ends: Map<{ name: string }, { socket: { send: unknown } }[]> }
    const [{ socket }] = [...ends].find(([node]) => node.name === 'one/client')![1]
    const send = socket.send as (bytes: Uint8Array, port: number) => void
    let count = 0
    socket.send = (bytes: Uint8Array, port: number) => {
      if (++count !== 3) send.call(socket, bytes, port)
    }
  }
})
