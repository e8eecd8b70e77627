/** MQTT 3.1.1 3.1, 3.2 and 3.14: who is let in, who is not and why, and how a connection ends. */
import { describe, expect, test } from 'vitest'
import { runMqtt, RTT, SECOND, type BrokerInput, type ClientInput } from '../../../../support/mqtt-lab.ts'

const once: ClientInput = { reconnect: 0 }

describe('CONNACK refuses (MQTT-3.2.2-4, 3.2.2.3)', () => {
  const users: BrokerInput = { users: { ann: 'secret', bob: 'key' }, unauthorized: ['bob'] }
  test.each<[string, number, BrokerInput, ClientInput]>([
    ['1: the broker does not speak MQTT 5', 1, {}, { version: 5 }],
    ['2: the identifier is not wanted', 2, { refusedClients: ['device'] }, {}],
    ['2: the identifier is too long for MQTT 3.1', 2, {}, { version: 3, clientId: 'a'.repeat(24) }],
    ['3: the broker is there for nobody', 3, { unavailable: true }, {}],
    ['4: no user', 4, users, {}],
    ['4: a wrong password', 4, users, { username: 'ann', password: 'guess' }],
    ['4: a user that objects inherit', 4, users, { username: 'constructor', password: 'x' }],
    ['5: a user that may not', 5, users, { username: 'bob', password: 'key' }],
  ])('%s', async (_what, code, broker, client) => {
    const { all } = await runMqtt({ broker, clients: { device: { ...once, ...client } } })
    expect(all('mqtt:state').map(({ state }) => state)).toEqual(['connecting', 'refused'])
    expect(all('mqtt:state').at(-1)).toMatchObject({ code })
    expect(all('mqtt:refused')).toMatchObject([{ code }])
    expect(all('mqtt:session')).toEqual([])
  })

  test('and lets in whom it knows', async () => {
    const { all } = await runMqtt({
      broker: users,
      clients: { device: { ...once, username: 'ann', password: 'secret' } },
    })
    expect(all('mqtt:state').map(({ state }) => state)).toEqual(['connecting', 'connected'])
  })

  test('a client tries again after the time that was set', async () => {
    const { all } = await runMqtt({
      broker: { unavailable: true },
      clients: { device: { reconnect: 3 * SECOND, actions: [{ at: 5 * SECOND, do: 'disconnect' }] } },
    })
    const attempts = all('mqtt:state').filter(({ state }) => state === 'connecting')
    expect(attempts).toHaveLength(2)
    expect(attempts[1].t - attempts[0].t).toBeCloseTo(3 * SECOND + 2 * RTT, -4)
  })
})

describe('a client without an identifier', () => {
  test('gets one from the broker (MQTT-3.1.3-6); both give it the same name here', async () => {
    const { all } = await runMqtt({ clients: { device: { ...once, clientId: '' } } })
    const [{ client }] = all('mqtt:session')
    expect(client).toMatch(/^auto-10\.77\.0\.1:\d+$/)
    expect(all('mqtt:state').map((told) => told.client)).toEqual([client, client])
  })

  test('does so by MQTT.js only with a clean session, so nothing is sent', async () => {
    const { all } = await runMqtt({ clients: { device: { ...once, clientId: '', clean: false } } })
    expect(all('mqtt:state').map(({ state }) => state)).toEqual(['connecting', 'closed'])
    expect(all('mqtt:session')).toEqual([])
  })
})

describe('the end of a connection', () => {
  test('by DISCONNECT: the client does not come back', async () => {
    const { all, run } = await runMqtt({
      clients: { device: { actions: [{ at: SECOND, do: 'disconnect' }] } },
    })
    expect(all('mqtt:state').at(-1)).toMatchObject({ state: 'closed', reason: 'disconnect' })
    expect(run.info.now).toBeLessThan(2 * SECOND)
  })

  test('unless it is told to', async () => {
    const { all } = await runMqtt({
      clients: {
        device: {
          actions: [
            { at: SECOND, do: 'disconnect' },
            { at: 5 * SECOND, do: 'connect' },
            { at: 6 * SECOND, do: 'disconnect' },
          ],
        },
      },
    })
    expect(all('mqtt:state').map(({ state }) => state)).toEqual([
      'connecting',
      'connected',
      'closed',
      'connecting',
      'connected',
      'closed',
    ])
  })

  test('by a reset: it tries again', async () => {
    const { all } = await runMqtt({
      clients: {
        device: {
          actions: [
            { at: SECOND, do: 'break' },
            { at: 5 * SECOND, do: 'disconnect' },
          ],
        },
      },
    })
    const states = all('mqtt:state').map(({ state, reason }) => state + reason)
    expect(states.slice(0, 6)).toEqual([
      'connecting',
      'connected',
      'closedbreak',
      'waiting',
      'connecting',
      'connected',
    ])
  })

  test('by the broker: it tries again, too', async () => {
    const { all } = await runMqtt({
      broker: { closings: [{ client: 'device', at: SECOND }] },
      clients: { device: { actions: [{ at: 5 * SECOND, do: 'disconnect' }] } },
    })
    const states = all('mqtt:state').map(({ state, reason }) => state + reason)
    expect(states).toEqual([
      'connecting',
      'connected',
      'closedpeer',
      'waiting',
      'connecting',
      'connected',
      'closeddisconnect',
    ])
  })

  test('by another with the same identifier (MQTT-3.1.4-2)', async () => {
    const { all } = await runMqtt({
      clients: {
        first: { ...once, clientId: 'device' },
        second: { ...once, clientId: 'device', start: SECOND },
      },
    })
    expect(all('mqtt:session').map(({ action }) => action)).toEqual([
      'created',
      'taken_over',
      'ended',
      'created',
    ])
    expect(all('mqtt:state').filter(({ state }) => state === 'closed')).toMatchObject([{ reason: 'peer' }])
  })
})
