/** One connection as someone reads it who sees its packets and was told its secrets. */
import type { QuicCrypto } from '../../crypto.ts'
import { formatEndpoint, type Endpoint } from '../address.ts'
import { bySide, type BySide, type Side } from '../side.ts'
import type { KeyLog } from '../tls/key-log.ts'
import { CryptoMessages, type CryptoMessage, type CryptoOverflow } from './crypto-messages.ts'
import { decodeFrame } from './decode-frame.ts'
import type { Frame } from './frames.ts'
import { HandshakeFacts } from './handshake-facts.ts'
import { PassiveKeys, type Opened, type Sealed } from './passive-keys.ts'
import type { ClosedReason, PacketLevel, TellQuic } from './readings.ts'
import { StreamTable } from './stream-table.ts'
import type { QuicVersion } from './version.ts'

/** Packets that wait for their keys, and their bytes. */
const MOST_WAITING = 256
/** Numbers so far below the highest are no longer told apart from their copies. */
const MOST_BEHIND = 4_096

/** A packet and where it came from. */
export interface PassingPacket extends Sealed {
  readonly tag: number
  readonly from: Side
  readonly level: PacketLevel
  /** Where it begins in its datagram. */
  readonly offset: number
  readonly version: QuicVersion | undefined
  readonly source: Endpoint
}

/** What the owner of the connections needs to know of one. */
export interface ConnectionListener {
  /** `owner` is reached by this id, too. */
  onConnectionId(connection: PassiveConnection, owner: Side, id: Uint8Array): void
  /** `side` sends from there; told when it was first seen, too. */
  onMoved(connection: PassiveConnection, side: Side, to: Endpoint): void
}

type SpaceName = 'initial' | 'handshake' | 'application'
const SPACES: Record<PacketLevel, SpaceName> = {
  initial: 'initial',
  handshake: 'handshake',
  '0rtt': 'application',
  '1rtt': 'application',
}

/** The packet numbers of one side in one space (RFC 9000 12.3). */
class SeenNumbers {
  largest = -1
  private readonly seen = new Set<number>()

  /** Takes note of a number; returns whether it was there before. */
  add(number: number): boolean {
    if (this.seen.has(number)) return true
    this.seen.add(number)
    this.largest = Math.max(this.largest, number)
    if (this.seen.size > 2 * MOST_BEHIND)
      for (const old of this.seen) if (old < this.largest - MOST_BEHIND) this.seen.delete(old)
    // Hostile numbers only: those of a sender grow.
    if (this.seen.size > 2 * MOST_BEHIND) this.seen.clear()
    return false
  }
}

export class PassiveConnection {
  readonly number: number
  readonly facts = new HandshakeFacts()
  readonly keys: PassiveKeys
  private readonly tell: TellQuic
  private readonly listener: ConnectionListener
  private readonly messages: BySide<CryptoMessages>
  private readonly streams = bySide(() => new StreamTable())
  private readonly spaces = bySide(() => ({
    initial: new SeenNumbers(),
    handshake: new SeenNumbers(),
    application: new SeenNumbers(),
  }))
  private waiting: PassingPacket[] = []
  private readonly at: Partial<BySide<string>> = {}

  constructor(
    number: number,
    { crypto, keyLog }: { readonly crypto: QuicCrypto; readonly keyLog: KeyLog },
    version: QuicVersion,
    listener: ConnectionListener,
    tell: TellQuic,
  ) {
    this.number = number
    this.keys = new PassiveKeys(crypto, keyLog, this.facts, version)
    this.messages = bySide(() => new CryptoMessages(this.facts))
    this.listener = listener
    this.tell = tell
  }

  /** Whether a packet is of this connection's. */
  canOpen(packet: PassingPacket): boolean {
    return typeof this.keys.open(packet.from, packet.level, packet, -1) !== 'string'
  }

  /** Reads a packet, or keeps a copy of it until its keys are known. Returns whether it could be opened. */
  handlePacket(packet: PassingPacket): boolean {
    const { version, level, bytes, start, numberAt, end } = packet
    if (version !== undefined && level === 'handshake') this.keys.useVersion(version)
    const outcome = this.read(packet)
    if (outcome === 'no_keys') {
      const place = { start: 0, numberAt: numberAt - start, end: end - start, offset: packet.offset }
      this.waiting.push({ ...packet, ...place, bytes: bytes.slice(start, end) })
      if (this.waiting.length > MOST_WAITING) this.close(this.waiting.shift()!, 'no_keys')
    }
    return outcome === 'opened'
  }

