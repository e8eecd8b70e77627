import { expect, it } from 'vitest'
import { createRng } from '../../electron/protocol/random.ts'
import { dissect } from '../../electron/protocol/wire/dissect/dissect.ts'
import { fragmentIpv4 } from '../../electron/protocol/wire/fragment.ts'
import { decodeIcmp } from '../../electron/protocol/wire/icmp.ts'
import { decodeIpv4, decodeIpv4Options, encodeIpv4, isFragment } from '../../electron/protocol/wire/ipv4.ts'
import { Reassembler, REASSEMBLY_DEFAULTS } from '../../electron/protocol/wire/reassembly.ts'
import { decodeTcp, encodeTcp, tcpLength } from '../../electron/protocol/wire/tcp.ts'
import { decodeUdp } from '../../electron/protocol/wire/udp.ts'
import type { DissectedField } from '../../shared/dissection.ts'
import { micros } from '../../shared/units.ts'
import { corpus, mutate } from '../support/mutate.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 2_000_000 : 20_000

/** Throws if a field lies outside `length` bytes. */
function within(fields: readonly DissectedField[], length: number): void {
  for (const { offset, length: size, children } of fields) {
    if (!(offset >= 0 && size >= 0 && offset + size <= length))
      throw new Error(`${offset}+${size} of ${length}`)
    if (children) within(children, length)
  }
}

it('no codec throws, reads beyond its bytes, or gives what it cannot write again', () => {
  const rng = createRng(1)
  const packets = corpus()
  const seen = { ok: 0, tcp: 0, udp: 0, icmp: 0, whole: 0 }
  const settings = { ...REASSEMBLY_DEFAULTS, memory: 100_000 }
  const reassembler = new Reassembler(settings)
  for (let i = 0; i < COUNT; i++) {
    const bytes = mutate(rng, packets)
    within(dissect(bytes).layers, bytes.length)
    fragmentIpv4(bytes, 68 + rng.int(100))
    const read = decodeIpv4(bytes)
    if (!read.ok) {
      if (read.error.offset > bytes.length) throw new Error(`${read.error.reason} at ${read.error.offset}`)
      continue
    }
    seen.ok++
    const packet = read.value
    const { headerLength, totalLength, source, destination } = packet
    decodeIpv4Options(packet.options)
    encodeIpv4(packet, totalLength - headerLength, new Uint8Array(headerLength))
    const length = totalLength - headerLength
    const tcp = decodeTcp(bytes, headerLength, length, source, destination)
    if (tcp.ok && tcpLength(tcp.value) - tcp.value.payload.length <= 60) {
      seen.tcp++
      encodeTcp(tcp.value, new Uint8Array(tcpLength(tcp.value)), 0, source, destination)
    }
    if (decodeUdp(bytes, headerLength, length, source, destination).ok) seen.udp++
    if (decodeIcmp(bytes, headerLength, length).ok) seen.icmp++
    if (!isFragment(packet)) continue
    if (reassembler.handleFragment(micros(i), packet, bytes).kind === 'complete') seen.whole++
    while (reassembler.pollAbandoned() !== undefined);
    if (reassembler.held > settings.memory) throw new Error(`${reassembler.held} bytes held`)
  }
  // The mutations are of use only if many of them get through the outer checks.
  expect(seen.ok).toBeGreaterThan(COUNT / 10)
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0)
})
