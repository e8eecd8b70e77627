/** What a packet costs between two hosts: TCP, IPv4, checksums and the calls of the trace; no link, no recorder. */
import * as v from 'valibot'
import { Host } from '../../electron/protocol/ip/host.ts'
import { createRng } from '../../electron/protocol/random.ts'
import type { Env } from '../../electron/protocol/sansio.ts'
import { TcpSettings } from '../../shared/tcp.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import { micros, type Micros } from '../../shared/units.ts'

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly note: string
}

const CLIENT = 0x0a4d0001
const SERVER = 0x0a4d0002
const ONE_WAY = 1000
const BYTES = 200_000_000

interface Tally {
  packets: number
  events: number
}

function makeEnv(tally: Tally): Env {
  const trace: Trace = {
    emit: () => {
      tally.events++
    },
    scope: () => trace,
  }
  const crypto = { hmacSha256: (key: Uint8Array) => key.slice(0, 32) }
  let ids = 0
  return { rng: createRng(1), crypto, trace, nextPacketId: () => ++ids }
}

/** Hands everything that `from` has to send to `to`. */
function carry(now: Micros, from: Host, to: Host, tally: Tally): void {
  for (;;) {
    const datagram = from.pollTransmit(now)
    if (datagram === undefined) return
    tally.packets++
    to.handleDatagram(now, datagram)
  }
}

/** Moves `bytes` from client to server, in flights of half a round trip each, and returns what was counted. */
function transfer(bytes: number): Tally {
  const tally = { packets: 0, events: 0 }
  const env = makeEnv(tally)
  const tcp = v.parse(TcpSettings, {})
  const client = new Host(env, { name: 'client', address: CLIENT, tcp })
  const server = new Host(env, { name: 'server', address: SERVER, tcp })
  const piece = new Uint8Array(65_536)
  let now = micros(0)
  let unsent = bytes
  let received = 0
  server.listen(now, 5001)
  const connection = client.connect(now, { address: SERVER, port: 5001 })
  while (received < bytes) {
    carry(now, client, server, tally)
    for (let event = server.pollEvent(); event !== undefined; event = server.pollEvent()) {
      if (event.type === 'accepted') event.listener?.accept(now)
      if (event.type !== 'readable') continue
      for (let data = event.connection.read(now); data; data = event.connection.read(now))
        received += data.length
    }
    now = micros(now + ONE_WAY)
    carry(now, server, client, tally)
    while (client.pollEvent() !== undefined);
    while (unsent > 0 && connection.writable > 0) unsent -= connection.write(now, piece.subarray(0, unsent))
    now = micros(now + ONE_WAY)
    for (const host of [client, server]) if ((host.pollTimeout() ?? Infinity) <= now) host.handleTimeout(now)
  }
  return tally
}

export default async function run(): Promise<Figure[]> {
  transfer(BYTES / 10)
  const start = process.hrtime.bigint()
  const { packets, events } = transfer(BYTES)
  const nanoseconds = Number(process.hrtime.bigint() - start)
  const note = `${BYTES / 1e6} MB, ${packets} packets, ${events} trace events, one core`
  return [
    { name: 'host/packet', value: Math.round(nanoseconds / packets), unit: 'ns', note },
    {
      name: 'host/payload',
      value: Math.round((BYTES * 8000) / nanoseconds),
      unit: 'Mbit/s of wall time',
      note: 'the same',
    },
  ]
}
