/** What the link costs a packet, in virtual time: processor time, so that a busy machine does not show. */
import * as v from 'valibot'
import { Link } from '../../electron/protocol/link/link.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { LinkSpec, type LinkInput } from '../../shared/link.ts'
import { silentTrace } from '../../shared/trace/sink.ts'
import { micros } from '../../shared/units.ts'

const PACKETS = 500_000

const CASES: readonly [name: string, input: LinkInput, gap: number][] = [
  ['off', {}, 12],
  ['delay 25 ms', { up: { delay: 25_000 } }, 12],
  ['1 Gbit/s and delay', { up: { rate: { limit: 1e9 }, delay: 25_000 } }, 12],
  ['1 Gbit/s, delay, standing queue', { up: { rate: { limit: 1e9 }, delay: 25_000 } }, 11.9],
  ['Bernoulli 1 %', { up: { delay: 25_000, loss: { rate: 0.01 } } }, 12],
  [
    'Gilbert-Elliott, jitter, reorder, duplicate, corrupt',
    {
      up: {
        delay: 25_000,
        gilbertElliott: { p: 0.01, r: 0.3 },
        jitter: { amount: 5_000, distribution: 'normal', reorders: true },
        reorder: { rate: 0.01 },
        duplicate: { rate: 0.01 },
        corrupt: { rate: 0.01 },
      },
    },
    12,
  ],
]

function nanosecondsPerPacket(input: LinkInput, gap: number): number {
  let ids = 0
  const crypto = { hmacSha256: () => new Uint8Array(32) }
  const env = { rng: createRng(1), crypto, trace: silentTrace, nextPacketId: () => ++ids }
  const link = new Link(env, v.parse(LinkSpec, input))
  const bytes = new Uint8Array(1_500)
  const start = process.cpuUsage()
  for (let i = 0; i < PACKETS; i++) {
    const now = i * gap
    for (let next = link.pollTimeout(); next !== undefined && next <= now; next = link.pollTimeout()) {
      link.handleTimeout(next)
      while (link.pollTransmit() !== undefined);
    }
    link.handleDatagram(micros(now), { id: ++ids, bytes, port: 0 })
    while (link.pollTransmit() !== undefined);
  }
  const { user, system } = process.cpuUsage(start)
  return ((user + system) * 1_000) / PACKETS
}

export default async function run(): Promise<{ name: string; value: number; unit: string; note: string }[]> {
  for (const [, input, gap] of CASES) nanosecondsPerPacket(input, gap)
  return CASES.map(([name, input, gap]) => ({
    name: `link: ${name}`,
    value: Math.round(nanosecondsPerPacket(input, gap)),
    unit: 'ns/packet',
    note: `${PACKETS} packets of 1,500 bytes, with timers and polling, without a trace`,
  }))
}
