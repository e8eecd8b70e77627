/** What became of the TLS connections of a lane, added up. */
import type { EventData } from '../../../shared/trace/events.ts'
import { TlsHandshake } from './tls-messages.ts'

export const TLS_EVENTS = [
  'security:record',
  'security:handshake_message',
  'security:handshake_finished',
  'security:certificate_checked',
  'security:decryption_attempted',
] as const

/** How a handshake ended at one end. */
export interface HandshakeEnd extends EventData<'security:handshake_finished'> {
  readonly t: number
  readonly node: string
}

/** ContentType of RFC 8446 5.1. */
const APPLICATION_DATA = 23

export class TlsLog {
  /** By connection: both ends, as far as they said. */
  readonly ends = new Map<string, HandshakeEnd[]>()
  /** The messages of each connection. */
  readonly handshakes = new Map<string, TlsHandshake>()
  failedChecks = 0
  /** Application data that crossed, by the onlooker with the keys of the endpoints. */
  plaintextBytes = 0
  /** Of these, what someone without them could read; null: nobody tried. */
  recoveredBytes: number | null = null

  /** Connections over TCP that have records of TLS. */
  private readonly recorded = new Set<string>()

  /** Whether anything was encrypted here. */
  get seen(): boolean {
    return this.hasRecords || this.ends.size > 0
  }

  /** QUIC has the handshake of TLS, and no records (RFC 9001 4). */
  get hasRecords(): boolean {
    return this.recorded.size > 0
  }

  /** Whether an end is still busy with the handshake of a connection over TCP. */
  isSecuring(node: string, flow: string): boolean {
    return this.recorded.has(flow) && this.ends.get(flow)?.some((end) => end.node === node) !== true
  }

  onRecord(flow: string, { inner_type, plain_offset, plain_length }: EventData<'security:record'>): void {
    this.recorded.add(flow)
    if (inner_type === APPLICATION_DATA && plain_offset >= 0) this.plaintextBytes += plain_length
  }

  onMessage(flow: string, message: EventData<'security:handshake_message'>): void {
    let handshake = this.handshakes.get(flow)
    if (handshake === undefined) this.handshakes.set(flow, (handshake = new TlsHandshake()))
    handshake.onMessage(message)
  }

  onFinished(flow: string, end: HandshakeEnd): void {
    const ends = this.ends.get(flow)
    if (ends === undefined) this.ends.set(flow, [end])
    else ends.push(end)
  }

  onChecked({ ok }: EventData<'security:certificate_checked'>): void {
    if (!ok) this.failedChecks++
  }

  onAttempt({ recovered }: EventData<'security:decryption_attempted'>): void {
    this.recoveredBytes = (this.recoveredBytes ?? 0) + recovered
  }
}
