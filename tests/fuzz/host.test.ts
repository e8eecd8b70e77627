import { expect, it } from 'vitest'
import * as v from 'valibot'
import { Host } from '../../electron/protocol/ip/host.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { TcpSettings } from '../../shared/tcp.ts'
import { silentTrace } from '../../shared/trace/sink.ts'
import { micros } from '../../shared/units.ts'
import { corpus, mutate } from '../support/mutate.ts'
import { SERVER } from '../support/packets.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 2_000_000 : 20_000

it('a host takes any bytes: it never throws, answers at most a few packets each, and does not grow', () => {
  const rng = createRng(2)
  const packets = corpus()
  let ids = 0
  const crypto = { hmacSha256: (key: Uint8Array) => key.slice(0, 32) }
  const env = { rng: createRng(3), crypto, trace: silentTrace, nextPacketId: () => ++ids }
  const tcp = v.parse(TcpSettings, { synBacklog: 16, acceptBacklog: 16, synCookies: true })
  const host = new Host(env, { name: 'server', address: SERVER, tcp })
  host.listen(micros(0), 5001)
  host.bindUdp(7)
  let answers = 0
  let told = 0
  let now = 0
  for (let i = 0; i < COUNT; i++) {
    now += rng.int(2000)
    host.handleDatagram(micros(now), { id: i, bytes: mutate(rng, packets), port: 0 })
    if ((host.pollTimeout() ?? Infinity) <= now) host.handleTimeout(micros(now))
    while (host.pollTransmit(micros(now)) !== undefined) answers++
    while (host.pollEvent() !== undefined) told++
    if (host.tcp.connectionCount > 100) throw new Error(`${host.tcp.connectionCount} connections`)
  }
  expect(answers).toBeGreaterThan(COUNT / 100)
  expect(answers).toBeLessThan(COUNT * 3)
  expect(told).toBeGreaterThan(COUNT / 100)
})
