/** A way between two addresses: is the peer there, and how much may be sent before that is known (RFC 9000 8, 9). */
import type { Micros } from '../../../shared/units.ts'
import type { Endpoint } from '../wire/address.ts'
import { sameBytes } from '../wire/bytes.ts'
import type { RemoteId } from './connection-ids.ts'

/** RFC 9000 8: to an address that is not validated no more than this many times what came from it. */
const AMPLIFICATION = 3

/** `abandoned`: it is forgotten for another. */
export type PathState = 'unvalidated' | 'validating' | 'validated' | 'failed' | 'abandoned'

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a.address === b.address && a.port === b.port

export class Path {
  readonly number: number
  readonly localPort: number
  readonly remote: Endpoint
  private current: PathState
  /** The peer was here once: asking again does not make the address a stranger's. */
  private proven: boolean
  private readonly report: (path: Path) => void
  received = 0
  sent = 0
  /** Data of PATH_CHALLENGEs that may still be answered. */
  readonly challenges: Uint8Array[] = []
  /** A challenge is to be sent. */
  wantsChallenge = false
  /** Data of the peer's challenges, to be sent back on this path. */
  readonly responses: Uint8Array[] = []
  /** When the validation is given up. */
  deadline: Micros | undefined
  /** The peer's id that packets on this path go to; undefined: none is taken yet (RFC 9000 9.5). */
  remoteId: RemoteId | undefined
  /** Our id that the peer's last packet on this path came to. */
  localId: Uint8Array | undefined
  /** It was left for another: when it is given up, and its id with it. */
  leftUntil: Micros | undefined

  /** `report` is called whenever the state is another. */
  constructor(
    number: number,
    localPort: number,
    remote: Endpoint,
    state: PathState,
    report: (path: Path) => void,
  ) {
    this.number = number
    this.localPort = localPort
    this.remote = remote
    this.current = state
    this.proven = state === 'validated'
    this.report = report
  }

  get state(): PathState {
    return this.current
  }

  setState(state: PathState): void {
    if (state === this.current) return
    this.current = state
    if (state === 'validated') this.proven = true
    this.report(this)
  }

  /** What its packets are sent to; there is one wherever packets may be sent. */
  get destination(): Uint8Array {
    return this.remoteId!.id
  }

  /** Bytes that may be sent now (RFC 9000 8.1). */
  get allowance(): number {
    if (this.proven) return Infinity
    return Math.max(0, AMPLIFICATION * this.received - this.sent)
  }

  is(localPort: number, remote: Endpoint): boolean {
    return this.localPort === localPort && sameEndpoint(this.remote, remote)
  }

  /** Begins to ask whether the peer is there (RFC 9000 8.2.1). */
  validate(deadline: Micros): void {
    if (this.state === 'validated') return
    this.setState('validating')
    this.wantsChallenge = true
    this.deadline = deadline
  }

  /** PATH_RESPONSE; returns whether it answers one of our challenges. */
  onResponse(data: Uint8Array): boolean {
    const asked = this.challenges.some((challenge) => sameBytes(challenge, data))
    if (!asked) return false
    this.challenges.length = 0
    this.wantsChallenge = false
    this.setState('validated')
    this.deadline = undefined
    return true
  }
}
