/** Tells the trace which field sections of HTTP/3 wait for the encoder stream, as the endpoint that reads them sees it. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Http3Observer } from '../../protocol/h3/observer.ts'

const nothing = (): void => undefined

export class BlockedSections implements Http3Observer {
  private readonly trace: Trace
  /** Insertions received so far. */
  private known = 0

  constructor(trace: Trace) {
    this.trace = trace
  }

  readonly onTableChange: Http3Observer['onTableChange'] = (_now, table, { insertCount }) => {
    if (table === 'decoder') this.known = insertCount
  }

  readonly onBlocked: Http3Observer['onBlocked'] = (_now, stream, required, length) =>
    this.trace.emit('http:section_blocked', { stream, required, known: this.known, length })

  readonly onUnblocked: Http3Observer['onUnblocked'] = (_now, stream) =>
    this.trace.emit('http:section_unblocked', { stream })

  readonly onStreamType = nothing
  readonly onFrameCreated = nothing
  readonly onFrameParsed = nothing
  readonly onSectionEncoded = nothing
  readonly onSectionDecoded = nothing
  readonly onViolation = nothing
}
