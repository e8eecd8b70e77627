/** What one host sees of QUIC and HTTP/3, line by line, in either version of qlog. */
import type { TraceEvent } from '../recording/types.ts'
import { Http3Teller, isSeenOfHttp3, type Told } from './qlog-http3.ts'
import type { Line, QlogVersion } from './qlog-line.ts'
import { isToldOfQuic, QuicTeller } from './qlog-quic.ts'

export class HostTeller {
  private readonly host: string
  private readonly quic: QuicTeller
  private readonly http3: Http3Teller

  constructor(host: string, version: QlogVersion) {
    this.host = host
    this.quic = new QuicTeller(host, version)
    this.http3 = new Http3Teller(host, version)
  }

  /**
   * The lines of an event, and before them any that was held back. Takes the events of all nodes, for what arrives here was made
   * elsewhere.
   * @param project what becomes of events of this host, or of the run as a whole, that are not of QUIC or HTTP/3
   */
  *tell(event: TraceEvent, project: (event: TraceEvent) => Line | undefined): Generator<Told> {
    const here = event.node === this.host || event.node === ''
    yield* isSeenOfHttp3(event) ? this.http3.tell(event) : here ? this.http3.release() : []
    if (isToldOfQuic(event)) for (const line of this.quic.tell(event)) yield { event, line }
    else if (here && !this.isToldOfHttp3(event)) {
      const line = project(event)
      if (line !== undefined) yield { event, line }
    }
    // Frames are parsed when their packet has come.
    yield* this.http3.parsed(event)
  }

  /** What is held back at the end. */
  finish(): Told[] {
    return this.http3.release()
  }

  private isToldOfHttp3(event: TraceEvent): boolean {
    return event.name === 'http:stream_opened' || (event.name === 'http:frame' && this.http3.owns(event))
  }
}
