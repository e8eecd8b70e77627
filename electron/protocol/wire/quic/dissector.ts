/**
 * QUIC read passively from the datagrams of both directions, in the order in which a capture has them, and the lines of a key log
 * (RFC 9000, 9001, 9369). It takes part in nothing and shares no code with the endpoints above the formats. Total: no datagram
 * makes it throw, and what it keeps is bounded.
 */
import type { QuicCrypto } from '../../crypto.ts'
import { formatEndpoint, type Endpoint } from '../address.ts'
import { octetText } from '../octets.ts'
import { otherSide, type Side } from '../side.ts'
import type { KeyLog } from '../tls/key-log.ts'
import {
  decodePacket,
  type Packet,
  type ProtectedPacket,
  type RetryPacket,
  type ShortPacket,
} from './header.ts'
import { PassiveConnection, type ConnectionListener, type PassingPacket } from './passive-connection.ts'
import type { CapturedDatagram, TellQuic } from './readings.ts'

const MOST_CONNECTIONS = 1_024
/** Ids and address pairs of one connection. */
const MOST_NAMES = 256
/** 0-RTT packets that came before the first packet of their connection. */
const MOST_EARLY = 64
const LONG = 0x80

/** Whom a packet is for. */
interface Recipient {
  readonly connection: PassiveConnection
  readonly to: Side
}

/** What is known of a connection beside what it says itself. */
interface Entry {
  readonly connection: PassiveConnection
  /** Ids and address pairs under which it is found. */
  readonly names: string[]
  /** Sides whose packets carry no id, and where they are. */
  readonly nameless: Set<Side>
  readonly at: Partial<Record<Side, Endpoint>>
}

const pairName = (from: Endpoint, to: Endpoint): string =>
  `${formatEndpoint(from.address, from.port)}>${formatEndpoint(to.address, to.port)}`
/** Ids have octets of all kinds, but no pair of addresses begins like this. */
const idName = (bytes: Uint8Array, from = 0, to = bytes.length): string => `#${octetText(bytes, from, to)}`

export class QuicDissector {
  readonly crypto: QuicCrypto
  readonly keyLog: KeyLog
  private readonly tell: TellQuic
  private readonly entries = new Map<PassiveConnection, Entry>()
  private readonly recipients = new Map<string, Recipient>()
  /** How many ids of each length there are: a short header does not say how long its id is. */
  private readonly lengths = new Map<number, number>()
  private early: { readonly datagram: CapturedDatagram; readonly packet: ProtectedPacket }[] = []
  private count = 0
  private readonly listener: ConnectionListener = {
    onConnectionId: (connection, owner, id) => {
      const entry = this.entries.get(connection)
      if (entry !== undefined) this.addId(entry, owner, id)
    },
    onMoved: (connection, side, to) => {
      const entry = this.entries.get(connection)
      if (entry === undefined) return
      entry.at[side] = to
      this.addPairs(entry)
    },
  }

  /** `keyLog` may be added to; `handleSecrets` says so. */
  constructor(crypto: QuicCrypto, keyLog: KeyLog, tell: TellQuic) {
    this.crypto = crypto
    this.keyLog = keyLog
    this.tell = tell
  }

  /** The connection of this number, as far as its handshake tells of it. */
  connection(number: number): PassiveConnection | undefined {
    for (const connection of this.entries.keys()) if (connection.number === number) return connection
    return undefined
  }

  handleDatagram(datagram: CapturedDatagram): void {
    const { payload } = datagram
    let recipient: Recipient | undefined
    for (let at = 0; at < payload.length;) {
      // Coalesced packets are for the same connection (RFC 9000 12.2); what follows a short header is part of it.
      const isLong = (payload[at] & LONG) !== 0
      const short = isLong ? undefined : this.findShort(datagram, at)
      const decoded = decodePacket(payload, at, short?.length ?? 0)
      if (!decoded.ok) return this.discard(datagram, at, decoded.error.reason)
      const packet = decoded.value
      recipient = isLong ? this.handleLong(datagram, packet, recipient) : short?.recipient
      if (packet.kind === '1rtt') this.handleShort(datagram, packet, recipient)
      at = packet.end
    }
  }

