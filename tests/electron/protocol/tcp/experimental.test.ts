/** An option that nobody knows yet (RFC 6994): who sends it, who answers it, and what the trace says of it. */
import { describe, expect, it } from 'vitest'
import { Script } from '../../../support/tcp-script.ts'

const OPTION = { kind: 253, data: Uint8Array.of(0x52, 0x58) }
const ANOTHER = { kind: 253, data: Uint8Array.of(0x12, 0x34, 0x56) }
const negotiated = (s: Script) => s.trace.of('tcp:option_negotiated').map(({ arrived }) => arrived)

describe('client', () => {
  it('offers it in the SYN and hears of it in the SYN-ACK', () => {
    const s = new Script({ experimentalOption: true })
    s.connect()
    s.expect('S', { options: { unknown: [OPTION] } })
    s.inject('S.', { options: { unknown: [OPTION] } })
    s.expect('.')
    expect(s.last.segment.options.unknown).toBeUndefined()
    expect(s.trace.of('tcp:option_negotiated')).toEqual([{ kind: 253, experiment: 0x5258, arrived: true }])
  })

  it('goes on without when it does not come back', () => {
    const s = new Script({ experimentalOption: true })
    s.connect()
    s.expect('S')
    s.inject('S.', { options: { unknown: [ANOTHER] } })
    s.expect('.')
    expect(s.connection.state).toBe('ESTABLISHED')
    expect(negotiated(s)).toEqual([false])
  })

  it('sends the SYN without it when the first was not answered', () => {
    const s = new Script({ experimentalOption: true })
    s.connect()
    s.expect('S', { options: { unknown: [OPTION] } })
    s.untilSent()
    s.expect('S', { cause: 'syn' })
    expect(s.last.segment.options.unknown).toBeUndefined()
  })

  it('has none when it is off', () => {
    const s = new Script()
    s.connect()
    s.expect('S')
    expect(s.last.segment.options.unknown).toBeUndefined()
    s.inject('S.', { options: { unknown: [OPTION] } })
    s.expect('.')
    expect(negotiated(s)).toEqual([])
  })
})

describe('server', () => {
  it('answers it', () => {
    const s = new Script({ experimentalOption: true })
    s.listen()
    s.inject('S', { options: { mss: 1_000, unknown: [ANOTHER, OPTION] } })
    s.expect('S.', { options: { unknown: [OPTION] } })
    expect(negotiated(s)).toEqual([true])
  })

  it('does not send it unasked', () => {
    const s = new Script({ experimentalOption: true })
    s.listen()
    s.inject('S', { options: { mss: 1_000 } })
    s.expect('S.')
    expect(s.last.segment.options.unknown).toBeUndefined()
    expect(negotiated(s)).toEqual([false])
  })

  it('keeps silent of it when it is off', () => {
    const s = new Script()
    s.listen()
    s.inject('S', { options: { unknown: [OPTION] } })
    s.expect('S.')
    expect(s.last.segment.options.unknown).toBeUndefined()
    expect(negotiated(s)).toEqual([])
  })
})
