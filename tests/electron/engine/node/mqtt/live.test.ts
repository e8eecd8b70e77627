/** The same programs by the wall clock, in the clear and over TLS. */
import { expect, test } from 'vitest'
import { runMqtt, SECOND, type BrokerInput, type ClientInput } from '../../../../support/mqtt-lab.ts'

const secure: [BrokerInput, ClientInput] = [
  { port: 8883, tls: {} },
  { port: 8883, tls: { serverName: 'server.lab' } },
]

const full = process.env.REXMIT_FULL === '1'

/** Eight seconds of a wall clock are long: what goes over TLS goes in the clear, too. */
test.each([
  ...(full ? [['live', 'in the clear', [{}, {}]] as const] : []),
  ['live', 'over TLS', secure],
  ['virtual', 'over TLS', secure],
] as const)('%s, %s: QoS 1 and 2, a cut, a will', async (driver, _how, [broker, client]) => {
  const { got, all, run } = await runMqtt({
    driver,
    duration: 30 * SECOND,
    broker,
    clients: {
      sub: {
        ...client,
        clean: false,
        keepAlive: 5 * SECOND,
        reconnect: 200_000,
        subscribe: [{ filter: 'a/#', qos: 2 }],
        cuts: [{ packet: 'PUBLISH', when: 'received', nth: 1 }],
        actions: [{ at: 8 * SECOND, do: 'disconnect' }],
      },
      pub: {
        ...client,
        reconnect: 0,
        will: { topic: 'a/will', qos: 1 },
        publish: ([1, 2] as const).map((qos, i) => ({ topic: 'a/b', qos, at: 4 * SECOND + i * 300_000 })),
        actions: [{ at: 6 * SECOND, do: 'break' }],
      },
    },
  })
  // The will has the first number: it is written before anything is published.
  expect(new Set(got('sub'))).toEqual(new Set([1, 2, 3]))
  expect(all('mqtt:message_delivered').filter(({ copy }) => copy > 1)).toMatchObject([{ dup: true, qos: 1 }])
  expect(all('mqtt:keep_alive_expired')).toEqual([])
  expect(all('mqtt:will').map(({ action }) => action)).toEqual(['registered', 'published'])
  expect(run.summary!.faults).toEqual([])
})
