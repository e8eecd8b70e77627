/** The traces of a host's flows: making one for each packet would cost more than the packet. */
import type { Trace } from '../../../shared/trace/sink.ts'

/** The most that are kept at hand. */
const MOST = 4096

export class FlowScopes {
  private readonly trace: Trace
  private readonly scopes = new Map<string, Trace>()

  constructor(trace: Trace) {
    this.trace = trace
  }

  of(flow: string): Trace {
    const known = this.scopes.get(flow)
    if (known !== undefined) return known
    if (this.scopes.size >= MOST) this.scopes.clear()
    const scope = this.trace.scope({ flow })
    this.scopes.set(flow, scope)
    return scope
  }
}
