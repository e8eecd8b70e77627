/**
 * The receiving half of a connection (RFC 9293 3.3.1, the RCV variables): what is acceptable, what is in
 * order, which window to advertise (3.8.6.2.2) and when an acknowledgment is due (3.8.6.3, RFC 5681 4.2).
 */
import type { TcpSettings } from '../../../shared/tcp.ts'
import { Inbox } from './inbox.ts'
import { Reassembly } from '../stream/reassembly.ts'
import type { SequenceSpace } from './sequence.ts'
import type { Tap } from './tap.ts'

/** RFC 7323 2.3. */
export const MAX_WINDOW_SHIFT = 14

/** Every held piece of a packet is taken to cost this much at least, so tiny segments cannot exhaust memory. */
const PIECE_COST = 64

/** The smallest shift with which a buffer can be advertised whole (RFC 7323 2.2). */
export function windowShiftFor(buffer: number): number {
  let shift = 0
  while (shift < MAX_WINDOW_SHIFT && 0xffff * 2 ** shift < buffer) shift++
  return shift
}

/** How the octets of a segment lie to the window (RFC 9293 3.10.7.4, first). */
export type Acceptability = 'acceptable' | 'duplicate' | 'beyond_window' | 'window_closed'

export class Receiver {
  settings: TcpSettings
  readonly space: SequenceSpace
  /** RCV.NXT. */
  next = 1
  /** The right edge of the window: no promise that was made is taken back (RFC 9293 3.8.6). */
  private edge = 1
  /** Bytes that one of the window field stands for: 2 to the power of Rcv.Wind.Shift (RFC 7323 2.2). */
  scale = 1
  /** What we advertise as MSS: the unit of silly window avoidance. */
  private readonly segmentSize: number
  private readonly held = new Reassembly()
  private readonly inbox = new Inbox()
  /** Position of the peer's FIN, once it is known. */
  private finPosition = Infinity
  /** RCV.NXT is beyond the peer's FIN. */
  finReached = false
  /** Last.ACK.sent of RFC 7323 4.3. */
  lastAckSent = 1
  /** The largest payload that came: what the peer calls a full segment. */
  private largestPayload = 1
  /** Bytes of text since the last acknowledgment. */
  private unacknowledged = 0
  /** An acknowledgment waits to be sent, no later than the delayed ACK timer. */
  ackWaiting = false
  /** It must go now. */
  ackNow = false
  /** Duplicate ACKs owed: one for each segment that came out of order (RFC 5681 4.2). */
  duplicateAcks = 0
  /** What of the last segment had arrived before, to be told by a D-SACK (RFC 2883 4); empty: nothing. */
  private duplicateLeft = 0
  private duplicateRight = 0
  /** Who looks on. */
  tap: Tap | undefined
  private readonly deliver = (piece: Uint8Array): void => {
    this.inbox.push(piece)
    this.tap?.handleReceived(piece)
  }

  constructor(settings: TcpSettings, space: SequenceSpace) {
    this.settings = settings
    this.space = space
    this.segmentSize = settings.mss
  }

  /** RCV.WND. */
  get window(): number {
    return this.edge - this.next
  }

  /** Bytes in order that the application has not read. */
  get readable(): number {
    return this.inbox.length
  }

  get outOfOrder(): number {
    return this.held.length
  }

  /**
   * The test of RFC 9293 3.10.7.4. A segment without length may lie on the window's right edge: that is where
   * the peer's SND.NXT is once it has filled the window.
   */
  accepts(position: number, length: number): Acceptability {
    const { next, edge } = this
    const end = position + length
    if (length === 0) {
      if (position < next) return 'duplicate'
      return position <= edge ? 'acceptable' : 'beyond_window'
    }
    if (end <= next) return 'duplicate'
    if (edge === next) return position <= next ? 'window_closed' : 'beyond_window'
    return position < edge ? 'acceptable' : 'beyond_window'
  }

  /** Takes in the text of an acceptable segment; returns the bytes not seen before. */
  receive(position: number, payload: Uint8Array, fin: boolean): number {
    const { next, edge } = this
    const end = position + payload.length
    if (fin && end <= edge) this.finPosition = Math.min(this.finPosition, end)
    const from = Math.max(position, next)
    const to = Math.min(end, edge, this.finPosition)
    const text = to > from ? payload.subarray(from - position, to - position) : EMPTY
    const hadGap = !this.held.isEmpty
    let fresh: number
    this.findDuplicate(position, to)
    if (position > next) {
      fresh = this.hold(from, text)
      this.duplicateAcks++
      this.ackWaiting = true
    } else {
      const before = this.next
      const held = this.held.length
      this.advance(text)
      fresh = this.next - before - (held - this.held.length)
      this.scheduleAck(payload.length, hadGap)
    }
    this.reachFin()
    return Math.max(0, fresh)
  }

