/** Whoever looks on: what happens in HTTP/3 and QPACK, for the trace. Told in passing; nothing depends on it. */
import type { Micros } from '../../../shared/units.ts'
import type { Section, TableChange } from '../qpack/fields.ts'
import type { Http3Violation } from './errors.ts'
import type { Http3Frame } from './frames.ts'

export type UniStreamType = 'control' | 'push' | 'qpack_encoder' | 'qpack_decoder' | 'unknown'

export interface Http3Observer {
  /** A unidirectional stream and what it is for. */
  onStreamType(now: Micros, id: number, type: UniStreamType, byPeer: boolean): void
  /** `length` is that of the whole frame on the wire. DATA is told once, before its content. */
  onFrameCreated(now: Micros, id: number, frame: Http3Frame, length: number): void
  onFrameParsed(now: Micros, id: number, frame: Http3Frame, length: number): void
  /** A field section: its lines, and what it takes encoded and without compression. */
  onSectionEncoded(now: Micros, id: number, section: Section): void
  onSectionDecoded(now: Micros, id: number, section: Section): void
  /** Our encoder's table, or that of our decoder. */
  onTableChange(now: Micros, table: 'encoder' | 'decoder', change: TableChange): void
  /** A section of `length` octets has come whole and waits for insertions (DESIGN 6.1: QPACK-blocked). */
  onBlocked(now: Micros, id: number, requiredInsertCount: number, length: number): void
  /** It waits no more; `decoded` is false if its stream was given up instead. */
  onUnblocked(now: Micros, id: number, decoded: boolean): void
  /** The peer broke a rule; `id` is the stream that was given up, undefined: the whole connection. */
  onViolation(now: Micros, id: number | undefined, violation: Http3Violation): void
}
