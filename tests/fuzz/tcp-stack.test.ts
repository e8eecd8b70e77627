/** Whatever a stranger sends, in whatever state: the stack throws nothing, keeps its bounds and comes to rest. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { micros } from '../../shared/units.ts'
import { TCP_STATES } from '../../shared/tcp.ts'
import type { TcpOptions, TcpSegment } from '../../electron/protocol/wire/tcp.ts'
import { LOCAL_PORT, OUR_ISS, PEER_ISS, REMOTE, REMOTE_PORT, Script } from '../support/tcp-script.ts'

const numRuns = process.env.REXMIT_FULL === '1' ? 10_000 : 500

/** Numbers near what means something, or anything at all. */
const offset = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 4, arbitrary: fc.integer({ min: -3_000, max: 70_000 }) },
  { weight: 1, arbitrary: fc.integer() },
)

const sackBlocks = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: -2, max: 12 })), { maxLength: 4 })

const segment = fc.record({
  do: fc.constant('segment' as const),
  seq: offset,
  ack: offset,
  flags: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(0x10, 0x18, 0x11, 0x02, 0x12, 0x04, 0x14, 0x50, 0x90, 0xc2, 0x52),
    },
    { weight: 1, arbitrary: fc.nat(255) },
  ),
  window: fc.oneof(fc.constantFrom(0, 1, 500, 65_535), fc.nat(65_535)),
  payload: fc.oneof(fc.constantFrom(0, 0, 1, 1_000), fc.nat(3_000)),
  codepoint: fc.nat(3),
  sack: sackBlocks,
  timestamps: fc.option(fc.tuple(offset, offset), { nil: undefined }),
  handshake: fc.record({
    mss: fc.constantFrom(undefined, 0, 1, 536, 65_535),
    windowScale: fc.constantFrom(undefined, 0, 14, 255),
    sackPermitted: fc.constantFrom(undefined, true),
  }),
})

