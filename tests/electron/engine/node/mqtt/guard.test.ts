/** What the broker does with bytes that break a rule of MQTT 3.1.1: each from a stranger, over the lab's TCP. */
import { describe, expect, test } from 'vitest'
import { runMqtt, RTT, SECOND, type Script } from '../../../../support/mqtt-lab.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))

/** MQTT 3.1.1, clean session, keep alive 0, client identifier `x`. */
const CONNECT = '10 0d 0004 4d515454 04 02 0000 0001 78'
const CONNACK = [0x20, 2, 0, 0]
const PINGREQ = 'c0 00'

/** Sends each piece a second after the one before. */
const speak = async (...pieces: string[]) => {
  const script: Script = pieces.map((piece, i) => ({ at: i * SECOND, bytes: hex(piece) }))
  const { seen, all } = await runMqtt({ stranger: script })
  return { ...seen, refused: all('mqtt:refused'), will: all('mqtt:will') }
}

test('a client that keeps to the rules is answered, and left in peace', async () => {
  const { bytes, closedAt } = await speak(CONNECT, PINGREQ)
  expect(bytes).toEqual([...CONNACK, 0xd0, 0])
  expect(closedAt).toBeUndefined()
})

describe('before CONNECT is accepted, the connection is closed without a word', () => {
  test.each([
    ['MQTT-3.1.0-1: the first packet is not CONNECT', PINGREQ],
    ['MQTT-3.1.2-1: the name of the protocol is another', '10 0d 0004 4d515458 04 02 0000 0001 78'],
    ['MQTT-3.1.2-3: the reserved flag is set', '10 0d 0004 4d515454 04 03 0000 0001 78'],
    ['MQTT-3.1.2-13: a QoS of a will that there is not', '10 0d 0004 4d515454 04 0a 0000 0001 78'],
    ['MQTT-3.1.2-14: QoS 3 of a will', '10 13 0004 4d515454 04 1e 0000 0001 78 0001 77 0001 77'],
    ['MQTT-3.1.2-15: a will is to be retained that there is not', '10 0d 0004 4d515454 04 22 0000 0001 78'],
    ['MQTT-3.1.2-22: a password without a user', '10 10 0004 4d515454 04 42 0000 0001 78 0001 70'],
    ['MQTT-1.5.3-1: an identifier that is not UTF-8', '10 0d 0004 4d515454 04 02 0000 0001 ff'],
    ['MQTT-1.5.3-1: a surrogate', '10 0f 0004 4d515454 04 02 0000 0003 eda080'],
    ['MQTT-1.5.3-2: U+0000 in it', '10 0d 0004 4d515454 04 02 0000 0001 00'],
    ['MQTT-2.2.2-2: flags in the first byte of CONNECT', '11 0d 0004 4d515454 04 02 0000 0001 78'],
    ['2.2.3: a remaining length of five bytes', '10 ff ff ff ff 7f'],
    ['2.2.1: packet type 0', '00 00'],
    ['a length that ends within a field', '10 0c 0004 4d515454 04 02 0000 0001'],
  ])('%s', async (_rule, packet) => {
    const { bytes, closedAt, refused } = await speak(packet)
    expect(bytes).toEqual([])
    expect(closedAt).toBeLessThan(2 * RTT)
    expect(refused).toEqual([])
  })
})

describe('what a return code says is said with it, then the connection is closed', () => {
  test.each([
    ['MQTT-3.1.2-2: level 6', 1, '10 0d 0004 4d515454 06 02 0000 0001 78'],
    ['MQTT-3.1.2-2: MQTT 5', 1, '10 0e 0004 4d515454 05 02 0000 00 0001 78'],
    ['MQTT-3.1.3-8: no identifier, but a session that is to stay', 2, '10 0c 0004 4d515454 04 00 0000 0000'],
  ])('%s', async (_rule, code, packet) => {
    const { bytes, closedAt, refused } = await speak(packet)
    expect(bytes).toEqual([0x20, 2, 0, code])
    expect(closedAt).toBeLessThan(2 * RTT)
    expect(refused).toMatchObject([{ code }])
  })
})

