/** Segments that no TCP may send: counted and explained in the trace, answered as the RFC says, harmless. */
import { describe, expect, it } from 'vitest'
import { PROTOCOL_TCP } from '../../../../electron/protocol/wire/ipv4.ts'
import { complementSum, pseudoHeaderSum, wordSum } from '../../../../electron/protocol/wire/checksum.ts'
import { ACK, SYN } from '../../../../electron/protocol/wire/tcp.ts'
import { HostLab } from '../../../support/host-lab.ts'
import { CLIENT, fromHex, ipv4Packet, SERVER, tcpPacket } from '../../../support/packets.ts'
import { rule } from '../../../support/rule.ts'

const PORT = 5001

/** A SYN to the server with these octets of options, checksum right. */
function synWith(options: string, dataOffset?: number): Uint8Array {
  const octets = fromHex(options)
  const bytes = new Uint8Array(20 + octets.length)
  bytes.set(fromHex('9c40 1389 0000 0001 0000 0000 0002 ffff 0000 0000'))
  bytes.set(octets, 20)
  bytes[12] = (dataOffset ?? bytes.length / 4) << 4
  bytes[13] = SYN
  const sum = pseudoHeaderSum(CLIENT, SERVER, PROTOCOL_TCP, bytes.length) + wordSum(bytes, 0, bytes.length)
  new DataView(bytes.buffer).setUint16(16, complementSum(sum))
  return ipv4Packet(bytes, { protocol: PROTOCOL_TCP })
}

/** What a listening server makes of a packet: what it rejects, and how many segments it sends. */
function arrives(packet: Uint8Array) {
  const lab = new HostLab()
  lab.server.listen(lab.now, PORT)
  lab.arrive(lab.server, packet)
  const rejected = lab.events('ip:packet_rejected').map(({ data }) => data)
  return { lab, rejected, sent: lab.sent.length, connections: lab.server.tcp.connectionCount }
}

describe('options (RFC 9293 3.1, 3.2)', () => {
  rule(
    9293,
    '3.1 MUST-7',
    'a length that cannot be is no crash: the segment is dropped, with reason and place',
    () => {
      const cases: [string, string, number][] = [
        ['0200 0000', 'bad_option_length', 41], // MSS, length 0
        ['0201 0000', 'bad_option_length', 41],
        ['0203 05b4', 'bad_option_length', 41], // MSS, length 3
        ['0205 05b4 0000 0000', 'bad_option_length', 41],
        ['0304 0700', 'bad_option_length', 41], // window scale, length 4
        ['0403 0001', 'bad_option_length', 41], // SACK permitted, length 3
        ['050b 0000 0000 0000 0000 0000', 'bad_option_length', 41], // SACK, a block and a bit
        ['0809 0000 0000 0000 0000 0000', 'bad_option_length', 41], // timestamps, length 9
        ['0101 01fd', 'truncated_option', 43], // a kind, and the header ends
        ['0101 fdff', 'bad_option_length', 43], // beyond the header
      ]
      for (const [options, reason, offset] of cases) {
        const { rejected, sent, connections } = arrives(synWith(options))
        expect(rejected, options).toMatchObject([{ layer: 'tcp', reason, offset }])
        expect([sent, connections]).toEqual([0, 0])
      }
    },
  )

  rule(9293, '3.1 MUST-6', 'an option of an unknown kind is ignored by its length', () => {
    const { rejected, sent, connections } = arrives(synWith('fd04 1234 0204 0400 fe02 0101'))
    expect(rejected).toEqual([])
    expect([sent, connections]).toEqual([1, 1])
  })

  rule(9293, '3.1 MUST-5', 'options are taken in any segment, not only in a SYN', () => {
    const { lab } = arrives(tcpPacket({ flags: SYN }))
    const ack = lab.sent[0].bytes
    const acknowledgment = (new DataView(ack.buffer, ack.byteOffset).getUint32(24) + 1) >>> 0
    const options = { mss: 900, unknown: [{ kind: 254, data: new Uint8Array(2) }] }
    lab.arrive(lab.server, tcpPacket({ flags: ACK, sequence: 2, acknowledgment, options }))
    expect(lab.events('ip:packet_rejected')).toEqual([])
    expect(lab.toldOf(lab.server).map(({ type }) => type)).toEqual(['accepted'])
  })

  rule(9293, '3.2', 'behind End of Option List is padding, whatever is in it', () => {
    const { rejected, connections } = arrives(synWith('0204 0400 0002 0005'))
    expect([rejected, connections]).toEqual([[], 1])
  })
})

describe('headers (RFC 9293 3.1)', () => {
  rule(9293, '3.1 MUST-3', 'a wrong checksum: the segment is dropped', () => {
    const packet = tcpPacket({ flags: SYN })
    packet[37] ^= 1
    const { rejected, sent } = arrives(packet)
    expect(rejected).toMatchObject([{ layer: 'tcp', reason: 'bad_checksum', offset: 36 }])
    expect(sent).toBe(0)
  })

  rule(9293, '3.1', 'a data offset below 5, or beyond the segment, is malformed', () => {
    for (const dataOffset of [0, 4, 7, 15]) {
      const { rejected, sent } = arrives(synWith('0204 05b4', dataOffset))
      expect(rejected).toMatchObject([{ layer: 'tcp', reason: 'bad_data_offset', offset: 32 }])
      expect(sent).toBe(0)
    }
  })

  rule(9293, '3.1', 'reserved bits are ignored', () => {
    const packet = synWith('0204 05b4')
    packet[32] |= 0x0f
    // The checksum covers them: put it right again.
    const sum = new DataView(packet.buffer)
    sum.setUint16(36, (sum.getUint16(36) - 0x0f00 + 0xffff) % 0xffff)
    expect(arrives(packet)).toMatchObject({ rejected: [], connections: 1 })
  })

  rule(9293, '3.9.2.3 MUST-57', 'a segment that was sent to many is not answered', () => {
    const { rejected, sent } = arrives(tcpPacket({ flags: SYN }, { destination: 0xffff_ffff }))
    expect(rejected).toMatchObject([{ layer: 'tcp', reason: 'broadcast', offset: 16 }])
    expect(sent).toBe(0)
  })

  rule(9293, '3.9.2.3 MUST-63', 'nor one whose source is no single host', () => {
    for (const source of [0xe000_0001, 0xffff_ffff, SERVER]) {
      const { rejected, sent } = arrives(tcpPacket({ flags: SYN }, { source }))
      expect(rejected).toMatchObject([{ layer: 'ipv4', reason: 'bad_source', offset: 12 }])
      expect(sent).toBe(0)
    }
  })
})

it('whatever is rejected leaves a connection as it is', () => {
  const lab = new HostLab()
  const listener = lab.server.listen(lab.now, PORT)
  const connection = lab.client.connect(lab.now, { address: SERVER, port: PORT }, {}, 40_000)
  lab.run(1e6)
  const accepted = listener.accept(lab.now)!
  const before = accepted.metrics()
  lab.arrive(lab.server, synWith('0200 0000'))
  lab.arrive(lab.server, synWith('0204 05b4', 15))
  expect([accepted.state, connection.state]).toEqual(['ESTABLISHED', 'ESTABLISHED'])
  expect(accepted.metrics()).toEqual(before)
})
