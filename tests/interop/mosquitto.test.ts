/**
 * MQTT by strangers through the gateway: clients of Eclipse Mosquitto to the broker in the lab and to a broker of their own make, over
 * a link that loses one packet in twenty each way.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Run } from '../../electron/engine/run.ts'
import { openGateway } from '../support/gateway.ts'
import { mosquitto, mosquittoPub, mosquittoSub, type MqttOptions } from '../support/mosquitto.ts'
import { findMosquitto } from '../support/tools.ts'

const LOSSY = { delay: 2_000, loss: { rate: 0.05 } }
const LINK = { up: LOSSY, down: LOSSY }
const MESSAGES = 60
/** Within its Receive Maximum of 20 (MQTT 5 4.9): with more under way the client of mosquitto 2.0.11 gives up by itself now and then. */
const FEW = 18
/** What is lost comes again after a second at the latest, and after two if it is lost again. */
const WAIT = { timeout: 20_000 }
const TOPIC = 'lab/readings'

const QOS = [0, 1, 2] as const
const hasAll = (['mosquitto', 'mosquitto_pub', 'mosquitto_sub'] as const).every((name) => findMosquitto(name))

/** One client publishes, another one hears it; all that came, in the order of coming. */
async function exchange(run: Run, options: MqttOptions, count: number): Promise<readonly string[]> {
  const { qos = 0 } = options
  const heard = mosquittoSub({ ...options, id: `sub${qos}`, filter: 'lab/+' }, count)
  await expect.poll(() => packetsOf(run).some(({ type }) => type === 'SUBACK'), WAIT).toBe(true)
  const payloads = Array.from({ length: count }, (_, i) => `reading ${i}`)
  const publishing = mosquittoPub({ ...options, id: `pub${qos}`, topic: TOPIC }, payloads)
  const [messages, published] = await Promise.all([heard, publishing])
  expect(published).toEqual({ status: 0, text: '' })
  return messages
}

const packetsOf = (run: Run) => [...run.reader.events(['mqtt:packet'])].map(({ data }) => data)

const allOf = (qos: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${qos} reading ${i}`)

describe.skipIf(!hasAll)('clients of mosquitto', () => {
  it.each(QOS)(
    'publish and subscribe with QoS %i at the broker in the lab, and nothing is lost',
    async (qos) => {
      const { run, port } = await openGateway({ to: 'broker', link: LINK })
      // TCP mends what the link loses; so even QoS 0 loses nothing while no connection breaks.
      expect(await exchange(run, { port, qos }, MESSAGES)).toEqual(allOf(qos, MESSAGES))
      expect([...run.reader.events(['link:packet_dropped'])].length).toBeGreaterThan(0)
      expect([...run.reader.events(['mqtt:problem'])]).toEqual([])
      const packets = packetsOf(run)
      const countOf = (type: string, from: string): number =>
        packets.filter((packet) => packet.type === type && packet.from === from).length
      // Each is told of once on its way to the broker, and once on its way from there.
      expect(countOf('PUBLISH', 'client')).toBe(MESSAGES)
      expect(countOf('PUBLISH', 'server')).toBe(MESSAGES)
      const answer = ['', 'PUBACK', 'PUBCOMP'][qos]
      if (answer !== '')
        expect([countOf(answer, 'server'), countOf(answer, 'client')]).toEqual([MESSAGES, MESSAGES])
      expect(new Set(packets.map(({ version }) => version))).toEqual(new Set([4]))
    },
  )

  it.each(QOS)(
    'do the same at a broker of their own make behind the gateway, with QoS %i in MQTT 5',
    async (qos) => {
      const { run, port } = await openGateway({
        to: { host: '127.0.0.1', port: await mosquitto() },
        link: LINK,
      })
      expect(await exchange(run, { port, qos, version: 'mqttv5' }, FEW)).toEqual(allOf(qos, FEW))
      expect([...run.reader.events(['mqtt:problem'])]).toEqual([])
      const packets = packetsOf(run)
      expect(packets.filter(({ type }) => type === 'PUBLISH')).toHaveLength(2 * FEW)
      expect(new Set(packets.map(({ version }) => version))).toEqual(new Set([5]))
    },
  )

  it('that speak MQTT 5 are refused by the broker in the lab, which says so', async () => {
    const { run, port } = await openGateway({ to: 'broker' })
    const { status, text } = await mosquittoPub({ port, version: 'mqttv5', topic: TOPIC }, ['hello'])
    expect(status).not.toBe(0)
    expect(text).toMatch(/protocol version|refused|error/i)
    expect([...run.reader.events(['mqtt:refused'])]).toHaveLength(1)
  })
})

/** What an outsider writes by hand, each with the rule that it breaks. */
const CONNECT = '101000044d5154540402003c000473746566'
const BAD: readonly (readonly [what: string, hex: string, rule: RegExp])[] = [
  ['a remaining length of five bytes', '10ffffffff01', /2\.2\.3/],
  ['another protocol name', '101000044d51545a0402003c000473746566', /3\.1\.2-1|3\.1\.2\.1/],
  ['a second CONNECT', `${CONNECT}${CONNECT}`, /3\.1\.0-2/],
  ['reserved bits of SUBSCRIBE', `${CONNECT}8008000100036c616201`, /2\.2\.2|3\.8\.1-1/],
  ['a topic that is not UTF-8', `${CONNECT}30070003ff6f6f6869`, /1\.5\.3-1/],
  ['a PUBLISH of QoS 3', `${CONNECT}360900036c6162000168692e`, /3\.3\.1-4/],
]

describe('an outsider that breaks MQTT', () => {
  it.each(BAD)('with %s is cut off, and the trace says by which rule', async (_what, hex, rule) => {
    const { run, port } = await openGateway({ to: 'broker' })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.resume()
    await once(socket, 'connect')
    socket.write(Buffer.from(hex, 'hex'))
    await once(socket, 'close')
    const problems = [...run.reader.events(['mqtt:problem'])].map(({ data }) => data)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems[0].rule).toMatch(rule)
    expect(problems[0].from).toBe('client')
    // The broker goes on for others.
    const other = connect(port, '127.0.0.1')
    onTestFinished(() => void other.destroy())
    other.write(Buffer.from(CONNECT, 'hex'))
    const [connack] = (await once(other, 'data')) as [Buffer]
    expect(connack.toString('hex')).toBe('20020000')
  })
})
