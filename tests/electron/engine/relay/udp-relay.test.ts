/** How programs of this machine get ports in the lab, and lose them. */
import type { Socket } from 'node:dgram'
import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { KernelTrace } from '../../../../electron/engine/relay/kernel-trace.ts'
import { UdpEntrance } from '../../../../electron/engine/relay/udp-relay.ts'
import type { Micros } from '../../../../shared/units.ts'
import { createRun, smallExperiment, smallSetup } from '../../../support/runs.ts'

/** As many as have a port at a time. */
const MOST = 1_024

/** An entrance to port 53 of the server; `send` is a datagram of the program on a port of this machine. */
function entrance() {
  const run = createRun({ experiment: smallExperiment({ setup: { ...smallSetup(), apps: {} } }) as never })
  const { hosts } = run.scene.lanes[0]
  const to = { address: hosts.get('server')!.station.host.address, port: 53 }
  const trace = new KernelTrace(run, 'test')
  const relay = new UdpEntrance({ host: hosts.get('client')!, run, trace, dontFragment: true }, to)
  const answers: [number, string][] = []
  const socket = Object.assign(new EventEmitter(), {
    setRecvBufferSize: () => undefined,
    send: (payload: Uint8Array, port: number) => answers.push([port, Buffer.from(payload).toString()]),
  })
  relay.attach(socket as unknown as Socket)
  const send = (port: number): boolean =>
    socket.emit('message', Buffer.from('hello'), { address: '127.0.0.1', port })
  const flows = (): string[] => [...run.reader.events(['udp:datagram_sent'])].map(({ flow }) => flow)
  return { run, relay, send, flows, answers }
}

test('a program keeps its port as long as it is not forgotten, and hears what is sent to that', () => {
  const { run, relay, send, flows, answers } = entrance()
  send(5_000)
  send(6_000)
  send(5_000)
  run.recorder.flush()
  const [first, second, third] = flows()
  expect(third).toBe(first)
  expect(second).not.toBe(first)
  const localPort = Number(/^10\.77\.0\.1:(\d+)-/.exec(second)![1])
  const source = { address: 0x0a4d0002, port: 53 }
  relay.handleEvent(0 as Micros, {
    type: 'datagram',
    localPort,
    source,
    payload: Buffer.from('answer'),
    ecn: 0,
  })
  relay.handleEvent(0 as Micros, {
    type: 'datagram',
    localPort: 1,
    source,
    payload: Buffer.from('no'),
    ecn: 0,
  })
  expect(answers).toEqual([[6_000, 'answer']])
})

test('of too many the one that was silent longest is forgotten', () => {
  const { run, send, flows } = entrance()
  for (let port = 1; port <= MOST; port++) send(port)
  // The first has said something since; so the second has to go.
  send(1)
  send(MOST + 1)
  send(1)
  send(2)
  run.recorder.flush()
  const all = flows()
  const of = (i: number): string => all[i - 1]
  expect(new Set(all).size).toBe(MOST + 2)
  expect([of(MOST + 1), of(MOST + 3)]).toEqual([of(1), of(1)])
  expect(of(MOST + 4)).not.toBe(of(2))
})
