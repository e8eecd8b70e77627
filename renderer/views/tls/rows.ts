/** The rows of the handshake ladder: its steps, flight by flight, and what passes between two flights. */
import { arrivalOf, type Arrival } from '../../../shared/projections/arrival.ts'
import type { QuicPacket } from '../../../shared/projections/quic-packets.ts'
import { carrierOf } from '../../../shared/projections/tls-carrier.ts'
import { flightsOf, roundTrips, type TlsStep } from '../../../shared/projections/tls.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'

export interface StepRow {
  readonly kind: 'step'
  readonly step: TlsStep
  /** Its place in the conversation. */
  readonly index: number
  readonly arrival: Arrival
  /** The QUIC packet that carried it; undefined over TCP. */
  readonly carrier: QuicPacket | undefined
}

/** Between two flights. */
export interface PauseRow {
  readonly kind: 'pause'
  /** From the last packet of one flight to the first of the next, in microseconds. */
  readonly span: number
  /** Round trips that the client has waited for by now; 0: none came to an end here. */
  readonly roundTrip: number
}

export type Row = StepRow | PauseRow

export function rowsOf(store: TraceStore, steps: readonly TlsStep[]): Row[] {
  const flights = flightsOf(steps)
  const counted = roundTrips(flights)
  const rows: Row[] = []
  let index = 0
  let heard = 0
  flights.forEach(({ steps: own }, f) => {
    const before = flights[f - 1]?.steps.at(-1)
    if (before) {
      if (before.from === 'server') heard++
      const roundTrip = before.from === 'server' && heard <= counted ? heard : 0
      rows.push({ kind: 'pause', span: own[0].t - before.t, roundTrip })
    }
    for (const step of own)
      rows.push({
        kind: 'step',
        step,
        index: index++,
        arrival: arrivalOf(store, step.pkt),
        carrier: carrierOf(store, step),
      })
  })
  return rows
}
