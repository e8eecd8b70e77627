import { describe, expect, it } from 'vitest'
import { dissect } from '../../../../electron/protocol/wire/dissect/dissect.ts'
import { micros } from '../../../../shared/units.ts'
import { HostLab } from '../../../support/host-lab.ts'
import { CLIENT, fromHex, ipv4Packet, SERVER, tcpPacket } from '../../../support/packets.ts'
import { tcpSettings } from '../../../support/tcp-env.ts'

const udp = (header = {}) => ipv4Packet(fromHex('c000 0007 000b 0000 616263'), header)

const altered = (bytes: Uint8Array, at: number) => {
  const copy = bytes.slice()
  copy[at] ^= 0x10
  return copy
}

/** What the server says in the trace of a packet, and whether anything else came of it. */
function rejection(bytes: Uint8Array) {
  const lab = new HostLab()
  lab.server.bindUdp(7)
  lab.arrive(lab.server, bytes, 42)
  const { name, pkt, data } = lab.traced[0]
  expect([name, pkt, lab.traced.length]).toEqual(['ip:packet_rejected', 42, 1])
  expect(lab.toldOf(lab.server)).toEqual([])
  return `${data.layer} ${data.reason} at ${data.offset} of ${data.size}`
}

describe('a packet that is not taken', () => {
  it.each([
    ['too short', new Uint8Array(7), 'ipv4 truncated at 0 of 7'],
    ['a damaged header', altered(udp(), 8), 'ipv4 bad_checksum at 10 of 31'],
    ['a damaged segment', altered(tcpPacket({}), 30), 'tcp bad_checksum at 36 of 40'],
    ['for another host', udp({ destination: 0x0a4d0003 }), 'ipv4 not_for_us at 16 of 31'],
    ['from nobody', udp({ source: 0 }), 'ipv4 bad_source at 12 of 31'],
    ['from many (RFC 1122 3.2.1.3)', udp({ source: 0xe0000001 }), 'ipv4 bad_source at 12 of 31'],
    ['from ourselves', udp({ source: 0x0a4d0002 }), 'ipv4 bad_source at 12 of 31'],
    [
      'TCP to all (RFC 9293 MUST-57)',
      tcpPacket({}, { destination: 0xffff_ffff }),
      'tcp broadcast at 16 of 40',
    ],
    [
      'an empty fragment',
      ipv4Packet(new Uint8Array(0), { fragmentOffset: 8 }),
      'ipv4 fragment_bad_fragment at 6 of 20',
    ],
  ])('is traced: %s', (_, bytes, said) => expect(rejection(bytes)).toBe(said))

  it('but a UDP datagram to all is', () => {
    const lab = new HostLab()
    lab.server.bindUdp(7)
    lab.arrive(lab.server, udp({ destination: 0xffff_ffff }))
    expect(lab.toldOf(lab.server)).toMatchObject([{ type: 'datagram', localPort: 7 }])
  })

  it('and fragments that overlap are given up', () => {
    const lab = new HostLab()
    lab.arrive(lab.server, ipv4Packet(new Uint8Array(16), { moreFragments: true }))
    lab.arrive(lab.server, ipv4Packet(new Uint8Array(16), { moreFragments: true, fragmentOffset: 8 }))
    expect(lab.traced.map(({ name, data }) => [name, data.reason])).toEqual([
      ['ip:reassembly_abandoned', 'overlap'],
      ['ip:packet_rejected', 'fragment_abandoned'],
    ])
  })
})

