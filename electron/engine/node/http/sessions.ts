/** What a server remembers of its visitors: HTTP itself remembers nothing. */
import type { Trace } from '../../../../shared/trace/sink.ts'
import type { Rng } from '../../../protocol/random.ts'

export interface Session {
  readonly id: string
  visits: number
  /** Lab time; Infinity: never. */
  readonly expiresAt: number
}

/** Two hexadecimal digits each. */
const ID_BYTES = 16

export class Sessions {
  private readonly rng: Rng
  private readonly byId = new Map<string, Session>()

  constructor(rng: Rng) {
    this.rng = rng
  }

  /** How many are held at `now`. */
  count(now: number): number {
    let count = 0
    for (const { expiresAt } of this.byId.values()) if (expiresAt > now) count++
    return count
  }

  /** The session of this id, if there is one that has not expired. Tells the trace what was found. */
  find(now: number, id: string, trace: Trace): Session | undefined {
    const session = this.byId.get(id)
    const action = session === undefined ? 'unknown' : session.expiresAt <= now ? 'expired' : 'found'
    if (action === 'found') session!.visits++
    trace.emit('http:session', { id, action, visits: session?.visits ?? 0 })
    if (action === 'found') return session
    this.byId.delete(id)
    return undefined
  }

  /** A new one, good for `span` microseconds; 0: without end. Its id has the same length always. */
  create(now: number, span: number, trace: Trace): Session {
    const id = Buffer.from(this.rng.bytes(ID_BYTES)).toString('hex')
    const session = { id, visits: 1, expiresAt: span > 0 ? now + span : Infinity }
    this.byId.set(id, session)
    trace.emit('http:session', { id, action: 'created', visits: 1 })
    trace.emit('app:counted', { what: 'sessions', count: this.count(now) })
    return session
  }
}
