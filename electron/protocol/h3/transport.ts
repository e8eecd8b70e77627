/** What HTTP/3 needs of a QUIC connection; `QuicConnection` is one. */
import type { Micros } from '../../../shared/units.ts'
import type { StreamDirection } from '../wire/quic/frames.ts'

export interface TransportStream {
  readonly send:
    | {
        /** Where what was written ends, and how far the peer lets us send. */
        readonly end: number
        readonly limit: number
        /** Octets that were written and not yet acknowledged. */
        readonly buffered: number
        readonly isReset: boolean
        readonly isClosed: boolean
      }
    | undefined
  readonly receive: { readonly resetCode: number | undefined } | undefined
}

/** The methods mean what they mean in `../quic/connection.ts`. */
export interface QuicTransport {
  openStream(direction: StreamDirection): number | undefined
  stream(id: number): TransportStream | undefined
  write(id: number, data: Uint8Array, fin?: boolean): void
  read(id: number, most?: number): Uint8Array | undefined
  isFinished(id: number): boolean
  resetStream(id: number, code: number): void
  stopSending(id: number, code: number): void
  setPriority(id: number, urgency: number, incremental: boolean): void
  close(now: Micros, code: number, reason: string): void
  readonly metrics: { readonly credit: number }
}
