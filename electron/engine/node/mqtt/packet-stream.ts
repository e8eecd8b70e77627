/**
 * The byte stream between a library and its network connection, seen packet by packet: whoever watches may keep a packet from
 * either side, or end it all between two of them.
 */
import { Duplex } from 'node:stream'
import { PacketSplitter } from './packet-splitter.ts'

export interface PacketWatch {
  /** Bytes have come from the network, whole packets or not; the packets that they complete come after. */
  heard?(bytes: Uint8Array): void
  /** A whole packet has come from the network; returns whether the library is to have it. */
  arrived(packet: Uint8Array): boolean
  /** A whole packet is about to go out; returns what goes in its place. */
  leaving(packet: Uint8Array): Uint8Array
}

export class PacketStream extends Duplex {
  private readonly inner: Duplex
  private readonly watch: PacketWatch
  private readonly incoming = new PacketSplitter()
  private readonly outgoing = new PacketSplitter()
  private isCut = false
  private isDeaf = false
  private whenCut: (() => void) | undefined

  /** @param inner TCP or TLS; not to be used by anybody else any more */
  constructor(inner: Duplex, watch: PacketWatch) {
    super({ allowHalfOpen: false })
    this.inner = inner
    this.watch = watch
    inner.on('data', (bytes: Uint8Array) => this.receive(bytes))
    inner.once('end', () => this.endIncoming())
    inner.once('error', (error) => this.destroy(error))
    inner.once('close', () => this.handleClosed())
  }

  /**
   * To be called while a packet arrives or leaves: it is the last. Nothing passes after it, in either direction, and `then` is called
   * when it is through.
   */
  cutAfterThis(then: () => void): void {
    this.isCut = true
    this.whenCut = then
  }

  /** Nothing that comes from now on is looked at. The library has its time to take in what came before, and then closes. */
  endIncoming(): void {
    if (this.isDeaf) return
    this.isDeaf = true
    this.push(null)
  }

  override _read(): void {
    this.inner.resume()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.transmit(chunk, done)
  }

  /** The library writes a packet in pieces: they are one packet on the wire, too. */
  override _writev(
    chunks: readonly { readonly chunk: Uint8Array }[],
    done: (error?: Error | null) => void,
  ): void {
    this.transmit(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.inner.end(() => done())
  }

  /** What was written still goes out, then the connection is closed in order, whatever the library thinks of it. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { inner } = this
    if (!inner.destroyed) inner.end(() => inner.destroy())
    done(error)
  }

  private receive(bytes: Uint8Array): void {
    if (this.isDeaf || this.isCut) return
    this.watch.heard?.(bytes)
    this.incoming.push(bytes, (packet) => {
      if (this.isDeaf || this.isCut || this.destroyed) return
      if (this.watch.arrived(packet) && !this.push(packet)) this.inner.pause()
      this.finishCut()
    })
  }

  private transmit(bytes: Uint8Array, done: (error?: Error | null) => void): void {
    const packets: Uint8Array[] = []
    this.outgoing.push(bytes, (packet) => {
      if (!this.isCut) packets.push(this.watch.leaving(packet))
    })
    if (packets.length === 0) return done()
    this.inner.write(packets.length === 1 ? packets[0] : Buffer.concat(packets), (error) => {
      this.finishCut()
      done(error)
    })
  }

  private finishCut(): void {
    this.whenCut?.()
    this.whenCut = undefined
  }

  /** After a cut the library is left the time to take in what it was given last. */
  private handleClosed(): void {
    if (this.isCut) setImmediate(() => setImmediate(() => this.destroy()))
    else if (!this.isDeaf) this.destroy()
  }
}
