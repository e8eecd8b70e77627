/**
 * Programs that live in Node (its `tls`, `http`, `http2` and what is built on them), as opposed to the applications of
 * `apps/`, which are told the time and run inside a step of the world. A program runs on the event loop; the virtual driver
 * stands still until it has come to rest (DESIGN 4.3). It knows no time but that of its surroundings: no `setTimeout`, no
 * `Date`, no timeouts of Node's own.
 */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Rng } from '../../protocol/random.ts'
import type { Ipv4Address } from '../../protocol/wire/address.ts'
import type { Http3Settings } from '../../../shared/http.ts'
import type { Http3Sockets } from '../http3-sockets.ts'
import type { Overhear } from '../onlooker/overheard.ts'
import type { SocketHost } from '../sockets.ts'
import type { UdpSocketHost } from '../udp-sockets.ts'
import type { Authority } from './authority.ts'

/** Cancels what was set; may be called at any time, any number of times. */
export type Cancel = () => void

/** What a program has of the laboratory: one host of one lane. */
export interface Surroundings {
  readonly sockets: SocketHost
  /** Ports of UDP. */
  readonly udp: UdpSocketHost
  /** HTTP/3 with an endpoint of QUIC of its own. */
  http3(settings: Http3Settings | undefined): Http3Sockets
  now(): Micros
  /** Lab time as a date, for `Date`, `Expires` and the like; the run begins at LAB_EPOCH. */
  date(): Date
  /** Calls `action` after `span` microseconds of lab time. */
  after(span: number, action: () => void): Cancel
  /** Holds lab time until `work` is done: for what goes through the thread pool. */
  hold<T>(work: Promise<T>): Promise<T>
  /** Events of this host; `scope({ flow })` for those of a connection. */
  readonly trace: Trace
  /** The same for what is told within the step of the world, with the packet that is being handled. */
  readonly stepTrace: Trace
  /** Seeded for this program; the same in every lane. */
  readonly rng: Rng
  readonly authority: Authority
  /** Tells of every byte that crosses the connections which the host has from now on, its own programs' and others'. */
  overhear(hear: Overhear): void
  addressOf(host: string): Ipv4Address
  /** Another application of the lane, by its name in the experiment. */
  setupOf(app: string): AppSetup | undefined
  /** What the programs of a lane have in common: made by the first that asks for it by this name. */
  common<T>(name: string, make: () => T): T
}

export interface Program {
  /** It has done all that it came for, or cannot go on. A server that waits for clients is done. */
  readonly done: boolean
  /** Before the run begins: what takes wall time, such as loading a library. */
  prepare?(): Promise<void>
  /** Once, at the beginning of the run. */
  start(): void
  /** New settings, those that may change in a run. */
  configure?(setup: AppSetup): void
  /** All the others of its lane are done; what still counts as the run may be done now. */
  conclude?(): void
  /** The run is over: let go of everything. */
  stop(): void
}