  /** The key log has more lines: what waits for keys is tried again. */
  handleSecrets(): void {
    for (const connection of this.entries.keys()) connection.retryWaiting()
  }

  /** The capture is over. */
  finish(): void {
    for (const connection of this.entries.keys()) connection.finish()
    for (const { datagram, packet } of this.early.splice(0))
      this.discard(datagram, packet.start, 'unknown_connection')
  }

  private discard({ tag, payload }: CapturedDatagram, at: number, reason: string): void {
    this.tell({ type: 'garbage', tag, size: payload.length - at, reason })
  }

  // --- whose it is ----------------------------------------------------------------------------------------

  private findShort(
    { payload, from, to }: CapturedDatagram,
    at: number,
  ): { readonly recipient: Recipient; readonly length: number } | undefined {
    for (const length of this.lengths.keys()) {
      if (at + 1 + length > payload.length) continue
      const recipient = this.recipients.get(idName(payload, at + 1, at + 1 + length))
      if (recipient !== undefined) return { recipient, length }
    }
    const recipient = this.recipients.get(pairName(from, to))
    return recipient && { recipient, length: 0 }
  }

  private find({ from, to }: CapturedDatagram, destination: Uint8Array): Recipient | undefined {
    return this.recipients.get(destination.length > 0 ? idName(destination) : pairName(from, to))
  }

  private addName(entry: Entry, name: string, to: Side, idLength = 0): void {
    if (this.recipients.has(name) || entry.names.length >= MOST_NAMES) return
    this.recipients.set(name, { connection: entry.connection, to })
    entry.names.push(name)
    if (idLength > 0) this.lengths.set(idLength, (this.lengths.get(idLength) ?? 0) + 1)
  }

  private addId(entry: Entry, owner: Side, id: Uint8Array): void {
    if (id.length > 0) return this.addName(entry, idName(id), owner, id.length)
    entry.nameless.add(owner)
    this.addPairs(entry)
  }

  /** Packets for a side without ids are told by their addresses only. */
  private addPairs(entry: Entry): void {
    const { client, server } = entry.at
    if (client === undefined || server === undefined) return
    if (entry.nameless.has('client')) this.addName(entry, pairName(server, client), 'client')
    if (entry.nameless.has('server')) this.addName(entry, pairName(client, server), 'server')
  }

  private forget(entry: Entry): void {
    this.entries.delete(entry.connection)
    for (const name of entry.names) {
      this.recipients.delete(name)
      if (!name.startsWith('#')) continue
      const length = name.length - 1
      const left = (this.lengths.get(length) ?? 1) - 1
      if (left === 0) this.lengths.delete(length)
      else this.lengths.set(length, left)
    }
  }

  // --- what it is -----------------------------------------------------------------------------------------

  private handleLong(
    datagram: CapturedDatagram,
    packet: Packet,
    before: Recipient | undefined,
  ): Recipient | undefined {
    const { tag } = datagram
    switch (packet.kind) {
      case 'version_negotiation':
        this.tell({ type: 'version_negotiation', tag, versions: packet.versions })
        return undefined
      case 'unknown_version':
        this.tell({ type: 'unknown_version', tag, version: packet.number })
        return undefined
      case 'retry':
        this.handleRetry(datagram, packet)
        return undefined
      case '1rtt':
        return before
    }
    const recipient = this.find(datagram, packet.destination) ?? before
    if (recipient !== undefined) this.handleProtected(datagram, packet, recipient)
    else if (packet.kind === 'initial') return this.begin(datagram, packet)
    else if (packet.kind === '0rtt') this.keepEarly(datagram, packet)
    else this.discard(datagram, packet.start, 'unknown_connection')
    return recipient
  }

