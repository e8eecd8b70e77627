/** Whatever a stranger sends: the broker throws nothing, hangs on nothing, and serves the others as if nobody else were there. */
import mqttPacket, { type Packet } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { wound } from '../support/cuts.ts'
import { runMqtt, SECOND, type Script } from '../support/mqtt-lab.ts'

const CONVERSATIONS = process.env.REXMIT_FULL === '1' ? 1_500 : 25

const connect: Packet = {
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clientId: 'stranger',
  clean: false,
  keepalive: 2,
  will: { topic: 'a/will', payload: Buffer.from('gone'), qos: 1, retain: false },
  username: 'ann',
  password: Buffer.from('secret'),
}
const publish = { cmd: 'publish', topic: 'b', payload: 'x', dup: false, retain: false } as const

/** What well-behaved clients send, and sometimes in this order. */
const PACKETS: readonly Packet[] = [
  connect,
  {
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [
      { topic: 'a/#', qos: 2 },
      { topic: '+', qos: 1 },
    ],
  },
  { ...publish, qos: 0 },
  { ...publish, qos: 1, messageId: 7 },
  { ...publish, qos: 2, messageId: 8, retain: true },
  { cmd: 'pubrel', messageId: 8 },
  { cmd: 'puback', messageId: 1 },
  { cmd: 'pubrec', messageId: 1 },
  { cmd: 'pubcomp', messageId: 1 },
  { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a/#'] },
  { cmd: 'pingreq' },
  { cmd: 'disconnect' },
]

const encode = (packet: Packet): Uint8Array => new Uint8Array(mqttPacket.generate(packet))

/** The right packets, some of them in the wrong place, some of them damaged, cut anywhere. */
function conversation(rng: Rng): Script {
  const said = rng.next() < 0.9 ? [encode(connect)] : []
  const length = 1 + rng.int(8)
  for (let i = 0; i < length; i++) {
    const packet = encode(PACKETS[rng.int(PACKETS.length)])
    said.push(rng.next() < 0.5 ? packet : rng.next() < 0.8 ? wound(rng, packet) : rng.bytes(1 + rng.int(40)))
  }
  const all = Buffer.concat(said)
  const script: { at: number; bytes: Uint8Array }[] = []
  for (let at = 0, i = 0; at < all.length; i++) {
    const piece = 1 + rng.int(60)
    script.push({ at: i * 100_000, bytes: all.subarray(at, at + piece) })
    at += piece
  }
  return script
}

test(`${CONVERSATIONS} conversations that go wrong`, async () => {
  const rng = createRng(5)
  for (let i = 0; i < CONVERSATIONS; i++) {
    const { got, run } = await runMqtt({
      seed: i,
      stranger: conversation(rng.fork(String(i))),
      broker: { queueQoSZero: i % 2 === 0 },
      clients: {
        sub: { subscribe: [{ filter: 'mine', qos: 2 }], keepAlive: SECOND },
        pub: { publish: [{ topic: 'mine', qos: 2, at: SECOND, times: 3, every: SECOND }] },
      },
    })
    expect(got('sub'), `conversation ${i}`).toEqual([1, 2, 3])
    expect(run.info.state).toBe('finished')
    expect(run.info.now).toBeLessThan(60 * SECOND)
  }
}, 600_000)
