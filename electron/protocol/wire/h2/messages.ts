/** The messages that one side sends: header lists in their place, and bodies as long as they say (RFC 9113 8.1). */
import type { HeaderBlock } from '../hpack/decoder.ts'
import { otherSide, type Side } from '../side.ts'
import { placeInFragments, type MessagePart, type Place } from './events.ts'
import type { BlockStart } from './header-block.ts'
import { checkFields, fieldValue } from './message.ts'
import { FLAG_END_STREAM } from './names.ts'
import { parsePriority } from './priority.ts'
import type { Http2Stream } from './stream.ts'
import type { Watch } from './watch.ts'

export class Messages {
  private readonly watch: Watch
  private readonly from: Side

  constructor(watch: Watch, from: Side) {
    this.watch = watch
    this.from = from
  }

  /** A header block is whole. */
  onBlock(start: BlockStart, block: HeaderBlock, fragments: readonly Place[]): void {
    const { watch, from } = this
    const { frame, promisedStreamId } = start
    const id = promisedStreamId ?? frame.streamId
    const stream = start.legal ? this.take(start, id) : watch.streams.get(id)
    const part = this.part(stream, promisedStreamId !== undefined, block)
    const endStream = promisedStreamId === undefined && (frame.flags & FLAG_END_STREAM) !== 0
    watch.sink({
      type: 'headers',
      from,
      part,
      streamId: id,
      ...(promisedStreamId === undefined ? {} : { associatedStreamId: frame.streamId }),
      endStream,
      block,
      fragments,
    })
    if (block.error === undefined && block.omitted === 0) this.judge(id, part, block, fragments, frame.offset)
    if (!start.legal || stream === undefined) return
    this.note(stream, part, block)
    if (!endStream && !stream.closed && (part === 'request' || part === 'response'))
      this.watch.bodies[this.from].add(stream)
    if (part === 'trailers' && !endStream) this.malformed(id, 'trailers_without_end', frame.offset)
    if (part === 'interim' && endStream) this.malformed(id, 'interim_ends_stream', frame.offset)
    if (endStream) this.onEnd(stream, frame.offset)
  }

  /** This side has ended its half of a stream. */
  onEnd(stream: Http2Stream, offset: number): void {
    const sending = stream.sending[this.from]
    // RFC 9113 8.1.1.
    if (sending.contentLength !== undefined && sending.contentLength !== sending.body)
      this.malformed(stream.id, 'content_length_mismatch', offset)
    this.watch.change(stream, this.from, offset, () => {
      sending.ended = true
    })
  }

  malformed(streamId: number, reason: string, offset: number): void {
    this.watch.problem(this.from, { reason, offset, code: 'PROTOCOL_ERROR', scope: 'stream', streamId })
  }

  /** The stream that a header list opens, or comes on. */
  private take({ frame }: BlockStart, id: number): Http2Stream | undefined {
    const { watch, from } = this
    let stream = watch.streams.get(id)
    if (stream === undefined && watch.streams.isNew(id, from)) {
      stream = watch.streams.add(id)
      if (stream === undefined)
        watch.sink({ type: 'limit', from, limit: 'tracked_streams', offset: frame.offset })
    }
    if (stream === undefined) return undefined
    const isPromise = id !== frame.streamId
    if (isPromise ? stream.promised : stream.opened) return stream
    const taken = stream
    watch.change(taken, from, frame.offset, () => {
      if (isPromise) taken.promised = true
      else taken.opened = true
      // RFC 9113 8.4: what is promised has its request already, and the client sends nothing on it.
      if (taken.promised) Object.assign(taken.sending.client, { ended: true, headed: true })
    })
    if (taken.opened && watch.tooMany(taken.initiator))
      this.watch.problem(from, {
        reason: 'too_many_streams',
        offset: frame.offset,
        code: 'REFUSED_STREAM',
        scope: 'stream',
        streamId: id,
      })
    return taken
  }

  private part(stream: Http2Stream | undefined, promise: boolean, block: HeaderBlock): MessagePart {
    if (promise) return 'push'
    if (stream?.sending[this.from].headed) return 'trailers'
    if (this.from === 'client') return 'request'
    return /^1\d\d$/.test(fieldValue(block.fields, ':status') ?? '') ? 'interim' : 'response'
  }

  private judge(
    id: number,
    part: MessagePart,
    block: HeaderBlock,
    fragments: readonly Place[],
    offset: number,
  ): void {
    const wrong = checkFields(part, block.fields)
    if (wrong === undefined) return
    const field = block.fields[wrong.field] as { offset: number; length: number } | undefined
    const place = wrong.reason === 'missing_pseudo' || !field ? [] : placeInFragments(fragments, field)
    this.malformed(id, wrong.reason, place[0]?.offset ?? offset)
  }

  /** Keeps what later frames are judged by. */
  private note(stream: Http2Stream, part: MessagePart, { fields }: HeaderBlock): void {
    if (part === 'interim' || part === 'trailers') return
    const sending = stream.sending[part === 'push' ? 'client' : this.from]
    sending.headed = true
    if (part === 'response') {
      sending.contentLength = this.expectedBody(stream, fieldValue(fields, ':status'), fields)
      return
    }
    stream.method = fieldValue(fields, ':method')
    const priority = fieldValue(fields, 'priority')
    if (priority !== undefined) stream.priority = parsePriority(priority)
    if (part === 'request') sending.contentLength = contentLength(fields)
  }

  /** RFC 9110 8.6: what answers HEAD, and a 304, tells a length that no body has. */
  private expectedBody(
    stream: Http2Stream,
    status: string | undefined,
    fields: HeaderBlock['fields'],
  ): number | undefined {
    return stream.method === 'HEAD' || status === '304' ? undefined : contentLength(fields)
  }

  /** RFC 9113 8.1: a body comes after its header list. */
  onBody(stream: Http2Stream, offset: number): void {
    if (!stream.sending[this.from].headed && stream.resetBy !== otherSide(this.from))
      this.malformed(stream.id, 'data_before_headers', offset)
  }
}

function contentLength(fields: HeaderBlock['fields']): number | undefined {
  const value = fieldValue(fields, 'content-length')
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}
