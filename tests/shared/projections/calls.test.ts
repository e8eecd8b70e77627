/** Remote calls, and what their bytes were spent on. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BYTE_PARTS, Calls, meanOf, sumOf, type LaneCalls } from '../../../shared/projections/calls.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

const HEADER = {
  ...{
    version: 'h2',
    part: 'request',
    exchange: 1,
    offset: 0,
    uncompressed: 90,
    method: 'POST',
    target: '/',
  },
  ...{ status: 0, fields: '[]', end: false },
}
const began = (maker: TraceMaker, t: number, call: number, size: number, node = 'client'): TraceMaker =>
  maker.add(t, 'rpc:call_started', { call, method: '/lab.Sensors/Read', size }, { node })
const ended = (maker: TraceMaker, t: number, call: number, size: number, status = 'OK'): TraceMaker =>
  maker.add(
    t,
    'rpc:call_finished',
    { call, status, size, error: status === 'OK' ? '' : 'late' },
    { node: 'client' },
  )
const headers = (maker: TraceMaker, t: number, node: string, length: number): TraceMaker =>
  maker.add(t, 'http:message_started', { ...HEADER, from: node, length }, { node, flow: 'f' })

function lanes(maker: TraceMaker, lane = ''): LaneCalls {
  const calls = new Calls()
  calls.update(maker.store())
  return calls.lanes.get(lane)!
}

describe('the bytes of a call', () => {
  const maker = new TraceMaker().pair()
  // SYN, SYN-ACK, ACK; then two calls, of which the second is cheaper.
  maker.sent(0, 1, 'client', {}).sent(1, 2, 'server', {}).sent(2, 3, 'client', {})
  began(maker, 3, 1, 20)
  headers(maker, 3, 'client', 50).sent(3, 4, 'client', { payload: 90 })
  headers(maker, 5, 'server', 30).sent(5, 5, 'server', { payload: 200 })
  ended(maker, 6, 1, 150)
  began(maker, 6, 2, 20)
  headers(maker, 6, 'client', 4).sent(6, 6, 'client', { payload: 40 })
  maker.sent(8, 7, 'server', { payload: 160 })
  ended(maker, 9, 2, 150)
  maker.sent(10, 8, 'client', {})
  const { calls, ended: done } = lanes(maker)

  test('are those since the call before it ended; of the first, what opened the connection is among them', () => {
    // Packets of 40 bytes and what they carry: five of them, and 290 bytes; then two, and 200.
    expect(done.map(({ bytes }) => bytes)).toEqual([
      { message: 170, headers: 80, framing: 40, packets: 200 },
      { message: 170, headers: 4, framing: 26, packets: 80 },
    ])
  })

  test('have a mean, and a sum', () => {
    expect(meanOf(done)).toEqual({ message: 170, headers: 42, framing: 33, packets: 140 })
    expect(done.map(({ bytes }) => sumOf(bytes!))).toEqual([490, 280])
    expect(meanOf([])).toBeUndefined()
  })

  test('a call says when it began and ended, and how', () => {
    expect(calls.map(({ number, begun, ended: end, status }) => [number, begun, end, status])).toEqual([
      [1, 3, 6, 'OK'],
      [2, 6, 9, 'OK'],
    ])
  })
})

test('calls end in their own order, may fail, or go on', () => {
  const maker = new TraceMaker().pair()
  for (const call of [1, 2, 3]) began(maker, call, call, 9)
  ended(ended(maker, 5, 2, 10), 6, 1, 0, 'DEADLINE_EXCEEDED')
  const { calls, ended: done } = lanes(maker)
  expect(done.map(({ number, status, error }) => `${number} ${status} ${error}`)).toEqual([
    '2 OK ',
    '1 DEADLINE_EXCEEDED late',
  ])
  expect(calls[2]).toMatchObject({ number: 3, ended: NaN, status: '', bytes: undefined })
})

test('calls of the same number at different clients are different calls', () => {
  const maker = new TraceMaker()
  began(began(maker, 1, 1, 5, 'a/client'), 2, 1, 7, 'a/other')
  maker.add(3, 'rpc:call_finished', { call: 1, status: 'OK', size: 1, error: '' }, { node: 'a/other' })
  expect(lanes(maker, 'a').ended.map(({ requestSize }) => requestSize)).toEqual([7])
})

test('whatever the events say, parts are never negative and add up to the packets', () => {
  const segment = fc.record({ payload: fc.nat(1_460), header: fc.nat(2_000), message: fc.nat(2_000) })
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (all) => {
      const maker = new TraceMaker().pair()
      all.forEach(({ payload, header, message }, i) => {
        began(maker, i, i + 1, message)
        headers(maker, i, 'client', header).sent(i, i + 1, 'client', { payload })
        ended(maker, i, i + 1, 0)
      })
      lanes(maker).ended.forEach(({ bytes }, i) => {
        for (const part of BYTE_PARTS) expect(bytes![part]).toBeGreaterThanOrEqual(0)
        expect(sumOf(bytes!)).toBe(40 + all[i].payload)
      })
    }),
  )
})
