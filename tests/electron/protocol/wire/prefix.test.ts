import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../../electron/protocol/wire/address.ts'
import {
  formatPrefix,
  isBroadcastOf,
  isWithin,
  networkOf,
  parsePrefix,
} from '../../../../electron/protocol/wire/prefix.ts'
import { address, RUNS } from '../../../support/packets.ts'

const at = (text: string): number => parseAddress(text)!

describe('prefixes (RFC 4632 3.1)', () => {
  it('hold exactly the addresses whose leading bits are theirs', () => {
    const bits = (value: number, length: number) => value.toString(2).padStart(32, '0').slice(0, length)
    fc.assert(
      fc.property(address, address, fc.nat(32), (one, other, length) => {
        const network = networkOf(one, length)
        expect(isWithin(one, network)).toBe(true)
        expect(isWithin(other, network)).toBe(bits(one, length) === bits(other, length))
        expect(parsePrefix(formatPrefix(network))).toEqual(network)
      }),
      { numRuns: RUNS },
    )
  })

  it.each(['10.77.0.1/24', '10.77.0.0/33', '10.77.0.0/', '10.77.0.0', '10.77.0.0/024', '10.77.0/24', '/0'])(
    '%s is none',
    (text) => {
      expect(parsePrefix(text)).toBeUndefined()
    },
  )

  it('know the address of all their hosts (RFC 919 7); networks of one or two have none (RFC 3021)', () => {
    const broadcast = (text: string, of: string) => isBroadcastOf(at(text), parsePrefix(of)!)
    expect(broadcast('10.77.3.255', '10.77.3.0/24')).toBe(true)
    expect(broadcast('10.77.3.254', '10.77.3.0/24')).toBe(false)
    expect(broadcast('10.77.4.255', '10.77.3.0/24')).toBe(false)
    expect(broadcast('10.77.3.1', '10.77.3.0/31')).toBe(false)
    expect(broadcast('10.77.3.1', '10.77.3.1/32')).toBe(false)
  })
})
