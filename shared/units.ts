/** The units of the laboratory. Lab time is the only time there is (DESIGN 3). */

/** Lab time or a span of it, in microseconds since the start of the run. May be fractional. */
export type Micros = number & { readonly unit: 'us' }

/** A rate in bits a second. */
export type BitsPerSecond = number

/** A share from 0 to 1. */
export type Ratio = number

/**
 * 2026-01-01T00:00:00Z, in milliseconds of Unix time: what a calendar shows at the beginning of a run. Dates in the laboratory
 * (`Date`, `Expires`, the validity of a certificate) go by lab time, so that a run repeats on any day.
 */
export const LAB_EPOCH = 1_767_225_600_000

export const micros = (n: number): Micros => n as Micros
export const millis = (n: number): Micros => (n * 1_000) as Micros
export const seconds = (n: number): Micros => (n * 1_000_000) as Micros

export const toMillis = (t: Micros): number => t / 1_000
export const toSeconds = (t: Micros): number => t / 1_000_000

/** `now + span`, keeping the unit. */
export const after = (now: Micros, span: number): Micros => (now + span) as Micros

/** `to - from`, keeping the unit. */
export const elapsed = (from: Micros, to: Micros): Micros => (to - from) as Micros
