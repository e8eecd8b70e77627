/**
 * Reads a message in order, field by field, and holds it to the rules of its standard. One description of a format serves two ends:
 * programs get values and the first rule that is broken, people get every field with its place. Fields are noted only where somebody
 * wants them, so that reading costs a program no more than it must.
 */
import type { DissectedField } from '../../../shared/dissection.ts'
import { hexDump } from './dissect/reader.ts'

const NOTHING = new Uint8Array(0)

/** What breaks a rule. */
export interface Breach {
  /** The normative statement or the clause. */
  readonly rule: string
  /** In short words. */
  readonly reason: string
  /** The byte of the buffer at which it shows. */
  readonly offset: number
}

export interface RuleReaderOptions {
  /** What is read lies from here ... */
  readonly at?: number
  /** ... to here; at most the length of the buffer. */
  readonly end?: number
  /** Fields are wanted. */
  readonly noting?: boolean
}

export class RuleReader {
  readonly bytes: Uint8Array
  /** Where the next field begins. */
  at: number
  /** Where what is being read ends. */
  end: number
  /** The rule that is broken first. */
  breach: Breach | undefined
  /** Bytes were missing, so that nothing after them has a known place: later reads give nothing and note nothing. */
  stopped = false
  /** What lies beyond the end was not kept: that it is not there breaks no rule. */
  partial = false
  /** Undefined: nobody wants them. */
  protected noted: DissectedField[] | undefined
  /** Where the field began that was read last. */
  private last: number
  /** The rule that is broken by a field that goes beyond the end. */
  private readonly lengthRule: string

  constructor(bytes: Uint8Array, lengthRule: string, options: RuleReaderOptions = {}) {
    const { at = 0, end = bytes.length, noting = false } = options
    this.bytes = bytes
    this.at = this.last = at
    this.end = end
    this.lengthRule = lengthRule
    this.noted = noting ? [] : undefined
  }

  get noting(): boolean {
    return this.noted !== undefined
  }

  get fields(): readonly DissectedField[] {
    return this.noted ?? []
  }

  /** Bytes that are still to be read; 0 once some were missing, so that loops end. */
  get left(): number {
    return this.stopped ? 0 : this.end - this.at
  }

  /** A number of 1 to 4 bytes. */
  number(name: string, size: number, describe?: (value: number) => string): number {
    const offset = this.take(name, size)
    if (offset < 0) return 0
    let value = 0
    for (let i = 0; i < size; i++) value = value * 256 + this.bytes[offset + i]
    this.noted?.push({ name, text: describe ? describe(value) : String(value), offset, length: size })
    return value
  }

  /** The next `length` bytes; a view. */
  octets(name: string, length: number, describe: (bytes: Uint8Array) => string = bytesText): Uint8Array {
    const offset = this.take(name, length)
    if (offset < 0) return NOTHING
    const view = this.bytes.subarray(offset, offset + length)
    this.noted?.push({ name, text: describe(view), offset, length })
    return view
  }

  /** All bytes up to the end; a view. Not noted when there are none. */
  rest(name: string, describe?: (bytes: Uint8Array) => string): Uint8Array {
    return this.left === 0 ? NOTHING : this.octets(name, this.left, describe)
  }

  /** Notes a field that was read in another way, or a part of one; it becomes the one that was read last. */
  note(name: string, text: string, offset: number, length: number, children?: DissectedField[]): void {
    this.last = offset
    this.noted?.push({ name, text, offset, length, ...(children && { children }) })
  }

  /** Gives the field that was noted last its parts. */
  annotate(children: DissectedField[]): void {
    const field = this.noted?.pop()
    if (field !== undefined) this.noted?.push({ ...field, children })
  }

  /** Makes what `read` notes the children of one field. Its name and text may depend on what was read. */
  group<T>(
    name: string | ((value: T) => string),
    read: () => T,
    describe: (value: T) => string = () => '',
  ): T {
    const outer = this.noted
    const offset = this.at
    const inner: DissectedField[] = []
    if (outer !== undefined) this.noted = inner
    const value = read()
    this.last = offset
    if (outer === undefined) return value
    this.noted = outer
    const length = (this.stopped ? endOf(inner, offset) : this.at) - offset
    // A field without bytes stands for something that is not there.
    if (length > 0 || inner.length > 0) {
      const title = typeof name === 'string' ? name : name(value)
      const children = inner.length > 0 ? { children: inner } : {}
      outer.push({ name: title, text: describe(value), offset, length, ...children })
    }
    return value
  }

  /** Reads by `read` with the end `length` bytes from here, and steps over what it leaves, which breaks the rule, too. */
  within<T>(length: number, read: () => T): T {
    const outer = this.end
    const fits = this.stopped || length <= outer - this.at
    if (!fits && !this.partial) this.breakAt(this.last, this.lengthRule, 'is longer than what it is part of')
    const end = fits && !this.stopped ? this.at + length : outer
    this.end = end
    const value = read()
    this.finish('Trailing bytes')
    this.end = outer
    return value
  }

  /** To be called when all is read: what is left then is too much. */
  finish(name: string, rule = this.lengthRule): void {
    if (this.left === 0) return
    this.octets(name, this.left)
    this.breaks(rule, 'more bytes than belong there')
  }

  /** The field that was read last breaks a rule. An empty rule is one that this version does not have. */
  breaks(rule: string, reason: string): void {
    if (rule !== '' && !this.stopped) this.breakAt(this.last, rule, reason)
  }

  /** A byte of the field that was read last breaks a rule. */
  breakAt(offset: number, rule: string, reason: string): void {
    this.breach ??= { rule, reason, offset }
    const field = this.noted?.at(-1)
    if (this.noted !== undefined && field !== undefined && field.problem === undefined)
      this.noted[this.noted.length - 1] = { ...field, problem: `${reason} (${rule})` }
  }

  /** Steps over `length` bytes and returns where they begin; -1 when they are not there. */
  protected take(name: string, length: number): number {
    if (this.stopped) return -1
    const offset = (this.last = this.at)
    if (length <= this.end - offset) {
      this.at += length
      return offset
    }
    const left = this.end - offset
    this.stopped = true
    this.noted?.push({ name, text: this.partial ? 'not all of it was kept' : '', offset, length: left })
    if (!this.partial) this.breakAt(offset, this.lengthRule, `cut short: ${left} of ${length} bytes`)
    return -1
  }
}

export const bytesText = (bytes: Uint8Array): string => (bytes.length === 0 ? 'empty' : hexDump(bytes))

function endOf(fields: readonly DissectedField[], start: number): number {
  const last = fields.at(-1)
  return last === undefined ? start : last.offset + last.length
}

/** Text for people: on one line, without control characters, and no longer than 200 characters. */
export function shownText(text: string): string {
  const cut = text.length > 200 ? `${text.slice(0, 200)}...` : text
  return cut.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