const step = fc.oneof(
  { weight: 8, arbitrary: segment },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), bytes: fc.nat(20_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), bytes: fc.nat(2_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), span: fc.nat(3_000_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('poll' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('shutdown' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('unreachable' as const),
      code: fc.nat(15),
      mtu: fc.nat(2_000),
      seq: offset,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('mss' as const), mss: fc.integer({ min: 64, max: 9_000 }) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const settings = fc.record({
  sack: fc.boolean(),
  dsack: fc.boolean(),
  rack: fc.boolean(),
  tailLossProbe: fc.boolean(),
  frto: fc.boolean(),
  undo: fc.boolean(),
  karn: fc.boolean(),
  timestamps: fc.boolean(),
  windowScaling: fc.boolean(),
  prr: fc.boolean(),
  hystart: fc.boolean(),
  pacing: fc.boolean(),
  ecn: fc.boolean(),
  congestion: fc.constantFrom('newreno', 'cubic', 'bbr', 'bbr1', 'none'),
  receiveBuffer: fc.constantFrom(1, 3_000, 100_000),
  sendBuffer: fc.constantFrom(1, 5_000, 1_000_000),
  keepAliveIdle: fc.constantFrom(0, 5_000_000),
  userTimeout: fc.constantFrom(0, 20_000_000),
  dupThresh: fc.constantFrom(1, 3),
  msl: fc.constantFrom(0, 1_000_000),
  mssOption: fc.boolean(),
  twoWayHandshake: fc.boolean(),
})

class Stranger {
  private readonly s: Script
  private ourHighest = 1
  /** The last one that it was sent. */
  private synAck: TcpSegment | undefined

  constructor(s: Script) {
    this.s = s
  }

  apply(step: Step): void {
    const { s } = this
    const { connection, now } = s
    if (step.do === 'segment') this.inject(step)
    else if (step.do === 'write') connection.write(now, new Uint8Array(step.bytes))
    else if (step.do === 'read') connection.read(now, step.bytes + 1)
    else if (step.do === 'wait') this.wait(step.span)
    else if (step.do === 'poll') this.poll()
    else if (step.do === 'shutdown') connection.shutdown(now)
    else if (step.do === 'mss') connection.configure(now, { mss: step.mss })
    else {
      const quoted = { destination: REMOTE, sourcePort: LOCAL_PORT, destinationPort: REMOTE_PORT }
      const sequence = (OUR_ISS + this.ourHighest + step.seq) >>> 0
      s.stack.handleUnreachable(now, { ...quoted, sequence }, step.code, step.mtu)
    }
    s.events()
  }

  /** Sequence and acknowledgment are near what the connection expects. */
  private inject(step: Extract<Step, { do: 'segment' }>): void {
    const { s } = this
    const options: TcpOptions = {
      ...step.handshake,
      sack: step.sack.flatMap(([from, length]) => {
        const left = OUR_ISS + this.ourHighest - 10_000 + from * 1_000
        return [left >>> 0, (left + length * 500) >>> 0]
      }),
      timestamps: step.timestamps && { value: step.timestamps[0] >>> 0, echo: step.timestamps[1] >>> 0 },
    }
    s.stack.handleSegment(
      s.now,
      REMOTE,
      {
        sourcePort: REMOTE_PORT,
        destinationPort: LOCAL_PORT,
        sequence: (PEER_ISS + s.peerNext + step.seq) >>> 0,
        acknowledgment: (OUR_ISS + this.ourHighest + step.ack) >>> 0,
        flags: step.flags,
        window: step.window,
        urgent: step.payload,
        options,
        payload: new Uint8Array(step.payload),
      },
      step.codepoint,
    )
  }

  /** What an honest peer answers to a SYN-ACK. */
  finishHandshake(): void {
    const { s, synAck } = this
    if (synAck === undefined) return
    const echo = synAck.options.timestamps?.value
    s.stack.handleSegment(s.now, REMOTE, {
      ...synAck,
      ...{ sourcePort: REMOTE_PORT, destinationPort: LOCAL_PORT, flags: 0x10, window: 1_000 },
      ...{ sequence: synAck.acknowledgment, acknowledgment: (synAck.sequence + 1) >>> 0 },
      options: echo === undefined ? {} : { timestamps: { value: 1, echo } },
    })
    s.events()
  }

  poll(): void {
    const { s } = this
    for (let sent = 0; ; sent++) {
      const out = s.stack.pollTransmit(s.now)
      if (out === undefined) return
      expect(sent, 'sends without end').toBeLessThan(50_000)
      const { segment } = out
      this.ourHighest = Math.max(this.ourHighest, ((segment.sequence - OUR_ISS) | 0) + segment.payload.length)
      if ((segment.flags & 0x12) === 0x12 && segment.destinationPort === REMOTE_PORT) this.synAck = segment
      if (segment.flags & 0x10) s.peerNext = (segment.acknowledgment - PEER_ISS) | 0
    }
  }

  private wait(span: number): void {
    const { s } = this
    const end = s.now + span
    this.poll()
    for (let next = s.stack.pollTimeout(); next !== undefined && next <= end; next = s.stack.pollTimeout()) {
      s.now = micros(Math.max(next, s.now))
      s.stack.handleTimeout(s.now)
      this.poll()
    }
    s.now = micros(end)
  }
}

function checkBounds(s: Script): void {
  const { connection } = s
  const m = connection.metrics()
  for (const value of Object.values(m))
    expect(Number.isFinite(value) && value >= 0, JSON.stringify(m)).toBe(true)
  expect(TCP_STATES).toContain(connection.state)
  expect(connection.readable + m.out_of_order).toBeLessThanOrEqual(connection.settings.receiveBuffer + 65_535)
  expect(m.send_buffer).toBeLessThanOrEqual(connection.settings.sendBuffer)
  expect(m.in_flight).toBeLessThanOrEqual(2 * m.send_buffer + 4)
}

describe('a stack among strangers', () => {
  for (const opening of ['SYN-SENT', 'ESTABLISHED'] as const) {
    it(`keeps its bounds from ${opening} on`, () => {
      fc.assert(
        fc.property(settings, fc.array(step, { minLength: 1, maxLength: 60 }), (chosen, steps) => {
          const s = opening === 'ESTABLISHED' ? Script.connected(chosen) : new Script(chosen)
          if (opening === 'SYN-SENT') s.connect()
          const stranger = new Stranger(s)
          for (const one of steps) {
            stranger.apply(one)
            checkBounds(s)
          }
          stranger.poll()
          checkBounds(s)
        }),
        { numRuns, seed: 9 },
      )
    })
  }

  it('keeps its bounds from LISTEN on, with its SYN queue full and SYN cookies', () => {
    let cookies = 0
    fc.assert(
      fc.property(settings, fc.array(step, { minLength: 1, maxLength: 60 }), (chosen, steps) => {
        const s = new Script({
          ...chosen,
          ...{ twoWayHandshake: false, synCookies: true, synBacklog: 1, acceptBacklog: 1 },
          initialSequence: undefined,
        })
        s.listen()
        s.inject('S', { sourcePort: 7 })
        const stranger = new Stranger(s)
        stranger.poll()
        stranger.apply({ do: 'wait', span: 1_000 })
        for (const one of steps) {
          if (s.connection !== undefined || ['segment', 'wait', 'poll'].includes(one.do)) stranger.apply(one)
          stranger.poll()
          if (one.do === 'poll') stranger.finishHandshake()
          if (s.connection !== undefined) checkBounds(s)
          s.listener.accept(s.now)
          expect(s.stack.connectionCount).toBeLessThanOrEqual(2)
        }
        cookies += s.trace.of('tcp:syn_cookie').filter(({ what }) => what === 'accepted').length
      }),
      { numRuns, seed: 11 },
    )
    expect(cookies).toBeGreaterThan(0)
  })

  it('and keeps no connection when nobody answers any more', () => {
    fc.assert(
      fc.property(settings, fc.array(step, { minLength: 1, maxLength: 30 }), (chosen, steps) => {
        const s = Script.connected({ ...chosen, keepAliveIdle: 1_000_000, keepAliveInterval: 1_000_000 })
        const stranger = new Stranger(s)
        for (const one of steps) stranger.apply(one)
        stranger.apply({ do: 'wait', span: 1e10 })
        expect(s.stack.connectionCount).toBe(0)
      }),
      { numRuns, seed: 10 },
    )
  })
})
