import { describe, expect, it } from 'vitest'
import { UdpMappings } from '../../../../electron/engine/relay/udp-mappings.ts'
import type { Micros } from '../../../../shared/units.ts'

const micros = (span: number): Micros => span as Micros
const MINUTE = 60e6
const at = (minutes: number) => micros(minutes * MINUTE)

function mappings(): { gone: string[]; table: UdpMappings<string> } {
  const gone: string[] = []
  return { gone, table: new UdpMappings<string>((mapping) => gone.push(mapping)) }
}

describe('mappings of UDP (RFC 4787)', () => {
  it('are kept for five minutes after they were used last (4.3, REQ-5)', () => {
    const { gone, table } = mappings()
    table.add('a', 'first', at(0))
    table.add('b', 'second', at(1))
    expect(table.use('a', at(4))).toBe('first')
    expect(table.nextExpiry).toBe(at(6))
    table.expire(at(5.9))
    expect(gone).toEqual([])
    table.expire(at(6))
    expect(gone).toEqual(['second'])
    expect(table.nextExpiry).toBe(at(9))
    table.expire(at(9))
    expect(gone).toEqual(['second', 'first'])
    expect(table.nextExpiry).toBeUndefined()
    expect(table.use('a', at(9))).toBeUndefined()
  })

  it('are at most 1,024; the one that was silent longest makes room', () => {
    const { gone, table } = mappings()
    for (let i = 0; i < 1_024; i++) table.add(`${i}`, `${i}`, micros(i))
    table.use('0', micros(2_000))
    table.add('one more', 'one more', micros(2_001))
    table.add('another', 'another', micros(2_002))
    expect(gone).toEqual(['1', '2'])
  })

  it('end when they are removed or cleared, each once', () => {
    const { gone, table } = mappings()
    for (const name of ['a', 'b', 'c']) table.add(name, name, at(0))
    table.remove('b')
    table.remove('b')
    table.clear()
    table.expire(at(60))
    expect(gone).toEqual(['b', 'a', 'c'])
  })
})
