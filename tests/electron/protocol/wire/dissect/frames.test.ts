/** The fields of Ethernet frames: IEEE 802.3 3.1.1, RFC 826, RFC 894. */
import { describe, expect, it } from 'vitest'
import { dissect } from '../../../../../electron/protocol/wire/dissect/dissect.ts'
import { macOf } from '../../../../../electron/protocol/wire/ethernet.ts'
import { findField, type DissectedField } from '../../../../../shared/dissection.ts'
import { arpFrame, frameOf } from '../../../../support/node-lab.ts'
import { CLIENT, SERVER, tcpPacket } from '../../../../support/packets.ts'

const client = { mac: macOf(CLIENT), address: CLIENT }
const server = { mac: macOf(SERVER), address: SERVER }
const places = (fields: readonly DissectedField[] = []) =>
  fields.map(({ name, text, offset, length }) => `${offset}+${length} ${name}: ${text}`)

describe('a frame with a packet', () => {
  const packet = tcpPacket({ flags: 2 })
  const frame = frameOf(client.mac, server.mac, packet)

  it('has the header, the layers of the packet behind it, and padding', () => {
    const { summary, layers } = dissect(frame, true)
    expect(summary).toBe(dissect(packet).summary)
    expect(layers.map(({ name, offset, length }) => [name, offset, length])).toEqual([
      ['Ethernet', 0, 14],
      ['IPv4', 14, 20],
      ['TCP', 34, 20],
      ['Padding', 54, 6],
    ])
    expect(places(layers[0].children)).toEqual([
      '0+6 Destination: 02:00:0a:4d:00:02',
      '6+6 Source: 02:00:0a:4d:00:01',
      '12+2 EtherType: 0x0800 (IPv4)',
    ])
    expect(findField(layers, 'Header checksum')?.text).toContain('correct')
    expect(findField([layers[2]], 'Checksum')?.text).toContain('correct')
  })

  it('is read as a packet when the run has none', () => {
    expect(dissect(frame).layers[0].name).toBe('IPv4')
  })
})

describe('a frame with an ARP message', () => {
  it('has one line', () => {
    expect(dissect(arpFrame(client, SERVER), true).summary).toBe('ARP who has 10.77.0.2? tell 10.77.0.1')
    expect(dissect(arpFrame(server, client), true).summary).toBe('ARP 10.77.0.2 is at 02:00:0a:4d:00:02')
  })

  it('has every field at its place', () => {
    const { layers } = dissect(arpFrame(server, client), true)
    expect(layers.map(({ name }) => name)).toEqual(['Ethernet', 'ARP', 'Padding'])
    expect(places(layers[1].children)).toEqual([
      '14+2 Hardware type: 1 (Ethernet)',
      '16+2 Protocol type: 0x0800 (IPv4)',
      '18+1 Hardware address length: 6',
      '19+1 Protocol address length: 4',
      '20+2 Operation: 2 (reply)',
      '22+6 Sender hardware address: 02:00:0a:4d:00:02',
      '28+4 Sender protocol address: 10.77.0.2',
      '32+6 Target hardware address: 02:00:0a:4d:00:01',
      '38+4 Target protocol address: 10.77.0.1',
    ])
  })

  it.each([
    [14, 9, 'Hardware type', 'not 1 (Ethernet)'],
    [16, 9, 'Protocol type', 'not 0x0800 (IPv4)'],
    [18, 8, 'Hardware address length', 'not 6'],
    [19, 16, 'Protocol address length', 'not 4'],
    [20, 1, 'Operation', 'neither request nor reply'],
  ])('says at byte %d what is wrong', (at, value, name, problem) => {
    const frame = arpFrame(server, client).slice()
    frame[at] = value
    const { layers, summary } = dissect(frame, true)
    expect(findField(layers, name)?.problem).toBe(problem)
    expect(summary).toContain('malformed: 1')
  })
})

describe('what is neither', () => {
  it.each([
    [
      frameOf(client.mac, server.mac, new Uint8Array(46), 0x88cc),
      'Ethernet 02:00:0a:4d:00:01 > 02:00:0a:4d:00:02',
    ],
    [new Uint8Array(5), 'not an Ethernet frame (malformed: 1)'],
    [frameOf(0x030000000001, server.mac, new Uint8Array(46), 0x88cc), /malformed: 1/],
    [arpFrame(client, SERVER).subarray(0, 30), 'ARP cut short (malformed: 1)'],
    [frameOf(client.mac, server.mac, tcpPacket({})).subarray(0, 20), 'not an IPv4 packet'],
  ])('%# is said to be so', (frame, summary) => {
    expect(dissect(frame, true).summary).toEqual(
      typeof summary === 'string' ? summary : expect.stringMatching(summary),
    )
  })
})
