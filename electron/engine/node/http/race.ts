/**
 * A client that would rather have HTTP/3 and falls back on TCP (RFC 8305's race, for protocols): QUIC begins; if it has not finished
 * its handshake after a while, or fails, a connection over TCP is tried as well. The first to be ready takes all requests.
 */
import type { HttpClientApp, HttpVersion } from '../../../../shared/http.ts'
import type { Cancel } from '../program.ts'
import type { TlsSessions } from '../tls.ts'
import type { Http3Client } from './client-http3.ts'
import type { Carrier, ExchangeEvents, OutgoingRequest } from './exchange.ts'
import type { ClientLab } from './find-server.ts'
import { openTransport, type Failure, type FirstTransport, type TcpVersion } from './transport.ts'

/** Makes what carries requests over TCP, beginning with a connection that is there. */
export type MakeFallback = (version: TcpVersion, first: FirstTransport) => Carrier

interface Entry {
  readonly request: OutgoingRequest
  readonly events: ExchangeEvents
  cancel: Cancel
}

export class Race implements Carrier {
  private readonly lab: ClientLab
  private readonly setup: HttpClientApp
  private readonly fallback: NonNullable<HttpClientApp['fallback']>
  private readonly makeFallback: MakeFallback
  private readonly quic: Http3Client
  private readonly tlsSessions: TlsSessions = new Map()
  /** Requests that came before it was decided. */
  private readonly entries = new Set<Entry>()
  private winner: Carrier | undefined
  private timer: Cancel | undefined
  /** Gives the connection over TCP up while it is set up. */
  private opening: Cancel | undefined
  private quicFailure: Failure | undefined
  private hasFallbackFailed = false
  private begun = false

  constructor(
    lab: ClientLab,
    setup: HttpClientApp,
    quic: Http3Client,
    fallback: NonNullable<HttpClientApp['fallback']>,
    makeFallback: MakeFallback,
  ) {
    this.lab = lab
    this.setup = setup
    this.fallback = fallback
    this.makeFallback = makeFallback
    this.quic = quic
    quic.onConnected = () => this.onQuicReady()
  }

  send(request: OutgoingRequest, events: ExchangeEvents): Cancel {
    if (this.winner !== undefined) return this.winner.send(request, events)
    this.begin()
    const entry: Entry = { request, events, cancel: () => undefined }
    this.entries.add(entry)
    // It may go as 0-RTT data, without waiting for the end of the race.
    if (this.quicFailure === undefined) entry.cancel = this.quic.send(request, this.provisional(entry))
    return () => {
      this.entries.delete(entry)
      entry.cancel()
    }
  }

  close(closed: () => void): void {
    this.giveUpFallback()
    if (this.winner === undefined || this.winner === this.quic) return this.quic.close(closed)
    const { winner } = this
    this.quic.close(() => winner.close(closed))
  }

  stop(): void {
    this.giveUpFallback()
    this.quic.stop()
    this.winner?.stop()
  }

  private begin(): void {
    if (this.begun) return
    this.begun = true
    this.tell('h3', 'started')
    this.timer = this.lab.after(this.fallback.after, () => this.openFallback())
  }

  /** While nothing is decided, a failure is QUIC's, and what it carried goes another way. */
  private provisional(entry: Entry): ExchangeEvents {
    const { events } = entry
    return {
      ...events,
      failed: (failure, unread) => {
        if (this.entries.has(entry)) {
          entry.cancel = () => undefined
          this.onQuicFailed(failure)
        } else if (this.winner === this.quic) events.failed(failure, unread)
      },
    }
  }

  private onQuicReady(): void {
    if (this.winner !== undefined) return
    this.winner = this.quic
    this.entries.clear()
    this.tell('h3', 'won')
    if (this.opening !== undefined) this.tell(this.fallback.version, 'lost')
    this.giveUpFallback()
  }

  private onQuicFailed(failure: Failure): void {
    if (this.quicFailure !== undefined) return
    this.quicFailure = failure
    this.tell('h3', 'failed', failure.message)
    this.timer?.()
    if (this.hasFallbackFailed) this.failAll(failure)
    else this.openFallback()
  }

  private openFallback(): void {
    if (this.opening !== undefined || this.winner !== undefined) return
    const { version } = this.fallback
    this.tell(version, 'started')
    this.opening = openTransport(this.lab, { ...this.setup, version }, this.tlsSessions, {
      ready: (transport) => {
        this.opening = undefined
        this.winner = this.makeFallback(version, { transport, sessions: this.tlsSessions })
        this.tell(version, 'won')
        if (this.quicFailure === undefined) this.tell('h3', 'lost')
        for (const entry of this.entries) this.hand(entry, this.winner)
        this.entries.clear()
        this.quic.close(() => undefined)
      },
      failed: (failure) => {
        this.opening = undefined
        this.hasFallbackFailed = true
        this.tell(version, 'failed', failure.message)
        // QUIC may still make it; else nobody does.
        if (this.quicFailure !== undefined) this.failAll(failure)
      },
    })
  }

  /** Takes a request from QUIC and gives it to the winner. */
  private hand(entry: Entry, winner: Carrier): void {
    entry.cancel()
    entry.cancel = winner.send(entry.request, entry.events)
  }

  /** Nobody has made it; the next request begins another race. */
  private failAll(failure: Failure): void {
    this.quicFailure = undefined
    this.hasFallbackFailed = false
    this.begun = false
    const entries = [...this.entries]
    this.entries.clear()
    for (const { events } of entries) events.failed(failure, false)
  }

  private giveUpFallback(): void {
    this.timer?.()
    this.opening?.()
    this.opening = undefined
  }

  private tell(version: HttpVersion, outcome: 'started' | 'won' | 'lost' | 'failed', detail = ''): void {
    this.lab.trace.emit('http:version_tried', { version, outcome, detail })
  }
}
