/** How connections begin and end, beyond what the experiments claim of themselves: their other settings, and lanes that are falsified. */
import { describe, expect, it } from 'vitest'
import { claimsOf, withLane } from '../support/claims.ts'

describe('why three and not two', () => {
  it('claims nothing, and breaks nothing, when the SYN is not held', async () => {
    const { failed, metrics } = await claimsOf('tcp-why-three', { held: 0 })
    expect(failed).toEqual([])
    expect(metrics['two/connections_left']).toBe(0)
  })

  it('finds the dead connection after all when the server asks whether anybody is there', async () => {
    const { metrics } = await claimsOf('tcp-why-three', { 'keep-alive': 1_000_000 })
    expect(metrics['two/connections_accepted']).toBe(2)
    expect(metrics['two/connections_left']).toBe(0)
  })

  it('fails for a handshake of two that is said to be one of three, and the other way round', async () => {
    const both = (on: boolean) => ({
      'hosts.client.tcp.twoWayHandshake': on,
      'hosts.server.tcp.twoWayHandshake': on,
    })
    const { failed } = await claimsOf(withLane('tcp-why-three', 'three', both(true)))
    expect(failed).toEqual(['three-left', 'three-buffer', 'three-reset', 'three-accepted'])
    const { failed: others } = await claimsOf(withLane('tcp-why-three', 'two', both(false)))
    expect(others).toEqual(['two-left', 'two-buffer', 'two-accepted'])
  })
})

describe('closing', () => {
  it('takes four segments without delayed ACK even when the server closes at once', async () => {
    const { failed, held, metrics } = await claimsOf('tcp-close', { 'delayed-ack': 0 })
    expect(failed).toEqual([])
    expect(held).toContain('four-without-delay')
    expect(metrics['three/segments_to_close']).toBe(4)
  })

  it('takes three of the server that thinks for less than an ACK may wait', async () => {
    const { failed, metrics } = await claimsOf('tcp-close', { thinks: 30_000, reply: 0 })
    expect(failed).toEqual([])
    expect(metrics['four/segments_to_close']).toBe(3)
  })

  it('fails where the lanes are not what they are said to be', async () => {
    const late = withLane('tcp-close', 'three', { 'apps.sink.closeDelay': 100_000 })
    expect((await claimsOf(late)).failed).toEqual(['three-segments'])
    const oneSided = withLane('tcp-close', 'both', { 'apps.sink.closeAfter': 0 })
    expect((await claimsOf(oneSided)).failed).toEqual(['both-segments', 'both-wait'])
    const silent = withLane('tcp-close', 'four', { 'apps.sink.reply': 10_000 })
    // Its claim is made of a reply of 30,000 bytes only.
    expect((await claimsOf(silent)).failed).toEqual([])
  })
})

describe('TIME-WAIT', () => {
  it('is held to be what keeps the bytes right: without it they are not', async () => {
    const { failed } = await claimsOf(
      withLane('tcp-time-wait', 'none', { 'hosts.client.tcp.msl': 1_000_000 }),
    )
    expect(failed).toEqual(['none-corrupted', 'reset'])
  })

  it('a whole segment of the first connection stands in the second', async () => {
    const { metrics } = await claimsOf('tcp-time-wait')
    // One letter of sixteen is the same by chance.
    expect(metrics['none/corrupted_bytes']).toBeGreaterThan(1_460 * 0.9)
    expect(metrics['none/corrupted_bytes']).toBeLessThanOrEqual(1_460)
    expect(metrics['none/bytes_intact']).toBe(0)
  })

  it('timestamps do the same for the bytes', async () => {
    const { failed, held } = await claimsOf('tcp-time-wait', { timestamps: true })
    expect(failed).toEqual([])
    expect(held).toContain('timestamps-help')
  })

  it('starts anew as often as the FIN comes', async () => {
    const { metrics } = await claimsOf('tcp-time-wait', { lost: [1, 2] })
    expect(metrics['kept/time_wait_restarts']).toBe(2)
    expect(metrics['kept/time_wait_length']).toBe(2_000_000)
    const none = await claimsOf('tcp-time-wait', { lost: [99] })
    expect(none.failed).toEqual([])
    expect(none.metrics['kept/time_wait_restarts']).toBe(0)
  })

  it('lasts 2 MSL, whatever that is', async () => {
    const { failed, metrics } = await claimsOf('tcp-time-wait', { msl: 600_000 })
    expect(failed).toEqual([])
    expect(metrics['kept/time_wait_length']).toBe(1_200_000)
  })
})

describe('sequence numbers that wrap', () => {
  it('PAWS is held to be what tells old from new', async () => {
    const bare = withLane('tcp-wrap', 'paws', { 'hosts.server.tcp.paws': false })
    expect((await claimsOf(bare)).failed).toEqual(['paws-corrupted', 'paws-refused', 'intact'])
    const both = withLane('tcp-wrap', 'bare', { 'hosts.server.tcp.paws': true })
    expect((await claimsOf(both)).failed).toEqual(['bare-corrupted'])
  })

  it('without timestamps PAWS does not help', async () => {
    const { failed, held } = await claimsOf('tcp-wrap', { timestamps: false })
    expect(failed).toEqual([])
    expect(held).toContain('off-corrupted')
  })
})
