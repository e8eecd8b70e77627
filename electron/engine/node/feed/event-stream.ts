/**
 * `text/event-stream`, which server-sent events come in: lines with a name and a value, an empty line after each event (HTML Living
 * Standard, 9.2 Server-sent events). Comments, event names and retry times are passed over.
 */

export interface StreamEvent {
  /** The last `id` that was sent; empty: none was. */
  readonly id: string
  readonly data: string
}

/** The event as it goes over the wire. The data are one line. */
export const writeEvent = ({ id, data }: StreamEvent): string => `id: ${id}\ndata: ${data}\n\n`

/** What a line may have, and all lines of an event together, in characters. */
const MOST = 65_536

export class EventStreamReader {
  private rest = ''
  private id = ''
  private data: string[] = []
  private held = 0
  /** CR was the last character: an LF after it belongs to it. */
  private afterReturn = false

  /** The next piece of the stream; gives the events that are whole with it. What is too long is cut off. */
  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = []
    const joined = this.rest + (this.afterReturn && text.startsWith('\n') ? text.slice(1) : text)
    if (text !== '') this.afterReturn = text.endsWith('\r')
    const lines = joined.split(/\r\n|\n|\r/)
    this.rest = lines.pop()!.slice(0, MOST)
    for (const line of lines) {
      const event = this.handle(line)
      if (event !== undefined) events.push(event)
    }
    return events
  }

  private handle(line: string): StreamEvent | undefined {
    if (line === '') return this.dispatch()
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'id' && !value.includes('\0')) this.id = value
    if (name === 'data' && this.held + value.length <= MOST) {
      this.held += value.length
      this.data.push(value)
    }
    return undefined
  }

  /** An event without data is none. */
  private dispatch(): StreamEvent | undefined {
    const { id, data } = this
    this.data = []
    this.held = 0
    return data.length === 0 ? undefined : { id, data: data.join('\n') }
  }
}
