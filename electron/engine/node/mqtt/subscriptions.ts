/** What a client is subscribed to, and what it wants to be at a moment. */
import type { MqttClientApp } from '../../../../shared/mqtt.ts'

type Wish = MqttClientApp['subscribe'][number]

/** Filters with the QoS that is asked for. */
export type Filters = Readonly<Record<string, { readonly qos: Wish['qos'] }>>

export class Subscriptions {
  private readonly wishes: readonly Wish[]
  /** What the session at the broker has, as far as the client was told. */
  private readonly granted = new Set<string>()
  private waiting = 0

  constructor(wishes: readonly Wish[]) {
    this.wishes = wishes
  }

  /** An answer of the broker is still to come. */
  get isWaiting(): boolean {
    return this.waiting > 0
  }

  /** When something changes after the beginning, in time of the application. */
  get moments(): ReadonlySet<number> {
    return new Set(this.wishes.flatMap(({ at, until }) => [at, until]).filter((moment) => moment > 0))
  }

  /** The broker has no session of this client (MQTT 3.1.1 3.2.2.2). */
  forget(): void {
    this.granted.clear()
  }

  /** What is to be said to the broker `elapsed` after the beginning. */
  due(elapsed: number): { readonly subscribe: Filters; readonly unsubscribe: readonly string[] } {
    const wanted = this.wishes.filter(({ at, until }) => at <= elapsed && (until === 0 || elapsed < until))
    const kept = new Set(wanted.map(({ filter }) => filter))
    return {
      subscribe: Object.fromEntries(
        wanted.filter(({ filter }) => !this.granted.has(filter)).map(({ filter, qos }) => [filter, { qos }]),
      ),
      unsubscribe: [...this.granted].filter((filter) => !kept.has(filter)),
    }
  }

  /** These were asked for; the function returned is to be called when the broker has answered, or never will. */
  ask(filters: readonly string[], action: 'add' | 'delete'): (error?: unknown) => void {
    this.waiting++
    return (error) => {
      this.waiting--
      if (!error) for (const filter of filters) this.granted[action](filter)
    }
  }
}
