import type { OutageSpec } from '../../../shared/link.ts'
import { micros, type Micros } from '../../../shared/units.ts'

/** Whether a direction takes packets at `now`. */
export function isUp(spec: OutageSpec, now: Micros): boolean {
  if (spec.down) return false
  if (spec.downFor === 0 || now < spec.start) return true
  return (now - spec.start) % (spec.up + spec.downFor) < spec.up
}

/** When that changes next by itself; infinity: never. */
export function nextChange(spec: OutageSpec, now: Micros): Micros {
  const never = micros(Infinity)
  if (spec.down || spec.downFor === 0 || spec.up === 0) {
    return !spec.down && spec.downFor > 0 && now < spec.start ? micros(spec.start) : never
  }
  const period = spec.up + spec.downFor
  if (now < spec.start) return micros(spec.start + spec.up)
  const begin = now - ((now - spec.start) % period)
  const candidates = [begin + spec.up, begin + period, begin + period + spec.up]
  return micros(candidates.find((t) => t > now) ?? Infinity)
}
