/** A host that loses power, and one that gets it again. */
import { describe, expect, it } from 'vitest'
import { HostLab } from '../../../support/host-lab.ts'
import { SERVER } from '../../../support/packets.ts'

const PORT = 5001

/** A connection between the two hosts, established and silent. */
function connected(settings = {}) {
  const lab = new HostLab()
  const listener = lab.server.listen(lab.now, PORT)
  const connection = lab.client.connect(lab.now, { address: SERVER, port: PORT }, settings)
  lab.run(1e6)
  const accepted = listener.accept(lab.now)!
  expect([connection.state, accepted.state]).toEqual(['ESTABLISHED', 'ESTABLISHED'])
  return { lab, listener, connection, accepted }
}

describe('a host that goes off', () => {
  it('says nothing to its peers, nor to its programs, and forgets its connections', () => {
    const { lab, accepted } = connected()
    const sent = lab.sent.length
    const told = lab.toldOf(lab.server).length
    accepted.write(lab.now, new Uint8Array(5_000))
    lab.server.powerOff(lab.now)
    lab.run(60e6)
    expect(lab.sent).toHaveLength(sent)
    expect(lab.toldOf(lab.server)).toHaveLength(told)
    expect(lab.server.tcp.connectionCount).toBe(0)
    expect(accepted.error).toBe('power_off')
    expect(accepted.write(lab.now, new Uint8Array(1))).toBe(0)
  })

  it('takes nothing in, and the trace says why', () => {
    const { lab, connection } = connected()
    lab.server.powerOff(lab.now)
    connection.write(lab.now, new Uint8Array(100))
    lab.run(lab.now + 2e6)
    const rejected = lab.events('ip:packet_rejected')
    expect(rejected.map(({ node, data }) => `${node} ${data.reason as string}`)).toEqual([
      'server power_off',
      'server power_off',
    ])
    expect(connection.metrics().acked).toBe(0)
  })

  it('sends nothing that it is asked for, not even later', () => {
    const { lab } = connected()
    lab.client.powerOff(lab.now)
    const sent = lab.sent.length
    lab.client.connect(lab.now, { address: SERVER, port: PORT })
    lab.client.ping(lab.now, SERVER)
    lab.run(lab.now + 5e6)
    lab.client.powerOn(lab.now)
    lab.run(lab.now + 5e6)
    expect(lab.sent).toHaveLength(sent)
  })
})

describe('a host that is on again', () => {
  it('answers what goes on from before with a RST (RFC 9293 3.5.1, half-open connections)', () => {
    const { lab, connection } = connected()
    lab.server.powerOff(lab.now)
    lab.server.powerOn(lab.now)
    connection.write(lab.now, new Uint8Array(100))
    lab.run(lab.now + 1e6)
    expect(connection.error).toBe('reset')
  })

  it('has no listener, and may have one again on the same port', () => {
    const { lab, listener } = connected()
    lab.server.powerOff(lab.now)
    lab.server.powerOn(lab.now)
    expect(listener.closed).toBe(true)
    const refused = lab.client.connect(lab.now, { address: SERVER, port: PORT })
    lab.run(lab.now + 1e6)
    expect(refused.error).toBe('refused')
    lab.server.listen(lab.now, PORT)
    const again = lab.client.connect(lab.now, { address: SERVER, port: PORT })
    lab.run(lab.now + 1e6)
    expect(again.state).toBe('ESTABLISHED')
  })
})
