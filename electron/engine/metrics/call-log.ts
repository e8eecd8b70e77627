/** The remote calls of a lane, as their clients tell of them and an onlooker of what carries them. */
import type { EventData } from '../../../shared/trace/events.ts'

/** What clients tell of calls. */
export const CALL_EVENTS = ['rpc:call_started', 'rpc:call_finished'] as const

export class CallLog {
  started = 0
  /** Finished with an answer. */
  readonly times: number[] = []
  failed = 0
  /** How each kind of failure is called, and how often it came. */
  readonly statuses = new Map<string, number>()
  /** Of requests and answers, without what carries them. */
  messageBytes = 0
  /** Bytes of packets of the lane by the end of each call. */
  readonly packetBytes: number[] = []
  private readonly open = new Map<string, number>()

  onStarted(t: number, node: string, { call, size }: EventData<'rpc:call_started'>): void {
    this.started++
    this.messageBytes += size
    this.open.set(`${node} ${call}`, t)
  }

  /** `packetBytes`: of all packets of the lane so far. */
  onFinished(t: number, node: string, finished: EventData<'rpc:call_finished'>, packetBytes: number): void {
    const { call, status, size } = finished
    this.messageBytes += size
    this.packetBytes.push(packetBytes)
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    if (status === 'OK') this.times.push(t - (this.open.get(`${node} ${call}`) ?? t))
    else this.failed++
  }
}
