/** The experiments of MQTT: what the catalogue says of each QoS over many seeds, claims under what the knobs can do, and claims that would be noticed if they were not so. */
import { describe, expect, it } from 'vitest'
import type { Json } from '../../shared/experiment.ts'
import { claimsOf, withLane } from '../support/claims.ts'

const full = process.env.REXMIT_FULL === '1'
const seeds = Array.from({ length: full ? 30 : 4 }, (_, i) => i + 1)
const AT_REST = { loss: 0 }

describe('mqtt-qos under loss, with the connection cut between a packet and its answer', () => {
  it.each(seeds)('seed %d: lost and duplicated as the catalogue says', async (seed) => {
    for (const loss of [0.02, 0.05]) {
      const { metrics, failed } = await claimsOf('mqtt-qos', { loss }, seed)
      expect(failed).toEqual([])
      const counts = [0, 1, 2].map((qos) => {
        const [lost, duplicated] = ['lost', 'duplicated'].map(
          (what) => metrics[`qos${qos}/messages_${what}`]!,
        )
        return [Math.sign(lost), Math.sign(duplicated)]
      })
      expect(counts).toEqual([
        [1, 0],
        [0, 1],
        [0, 0],
      ])
    }
  })

  it('without a cut nothing is lost or doubled, whatever the QoS and the loss', async () => {
    for (const lane of ['qos0', 'qos1', 'qos2']) {
      const { metrics } = await claimsOf(withLane('mqtt-qos', lane, { 'apps.subscriber.cuts': [] }), {
        loss: 0.05,
      })
      expect([lane, metrics[`${lane}/messages_delivered`], metrics[`${lane}/messages_duplicated`]]).toEqual([
        lane,
        40,
        0,
      ])
    }
  })

  it('a broker that keeps QoS 0, too, loses less of it', async () => {
    const [kept, dropped] = await Promise.all(
      [true, false].map((keeps) => claimsOf('mqtt-qos', { ...AT_REST, 'keep-qos0': keeps })),
    )
    expect(kept.metrics['qos0/messages_lost']!).toBeLessThan(dropped.metrics['qos0/messages_lost']!)
  })
})

describe('claims nothing that is not true under what the knobs can do', () => {
  const cases: readonly (readonly [string, Record<string, Json>])[] = [
    ['mqtt-packets', { size: 16_377 }],
    ['mqtt-connect', { loss: 0.1 }],
    ['mqtt-qos', { away: 3_000_000 }],
    ['mqtt-qos', { delay: 200_000 }],
    ['mqtt-pubsub', { retain: false }],
    ['mqtt-pubsub', { loss: 0.1 }],
    ['mqtt-offline', { 'keep-qos0': true }],
    ['mqtt-offline', { loss: 0.1 }],
    ['mqtt-will', { 'keep-alive': 1_000_000 }],
    ['mqtt-will', { loss: 0.1 }],
    ['mqtt-keepalive', { 'keep-alive': 2_000_000 }],
    ['mqtt-keepalive', { 'keep-alive': 10_000_000 }],
    ['mqtt-keepalive', { loss: 0.1 }],
    ['mqtt-vs-http', { retries: 10 }],
    ['mqtt-vs-http', { qos: 2 }],
    ['mqtt-vs-http', { qos: 0 }],
    ['mqtt-vs-http', { patience: 20_000_000 }],
    ['mqtt-vs-http', { loss: 0.1 }],
  ]

  it.each(cases)('%s with %j', async (id, set) => {
    for (const seed of full ? [1, 2, 3] : [1])
      expect((await claimsOf(id, set, seed)).failed, `seed ${seed}`).toEqual([])
  })

  it('retries make HTTP lose nothing, either', async () => {
    const { metrics, held } = await claimsOf('mqtt-vs-http', { retries: 10 })
    expect(metrics['http-offline/requests_failed']).toBe(0)
    expect(held).not.toContain('http-lost')
  })
})

