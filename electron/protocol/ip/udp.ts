/** The UDP ports of a host: which are open, and which one a socket without a wish is given. */
import type { Rng } from '../random.ts'

/** The dynamic ports (RFC 6335 6). */
const FIRST_DYNAMIC = 49_152
const LAST_DYNAMIC = 65_535

export class UdpPorts {
  private readonly open = new Set<number>()
  private readonly rng: Rng

  constructor(rng: Rng) {
    this.rng = rng
  }

  isOpen(port: number): boolean {
    return this.open.has(port)
  }

  /** Opens `port`, or with 0 a free one at random (RFC 6056 3.3.1). Undefined: it is taken, or none is free. */
  bind(port: number): number | undefined {
    const chosen = port === 0 ? this.freePort() : port
    if (chosen === undefined || this.open.has(chosen)) return undefined
    this.open.add(chosen)
    return chosen
  }

  close(port: number): void {
    this.open.delete(port)
  }

  closeAll(): void {
    this.open.clear()
  }

  private freePort(): number | undefined {
    const count = LAST_DYNAMIC - FIRST_DYNAMIC + 1
    const start = this.rng.int(count)
    for (let i = 0; i < count; i++) {
      const port = FIRST_DYNAMIC + ((start + i) % count)
      if (!this.open.has(port)) return port
    }
    return undefined
  }
}
