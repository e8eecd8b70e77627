/**
 * Ties TCP sockets of the kernel to TCP sockets of the lab: bytes, half-close and reset pass both ways, and the trace is told what
 * kernel sockets come and go.
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Trace } from '../../shared/trace/sink.ts'
import type { Run } from './run.ts'
import type { LabSocket } from './sockets.ts'

export class KernelJoints {
  private readonly run: Run
  private readonly what: string
  private readonly kernelSockets = new Set<Socket>()

  /** `what` they are for, in the words of `app:started`. They end with the run. */
  constructor(run: Run, what: string) {
    this.run = run
    this.what = what
    void run.ended.then(() => this.close())
  }

  /** Ties the two; `node` is where the kernel's end stands in the trace, `peer` who is at its other end. */
  join(kernel: Socket, lab: LabSocket, node: string, peer: string): void {
    this.kernelSockets.add(kernel)
    const trace = this.run.recorder.scope({ node, flow: lab.connection.flow })
    const emit = (tell: (to: Trace) => void): void => {
      if (this.run.isOver) return
      this.run.scene.world.stamp(this.run.driver.now())
      tell(trace)
    }
    emit((to) => to.emit('app:started', { what: this.what, bytes: 0 }))
    kernel.once('connect', () => emit((to) => to.emit('app:connected', { peer })))
    // An accepted socket is connected already.
    if (!kernel.connecting) emit((to) => to.emit('app:connected', { peer }))
    let failed = ''
    const fail = (error: NodeJS.ErrnoException): void => {
      failed ||= error.code ?? error.message
    }
    splice(kernel, lab, fail)
    splice(lab, kernel, fail)
    kernel.once('close', () => {
      this.kernelSockets.delete(kernel)
      const bytes = kernel.bytesRead + kernel.bytesWritten
      emit((to) => to.emit('app:finished', { bytes, sha256: '', error: failed }))
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
