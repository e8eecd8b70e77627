/**
 * What theory says of a long transfer that is limited by loss alone. All windows are in segments.
 *
 * Reading list: M. Mathis, J. Semke, J. Mahdavi, T. Ott, "The Macroscopic Behavior of the TCP Congestion Avoidance
 * Algorithm", 1997; RFC 9438 sections 4.3 and 5.1.
 */

/**
 * Segments that stand behind one step of the window (b of Mathis and others, who count an ACK as one step). Our Reno
 * counts acknowledged bytes (RFC 3465), so a delayed ACK for two segments is worth both of them: b = 1.
 */
export const SEGMENTS_PER_STEP = 1

/** RFC 9438 4.6 and 5. */
const CUBIC_BETA = 0.7
const CUBIC_C = 0.4

/**
 * Mean window of Reno in segments: C/sqrt(p) with C = sqrt(3/(2b)).
 *
 * Assumes: losses far apart (one reduction each), found by duplicate ACKs, a window that nothing else limits, a
 * constant round-trip time.
 * @param p share of segments that are lost, above 0
 * @param b segments behind one step of the window
 */
export const mathisWindow = (p: number, b = SEGMENTS_PER_STEP): number =>
  Math.sqrt(3 / (2 * b)) / Math.sqrt(p)

/**
 * Mean window of CUBIC's own curve in segments (RFC 9438 5.1, equation 5), for losses at equal distances.
 * @param p share of segments that are lost, above 0
 * @param rtt round-trip time in microseconds
 */
export function cubicWindow(p: number, rtt: number): number {
  const shape = (CUBIC_C * (3 + CUBIC_BETA)) / (4 * (1 - CUBIC_BETA))
  return Math.pow(shape, 1 / 4) * Math.pow(rtt / 1e6 / p, 3 / 4)
}

/**
 * Mean window that CUBIC keeps as its minimum: that of Reno (RFC 9438 4.3 chooses alpha so that the two are equal).
 * It counts acknowledged segments, hence b = 1.
 */
export const renoFriendlyWindow = (p: number): number => mathisWindow(p, 1)

/** Bits a second that a mean window of `segments` brings. `segmentSize` in bytes of payload, `rtt` in microseconds. */
export const windowRate = (segments: number, segmentSize: number, rtt: number): number =>
  (segments * segmentSize * 8e6) / rtt
