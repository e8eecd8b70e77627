/** Where a client's server is: its address is known, or found by name before each connection (RFC 9110 4.3.3). */
import type { HttpClientApp } from '../../../../shared/http.ts'
import { parseAddress, type Ipv4Address } from '../../../protocol/wire/address.ts'
import { Resolver, type Resolution } from '../dns/resolver.ts'
import type { Cancel, Surroundings } from '../program.ts'
import type { Failure } from './transport.ts'

/** What carriers have of the laboratory: and a way to find the server. */
export interface ClientLab extends Surroundings {
  readonly server: ServerFinder
}

/** Codes and words of Node's `dns`, but for the lack of an answer, which has the code of a connection's. */
const FAILURES: Readonly<Record<Exclude<Resolution['outcome'], 'answer'>, readonly [string, string]>> = {
  cache: ['ENOTFOUND', 'no address is known to stand at this name'],
  nxdomain: ['ENOTFOUND', 'there is no such name'],
  nodata: ['ENODATA', 'the name has no address'],
  failed: ['ESERVFAIL', 'the DNS server could not say'],
  timeout: ['ETIMEDOUT', 'no DNS server has answered'],
}

export class ServerFinder {
  private readonly lab: Surroundings
  private readonly setup: Pick<HttpClientApp, 'to' | 'lookup'>
  private readonly resolver: Resolver | undefined

  constructor(lab: Surroundings, setup: Pick<HttpClientApp, 'to' | 'lookup'>) {
    this.lab = lab
    this.setup = setup
    this.resolver = setup.lookup ? new Resolver(lab, setup.lookup.resolver) : undefined
  }

  /** Calls one of them once, unless it was cancelled before: `found` at once where the address is known, `failed` always later. */
  find(found: (address: Ipv4Address) => void, failed: (failure: Failure) => void): Cancel {
    const { lab, resolver, setup } = this
    if (resolver === undefined || !setup.lookup) {
      found(lab.addressOf(setup.to))
      return () => undefined
    }
    const { name } = setup.lookup
    let cancelFailure: Cancel = () => undefined
    const cancel = resolver.lookup({ name, type: 'A' }, ({ outcome, values }) => {
      const address = parseAddress(values[0] ?? '')
      if (address !== undefined) return found(address)
      const [code, words] = FAILURES[outcome === 'answer' ? 'failed' : outcome]
      cancelFailure = lab.after(0, () => failed({ code, message: `${name}: ${words}` }))
    })
    return () => {
      cancel()
      cancelFailure()
    }
  }

  stop(): void {
    this.resolver?.stop()
  }
}
