/**
 * One direction of a cable in the live driver: packets go out on one socket and come in on another of the same
 * process. Loopback keeps order, so what comes in is held against what went out, byte by byte and in order; what is
 * missing was lost by the system, which nobody asked for, and makes the run's expectations void (DESIGN 4.2).
 *
 * The system drops what does not fit into the receiver's buffer, so no more is put into it than fits; the rest waits
 * here. Since sender and receiver are one process, what is on the way is known exactly.
 */
import type { Datagram } from '../../protocol/sansio.ts'

/**
 * What a datagram takes of a receive buffer: Linux counts the whole allocation, the packet with its headers rounded
 * up to a power of two (but 576 for small ones), and the descriptor. Others count less.
 */
export function bufferCharge(length: number): number {
  let room = 576
  if (room < length + 448) room = 1024
  while (room < length + 448) room *= 2
  return room + 256
}

/**
 * The most packets on the way. On a busy system the kernel hands packets over late, from a queue of 1,000 for each
 * processor (`netdev_max_backlog`) which all hops share; what does not fit there is lost, too.
 */
const MOST_ON_THE_WAY = 128
/** Shares of the receive buffer that may be used; the rest is for what we do not know. */
const USABLE = 0.8

export interface HopOptions {
  /** Puts bytes on the wire. */
  readonly send: (bytes: Uint8Array) => void
  /** What the receiving socket can hold, in bytes. */
  readonly receiveBuffer: number
  /** `count` packets were lost by the system. */
  readonly onLost: (count: number) => void
}

export class Hop {
  private readonly options: HopOptions
  private readonly budget: number
  /** Sent, not yet come in; consumed from `head`. Those from `sent` on have not been sent yet. */
  private queue: Datagram[] = []
  private head = 0
  private sent = 0
  private charged = 0

  constructor(options: HopOptions) {
    this.options = options
    this.budget = options.receiveBuffer * USABLE
  }

  /** Packets that have not come in yet. */
  get size(): number {
    return this.queue.length - this.head
  }

  /** The packet that should come in next. */
  get oldest(): Datagram | undefined {
    return this.queue[this.head]
  }

  send(datagram: Datagram): void {
    this.queue.push(datagram)
    this.pump()
  }

  /** The packet whose bytes came in; undefined: none that was sent here. */
  receive(bytes: Buffer): Datagram | undefined {
    for (let i = this.head; i < this.sent; i++) {
      const datagram = this.queue[i]
      if (datagram.bytes.length !== bytes.length || !bytes.equals(datagram.bytes)) continue
      if (i > this.head) this.options.onLost(i - this.head)
      this.forget(i + 1)
      return datagram
    }
    return undefined
  }

  /** Gives up the oldest packet, for which we have waited long enough. */
  giveUp(): void {
    if (this.head === this.sent) return
    this.options.onLost(1)
    this.forget(this.head + 1)
  }

  private forget(end: number): void {
    for (; this.head < end; this.head++) this.charged -= bufferCharge(this.queue[this.head].bytes.length)
    if (this.head === this.queue.length) {
      this.queue.length = 0
      this.sent -= this.head
      this.head = 0
    } else if (this.head > 256) {
      this.queue = this.queue.slice(this.head)
      this.sent -= this.head
      this.head = 0
    }
    this.pump()
  }

  /** Sends what the receiver has room for; at least one, else nothing would ever go. */
  private pump(): void {
    while (this.sent < this.queue.length) {
      const { bytes } = this.queue[this.sent]
      const charge = bufferCharge(bytes.length)
      const onTheWay = this.sent - this.head
      if (onTheWay > 0 && (onTheWay >= MOST_ON_THE_WAY || this.charged + charge > this.budget)) return
      this.charged += charge
      this.sent++
      this.options.send(bytes)
    }
  }
}
