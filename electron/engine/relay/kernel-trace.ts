/** Tells the trace which sockets of the kernel come and go, in the words of applications. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Run } from '../run.ts'

/** The kernel's end of an exchange that crosses the lab. */
export interface KernelEnd {
  /** Who is at its other end, as `address:port`. */
  connected(peer: string): void
  /** Bytes both ways; `error` is empty or the code of what broke it off. */
  finished(bytes: number, error: string): void
}

export class KernelTrace {
  private readonly run: Run
  private readonly what: string

  /** `what` the sockets are for, in the words of `app:started`. */
  constructor(run: Run, what: string) {
    this.run = run
    this.what = what
  }

  /** One came; `node` is where it stands in the trace, `flow` what it is tied to in the lab. */
  begin(node: string, flow: string): KernelEnd {
    const trace = this.run.recorder.scope({ node, flow })
    const emit = (tell: (to: Trace) => void): void => {
      if (this.run.isOver) return
      this.run.scene.world.stamp(this.run.driver.now())
      tell(trace)
    }
    emit((to) => to.emit('app:started', { what: this.what, bytes: 0 }))
    return {
      connected: (peer) => emit((to) => to.emit('app:connected', { peer })),
      finished: (bytes, error) => emit((to) => to.emit('app:finished', { bytes, sha256: '', error })),
    }
  }
}
