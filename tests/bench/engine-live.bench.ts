/**
 * The live driver and the gateway: TCP payload over loopback UDP sockets, how exactly a delay is kept, what an idle
 * world costs. Wall-clock figures of a machine that does nothing else.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { startGateway } from '../../electron/engine/gateway.ts'
import { planGateway } from '../../electron/engine/gateway-plan.ts'
import { planExperiment, type RunPlan } from '../../electron/engine/plan.ts'
import { Run } from '../../electron/engine/run.ts'
import type { App, Station } from '../../electron/engine/station.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import type { Micros } from '../../shared/units.ts'

const DELAY = 10_000

const folder = mkdtempSync(join(tmpdir(), 'rexmit-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
let runs = 0
const options = () => ({ id: 1, directory: join(folder, `run-${runs++}`) })

/** tcp-bulk with one lane and a link that does nothing but delay. */
function planOf(set: Record<string, unknown>, duration = 86_400e6): RunPlan {
  const experiment = findExperiment('tcp-bulk')!
  // Without its knobs' ends: a rate of 0, for one, is no limit.
  const knobs = experiment.knobs.map((knob) => ({ ...knob, min: undefined, max: undefined }))
  const plan = planExperiment({
    experiment: { ...experiment, lanes: experiment.lanes.slice(1), duration, expectations: [], knobs },
    set: { loss: 0, rate: 0, queue: 0, ...set },
    driver: 'live',
  })
  if (!plan.ok) throw new Error(plan.error.message)
  return plan.value
}

/** Mbit/s of payload of one transfer; and what the event loop of the process cost meanwhile. */
async function throughput() {
  const bytes = 60e6
  const run = new Run(planOf({ delay: 200, 'apps.sender.bytes': bytes }), options())
  const cpu = process.cpuUsage()
  await run.start()
  await run.ended
  const { user, system } = process.cpuUsage(cpu)
  const [start] = run.reader.events(['app:connected'])
  const [end] = [...run.reader.events(['app:finished'])]
  const faults = [...run.reader.events(['sim:fault'])].length
  run.close()
  const mbits = (bytes * 8) / (end.t - start.t)
  return [
    { name: 'live TCP payload', value: mbits, unit: 'Mbit/s', goal: 200, note: `${faults} faults` },
    {
      name: 'live TCP payload, by CPU time',
      value: (bytes * 8) / (user + system),
      unit: 'Mbit a CPU second',
      note: 'summary included',
    },
  ]
}

/** Sends a datagram a millisecond to a port of the peer. */
class Metronome implements App {
  readonly done = false
  private readonly station: Station
  private readonly to: number
  private next = 1_000
  constructor(station: Station, to: number) {
    this.station = station
    this.to = to
    station.host.bindUdp(9)
  }
  handleEvent(): void {}
  handleTimeout(now: Micros): void {
    if (now < this.next) return
    this.next += 1_000
    const payload = new Uint8Array(1_000)
    this.station.host.sendUdp(now, { fromPort: 9, to: { address: this.to, port: 9 }, payload })
  }
  pollTimeout(): Micros {
    return this.next as Micros
  }
}

async function delay() {
  const run = new Run(
    planOf({ delay: DELAY, 'apps.sender.bytes': 0, 'apps.sender.start': 80_000e6 }, 5e6),
    options(),
  )
  const { hosts } = run.scene.lanes[0]
  const [client, server] = ['client', 'server'].map((name) => hosts.get(name)!.station)
  server.host.bindUdp(9)
  client.add(new Metronome(client, server.host.address))
  await run.start()
  await run.ended
  const sent = new Map<number, number>()
  const errors: number[] = []
  for (const { name, pkt, t } of run.reader.events(['udp:datagram_sent', 'udp:datagram_received'])) {
    if (name === 'udp:datagram_sent') sent.set(pkt, t)
    else errors.push(t - sent.get(pkt)! - DELAY)
  }
  run.close()
  errors.sort((a, b) => a - b)
  const at = (share: number) => errors[Math.floor(errors.length * share)] / 1_000
  const name = `delivered delay beyond the ${DELAY / 1000} ms asked for, 1,000 packets/s`
  return [
    { name: `${name}: median`, value: at(0.5), unit: 'ms' },
    { name: `${name}: p99`, value: at(0.99), unit: 'ms', goal: 1 },
  ]
}

async function idle() {
  const run = new Run(planOf({ 'apps.sender.start': 80_000e6 }), options())
  await run.start()
  await new Promise((resolve) => setTimeout(resolve, 200))
  const cpu = process.cpuUsage()
  const start = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const { user, system } = process.cpuUsage(cpu)
  const wall = performance.now() - start
  await run.stop()
  run.close()
  return [{ name: 'CPU of an idle live world', value: (user + system) / 10 / wall, unit: '%' }]
}

async function echoServer() {
  const server = createServer(
    { noDelay: true, allowHalfOpen: true },
    (socket) => void socket.on('error', () => undefined).pipe(socket),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

async function clientOf(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Median of the round trips of 100 bytes, in milliseconds. */
async function roundTrip(port: number): Promise<number> {
  const socket = await clientOf(port)
  const times: number[] = []
  for (let i = 0; i < 300; i++) {
    const start = performance.now()
    socket.write(Buffer.alloc(100))
    await once(socket, 'data')
    times.push(performance.now() - start)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  socket.destroy()
  return times.sort((a, b) => a - b)[150]
}

async function gateway() {
  const bytes = 30e6
  const sink = createServer((socket) => {
    let left = bytes
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left === 0) socket.end('done')
    })
  })
  sink.listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const start = async (port: number) => {
    const plan = planGateway({ listen: 0, to: { host: '127.0.0.1', port } })
    if (!plan.ok) throw new Error(plan.error.message)
    const { run, started } = startGateway(plan.value, options())
    await started
    return { run, port: Number(run.info.gateway!.listen.split(':')[1]) }
  }
  const bulk = await start((sink.address() as AddressInfo).port)
  const client = await clientOf(bulk.port)
  const begin = performance.now()
  client.write(Buffer.alloc(bytes, 1))
  await once(client, 'data')
  const milliseconds = performance.now() - begin
  client.destroy()
  await bulk.run.stop()
  bulk.run.close()
  sink.close()

  const echo = await echoServer()
  const through = await start(echo.port)
  const direct = await roundTrip(echo.port)
  const added = (await roundTrip(through.port)) - direct
  await through.run.stop()
  through.run.close()
  echo.server.close()
  return [
    { name: 'gateway throughput', value: (bytes * 8) / 1e3 / milliseconds, unit: 'Mbit/s', goal: 100 },
    { name: 'delay that the gateway adds to a round trip: median', value: added, unit: 'ms', goal: 1.5 },
  ]
}

export default async function run() {
  return [...(await throughput()), ...(await delay()), ...(await idle()), ...(await gateway())]
}
