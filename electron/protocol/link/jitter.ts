import type { JitterSpec } from '../../../shared/link.ts'
import type { Rng } from '../random.ts'
import { CorrelatedDice } from './dice.ts'

/**
 * The shapes of jitter. Each turns uniform numbers into one of mean 0; `uniform` lies within +-1, the others
 * have the standard deviation 1. (netem's tables are the same shapes in tabular form, cut at 4 sigma;
 * here they are not cut.) A second number is drawn always, that changing the shape shifts no dice.
 */
const SHAPES: Record<JitterSpec['distribution'], (u: number, v: number) => number> = {
  uniform: (u) => 2 * u - 1,
  normal: (u) => normalQuantile(u),
  pareto: (u) => pareto(u),
  paretonormal: (u, v) => (0.75 * pareto(u) + 0.25 * normalQuantile(v)) / Math.sqrt(0.75 ** 2 + 0.25 ** 2),
}

/** Standard deviation for an `amount` of 1. */
const SPREAD: Record<JitterSpec['distribution'], number> = {
  uniform: 1 / Math.sqrt(3),
  normal: 1,
  pareto: 1,
  paretonormal: 1,
}

/** Pareto with shape 3 (netem's) has the mean 3/2 and the variance 3/4; here it is brought to 0 and 1. */
const pareto = (u: number): number => (Math.cbrt(1 / (1 - u)) - 1.5) / Math.sqrt(0.75)

/** The delay that a packet has more, or less, than the propagation delay. */
export class Jitter {
  private readonly first: CorrelatedDice
  private readonly second: CorrelatedDice
  private spec: JitterSpec = { distribution: 'uniform', amount: 0, correlation: 0, reorders: false }

  constructor(rng: Rng) {
    this.first = new CorrelatedDice(rng.fork('first'))
    this.second = new CorrelatedDice(rng.fork('second'))
  }

  configure(spec: JitterSpec): void {
    this.spec = spec
    this.first.correlation = spec.correlation
    this.second.correlation = spec.correlation
  }

  get active(): boolean {
    return this.spec.amount > 0
  }

  /** The standard deviation asked for, in microseconds. */
  get deviation(): number {
    return this.spec.amount * SPREAD[this.spec.distribution]
  }

  /** Microseconds for the n-th packet, positive or negative. */
  at(n: number): number {
    return this.spec.amount * SHAPES[this.spec.distribution](this.first.at(n), this.second.at(n))
  }
}

const horner = (x: number, coefficients: readonly number[]): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)

/** Coefficients of P. J. Acklam's rational approximation of the normal quantile, highest power first. */
const CENTRE_TOP = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
]
const CENTRE_BOTTOM = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
  1,
]
const TAIL_TOP = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
]
const TAIL_BOTTOM = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1]

/** The standard normal quantile of u, within 1.2e-9 of itself relatively; u = 0 counts as 2^-33. */
export function normalQuantile(u: number): number {
  const p = Math.max(u, 2 ** -33)
  if (p > 0.97575) return -normalQuantile(1 - p)
  if (p >= 0.02425) {
    const q = p - 0.5
    return (horner(q * q, CENTRE_TOP) * q) / horner(q * q, CENTRE_BOTTOM)
  }
  const q = Math.sqrt(-2 * Math.log(p))
  return horner(q, TAIL_TOP) / horner(q, TAIL_BOTTOM)
}
