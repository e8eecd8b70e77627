import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  flowName,
  formatAddress,
  formatEndpoint,
  isSingleHost,
  parseAddress,
  parseEndpoint,
} from '../../../../electron/protocol/wire/address.ts'

describe('addresses', () => {
  it('reads and writes the dotted quad', () => {
    expect(parseAddress('10.77.0.1')).toBe(0x0a4d0001)
    expect(parseAddress('255.255.255.255')).toBe(0xffff_ffff)
    expect(formatAddress(0xc0a800c7)).toBe('192.168.0.199')
  })

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1..2.3',
    '-1.2.3.4',
    '１.2.3.4',
  ])('refuses %j', (text) => expect(parseAddress(text)).toBeUndefined())

  it('is the same after text and back', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (address) => {
        expect(parseAddress(formatAddress(address))).toBe(address)
      }),
    )
  })

  it.each([
    ['0.1.2.3', false],
    ['10.77.0.1', true],
    ['127.0.0.1', false],
    ['223.255.255.255', true],
    ['224.0.0.1', false],
    ['240.0.0.1', false],
    ['255.255.255.255', false],
  ])('knows whether %s is one host (RFC 1122 3.2.1.3): %s', (text, single) => {
    expect(isSingleHost(parseAddress(text)!)).toBe(single)
  })
})

describe('endpoints', () => {
  it('reads and writes address:port', () => {
    expect(parseEndpoint('10.77.0.2:5001')).toEqual({ address: 0x0a4d0002, port: 5001 })
    expect(formatEndpoint(0x0a4d0002, 5001)).toBe('10.77.0.2:5001')
  })

  it.each([
    '10.77.0.2',
    '10.77.0.2:',
    '10.77.0.2:65536',
    '10.77.0.2:080',
    '10.77.0.2:1:2',
    ':80',
    '10.77.0:80',
  ])('refuses %j', (text) => expect(parseEndpoint(text)).toBeUndefined())
})

describe('flows', () => {
  it('has one name from either end, the lower address first', () => {
    const name = '10.77.0.1:40000-10.77.0.2:5001'
    expect(flowName(0x0a4d0001, 40_000, 0x0a4d0002, 5001)).toBe(name)
    expect(flowName(0x0a4d0002, 5001, 0x0a4d0001, 40_000)).toBe(name)
  })

  it('goes by the port between two ports of one address', () => {
    expect(flowName(0x0a4d0001, 9, 0x0a4d0001, 7)).toBe('10.77.0.1:7-10.77.0.1:9')
  })
})
