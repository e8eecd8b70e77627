/** Messages in a stream of TCP, framed, and written whole or in pieces that have nothing to do with them. */
import type { MessageSenderApp } from '../../../../shared/messaging.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import type { Rng } from '../../../protocol/random.ts'
import { formatEndpoint } from '../../../protocol/wire/address.ts'
import { framerOf, type Framer } from '../../../protocol/wire/framing/framing.ts'
import { Digest } from '../../apps/payload.ts'
import type { LabSocket } from '../../sockets.ts'
import { failureOf } from '../http/transport.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { channelOf, longestOf, type Line, type LineEnded } from './line.ts'

export class StreamLine implements Line {
  readonly trace: Trace
  private readonly setup: MessageSenderApp
  private readonly lab: Surroundings
  private readonly channel: string
  private readonly socket: LabSocket
  private readonly framer: Framer
  /** Where writes are cut is drawn from this; undefined: they are whole. */
  private readonly cuts: Rng | undefined
  private readonly digest = new Digest()
  /** Framed and not written yet. */
  private pending: Uint8Array = new Uint8Array(0)
  private complete = false
  private cancel: Cancel | undefined

  constructor(setup: MessageSenderApp, lab: Surroundings, ended: LineEnded) {
    const remote = { address: lab.addressOf(setup.to), port: setup.port }
    this.setup = setup
    this.lab = lab
    this.channel = channelOf(setup.to, setup.port)
    this.framer = framerOf(setup.framing, longestOf(setup))
    this.cuts = setup.writes === 'cut' ? lab.rng.fork('cuts') : undefined
    this.socket = lab.sockets.connect(remote)
    this.trace = lab.trace.scope({ flow: this.socket.connection.flow })
    let error = ''
    this.socket.once('connect', () =>
      this.trace.emit('app:connected', { peer: formatEndpoint(remote.address, remote.port) }),
    )
    this.socket.on('error', (failure) => (error ||= failureOf(failure).code))
    this.socket.once('close', () => {
      if (!this.complete) error ||= 'closed by the receiver'
      ended(this.digest.bytes, this.digest.finish(), error)
    })
    // The receiver says nothing, but the end of its side has to be read.
    this.socket.resume()
  }

  send(number: number, message: Uint8Array): void {
    const framed = this.framer.encode(message)
    if (!framed.ok) throw new Error(`a message of ours cannot be framed: ${framed.error.reason}`)
    const { length } = framed.value
    const offset = this.digest.bytes + this.pending.length
    this.trace.emit('app:frame_written', { channel: this.channel, message: number, offset, length })
    this.pending = Buffer.concat([this.pending, framed.value])
    this.writeSome()
    // The rest, or some of it, halfway to the next message.
    if (this.cuts !== undefined) this.cancel = this.lab.after(this.setup.every / 2, () => this.writeSome())
  }

  end(): void {
    this.cancel?.()
    this.write(this.pending.length)
    this.complete = true
    this.socket.end()
  }

  stop(): void {
    this.cancel?.()
    this.socket.destroy()
  }

  /** All that there is, or as much of it as the seed says. */
  private writeSome(): void {
    const { length } = this.pending
    if (length > 0) this.write(this.cuts === undefined ? length : 1 + this.cuts.int(length))
  }

  private write(length: number): void {
    if (length === 0 || !this.socket.writable) return
    const bytes = this.pending.subarray(0, length)
    this.pending = this.pending.subarray(length)
    this.trace.emit('app:stream_written', { channel: this.channel, offset: this.digest.bytes, length })
    this.digest.update(bytes)
    this.socket.write(bytes)
  }
}
