/** What comes on a request stream: frames, field sections, content, the end (RFC 9114 4.1). */
import type { DecodeResult } from '../qpack/decoder.ts'
import type { Section } from '../qpack/fields.ts'
import { violation } from './errors.ts'
import type { FrameStep } from './frame-reader.ts'
import { readRequest, readResponse, readTrailers, type MessageHead } from './message.ts'
import { parsePriority } from './priority.ts'
import type { RequestStream } from './request-stream.ts'
import type { Session } from './session.ts'

/** Looks at what has come, up to content that the owner has to read first, a section that waits, or the end. */
export function advance(session: Session, stream: RequestStream): void {
  while (!session.isOver && stream.canAdvance) {
    const step = stream.reader.next()
    if (step !== undefined) onStep(session, stream, step)
    else if (stream.ended) onEnd(session, stream)
    else if (!fetch(session, stream)) return
  }
}

/** Takes the next octets from QUIC; false: there are none. */
function fetch({ quic }: Session, stream: RequestStream): boolean {
  const receive = quic.stream(stream.id)?.receive
  // Of a stream that was reset the rest is void; its reset is told by an event of its own.
  if (receive === undefined || receive.resetCode !== undefined) return false
  const bytes = quic.read(stream.id)
  if (bytes !== undefined) stream.reader.push(bytes)
  stream.ended = quic.isFinished(stream.id)
  return bytes !== undefined || stream.ended
}

function onStep(session: Session, stream: RequestStream, step: FrameStep): void {
  if (step.type === 'violation') return session.fail(step.violation)
  if (step.type === 'content') return onContent(session, stream, step.bytes)
  const { frame, length } = step
  session.observer?.onFrameParsed(session.now, stream.id, frame, length)
  if (frame.type === 'headers')
    onDecoded(session, stream, session.decoder.decode(stream.id, frame.section), frame.section.length)
  // We never send MAX_PUSH_ID, so there is no push id that a server may use (RFC 9114 4.6, 7.2.5).
  else if (frame.type === 'push_promise')
    session.fail(violation('H3_ID_ERROR', `9114 7.2.5: push ${frame.id} was not allowed`))
}

function onDecoded(session: Session, stream: RequestStream, result: DecodeResult, length: number): void {
  if (result.type === 'error') return session.fail(result.error)
  if (result.type === 'decoded') return onSection(session, stream, result.section)
  stream.isBlocked = true
  session.observer?.onBlocked(session.now, stream.id, result.requiredInsertCount, length)
}

/** Insertions have come: sections that waited for them go on. */
export function advanceUnblocked(session: Session): void {
  for (let freed = session.decoder.takeUnblocked(); freed; freed = session.decoder.takeUnblocked()) {
    const stream = session.requests.get(freed.stream)
    if (stream === undefined || session.isOver) continue
    stream.isBlocked = false
    session.observer?.onUnblocked(session.now, stream.id, true)
    onDecoded(session, stream, freed.result, 0)
    advance(session, stream)
  }
}

function onSection(session: Session, stream: RequestStream, section: Section): void {
  session.observer?.onSectionDecoded(session.now, stream.id, section)
  if (section.omitted > 0)
    return session.failStream(
      stream,
      violation('H3_EXCESSIVE_LOAD', `9114 4.2.2: a field section of ${section.size} octets`),
    )
  const fields = section.lines.map(({ name, value, sensitive }) => ({
    name,
    value,
    ...(sensitive && { sensitive }),
  }))
  const read = stream.incoming === 'content' ? readTrailers : session.isServer ? readRequest : readResponse
  const head = read(fields)
  if ('code' in head) return session.failStream(stream, head)
  onHead(stream, head)
  session.events.push({ type: 'headers', id: stream.id, kind: head.kind, fields })
  if (head.kind !== 'request') return
  const priority = session.priorities.get(stream.id) ?? fieldPriority(fields)
  session.priorities.delete(stream.id)
  if (priority === undefined) return
  session.quic.setPriority(stream.id, priority.urgency, priority.incremental)
  session.events.push({ type: 'priority', id: stream.id, priority })
}

/** What the section says of what follows. */
function onHead(stream: RequestStream, { kind, method, status, contentLength }: MessageHead): void {
  if (kind === 'informational') return
  if (kind === 'trailers') {
    stream.incoming = 'end'
    return
  }
  stream.incoming = 'content'
  stream.contentLength = contentLength
  if (kind === 'request') stream.method = method
  else if (stream.method === 'CONNECT' && status! < 300) stream.becomeTunnel()
  // RFC 9110 6.4.1: they have no content, whatever its length would be.
  else if (stream.method === 'HEAD' || status === 204 || status === 304) stream.contentLength = 0
}

/** Several lines of one name are one list (RFC 9110 5.2). */
function fieldPriority(fields: readonly { readonly name: string; readonly value: string }[]) {
  const values = fields.filter(({ name }) => name === 'priority').map(({ value }) => value)
  return values.length > 0 ? parsePriority(values.join(', ')) : undefined
}

function onContent(session: Session, stream: RequestStream, bytes: Uint8Array): void {
  stream.contentReceived += bytes.length
  const { contentLength, contentReceived } = stream
  if (contentLength !== undefined && contentReceived > contentLength)
    return session.failStream(
      stream,
      violation(
        'H3_MESSAGE_ERROR',
        `9114 4.1.2: more content than the ${contentLength} octets that were announced`,
      ),
    )
  stream.content = bytes
  session.events.push({ type: 'data', id: stream.id })
}

/** The peer has sent all. */
function onEnd(session: Session, stream: RequestStream): void {
  const { incoming, contentLength, contentReceived, reader, id } = stream
  if (!reader.isBetweenFrames)
    return session.fail(violation('H3_FRAME_ERROR', `9114 7.1: stream ${id} ends inside a frame`))
  if (incoming === 'headers')
    return session.failStream(
      stream,
      session.isServer
        ? violation('H3_REQUEST_INCOMPLETE', '9114 4.1: a request without a header section')
        : violation('H3_MESSAGE_ERROR', '9114 4.1: a response without a final header section'),
    )
  if (contentLength !== undefined && contentReceived !== contentLength)
    return session.failStream(
      stream,
      violation(
        'H3_MESSAGE_ERROR',
        `9114 4.1.2: content of ${contentReceived} octets, ${contentLength} were announced`,
      ),
    )
  stream.incoming = 'complete'
  session.events.push({ type: 'finished', id })
  session.forgetIfOver(stream)
}
