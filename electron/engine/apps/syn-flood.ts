/**
 * SYNs from addresses at which nobody is (RFC 4987 2): whoever answers them waits for an ACK that never comes. They are written
 * past TCP of the host, which knows of no connection. Bounded, and to hosts of the lab only, for there are no others.
 */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Rng } from '../../protocol/random.ts'
import { flowName, type Ipv4Address } from '../../protocol/wire/address.ts'
import { NOT_ECT } from '../../protocol/wire/ipv4.ts'
import { SYN } from '../../protocol/wire/tcp.ts'
import type { App, Station } from '../station.ts'

type SynFloodSetup = Extract<AppSetup, { kind: 'syn-flood' }>

interface SynFloodOptions {
  readonly station: Station
  readonly to: Ipv4Address
  /** Whose addresses it takes. */
  readonly sources: readonly Ipv4Address[]
  readonly rng: Rng
  readonly trace: Trace
}

/** Below are the well-known ports (RFC 6335 6). */
const FIRST_PORT = 1_024
const WINDOW = 65_535
const NO_PAYLOAD = new Uint8Array(0)

export class SynFlood implements App {
  done = false
  private readonly setup: SynFloodSetup
  private readonly options: SynFloodOptions
  private sent = 0

  constructor(setup: SynFloodSetup, options: SynFloodOptions) {
    this.setup = setup
    this.options = options
  }

  handleEvent(): void {
    // Nothing is told to it: it has no connection.
  }

  handlePower(_now: Micros, on: boolean): void {
    if (!on && this.sent > 0 && !this.done) this.finish('host_off')
  }

  pollTimeout(): Micros | undefined {
    return this.done ? undefined : (this.nextAt as Micros)
  }

  handleTimeout(now: Micros): void {
    if (this.sent === 0 && this.nextAt <= now)
      this.options.trace.emit('app:started', { what: 'syn-flood', bytes: 0 })
    while (!this.done && this.nextAt <= now) this.send()
  }

  private get nextAt(): number {
    return this.setup.start + (this.sent * 1e6) / this.setup.rate
  }

  private send(): void {
    const { station, to, sources, rng } = this.options
    const source = sources[rng.int(sources.length)]
    const sourcePort = FIRST_PORT + rng.int(0x1_0000 - FIRST_PORT)
    const { port: destinationPort } = this.setup
    const segment = {
      ...{ sourcePort, destinationPort, sequence: rng.uint32(), acknowledgment: 0, flags: SYN },
      ...{ window: WINDOW, urgent: 0, options: { mss: 1460 }, payload: NO_PAYLOAD },
    }
    const flow = flowName(source, sourcePort, to, destinationPort)
    const how = { cause: '', flow, scaledWindow: WINDOW, ecn: NOT_ECT, fresh: undefined }
    station.host.sendForged(source, { destination: to, segment, ...how })
    this.sent++
    if (this.sent === this.setup.count) this.finish('')
  }

  private finish(error: string): void {
    this.done = true
    this.options.trace.emit('app:finished', { bytes: 0, sha256: '', error })
  }
}
