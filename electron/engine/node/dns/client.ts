/** The program `dns-client`: asks for names, one after another. */
import type { DnsClientApp } from '../../../../shared/dns.ts'
import type { Cancel, Program, Surroundings } from '../program.ts'
import { Resolver } from './resolver.ts'

export class DnsClient implements Program {
  done = false
  private readonly setup: DnsClientApp
  private readonly lab: Surroundings
  private readonly resolver: Resolver
  private timer: Cancel | undefined
  private error = ''

  constructor(setup: DnsClientApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.resolver = new Resolver(lab, setup.resolver)
  }

  start(): void {
    this.lab.trace.emit('app:started', { what: 'dns-client', bytes: 0 })
    this.next(0)
  }

  stop(): void {
    this.timer?.()
    this.resolver.stop()
  }

  /** At its moment, or now if that has gone by while others were asked. */
  private next(index: number): void {
    const query = this.setup.queries[index]
    if (query === undefined) return this.finish()
    const ask = (): void => {
      this.resolver.lookup(query, ({ outcome }) => {
        if (outcome === 'failed' || outcome === 'timeout') this.error ||= `${query.name}: ${outcome}`
        this.next(index + 1)
      })
    }
    const span = query.at - this.lab.now()
    if (span <= 0) ask()
    else this.timer = this.lab.after(span, ask)
  }

  private finish(): void {
    this.done = true
    this.lab.trace.emit('app:finished', { bytes: 0, sha256: '', error: this.error })
  }
}
