/** A peer that breaks the rules: sends whatever frames or bytes a test likes, under the keys of an honest connection. */
import type { QuicConnection } from '../../electron/protocol/quic/connection.ts'
import type { Core } from '../../electron/protocol/quic/core.ts'
import { encodeFrame, frameLength } from '../../electron/protocol/wire/quic/encode-frame.ts'
import type { Frame } from '../../electron/protocol/wire/quic/frames.ts'
import { writeShortHeader } from '../../electron/protocol/wire/quic/header.ts'
import { AEAD_TAG } from '../../electron/protocol/wire/quic/protection.ts'

/** Reaching into an honest connection is the point: only so can its keys sign for a dishonest one. */
const coreOf = (connection: QuicConnection): Core => Reflect.get(connection, 'core') as Core

export interface Forgery {
  /** Bits of the first byte that are set beside those that belong there. */
  readonly reserved?: number
}

/** The next 1-RTT packet of a connection, with this payload. */
export function forgePacket(
  connection: QuicConnection,
  payload: Uint8Array,
  { reserved = 0 }: Forgery = {},
): Uint8Array {
  const core = coreOf(connection)
  const { header, packets } = core.keys.write('1rtt')!
  const number = core.spaces.application.next++
  const destination = core.path.destination
  const bytes = new Uint8Array(1 + destination.length + 4 + payload.length + AEAD_TAG)
  const keyPhase = core.keys.phase.bit
  const numberAt = writeShortHeader(destination, { spin: false, keyPhase, numberLength: 4 }, bytes, 0)
  bytes[0] |= reserved
  bytes.set([number >>> 24, number >>> 16, number >>> 8, number], numberAt)
  const payloadAt = numberAt + 4
  bytes.set(packets.seal(number, bytes.slice(0, payloadAt), payload), payloadAt)
  header.apply(bytes, 0, numberAt)
  return bytes
}

export function payloadOf(frames: readonly Frame[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frameLength(frame), 0))
  let at = 0
  for (const frame of frames) at = encodeFrame(frame, bytes, at)
  return bytes
}
