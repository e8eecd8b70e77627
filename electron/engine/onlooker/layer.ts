/** One protocol of a connection, as an onlooker at one end reads it. */
import type { Credit } from '../../protocol/tcp/tap.ts'
import type { Side } from '../../protocol/wire/side.ts'

export interface Layer {
  /** The next bytes of what `from` sends; views that are good during the call. */
  handleBytes(from: Side, bytes: Uint8Array): void
  /** `from` sends nothing more; `orderly`: it has said so itself. Once for each side. */
  handleEnd(from: Side, orderly: boolean): void
  /** A handshake has begun and is not finished, as far as this end knows. */
  readonly handshaking: boolean
  /** Which credit this end waits for with content to send; undefined: it has none that waits. */
  credit(): Credit | undefined
}

/** A protocol that nobody here reads. */
export const OPAQUE: Layer = {
  handleBytes: () => undefined,
  handleEnd: () => undefined,
  handshaking: false,
  credit: () => undefined,
}