describe('after CONNECT, the connection is closed as soon as a rule is broken', () => {
  test.each([
    ['MQTT-3.1.0-2: a second CONNECT', CONNECT],
    ['MQTT-2.2.2-2: flags of SUBSCRIBE', '80 06 0001 0001 61 00'],
    ['MQTT-2.2.2-2: flags of PUBREL', '60 02 0001'],
    ['MQTT-2.2.2-2: flags of PINGREQ', 'c1 00'],
    ['MQTT-3.3.1-4: PUBLISH with QoS 3', '36 05 0001 61 0001'],
    ['MQTT-3.3.1-2: DUP with QoS 0', '38 03 0001 61'],
    ['MQTT-3.3.2-2: # in the name of a topic', '30 05 0003 612f23'],
    ['MQTT-3.3.2-2: + in the name of a topic', '30 05 0003 2b2f61'],
    ['MQTT-4.7.3-1: a topic without a name', '30 02 0000'],
    ['MQTT-1.5.3-1: a topic that is not UTF-8', '30 04 0002 c0af'],
    ['MQTT-1.5.3-2: U+0000 in a topic', '30 04 0002 6100'],
    ['MQTT-2.3.1-1: PUBLISH with packet identifier 0', '32 05 0001 61 0000'],
    ['MQTT-2.3.1-1: SUBSCRIBE with packet identifier 0', '82 06 0000 0001 61 00'],
    ['MQTT-3.8.3-3: SUBSCRIBE without a filter', '82 02 0001'],
    ['MQTT-3-8.3-4: SUBSCRIBE with QoS 3', '82 06 0001 0001 61 03'],
    ['MQTT-3-8.3-4: reserved bits of a subscription', '82 06 0001 0001 61 04'],
    ['MQTT-4.7.1-2: # in the middle of a filter', '82 08 0001 0003 232f61 00'],
    ['MQTT-4.7.1-3: + beside other characters', '82 07 0001 0002 612b 00'],
    ['MQTT-3.10.3-2: UNSUBSCRIBE without a filter', 'a2 02 0001'],
    ['2.2.3: a remaining length of five bytes', '30 ff ff ff ff 01'],
    ['2.2.1: packet type 15', 'f0 00'],
    ['a packet of a server: CONNACK', '20 02 0000'],
    ['a packet of a server: SUBACK', '90 03 0001 00'],
    ['a packet of a server: PINGRESP', 'd0 00'],
    ['a length that ends within a field', '30 03 0005 61'],
    ['bytes after the end of PUBACK', '40 03 0001 00'],
  ])('%s', async (_rule, packet) => {
    const { bytes, closedAt } = await speak(CONNECT, packet)
    expect(bytes).toEqual(CONNACK)
    expect(closedAt).toBeGreaterThan(SECOND)
    expect(closedAt).toBeLessThan(SECOND + 2 * RTT)
  })

  test('a fixed header is enough: nobody waits for the rest', async () => {
    // PUBLISH with QoS 3 of some 200 MB.
    const { closedAt } = await speak(CONNECT, '36 80 80 80 60 00')
    expect(closedAt).toBeLessThan(SECOND + 2 * RTT)
  })

  test('what came before in the same segment still counts', async () => {
    const script = [CONNECT, '31 04 0001 61 6d c1 00'].map((piece, i) => ({
      at: i * SECOND,
      bytes: hex(piece),
    }))
    const { all, seen } = await runMqtt({ stranger: script })
    expect(all('mqtt:retained')).toMatchObject([{ topic: 'a', size: 1, action: 'set' }])
    expect(seen.closedAt).toBeLessThan(SECOND + 2 * RTT)
  })

  test('what comes after it, in the same segment or later, does not', async () => {
    const script = [CONNECT, 'c1 00 31 04 0001 61 6d', '31 04 0001 61 6d'].map((piece, i) => ({
      at: i * SECOND,
      bytes: hex(piece),
    }))
    const { all } = await runMqtt({ stranger: script })
    expect(all('mqtt:retained')).toEqual([])
  })

  test('MQTT-3.14.4-2: what follows DISCONNECT is not looked at', async () => {
    const { bytes } = await speak(CONNECT, `e0 00 ${PINGREQ}`)
    expect(bytes).toEqual(CONNACK)
  })
})

describe('wills (MQTT-3.1.2-8)', () => {
  const WITH_WILL = '10 13 0004 4d515454 04 06 0000 0001 78 0001 77 0001 6d'

  test('a broken rule is no farewell: the will is published', async () => {
    const { will } = await speak(WITH_WILL, 'c1 00')
    expect(will).toMatchObject([
      { action: 'registered', topic: 'w' },
      { action: 'published', reason: 'protocol_error' },
    ])
  })

  test('MQTT-3.1.2-10: after DISCONNECT it is not, whatever follows', async () => {
    const { will } = await speak(WITH_WILL, 'e0 00 c1 00')
    expect(will).toMatchObject([{ action: 'registered' }, { action: 'discarded', reason: 'disconnect' }])
  })
})

describe('a client closes the connection when the server breaks a rule (MQTT-4.8.0-1)', () => {
  test.each([
    ['MQTT-3.2.0-1: the first packet is not CONNACK', 'd0 00', ['connecting', 'closed error']],
    ['MQTT-2.2.2-2: flags of CONNACK', '21 02 0000', ['connecting', 'closed error']],
    [
      'flags of PINGRESP after a good CONNACK',
      '20 02 0000 d1 00',
      ['connecting', 'connected', 'closed error'],
    ],
    ['QoS 3', '20 02 0000 36 05 0001 61 0001', ['connecting', 'connected', 'closed error']],
    ['no MQTT at all', '48 54 54 50', ['connecting', 'closed error']],
  ])('%s', async (_rule, packet, states) => {
    const { all } = await runMqtt({
      impostor: hex(packet),
      clients: { device: { reconnect: 0, actions: [{ at: SECOND, do: 'disconnect' }] } },
    })
    expect(all('mqtt:state').map(({ state, reason }) => `${state} ${reason}`.trim())).toEqual(states)
  })
})

test('3.1.4: who sends no CONNECT is not waited for for ever', async () => {
  const { seen } = await runMqtt({
    stranger: [
      { at: 0, bytes: hex('10') },
      { at: 60 * SECOND, bytes: hex('00') },
    ],
  })
  expect(seen.closedAt).toBeCloseTo(30 * SECOND, -6)
})
