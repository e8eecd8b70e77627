/**
 * What keeps MQTT.js and Aedes off the wall clock: both use the timers of Node, but let themselves be told not to.
 *
 * Timers that cannot be switched off are set so far away that they never ring; what they were for is done in lab time by the programs.
 */
import type { Timer } from 'mqtt'
import type { Cancel, Surroundings } from '../program.ts'

/** The longest that a timer of Node can be set to, 24 days, in milliseconds. */
export const NEVER_MS = 0x7fff_ffff

/** How long a broker waits for CONNECT (MQTT 3.1.1 3.1.4: "a reasonable amount of time"), and a client for CONNACK; microseconds. */
export const CONNECT_WAIT = 30_000_000

/** The interval timer by which MQTT.js keeps a connection alive. */
export function labInterval(lab: Surroundings): Timer {
  const running = new Map<number, Cancel>()
  let last = 0
  return {
    set(action, milliseconds = 0) {
      const id = ++last
      const ring = (): void => {
        running.set(id, lab.after(milliseconds * 1_000, ring))
        action()
      }
      running.set(id, lab.after(milliseconds * 1_000, ring))
      return id
    },
    clear(id) {
      running.get(id as number)?.()
      running.delete(id as number)
    },
  }
}