describe('would notice', () => {
  const sends = (...publish: Json[]): Record<string, Json> => ({ 'apps.client.publish': publish })
  const UNCUT = { 'links.link.up.outage.downFor': 0, 'links.link.down.outage.downFor': 0 }

  it.each<[string, string, string, Record<string, Json>, readonly string[]]>([
    ['no large packet', 'mqtt-packets', 'main', sends({ topic: 'sizes', size: 10 }), ['header', 'largest']],
    ['a client that never pauses', 'mqtt-packets', 'main', { 'apps.client.keepAlive': 0 }, ['pings']],
    ['a right password', 'mqtt-connect', 'password', { 'apps.client.password': 'secret' }, ['password-code']],
    [
      'a version that is known',
      'mqtt-connect',
      'version',
      { 'apps.broker.versions': [3, 4] },
      ['version-code'],
    ],
    [
      'a broker that does not close',
      'mqtt-connect',
      'closed',
      { 'apps.broker.closings': [] },
      ['comes-back'],
    ],
    ['no cut at QoS 0', 'mqtt-qos', 'qos0', { 'apps.subscriber.cuts': [] }, ['qos0-lost']],
    ['no cut at QoS 1', 'mqtt-qos', 'qos1', { 'apps.subscriber.cuts': [] }, ['qos1-duplicated']],
    [
      'a session that is not kept',
      'mqtt-qos',
      'qos1',
      { 'apps.subscriber.clean': true },
      ['qos1-duplicated'],
    ],
    [
      'QoS 1 in the place of 2',
      'mqtt-qos',
      'qos2',
      {
        'apps.subscriber.subscribe': [{ filter: 'lab/temperature', qos: 1 }],
        'apps.publisher.publish.0.qos': 1,
        'apps.subscriber.cuts': [{ packet: 'PUBLISH', when: 'received', nth: 15 }],
      },
      ['qos2-duplicated', 'qos2-packets'],
    ],
    [
      'another filter',
      'mqtt-pubsub',
      'hash',
      { 'apps.subscriber.subscribe': [{ filter: 'home/kitchen/+', qos: 1 }] },
      ['hash-delivered'],
    ],
    ['nothing retained', 'mqtt-pubsub', 'late', { 'apps.house.publish.1.retain': false }, ['late-delivered']],
    [
      'a clean session',
      'mqtt-offline',
      'kept',
      { 'apps.subscriber.clean': true },
      ['kept-delivered', 'kept-queue', 'kept-resumed'],
    ],
    [
      'a session that is kept',
      'mqtt-offline',
      'clean',
      { 'apps.subscriber.clean': false },
      ['clean-delivered'],
    ],
    [
      'a will after a DISCONNECT',
      'mqtt-will',
      'disconnect',
      { 'apps.heater.actions': [{ at: 5_000_000, do: 'break' }] },
      ['disconnect-wills-published', 'disconnect-wills-discarded'],
    ],
    ['light where it should be dark', 'mqtt-will', 'dark', UNCUT, ['dark-wills-published', 'dark-silence']],
    [
      'keep alive where there should be none',
      'mqtt-will',
      'no-keep-alive',
      { 'apps.heater.keepAlive': 4_000_000 },
      ['no-keep-alive-wills-published'],
    ],
    [
      'a client that is there',
      'mqtt-keepalive',
      'half-open',
      UNCUT,
      ['factor', 'half-open-keep-alive-expired'],
    ],
    [
      'keep alive in the last lane',
      'mqtt-keepalive',
      'none',
      { 'apps.client.keepAlive': 4_000_000 },
      ['none-keep-alive-expired'],
    ],
    ['a silent client', 'mqtt-keepalive', 'busy', { 'apps.client.publish': [] }, ['busy-pings']],
    ['no outage for HTTP', 'mqtt-vs-http', 'http-offline', UNCUT, ['http-lost']],
    ['a client that has left', 'mqtt-vs-http', 'mqtt-offline', { 'apps.sensor.reconnect': 0 }, ['mqtt-all']],
    ['connections that are kept', 'mqtt-vs-http', 'fresh', { 'apps.poster.reuse': true }, ['fewer-with-one']],
  ])('%s (%s)', async (_, id, lane, set, expected) => {
    const { failed } = await claimsOf(withLane(id, lane, set), id === 'mqtt-qos' ? AT_REST : {})
    expect(failed).toEqual(expected)
  })
})
