/** Credit that grows with the path (RFC 9000 4.2), in virtual time. */
import { beforeAll, describe, expect, test } from 'vitest'
import { CreditWindow } from '../../../../electron/protocol/quic/credit.ts'
import type { Micros } from '../../../../shared/units.ts'
import { QuicPair } from '../../../support/quic-pair.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const RTT = 100_000
const at = (t: number): Micros => t as Micros

describe('the window', () => {
  test("doubles when a window's worth is read within two round trips", () => {
    const window = new CreditWindow(1_000, 8)
    window.onConsumed(at(1_000_000), 500, RTT)
    window.onConsumed(at(1_199_999), 500, RTT)
    expect(window.size).toBe(2_000)
  })

  test('stays as it is when the application or the peer is slower', () => {
    const window = new CreditWindow(1_000, 8)
    for (let i = 1; i < 50; i++) window.onConsumed(at(i * 201_000), 600, RTT)
    expect(window.size).toBe(1_000)
  })

  test('does not grow beyond the factor, and with 1 not at all', () => {
    const [grown, fixed] = [new CreditWindow(1_000, 6), new CreditWindow(1_000, 1)]
    for (let i = 1; i < 50; i++) for (const one of [grown, fixed]) one.onConsumed(at(i), 10_000, RTT)
    expect([grown.size, fixed.size]).toEqual([6_000, 1_000])
  })
})

describe('a transfer of 800 kB over 100 ms that begins with 32 kB of credit', () => {
  /** Time from the confirmed handshake to the last byte, and the most that was on its way unread. */
  function transfer(server: { creditGrowth: number; maxData: number; maxStreamData: number }) {
    const pair = new QuicPair({
      certificates,
      settings: { server, client: { congestion: 'none', pacing: false } },
    })
    const bytes = 800_000
    let [most, read] = [0, 0]
    pair.onEvent = (side, event, connection) => {
      if (side === 'client' && event.type === 'confirmed')
        connection.write(connection.openStream('bidirectional')!, new Uint8Array(bytes), true)
      if (side === 'server' && event.type === 'readable') {
        for (let data = connection.read(0); data; data = connection.read(0)) read += data.length
      }
    }
    pair.onSettled = (side) => {
      const sent = pair.client.stream(0)?.send?.next ?? 0
      if (side === 'client') most = Math.max(most, sent - read)
    }
    expect(pair.run(() => read === bytes)).toBe(true)
    return { time: pair.now - pair.timeOf('client', 'confirmed')!, most }
  }

  test('without growth it takes a round trip for each window, with it a few', () => {
    const small = { maxData: 32_768, maxStreamData: 32_768 }
    const fixed = transfer({ ...small, creditGrowth: 1 })
    const growing = transfer({ ...small, creditGrowth: 64 })
    // Half of a window is told anew whenever it was read: between one and two halves a round trip.
    expect(fixed.time / RTT).toBeGreaterThan(800_000 / 32_768 / 2)
    expect(growing.time / RTT).toBeLessThan(10)
    expect(fixed.most).toBeLessThanOrEqual(32_768)
    expect(growing.most).toBeLessThanOrEqual(64 * 32_768)
  })

  test('memory is bounded by the factor: at 4 no more than four times the credit is on its way', () => {
    const { most, time } = transfer({ maxData: 32_768, maxStreamData: 32_768, creditGrowth: 4 })
    expect(most).toBeGreaterThan(2 * 32_768)
    expect(most).toBeLessThanOrEqual(4 * 32_768)
    expect(time / RTT).toBeGreaterThan(800_000 / (4 * 32_768) / 2)
  })

  test("a stream whose window is far below the connection's grows by itself", () => {
    const { most } = transfer({ maxData: 1_000_000, maxStreamData: 16_384, creditGrowth: 8 })
    expect(most).toBeGreaterThan(4 * 16_384)
    expect(most).toBeLessThanOrEqual(8 * 16_384)
  })
})
