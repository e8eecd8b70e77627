/** Ctrl-C: the first asks for an orderly end, the second ends at once. */

export interface Interrupt {
  /** Whether it was asked for. */
  readonly happened: boolean
  /** Resolves when it is. */
  readonly requested: Promise<void>
  /** Stops listening. */
  release(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export function listenForInterrupt(): Interrupt {
  let happened = false
  let resolve!: () => void
  const requested = new Promise<void>((done) => (resolve = done))
  const handle = (): void => {
    happened = true
    // With no listener left the system's own handling is back: a second Ctrl-C kills.
    release()
    resolve()
  }
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, handle)
  }
  for (const signal of SIGNALS) process.on(signal, handle)
  return {
    get happened() {
      return happened
    },
    requested,
    release,
  }
}
