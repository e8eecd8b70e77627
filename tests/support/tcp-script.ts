/**
 * Packet scripts: one TCP stack, and a test that plays its peer segment by segment in virtual time.
 *
 * Flags are written as packetdrill and tcpdump do: `S`, `S.`, `.`, `P.`, `F.`, `R`, `R.`, a dot being ACK, E and W being ECE and CWR. Sequence
 * numbers count from each side's own SYN, so that the first byte of data is 1 on both sides.
 */
import { expect } from 'vitest'
import type { TcpSettingsInput } from '../../shared/tcp.ts'
import { micros } from '../../shared/units.ts'
import type { Micros } from '../../shared/units.ts'
import { TcpStack } from '../../electron/protocol/tcp/stack.ts'
import type {
  OutgoingSegment,
  TapFactory,
  TcpConnection,
  TcpListener,
} from '../../electron/protocol/tcp/stack.ts'
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../../electron/protocol/wire/tcp.ts'
import type { TcpOptions } from '../../electron/protocol/wire/tcp.ts'
import { MemoryTrace, tcpEnv, tcpSettings } from './tcp-env.ts'

export const LOCAL = 0x0a4d0001
export const REMOTE = 0x0a4d0002
export const LOCAL_PORT = 40_000
export const REMOTE_PORT = 5_001
/** Initial sequence numbers: both wrap soon, so that every script crosses 2^32. */
export const OUR_ISS = 0xffff_fff0
export const PEER_ISS = 0xffff_ff00

const LETTERS: readonly (readonly [string, number])[] = [
  ['S', SYN],
  ['F', FIN],
  ['R', RST],
  ['P', PSH],
  ['U', URG],
  ['.', ACK],
  ['E', ECE],
  ['W', CWR],
]

const toFlags = (text: string): number =>
  LETTERS.reduce((sum, [letter, bit]) => (text.includes(letter) ? sum | bit : sum), 0)

/** PSH is left out: it tells a receiver nothing that a script would want to check in passing. */
const toText = (flags: number): string =>
  LETTERS.reduce((text, [letter, bit]) => (flags & bit && bit !== PSH ? text + letter : text), '')

export interface Injected {
  /** From the peer's SYN; without: the byte after what it has sent so far. */
  seq?: number
  /** From our SYN; without: all that was sent so far. */
  ack?: number
  /** Bytes of payload, or the payload. */
  data?: number | Uint8Array
  window?: number
  options?: TcpOptions
  /** SACK blocks, from our SYN. */
  sack?: number[]
  /** Timestamp value and echo. */
  ts?: [number, number]
  sourcePort?: number
  /** The ECN field of its IP packet. */
  ecn?: number
}

export interface Expected {
  seq?: number
  ack?: number
  length?: number
  window?: number
  cause?: string
  options?: Partial<TcpOptions>
  /** From the peer's SYN. */
  sack?: number[]
  /** The ECN field of its IP packet. */
  ecn?: number
}

export class Script {
  now: Micros = micros(1_000_000)
  readonly trace = new MemoryTrace()
  readonly stack: TcpStack
  readonly settings
  connection!: TcpConnection
  listener!: TcpListener
  /** What the last segment that was expected looked like. */
  last!: OutgoingSegment
  /** After the last byte that the peer has sent, and that we have. */
  peerNext = 1
  ourNext = 1
  window = 65_000
  private readonly outbox: OutgoingSegment[] = []

  constructor(settings: TcpSettingsInput = {}, tap?: TapFactory) {
    this.settings = tcpSettings({
      timestamps: false,
      windowScaling: false,
      initialSequence: OUR_ISS,
      ...settings,
    })
    this.stack = new TcpStack(tcpEnv(7, this.trace), LOCAL, tap)
  }

  /** A connection that we opened, with no options but those that the settings ask for. */
  static connected(settings: TcpSettingsInput = {}, options: TcpOptions = {}): Script {
    const script = new Script(settings)
    script.connect()
    const { sack, timestamps, windowScaling, mss, ecn } = script.settings
    script.expect(ecn ? 'SEW' : 'S')
    script.inject(ecn ? 'S.E' : 'S.', {
      options: {
        mss,
        sackPermitted: sack || undefined,
        windowScale: windowScaling ? 0 : undefined,
        timestamps: timestamps
          ? { value: 1_000, echo: script.last.segment.options.timestamps!.value }
          : undefined,
        ...options,
      },
    })
    script.expect('.')
    expect(script.connection.state).toBe('ESTABLISHED')
    script.events()
    return script
  }

  connect(): TcpConnection {
    this.connection = this.stack.connect(
      this.now,
      { address: REMOTE, port: REMOTE_PORT },
      this.settings,
      LOCAL_PORT,
    )
    return this.connection
  }

  listen(): TcpListener {
    this.listener = this.stack.listen(this.now, LOCAL_PORT, this.settings)
    return this.listener
  }

  /** The peer sends a segment. */
  inject(flags: string, i: Injected = {}): this {
    const bits = toFlags(flags)
    const payload =
      typeof i.data === 'number' ? new Uint8Array(i.data).fill(120) : (i.data ?? new Uint8Array(0))
    const seq = i.seq ?? (bits & SYN ? 0 : this.peerNext)
    const options: TcpOptions = { ...i.options }
    const sack = i.sack?.map((position) => (OUR_ISS + position) >>> 0)
    const timestamps = i.ts ? { value: i.ts[0], echo: i.ts[1] } : options.timestamps
    this.stack.handleSegment(
      this.now,
      REMOTE,
      {
        sourcePort: i.sourcePort ?? REMOTE_PORT,
        destinationPort: LOCAL_PORT,
        sequence: (PEER_ISS + seq) >>> 0,
        acknowledgment: bits & ACK ? (OUR_ISS + (i.ack ?? this.ourNext)) >>> 0 : 0,
        flags: bits,
        window: i.window ?? this.window,
        urgent: 0,
        options: { ...options, timestamps, ...(sack ? { sack } : {}) },
        payload,
      },
      i.ecn,
    )
    const end = seq + payload.length + (bits & FIN ? 1 : 0)
    if (end > this.peerNext) this.peerNext = end
    return this
  }

