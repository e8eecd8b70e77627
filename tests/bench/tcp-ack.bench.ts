/**
 * What an ACK costs the sender of a bulk transfer, with SACK and RACK and losses going on, over a million segments: as much with ten
 * thousand segments in flight as with a hundred. The peer and the path are a few lines here, and are not timed.
 */
import { micros } from '../../shared/units.ts'
import { RangeSet } from '../../electron/protocol/stream/ranges.ts'
import { TcpStack } from '../../electron/protocol/tcp/stack.ts'
import type { TcpConnection } from '../../electron/protocol/tcp/stack.ts'
import { ACK, SYN } from '../../electron/protocol/wire/tcp.ts'
import type { TcpOptions } from '../../electron/protocol/wire/tcp.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { tcpEnv, tcpSettings } from '../support/tcp-env.ts'

const LOCAL = 0x0a4d0001
const REMOTE = 0x0a4d0002
const MSS = 1_448
/** A segment at 1 Gbit/s, in microseconds. */
const SEGMENT_TIME = 12
const LOSS = 0.01
const SCALE = 8
const PIECE = new Uint8Array(1 << 20)
const NOTHING = new Uint8Array(0)

/** A receiver that acknowledges every segment, with the three latest SACK blocks. */
class Peer {
  next = 1
  private readonly held = new RangeSet()
  private recent: number[] = []

  /** Takes [left, right); returns the SACK blocks of the answer as positions, flat. */
  take(left: number, right: number): number[] {
    const { held } = this
    if (left > this.next) {
      held.add(left, right)
      this.recent = [left, ...this.recent.filter((position) => position !== left)].slice(0, 12)
    } else if (right > this.next) {
      this.next = right
      const i = held.indexOf(right)
      if (i >= 0) this.next = held.right(i)
      held.removeBelow(this.next)
    }
    const blocks: number[] = []
    for (const position of this.recent) {
      const i = held.indexOf(position)
      if (i < 0 || blocks.includes(held.left(i)) || blocks.length === 6) continue
      blocks.push(held.left(i), held.right(i))
    }
    return blocks
  }
}

class Transfer {
  private now = micros(0)
  private readonly stack = new TcpStack(tcpEnv(1), LOCAL)
  private readonly connection: TcpConnection
  private readonly peer = new Peer()
  private readonly dice = createRng(3)
  private readonly path: { at: number; left: number; right: number }[] = []
  private first = 0
  private iss = 0
  private readonly window: number
  acks = 0
  lost = 0
  spent = 0

  constructor(segments: number) {
    this.window = segments * MSS
    const settings = tcpSettings({
      congestion: 'none',
      timestamps: false,
      mss: MSS,
      sendBuffer: 1 << 26,
      rack: true,
      dsack: true,
    })
    this.connection = this.stack.connect(this.now, { address: REMOTE, port: 5001 }, settings, 40_000)
    this.iss = this.stack.pollTransmit(this.now)!.segment.sequence
    this.answer(SYN | ACK, 0, 1, { mss: MSS, windowScale: SCALE, sackPermitted: true })
    this.fill()
    this.send()
  }

  run(segments: number): void {
    while (this.acks < segments) this.step()
  }

  /** The next segment arrives or is lost, and what the sender makes of it leaves. */
  private step(): void {
    const head = this.path[this.first]
    const timeout = this.stack.pollTimeout() ?? Infinity
    if (head === undefined || timeout < head.at) {
      if (timeout === Infinity) throw new Error('nothing is on its way and no timer runs')
      this.now = micros(timeout)
      this.timed(() => this.stack.handleTimeout(this.now))
      return
    }
    if (++this.first > 100_000) this.first -= this.path.splice(0, this.first).length
    this.now = micros(Math.max(this.now, head.at))
    if (this.dice.next() < LOSS) {
      this.lost++
      return
    }
    const sack = this.peer.take(head.left, head.right).map((position) => (this.iss + position) >>> 0)
    this.acks++
    this.timed(() => this.answer(ACK, 1, this.peer.next, sack.length > 0 ? { sack } : {}))
    if (this.acks % 256 === 0) this.fill()
  }

  private answer(flags: number, position: number, acknowledges: number, options: TcpOptions): void {
    this.stack.handleSegment(this.now, REMOTE, {
      sourcePort: 5001,
      destinationPort: 40_000,
      sequence: position,
      acknowledgment: (this.iss + acknowledges) >>> 0,
      flags,
      window: flags & SYN ? 0xffff : this.window >> SCALE,
      urgent: 0,
      options,
      payload: NOTHING,
    })
  }

  private timed(call: () => void): void {
    const start = performance.now()
    call()
    this.send()
    this.spent += performance.now() - start
  }

  private send(): void {
    for (let out = this.stack.pollTransmit(this.now); out; out = this.stack.pollTransmit(this.now)) {
      const { sequence, payload } = out.segment
      if (payload.length === 0) continue
      const left = this.peer.next + ((sequence - this.iss - this.peer.next) | 0)
      const last = this.path.length > this.first ? this.path[this.path.length - 1].at : 0
      const at = Math.max(last, this.now + (this.window / MSS) * SEGMENT_TIME - SEGMENT_TIME) + SEGMENT_TIME
      this.path.push({ at, left, right: left + payload.length })
    }
    while (this.stack.pollEvent() !== undefined) continue
  }

  private fill(): void {
    while (this.connection.write(this.now, PIECE) === PIECE.length) continue
  }
}

/** Nanoseconds of this machine for each ACK. */
function costPerAck(window: number, acks: number): { cost: number; lost: number } {
  const transfer = new Transfer(window)
  transfer.run(acks)
  return { cost: (transfer.spent * 1e6) / transfer.acks, lost: transfer.lost }
}

export default function run() {
  // The compiler needs its time.
  for (const window of [100, 10_000]) costPerAck(window, 200_000)
  const million = 1_000_000
  // In turns, and the best of two, so that a busy machine does not look like a slope.
  const best = new Map<number, number>()
  for (let i = 0; i < 2; i++) {
    for (const window of [100, 10_000]) {
      const { cost } = costPerAck(window, million)
      best.set(window, Math.min(best.get(window) ?? Infinity, cost))
    }
  }
  const small = best.get(100)!
  return Promise.resolve([
    ...[...best].map(([window, value]) => ({
      name: `TCP sender, an ACK with SACK and RACK, 1 % loss, ${window} segments in flight`,
      value,
      unit: 'ns',
    })),
    { name: 'the same, 10^4 against 10^2', value: best.get(10_000)! / small, unit: '', goal: '1.2 at most' },
  ])
}
