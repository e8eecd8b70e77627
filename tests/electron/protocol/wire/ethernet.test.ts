import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARP_LENGTH, decodeArp, encodeArp, type ArpMessage } from '../../../../electron/protocol/wire/arp.ts'
import { parseAddress } from '../../../../electron/protocol/wire/address.ts'
import {
  BROADCAST_MAC,
  decodeEthernet,
  ETHERNET_MIN_FRAME,
  ethernetFrame,
  formatMac,
  isGroupMac,
  macOf,
  parseMac,
} from '../../../../electron/protocol/wire/ethernet.ts'
import { address, fromHex, payload, RUNS } from '../../../support/packets.ts'

const anyMac = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const anyStation = anyMac.filter((mac) => !isGroupMac(mac))

describe('Ethernet addresses', () => {
  it('are readable from the IPv4 address, locally administered, and of one station', () => {
    const mac = macOf(parseAddress('10.77.3.20')!)
    expect(formatMac(mac)).toBe('02:00:0a:4d:03:14')
    expect(isGroupMac(mac)).toBe(false)
    expect(formatMac(BROADCAST_MAC)).toBe('ff:ff:ff:ff:ff:ff')
    expect(isGroupMac(BROADCAST_MAC)).toBe(true)
  })

  it('are read as they are written', () => {
    fc.assert(
      fc.property(anyMac, (mac) => {
        expect(parseMac(formatMac(mac))).toBe(mac)
      }),
      { numRuns: RUNS },
    )
    for (const text of ['', '02:00:0a:4d:03', '02-00-0a-4d-03-14', '02:00:0a:4d:03:1g', '2:0:a:4d:3:14'])
      expect(parseMac(text)).toBeUndefined()
  })
})

describe('Ethernet frames (IEEE 802.3 3.1.1)', () => {
  it('are written and read', () => {
    const bytes = fromHex('ffffffffffff 02000a4d0001 0806 0001')
    expect(decodeEthernet(bytes)).toEqual({
      ok: true,
      value: { destination: BROADCAST_MAC, source: macOf(0x0a4d0001), etherType: 0x0806 },
    })
  })

  it('are padded to the least length (3.2.8), and no longer than they have to be', () => {
    fc.assert(
      fc.property(anyMac, anyStation, fc.integer({ min: 0x600, max: 0xffff }), payload(100), (...parts) => {
        const [destination, source, etherType, data] = parts
        const frame = ethernetFrame({ destination, source, etherType }, data)
        expect(frame.length).toBe(Math.max(ETHERNET_MIN_FRAME, 14 + data.length))
        expect(decodeEthernet(frame)).toEqual({ ok: true, value: { destination, source, etherType } })
        expect(frame.subarray(14, 14 + data.length)).toEqual(data)
        expect(frame.subarray(14 + data.length).every((byte) => byte === 0)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  })

  it.each([
    ['ffffffffffff 02000a4d0001 08', 'truncated', 13],
    ['02000a4d0001 03000a4d0001 0800', 'bad_source', 6],
    ['02000a4d0001 02000a4d0002 05ff', 'not_an_ethertype', 12],
  ])('%s is refused: %s', (hex, reason, offset) => {
    expect(decodeEthernet(fromHex(hex))).toEqual({ ok: false, error: { layer: 'ethernet', reason, offset } })
  })
})

/** 10.77.0.1 asks for 10.77.0.2. */
const REQUEST = '0001 0800 06 04 0001 02000a4d0001 0a4d0001 000000000000 0a4d0002'

describe('ARP messages (RFC 826)', () => {
  it('are read and written', () => {
    const message: ArpMessage = {
      operation: 1,
      senderMac: macOf(0x0a4d0001),
      senderAddress: 0x0a4d0001,
      targetMac: 0,
      targetAddress: 0x0a4d0002,
    }
    expect(decodeArp(fromHex(REQUEST))).toEqual({ ok: true, value: message })
    const bytes = new Uint8Array(ARP_LENGTH)
    encodeArp(message, bytes)
    expect(bytes).toEqual(fromHex(REQUEST))
  })

  it('give back what was written, for every message and place', () => {
    const anyMessage = fc.record({
      operation: fc.constantFrom(1 as const, 2 as const),
      senderMac: anyMac,
      senderAddress: address,
      targetMac: anyMac,
      targetAddress: address,
    })
    fc.assert(
      fc.property(anyMessage, fc.nat(20), (message, offset) => {
        const bytes = new Uint8Array(offset + ARP_LENGTH + 18)
        encodeArp(message, bytes, offset)
        expect(decodeArp(bytes, offset)).toEqual({ ok: true, value: message })
      }),
      { numRuns: RUNS },
    )
  })

  it.each([
    [REQUEST.slice(0, -2), 'truncated', 27],
    [`0006${REQUEST.slice(4)}`, 'bad_hardware', 0],
    [REQUEST.replace('0800', '86dd'), 'bad_protocol', 2],
    [REQUEST.replace(' 06 ', ' 08 '), 'bad_length', 4],
    [REQUEST.replace(' 04 ', ' 10 '), 'bad_length', 5],
    [REQUEST.replace('0001 0200', '0003 0200'), 'bad_operation', 6],
  ])('%s is refused: %s', (hex, reason, offset) => {
    expect(decodeArp(fromHex(hex))).toEqual({ ok: false, error: { layer: 'arp', reason, offset } })
  })
})