  /** A router, or the peer's host, complains about our segment at `position`: code and next hop's MTU of destination unreachable. */
  unreachable(code: number, position: number, mtu = 0): this {
    const quoted = {
      destination: REMOTE,
      sourcePort: LOCAL_PORT,
      destinationPort: REMOTE_PORT,
      sequence: (OUR_ISS + position) >>> 0,
    }
    this.stack.handleUnreachable(this.now, quoted, code, mtu)
    return this
  }

  /** We send this segment next; fields that are not given may be anything. */
  expect(flags: string, e: Expected = {}): this {
    this.fetch()
    const out = this.outbox.shift()
    expect(out, `expected ${flags} ${JSON.stringify(e)}, but nothing was sent`).toBeDefined()
    this.last = out!
    const { segment } = out!
    const seen: Record<string, unknown> = {
      flags: toText(segment.flags),
      seq: (segment.sequence - OUR_ISS) | 0,
      ack: segment.flags & ACK ? (segment.acknowledgment - PEER_ISS) | 0 : 0,
      length: segment.payload.length,
      window: segment.window,
      cause: out!.cause,
      ecn: out!.ecn,
      sack: (segment.options.sack ?? []).map((n) => (n - PEER_ISS) | 0),
    }
    const wanted: Record<string, unknown> = { flags: flags.replace('P', ''), ...e }
    delete wanted.options
    expect(Object.fromEntries(Object.keys(wanted).map((key) => [key, seen[key]]))).toEqual(wanted)
    if (e.options) expect(segment.options).toMatchObject(e.options)
    const end = (seen.seq as number) + segment.payload.length + (segment.flags & FIN ? 1 : 0)
    if (!(segment.flags & (SYN | RST)) && end > this.ourNext) this.ourNext = end
    return this
  }

  /** We send nothing more now. */
  quiet(): this {
    this.fetch()
    const [out] = this.outbox
    const text = out && `${toText(out.segment.flags)} seq ${(out.segment.sequence - OUR_ISS) | 0}`
    expect(text, 'expected silence').toBeUndefined()
    return this
  }

  /** Whatever is sent now does not matter, nor where the peer is afterwards. */
  skip(): this {
    this.fetch()
    this.outbox.length = 0
    return this
  }

  /** All segments with text that we send now, from our SYN; the peer is behind the last of them afterwards. */
  take(): { seq: number; length: number; cause: string }[] {
    this.fetch()
    const sent = this.outbox.splice(0).map(({ segment, cause }) => {
      return { seq: (segment.sequence - OUR_ISS) | 0, length: segment.payload.length, cause }
    })
    for (const { seq, length } of sent) this.ourNext = Math.max(this.ourNext, seq + length)
    return sent.filter(({ length }) => length > 0)
  }

  /** Full segments in a row, from where we are. */
  expectData(count: number, length: number, e: Expected = {}): this {
    for (let i = 0; i < count; i++) this.expect('.', { seq: this.ourNext, length, ...e })
    return this
  }

  /** Time passes in silence: whatever wants to be sent before is a failure. */
  elapse(span: number): this {
    const end = this.now + span
    this.quiet()
    for (;;) {
      const next = this.stack.pollTimeout()
      if (next === undefined || next >= end) break
      this.now = micros(Math.max(next, this.now))
      this.stack.handleTimeout(this.now)
      this.quiet()
    }
    this.now = micros(end)
    this.stack.handleTimeout(this.now)
    return this
  }

  /** Time passes until something is sent, `limit` at most; returns how long it took. The segment is next to expect. */
  untilSent(limit = 1e9): number {
    const start = this.now
    this.quiet()
    for (;;) {
      const next = this.stack.pollTimeout()
      if (next === undefined || next > start + limit) return Infinity
      this.now = micros(Math.max(next, this.now))
      this.stack.handleTimeout(this.now)
      this.fetch()
      if (this.outbox.length > 0) return this.now - start
    }
  }

  /** Fetches all that is to be sent now, as the contract asks: only then does the stack arm its timers. */
  private fetch(): void {
    for (let out = this.stack.pollTransmit(this.now); out; out = this.stack.pollTransmit(this.now)) {
      this.outbox.push(out)
    }
  }

  /** The application writes. */
  write(data: number | Uint8Array): number {
    return this.connection.write(this.now, typeof data === 'number' ? new Uint8Array(data) : data)
  }

  /** The application reads all that there is; returns how many bytes. */
  read(): number {
    let sum = 0
    for (let data = this.connection.read(this.now); data; data = this.connection.read(this.now))
      sum += data.length
    return sum
  }

  /** The events since the last call, as text: type, and the error if there is one. */
  events(): string[] {
    const list: string[] = []
    for (let event = this.stack.pollEvent(); event; event = this.stack.pollEvent()) {
      if (event.type === 'accepted') this.connection = event.connection
      list.push(event.error ? `${event.type}: ${event.error}` : event.type)
    }
    return list
  }

  /** The states since the beginning. */
  get states(): string[] {
    return this.trace.of('tcp:state_changed').map((e) => e.to)
  }

  /** Rule and answer of the last segment that was refused. */
  get refused(): string {
    const event = this.trace.of('tcp:segment_refused').at(-1)
    return event ? `${event.rule} -> ${event.answer}` : ''
  }
}
