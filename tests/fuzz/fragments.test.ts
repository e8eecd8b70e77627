/** Fragments of honest datagrams, copied, shuffled, cut again, spoilt and made up: at a host and on their way. */
import { expect, it } from 'vitest'
import * as v from 'valibot'
import { Host } from '../../electron/protocol/ip/host.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { encodeIpv4, NO_OPTIONS, decodeIpv4 } from '../../electron/protocol/wire/ipv4.ts'
import { fragmentIpv4 } from '../../electron/protocol/wire/fragment.ts'
import { encodeUdp } from '../../electron/protocol/wire/udp.ts'
import { TcpSettings } from '../../shared/tcp.ts'
import { silentTrace } from '../../shared/trace/sink.ts'
import { micros } from '../../shared/units.ts'
import { CLIENT, SERVER } from '../support/packets.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 30_000 : 3_000
const MEMORY = 200_000
const rng = createRng(11)

/** A datagram whose bytes all follow from its number, so that no two can be mixed unseen; with a checksum. */
function datagram(number: number): Uint8Array {
  const payload = new Uint8Array(4 + rng.int(3_000)).map((_, i) => (number * 31 + i * 7) & 0xff)
  new DataView(payload.buffer).setUint32(0, number)
  const bytes = new Uint8Array(28 + payload.length)
  const header = {
    ...{ dscp: 0, ecn: 0, identification: number & 0xff, dontFragment: false, moreFragments: false },
    ...{ fragmentOffset: 0, ttl: 64, protocol: 17, source: CLIENT, destination: SERVER, options: NO_OPTIONS },
  }
  encodeIpv4(header, 8 + payload.length, bytes)
  encodeUdp({ sourcePort: 1, destinationPort: 7, payload }, bytes, 20, CLIENT, SERVER)
  return bytes
}

const cut = (packet: Uint8Array, mtu: number): readonly Uint8Array[] => {
  const pieces = fragmentIpv4(packet, mtu)
  if (!pieces.ok) throw new Error(pieces.error.reason)
  return pieces.value
}

/** The same fragment with another place, length, end or byte, and a header checksum that is right. */
function spoil(fragment: Uint8Array): Uint8Array {
  const read = decodeIpv4(fragment)
  if (!read.ok) throw new Error(read.error.reason)
  const { headerLength, totalLength } = read.value
  const length = Math.max(0, totalLength - headerLength - (rng.int(3) === 0 ? rng.int(40) : 0))
  const bytes = new Uint8Array(headerLength + length)
  bytes.set(fragment.subarray(0, bytes.length))
  const fragmentOffset = rng.int(2) === 0 ? read.value.fragmentOffset : rng.int(0x2000) * 8
  const moreFragments = rng.int(4) === 0 ? !read.value.moreFragments : read.value.moreFragments
  encodeIpv4({ ...read.value, fragmentOffset, moreFragments }, length, bytes)
  if (length > 0) bytes[headerLength + rng.int(length)] ^= 1 << rng.int(8)
  return bytes
}

it('a host hands on datagrams as they were sent or not at all', () => {
  let ids = 0
  const crypto = { hmacSha256: (key: Uint8Array) => key.slice(0, 32) }
  const env = { rng: createRng(3), crypto, trace: silentTrace, nextPacketId: () => ++ids }
  const reassembly = { timeout: micros(60e6), memory: MEMORY }
  const host = new Host(env, { name: 'server', address: SERVER, tcp: v.parse(TcpSettings, {}), reassembly })
  host.bindUdp(7)
  const sent = new Map<number, Uint8Array>()
  const way: Uint8Array[] = []
  let whole = 0
  for (let number = 0, now = 0; number < COUNT; number++) {
    const packet = datagram(number)
    sent.set(number, packet.subarray(28))
    const isSpoilt = rng.int(3) === 0
    for (const piece of cut(packet, 68 + rng.int(1_400)).flatMap((one) => cut(one, 68 + rng.int(1_400)))) {
      if (rng.int(50) > 0) way.splice(rng.int(way.length + 1), 0, piece)
      if (rng.int(20) === 0) way.splice(rng.int(way.length + 1), 0, piece)
      if (isSpoilt && rng.int(8) === 0) way.splice(rng.int(way.length + 1), 0, spoil(piece))
    }
    // Some stay behind and mix with those of later datagrams.
    while (way.length > rng.int(60)) {
      now += rng.int(20_000)
      host.handleDatagram(micros(now), { id: 1, bytes: way.shift()!, port: 0 })
      if ((host.pollTimeout() ?? Infinity) <= now) host.handleTimeout(micros(now))
    }
    while (host.pollTransmit(micros(now)) !== undefined);
    for (let event = host.pollEvent(); event !== undefined; event = host.pollEvent()) {
      if (event.type !== 'datagram') throw new Error(event.type)
      const { payload } = event
      const original = sent.get(new DataView(payload.buffer, payload.byteOffset).getUint32(0))
      // UDP's checksum stands behind IP's care: between them nothing that was spoilt comes through.
      if (original === undefined || Buffer.compare(payload, original) !== 0)
        throw new Error('not as it was sent')
      whole++
    }
  }
  expect(whole).toBeGreaterThan(COUNT / 4)
})