describe('TCP through two hosts', () => {
  /** The client writes `bytes`, the server reads them; both close. */
  function transfer(bytes: Uint8Array, options = {}) {
    const lab = new HostLab(options)
    const received: number[] = []
    let unsent = bytes
    lab.onEvent = (host, event) => {
      if (!('connection' in event)) return
      const { connection, type } = event
      if (host === lab.client && (type === 'connected' || type === 'writable') && unsent.length > 0) {
        unsent = unsent.subarray(connection.write(lab.now, unsent))
        if (unsent.length === 0) connection.shutdown(lab.now)
      }
      if (host !== lab.server) return
      if (type === 'accepted') event.listener?.accept(lab.now)
      if (type !== 'readable' && type !== 'peer_closed') return
      for (;;) {
        const part = connection.read(lab.now, 65_536)
        if (part === undefined) break
        received.push(...part)
      }
      if (type === 'peer_closed') connection.shutdown(lab.now)
    }
    lab.server.listen(lab.now, 5001)
    lab.client.connect(lab.now, { address: lab.server.address, port: 5001 })
    lab.run()
    return { lab, received: Uint8Array.from(received) }
  }

  const bytes = new Uint8Array(100_000).map((_, i) => (i * 31) ^ (i >>> 8))

  it('moves bytes, every packet right by its checksums', () => {
    const { lab, received } = transfer(bytes)
    expect(Buffer.compare(received, bytes)).toBe(0)
    expect(lab.events('ip:packet_rejected')).toEqual([])
    for (const { bytes: packet } of lab.sent) expect(dissect(packet).summary).not.toContain('malformed')
  })

  it('traces each segment as it stands on the wire', () => {
    const { lab } = transfer(bytes)
    const sent = new Map(lab.sent.map((datagram) => [datagram.id, datagram.bytes]))
    const traced = lab.events('tcp:segment_sent')
    expect(traced.map(({ pkt }) => pkt)).toEqual([...sent.keys()])
    for (const { pkt, flow, data } of traced) {
      const packet = sent.get(pkt)!
      const words = `seq ${data.seq} ack ${data.ack}`
      expect(dissect(packet).summary).toContain(words)
      expect(dissect(packet).summary).toContain(`len ${data.payload}`)
      expect([data.size, packet[33]]).toEqual([packet.length, data.flags])
      expect(flow).toBe(traced[0].flow)
    }
    expect(traced[0].data).toMatchObject({ flags: 2, mss: 1460, window_scale: expect.any(Number), cause: '' })
    expect(traced[0].flow).toMatch(/^10\.77\.0\.1:\d+-10\.77\.0\.2:5001$/)
  })

  it("sets Don't Fragment and stays within a small MTU (RFC 9293 3.7.1)", () => {
    const { lab, received } = transfer(bytes.subarray(0, 5000), { client: { mtu: 576 } })
    expect(received.length).toBe(5000)
    const fromClient = lab.sent.filter(({ bytes: packet }) => packet[15] === 1)
    expect(Math.max(...fromClient.map(({ bytes: packet }) => packet.length))).toBe(576)
    expect(lab.sent.every(({ bytes: packet }) => packet[6] === 0x40)).toBe(true)
  })

  it('goes in fragments where no MSS is agreed on and nobody looks for the MTU of the path', () => {
    const tcp = tcpSettings({ mssOption: false, pathMtuDiscovery: false })
    const options = { client: { mtu: 576, tcp } }
    const { lab, received } = transfer(bytes.subarray(0, 5000), options)
    expect(Buffer.compare(received, bytes.subarray(0, 5000))).toBe(0)
    expect(lab.events('ip:fragment_sent').length).toBeGreaterThan(5)
    expect(lab.events('ip:fragment_sent')[0].flow).toBe(lab.events('tcp:segment_sent')[0].flow)
  })
})

describe('a host', () => {
  it.each([67, 65_536, NaN])('is not made with an MTU of %s', (mtu) => {
    expect(() => new HostLab({ client: { mtu } })).toThrow(RangeError)
  })

  it.each([
    ['TCP', 60e6, 1e6],
    ['reassembly', 10_000, 10_000],
  ])('wants the timer that is due first: of %s', (_, timeout, due) => {
    const reassembly = { timeout: micros(timeout), memory: 100_000 }
    const lab = new HostLab({ client: { reassembly } })
    lab.loses = () => true
    lab.client.connect(lab.now, { address: lab.server.address, port: 5001 })
    const fragment = ipv4Packet(new Uint8Array(8), {
      moreFragments: true,
      source: SERVER,
      destination: CLIENT,
    })
    lab.arrive(lab.client, fragment)
    expect(lab.client.pollTimeout()).toBe(due)
    lab.client.handleTimeout(micros(due))
    expect(lab.client.pollTimeout()).not.toBe(due)
  })

  it('wants no timer when it has nothing to wait for', () => {
    expect(new HostLab().client.pollTimeout()).toBeUndefined()
  })
})
