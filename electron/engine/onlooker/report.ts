/** Where the layers of one end write what its host sends. */
import type { EventData, EventName } from '../../../shared/trace/events.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Side } from '../../protocol/wire/side.ts'

export class Report {
  /** Which side the host of this onlooker is: only what it sends is told of. */
  readonly own: Side
  /** The packet that carries what is being read; undefined: what is read was not sent now. */
  pkt: number | undefined
  private readonly traceOf: () => Trace
  private trace: Trace | undefined

  /** `traceOf` is called with the first event: most connections have none. */
  constructor(own: Side, traceOf: () => Trace) {
    this.own = own
    this.traceOf = traceOf
  }

  emit<N extends EventName>(name: N, data: EventData<N>): void {
    this.trace ??= this.traceOf()
    this.trace.emit(name, data, this.pkt)
  }
}
