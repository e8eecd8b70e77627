/**
 * Small things that the window remembers on this machine. Storage may be switched off, full, or hold what another
 * version wrote: reading gives an empty record then, and writing gives up in silence, since nothing depends on it.
 */

/** The record stored under `key`; its fields are unknown and must be checked by who uses them. */
export function readStored(key: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

export function writeStored(key: string, value: Readonly<Record<string, unknown>>): void {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // Switched off or full.
  }
}