  /** RFC 2883 4.2: the first contiguous part of a segment that is there already. */
  private findDuplicate(position: number, end: number): void {
    if (position < this.next) this.noteDuplicate(position, Math.min(end, this.next))
    else if (!this.held.isEmpty && this.held.firstOverlap(position, end, OVERLAP))
      this.noteDuplicate(OVERLAP[0], OVERLAP[1])
  }

  /** [left, right) came a second time: the next ACK tells so, and goes at once. A segment without text repeats nothing. */
  noteDuplicate(left: number, right: number): void {
    if (!this.settings.dsack || right <= left || left < 1) return
    this.duplicateLeft = left
    this.duplicateRight = right
    this.ackWaiting = this.ackNow = true
  }

  private hold(from: number, text: Uint8Array): number {
    const limit = 16 + this.settings.receiveBuffer / PIECE_COST
    return this.held.pieceCount >= limit ? 0 : this.held.insert(from, text)
  }

  private advance(text: Uint8Array): void {
    if (text.length > 0) {
      this.deliver(text)
      this.next += text.length
    }
    if (!this.held.isEmpty) this.next = this.held.drain(this.next, this.deliver)
  }

  private reachFin(): void {
    if (this.finReached || this.next < this.finPosition) return
    this.finReached = true
    this.next = this.finPosition + 1
    if (this.edge < this.next) this.edge = this.next
  }

  /** RFC 5681 4.2: for the text of every second full-sized segment at least; at once when it fills a gap. */
  private scheduleAck(length: number, filledGap: boolean): void {
    this.ackWaiting = true
    if (length > this.largestPayload) this.largestPayload = length
    this.unacknowledged += length
    const { delayedAck, ackEvery } = this.settings
    const enough = this.unacknowledged >= ackEvery * this.largestPayload
    if (filledGap || delayedAck === 0 || enough) this.ackNow = true
  }

  /** The next bytes in order, `max` at most; undefined when there are none. */
  read(max = Infinity): Uint8Array | undefined {
    const piece = this.inbox.take(max)
    if (piece === undefined) return undefined
    if (this.wantsWindowUpdate()) this.ackWaiting = this.ackNow = true
    return piece
  }

  /** Where the window's right edge could be, by the free space in the buffer. */
  private get possibleEdge(): number {
    return this.next + Math.max(0, this.settings.receiveBuffer - this.readable)
  }

  /** RFC 9293 3.8.6.2.2: the edge moves by a segment or half of the buffer, or it stays. */
  private get sillyLimit(): number {
    return this.settings.receiverSws ? Math.min(this.settings.receiveBuffer / 2, this.segmentSize) : 1
  }

  /**
   * A window update of its own is due when it at least doubles what the peer still has; otherwise the next ACK
   * carries it, and reading in small steps costs no packets. Without the avoidance of silly windows each read is told of, as
   * the receivers did that RFC 813 describes.
   */
  private wantsWindowUpdate(): boolean {
    if (this.finReached) return false
    const left = this.window
    const possible = Math.min(this.possibleEdge - this.next, 0xffff * this.scale)
    const gain = possible - left
    return gain >= Math.max(this.sillyLimit, this.scale) && (gain >= left || !this.settings.receiverSws)
  }

  /** The window field of a segment that is sent now; moves the edge. A SYN's is never scaled (RFC 7323 2.2). */
  advertise(isSyn: boolean): number {
    const scale = isSyn ? 1 : this.scale
    const possible = this.possibleEdge
    const edge = possible - this.edge >= this.sillyLimit ? possible : this.edge
    const field = Math.min(0xffff, Math.floor((edge - this.next) / scale))
    const advertised = this.next + field * scale
    if (advertised > this.edge) this.edge = advertised
    return Math.max(0, field)
  }

  /** An acknowledgment went out, with data or alone. */
  onAckSent(): void {
    this.ackWaiting = this.duplicateAcks > 0
    this.ackNow = false
    this.unacknowledged = 0
    this.lastAckSent = this.next
  }

  /** Up to `limit` SACK blocks as sequence numbers, flat; a D-SACK goes first, and goes once (RFC 2883 4 (1), (2)). */
  sackBlocks(limit: number): number[] {
    if (limit <= 0) return NO_BLOCKS
    const { duplicateLeft, duplicateRight } = this
    const reports = duplicateRight > duplicateLeft
    this.duplicateRight = this.duplicateLeft
    if (this.held.isEmpty && !reports) return NO_BLOCKS
    const blocks = this.held.isEmpty ? [] : this.held.blocks(reports ? limit - 1 : limit)
    if (reports) blocks.unshift(duplicateLeft, duplicateRight)
    return blocks.map((position) => this.space.toWire(position))
  }
}

const EMPTY = new Uint8Array(0)
const NO_BLOCKS: number[] = []
const OVERLAP: [number, number] = [0, 0]
