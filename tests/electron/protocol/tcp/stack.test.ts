/** A stack with many connections, its contract with its owner, and that nothing in it is left to chance. */
import { describe, expect, it } from 'vitest'
import { MemoryTrace, tcpSettings } from '../../../support/tcp-env.ts'
import { PORT, SERVER, TcpPipe, streamBytes } from '../../../support/tcp-pipe.ts'
import { Script } from '../../../support/tcp-script.ts'
import { transfer } from '../../../support/tcp-transfer.ts'

describe('many connections', () => {
  it('share a stack, each with bytes of its own', () => {
    const pipe = new TcpPipe({
      seed: 3,
      delay: 5_000,
      loss: 0.02,
      server: { acceptBacklog: 1_000, synBacklog: 1_000 },
    })
    const listener = pipe.listen()
    const received = new Map<number, number>()
    const count = 200
    const connections = Array.from({ length: count }, () => pipe.connect())
    expect(new Set(connections.map((c) => c.local.port)).size).toBe(count)
    pipe.client.application = (event, now) => {
      if (event.type !== 'connected') return
      event.connection.write(now, streamBytes(0, 1_000 + event.connection.local.port))
      event.connection.shutdown(now)
    }
    pipe.server.application = (event, now) => {
      const { connection } = event
      if (event.type === 'accepted') expect(listener.accept(now)).toBe(connection)
      for (let data = connection.read(now); data; data = connection.read(now)) {
        received.set(connection.remote.port, (received.get(connection.remote.port) ?? 0) + data.length)
      }
      if (event.type === 'peer_closed') connection.shutdown(now)
    }
    pipe.run()
    for (const { local } of connections) expect(received.get(local.port)).toBe(1_000 + local.port)
    expect(pipe.client.stack.connectionCount + pipe.server.stack.connectionCount).toBe(0)
  })

  it('two ends that open to each other at once have one connection (RFC 9293 3.5, figure 7)', () => {
    const pipe = new TcpPipe({ seed: 4, delay: 5_000 })
    const a = pipe.client.stack.connect(pipe.now, { address: SERVER, port: PORT }, tcpSettings(), 4_000)
    const b = pipe.server.stack.connect(
      pipe.now,
      { address: pipe.client.address, port: 4_000 },
      tcpSettings(),
      PORT,
    )
    a.write(pipe.now, streamBytes(0, 10))
    pipe.run(1e6)
    expect([a.state, b.state, b.readable]).toEqual(['ESTABLISHED', 'ESTABLISHED', 10])
    expect(a.flow).toBe(b.flow)
    a.shutdown(pipe.now)
    b.shutdown(pipe.now)
    pipe.run(2e6)
    expect([a.state, b.state]).toEqual(['TIME-WAIT', 'TIME-WAIT'])
  })
})

describe('the contract', () => {
  it('throws for what only a mistake of the caller can be', () => {
    const s = new Script()
    s.connect()
    expect(() => s.connect()).toThrow(/connected/)
    s.listen()
    expect(() => s.listen()).toThrow(/listened/)
  })

  it('says readable once, until something is read', () => {
    const s = Script.connected()
    s.inject('.', { data: 10 }).inject('.', { data: 10 })
    expect(s.events()).toEqual(['readable'])
    s.connection.read(s.now, 5)
    s.inject('.', { data: 10 })
    expect(s.events()).toEqual(['readable'])
    expect(s.read()).toBe(25)
  })

  it('does nothing when it is called before its time', () => {
    const s = Script.connected()
    s.write(10)
    s.expect('.').quiet()
    s.stack.handleTimeout(s.now)
    s.quiet()
    expect(s.stack.pollTimeout()).toBeGreaterThan(s.now)
  })

  it('reports metrics once a segment at most, and only when one has changed', () => {
    const s = Script.connected()
    const before = s.trace.of('tcp:metrics_updated').length
    for (let i = 0; i < 5; i++) {
      s.inject('.', { seq: 1, ack: 1 })
      s.skip()
    }
    expect(s.trace.of('tcp:metrics_updated')).toHaveLength(before)
    s.write(5_000)
    s.skip()
    expect(s.trace.of('tcp:metrics_updated')).toHaveLength(before + 1)
  })

  it('changes settings of a living connection, but not what the handshake agreed on', () => {
    const s = Script.connected({ delayedAck: 40_000, congestion: 'newreno' })
    s.connection.configure(s.now, { delayedAck: 0, sack: false, congestion: 'cubic', mss: 500 })
    expect(s.connection.settings).toMatchObject({ delayedAck: 0, sack: true, congestion: 'cubic', mss: 500 })
    s.inject('.', { data: 10 }).expect('.', { ack: 11 })
    s.inject('.', { seq: 100, data: 10 }).expect('.', { sack: [100, 110] })
    s.write(5_000)
    s.expectData(2, 500)
  })
})

describe('another congestion control in the middle of a connection', () => {
  it('takes over the window and the threshold', () => {
    const s = Script.connected({ congestion: 'newreno', mss: 1_000, initialWindow: 8 })
    s.write(50_000)
    s.expectData(8, 1_000)
    s.inject('.', { ack: 1, sack: [1_001, 5_001] }).skip()
    s.inject('.', { ack: 8_001 }).skip()
    const before = s.connection.metrics()
    s.connection.configure(s.now, { congestion: 'cubic' })
    expect(s.connection.metrics()).toMatchObject({ cwnd: before.cwnd, ssthresh: before.ssthresh })
  })

  it('does not take over a window that never limited', () => {
    const s = Script.connected({ congestion: 'none', mss: 1_000, initialWindow: 8 })
    s.write(20_000)
    s.expectData(20, 1_000)
    s.connection.configure(s.now, { congestion: 'newreno' })
    expect(s.connection.metrics().cwnd).toBe(20_000)
  })

  it('says that there is room when the send buffer grows', () => {
    const s = Script.connected({ sendBuffer: 1_000 })
    expect(s.write(5_000)).toBe(1_000)
    s.connection.configure(s.now, { sendBuffer: 10_000 })
    expect(s.events()).toEqual(['writable'])
  })
})

describe('chance', () => {
  const run = (seed: number) => {
    const trace = new MemoryTrace()
    const flow = { bytes: 100_000, piece: 3_000, writePause: 100, readPause: 100 }
    transfer({
      seed,
      delay: 10_000,
      loss: 0.05,
      reorder: 0.05,
      duplicate: 0.05,
      up: flow,
      down: flow,
      clientTrace: trace,
    })
    return JSON.stringify(trace.events)
  }

  it('comes from the seed alone: the same seed, the same trace; others differ', () => {
    expect(run(11)).toBe(run(11))
    expect(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(run)).size).toBe(10)
  })
})
