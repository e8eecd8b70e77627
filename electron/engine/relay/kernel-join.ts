/** Ties TCP sockets of the kernel to TCP sockets of the lab: bytes, half-close and reset pass both ways. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { KernelTrace } from './kernel-trace.ts'
import type { Run } from '../run.ts'
import type { LabSocket } from '../sockets.ts'

export class KernelJoints {
  private readonly trace: KernelTrace
  private readonly kernelSockets = new Set<Socket>()

  /** `what` they are for, in the words of `app:started`. They end with the run. */
  constructor(run: Run, what: string) {
    this.trace = new KernelTrace(run, what)
    void run.ended.then(() => this.close())
  }

  /** Ties the two; `node` is where the kernel's end stands in the trace, `peer` who is at its other end. */
  join(kernel: Socket, lab: LabSocket, node: string, peer: string): void {
    this.kernelSockets.add(kernel)
    const end = this.trace.begin(node, lab.connection.flow)
    // An accepted socket is connected already.
    if (kernel.connecting) kernel.once('connect', () => end.connected(peer))
    else end.connected(peer)
    let failed = ''
    const fail = (error: NodeJS.ErrnoException): void => {
      failed ||= error.code ?? error.message
    }
    splice(kernel, lab, fail)
    splice(lab, kernel, fail)
    kernel.once('close', () => {
      this.kernelSockets.delete(kernel)
      end.finished(kernel.bytesRead + kernel.bytesWritten, failed)
    })
  }

  private close(): void {
    for (const socket of this.kernelSockets) socket.resetAndDestroy()
  }
}

interface Resettable extends Duplex {
  resetAndDestroy(): unknown
}

/** Passes on what `from` gives: bytes as fast as `to` takes them, its end, its failure. */
function splice(from: Resettable, to: Resettable, onFail: (error: NodeJS.ErrnoException) => void): void {
  from.pipe(to)
  from.on('error', (error) => {
    onFail(error)
    if (!to.destroyed) to.resetAndDestroy()
  })
  // Closed without a word, such as by us at the end of the run: nothing more can come.
  from.once('close', () => {
    if (!from.readableEnded && !to.destroyed) to.resetAndDestroy()
  })
}
