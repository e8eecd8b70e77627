/** Frames that are almost right before everything that reads frames: nothing throws, nothing grows, nothing is sent to many in reply. */
import { expect, it } from 'vitest'
import { LearningSwitch } from '../../electron/protocol/ethernet/switch.ts'
import { EthernetInterface } from '../../electron/protocol/ethernet/interface.ts'
import { EthernetHost } from '../../electron/protocol/ip/ethernet-host.ts'
import { Host } from '../../electron/protocol/ip/host.ts'
import { Router } from '../../electron/protocol/ip/router.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import type { SansIo } from '../../electron/protocol/sansio.ts'
import { decodeArp } from '../../electron/protocol/wire/arp.ts'
import { dissect } from '../../electron/protocol/wire/dissect/dissect.ts'
import { BROADCAST_MAC, decodeEthernet, macOf } from '../../electron/protocol/wire/ethernet.ts'
import { decodeIpv4 } from '../../electron/protocol/wire/ipv4.ts'
import type { DissectedField } from '../../shared/dissection.ts'
import { corpus, mutate } from '../support/mutate.ts'
import { arpFrame, frameOf, NodeLab } from '../support/node-lab.ts'
import { CLIENT, SERVER } from '../support/packets.ts'
import { tcpSettings } from '../support/tcp-env.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 300_000 : 6_000
const OWN = { mac: macOf(SERVER), address: SERVER }
const PEER = { mac: macOf(CLIENT), address: CLIENT }

/** An IPv4 packet that is almost right or an ARP message, in a frame that is almost right. */
function anyFrame(rng: Rng, packets: readonly Uint8Array[]): Uint8Array {
  const destination = [OWN.mac, BROADCAST_MAC, macOf(SERVER + 1)][rng.int(3)]
  const frame = [
    () => frameOf(PEER.mac, destination, mutate(rng, packets)),
    () => arpFrame(PEER, rng.int(2) === 0 ? OWN.address : OWN),
    () => arpFrame({ mac: PEER.mac, address: CLIENT + rng.int(300) }, OWN),
  ]
    [rng.int(3)]()
    .slice()
  for (let i = rng.int(3); i > 0; i--) frame[rng.int(frame.length)] = rng.int(256)
  return rng.int(10) === 0 ? frame.subarray(0, rng.int(frame.length)) : frame
}

const port = (index: number, address: number) => ({ index, address, mac: macOf(address), prefixLength: 24 })

const NODES: Record<string, () => NodeLab<SansIo<unknown>>> = {
  switch: () => new NodeLab(({ trace }) => new LearningSwitch(trace, { ports: 3, aging: 1_000_000 })),
  host: () =>
    new NodeLab((env) => {
      const host = new Host(env, { name: 'server', address: SERVER, tcp: tcpSettings() })
      return new EthernetHost(host, new EthernetInterface(env, port(0, SERVER)), CLIENT, env.trace)
    }),
  router: () =>
    new NodeLab((env) => {
      const interfaces = [
        { ...port(0, SERVER), mtu: 300 },
        { ...port(1, SERVER + 256), mtu: 68 },
      ]
      const all = { prefix: { address: 0, length: 0 }, via: SERVER + 257, interface: 1 }
      return new Router(env, { name: 'router', interfaces, routes: [all] })
    }),
}

it.each(Object.keys(NODES))('a %s', (kind) => {
  const rng = createRng(5)
  const packets = corpus()
  const net = NODES[kind]()
  let answered = 0
  for (let i = 0; i < COUNT; i++) {
    if (rng.int(4) === 0) net.runTo(net.now + rng.int(200_000))
    const out = net.arrive(anyFrame(rng, packets), rng.int(kind === 'host' ? 1 : 2))
    answered += out.length
    for (const { bytes } of out) {
      const read = decodeEthernet(bytes)
      if (!read.ok) throw new Error(`it sends ${read.error.reason}`)
      const { etherType } = read.value
      if (kind === 'switch') continue
      // What a node makes itself is right.
      const payload = etherType === 0x0806 ? decodeArp(bytes, 14) : decodeIpv4(bytes, 14)
      if (!payload.ok) throw new Error(`it sends ${payload.error.layer} ${payload.error.reason}`)
    }
    net.left.length = 0
    net.traced.length = 0
  }
  expect(answered).toBeGreaterThan(COUNT / 100)
})

it('the dissection of any frame lies within it', () => {
  const rng = createRng(6)
  const packets = corpus()
  const within = (fields: readonly DissectedField[], length: number): void => {
    for (const { offset, length: size, children } of fields) {
      if (!(offset >= 0 && size >= 0 && offset + size <= length))
        throw new Error(`${offset}+${size} of ${length}`)
      if (children) within(children, length)
    }
  }
  for (let i = 0; i < COUNT; i++) {
    const frame = anyFrame(rng, packets)
    within(dissect(frame, true).layers, frame.length)
  }
})
