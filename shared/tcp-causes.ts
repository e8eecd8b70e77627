/** Why a TCP segment was sent, as `tcp:segment_sent` says it. */

const NEW: ReadonlySet<string> = new Set(['', 'limited_transmit', 'mtu_probe'])

/** Its data leave for the first time. */
export const isNewData = (cause: string): boolean => NEW.has(cause)