  private handleProtected(
    datagram: CapturedDatagram,
    packet: ProtectedPacket,
    { connection, to }: Recipient,
  ): void {
    const entry = this.entries.get(connection)
    const from = otherSide(to)
    if (entry === undefined) return
    entry.at[to] ??= datagram.to
    const { kind: level, version } = packet
    if (connection.handlePacket(passing(datagram, packet, from, level, version)))
      this.addId(entry, from, packet.source)
  }

  private handleShort(
    datagram: CapturedDatagram,
    packet: ShortPacket,
    recipient: Recipient | undefined,
  ): void {
    if (recipient === undefined) return this.discard(datagram, packet.start, 'unknown_connection')
    const { connection, to } = recipient
    connection.handlePacket(passing(datagram, packet, otherSide(to), '1rtt', undefined))
  }

  /** The first packet of a client; nothing is kept of those that are not authentic. */
  private begin(datagram: CapturedDatagram, packet: ProtectedPacket): Recipient | undefined {
    const { version, destination } = packet
    const connection = new PassiveConnection(this.count + 1, this, version, this.listener, this.tell)
    connection.keys.addInitial(version, destination)
    const first = passing(datagram, packet, 'client', 'initial', version)
    if (!connection.canOpen(first)) {
      this.discard(datagram, packet.start, 'unknown_connection')
      return undefined
    }
    this.count++
    this.register(connection, datagram, packet)
    connection.handlePacket(first)
    this.replayEarly(destination)
    return { connection, to: 'server' }
  }

  private register(
    connection: PassiveConnection,
    { tag, from: client, to: server }: CapturedDatagram,
    { destination, source }: ProtectedPacket,
  ): void {
    for (const oldest of this.entries.values()) {
      if (this.entries.size < MOST_CONNECTIONS) break
      oldest.connection.finish()
      this.forget(oldest)
      this.tell({ type: 'forgotten', connection: oldest.connection.number, tag })
    }
    const entry: Entry = { connection, names: [], nameless: new Set(), at: { client, server } }
    this.entries.set(connection, entry)
    this.addId(entry, 'server', destination)
    this.addId(entry, 'client', source)
  }

  /** RFC 9000 17.2.5: the client begins anew with an id of the server's choice. */
  private handleRetry(
    datagram: CapturedDatagram,
    { destination, source, token, version }: RetryPacket,
  ): void {
    const recipient = this.find(datagram, destination)
    if (recipient?.to !== 'client') return this.discard(datagram, 0, 'unknown_connection')
    const { connection } = recipient
    connection.keys.addInitial(version, source)
    this.addId(this.entries.get(connection)!, 'server', source)
    const { tag } = datagram
    this.tell({
      type: 'retry',
      connection: connection.number,
      tag,
      source: source.slice(),
      token: token.slice(),
    })
  }

  private keepEarly(datagram: CapturedDatagram, packet: ProtectedPacket): void {
    const [payload, destination, source] = [datagram.payload, packet.destination, packet.source].map(
      (bytes) => bytes.slice(),
    )
    this.early.push({ datagram: { ...datagram, payload }, packet: { ...packet, destination, source } })
    if (this.early.length <= MOST_EARLY) return
    const oldest = this.early.shift()!
    this.discard(oldest.datagram, oldest.packet.start, 'unknown_connection')
  }

  private replayEarly(destination: Uint8Array): void {
    const name = idName(destination)
    const mine = this.early.filter(({ packet }) => idName(packet.destination) === name)
    if (mine.length === 0) return
    this.early = this.early.filter((one) => !mine.includes(one))
    for (const { datagram, packet } of mine) {
      const recipient = this.recipients.get(name)
      if (recipient !== undefined) this.handleProtected(datagram, packet, recipient)
    }
  }
}

const passing = (
  { payload: bytes, tag, from: source }: CapturedDatagram,
  { start, numberAt, end }: ProtectedPacket | ShortPacket,
  from: Side,
  level: PassingPacket['level'],
  version: PassingPacket['version'],
): PassingPacket => ({ bytes, start, numberAt, end, offset: start, tag, from, level, version, source })