  /** Tries the packets again that wait for keys. */
  retryWaiting(): void {
    for (let opened = true; opened && this.waiting.length > 0;) {
      const { waiting } = this
      this.waiting = []
      const left = waiting.filter((packet) => this.read(packet) === 'no_keys')
      opened = left.length < waiting.length
      this.waiting = [...left, ...this.waiting]
    }
  }

  /** Nothing more will come: what waits stays closed. */
  finish(): void {
    for (const packet of this.waiting.splice(0)) this.close(packet, 'no_keys')
  }

  private numbers(from: Side, level: PacketLevel): SeenNumbers {
    return this.spaces[from][SPACES[level]]
  }

  private read(packet: PassingPacket): 'opened' | 'closed' | 'no_keys' {
    const { from, level } = packet
    const opened = this.keys.open(from, level, packet, this.numbers(from, level).largest)
    if (opened === 'no_keys') return opened
    if (typeof opened === 'string') {
      this.close(packet, opened)
      return 'closed'
    }
    this.onOpened(packet, opened)
    return 'opened'
  }

  private close({ tag, from, level, start, end }: PassingPacket, reason: ClosedReason): void {
    this.tell({ type: 'closed', connection: this.number, tag, from, level, size: end - start, reason })
  }

  private onOpened(packet: PassingPacket, { number, generation, payload }: Opened): void {
    const { tag, from, level, start, end, offset } = packet
    const duplicate = this.numbers(from, level).add(number)
    const { frames, problem } = readFrames(payload)
    this.tell({
      ...{ type: 'packet', connection: this.number, tag, from, level, number, size: end - start },
      ...{ offset, generation, duplicate, payload, frames, problem },
    })
    if (duplicate) return
    this.note(from, packet.source, tag)
    for (const frame of frames) this.handleFrame(packet, frame)
    if (this.waiting.length > 0) this.retryWaiting()
  }

  private note(from: Side, source: Endpoint, tag: number): void {
    const where = formatEndpoint(source.address, source.port)
    const before = this.at[from]
    if (before === where) return
    this.at[from] = where
    this.listener.onMoved(this, from, source)
    if (before !== undefined) this.tell({ type: 'moved', connection: this.number, tag, from, to: source })
  }

  private handleFrame({ tag, from, level }: PassingPacket, frame: Frame): void {
    const place = { connection: this.number, tag, from }
    switch (frame.type) {
      case 'crypto':
        if (level === '0rtt') return
        return this.messages[from].handleFrame(level, frame.offset, frame.data, (message) =>
          this.onMessage(from, tag, message),
        )
      case 'stream': {
        const { id, offset, data, fin } = frame
        return this.streams[from].handleFrame(id, offset, data, fin, (_, at, bytes, last) =>
          this.tell({ type: 'stream', ...place, id, offset: at, bytes, fin: last }),
        )
      }
      case 'reset_stream':
        if (this.streams[from].handleReset(frame.id)) this.tell({ type: 'reset', ...place, id: frame.id })
        return
      case 'new_connection_id':
        return this.listener.onConnectionId(this, from, frame.id)
    }
  }

  private onMessage(from: Side, tag: number, message: CryptoMessage | CryptoOverflow): void {
    const { facts } = this
    const before = facts.earlyData
    if (!('tooLong' in message)) facts.handleMessage(from, message.message)
    this.tell({ type: 'handshake', connection: this.number, tag, from, message })
    if (facts.earlyData !== 'refused' || before === 'refused') return
    this.streams.client = new StreamTable()
    this.tell({ type: 'early_refused', connection: this.number, tag })
  }
}

/** The frames of a payload up to the first that can't be read. */
function readFrames(payload: Uint8Array): { frames: Frame[]; problem: string | undefined } {
  const frames: Frame[] = []
  for (let at = 0; at < payload.length;) {
    const decoded = decodeFrame(payload, at)
    if (!decoded.ok) return { frames, problem: decoded.error.reason }
    frames.push(decoded.value.frame)
    at = decoded.value.end
  }
  return { frames, problem: undefined }
}
