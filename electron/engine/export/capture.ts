/** A capture: what hosts see as a pcapng file that any analyser reads. */
import { hasFrames, recordedLength } from '../recording/link-layer.ts'
import type { RecordingMeta, RecordedPacket, RecordingReader } from '../recording/types.ts'
import {
  decryptionSecrets,
  enhancedPacket,
  interfaceDescription,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW,
  sectionHeader,
} from './pcapng.ts'
import type { Survey, SurveyedNode } from './survey.ts'
import { packetsAt, type Fates, type SeenPacket } from './tap.ts'

const APPLICATION = 'Rexmit'
const NOT_RECORDED: Uint8Array = new Uint8Array(0)

export interface CaptureOptions {
  /** The most bytes that are kept of a packet; 0: all that the recording has. */
  readonly snapLength: number
  /** Of all connections; empty: none. */
  readonly keyLog: string
}

interface Epoch {
  /** Whole seconds, and the nanoseconds beyond them. */
  readonly seconds: number
  readonly nanoseconds: number
}

/**
 * Where time 0 lies. A run in virtual time was at no time: its times count from 0, and equal runs make equal files. A
 * live run is put where it was, so that its packets can be laid beside those of another capture.
 */
function epochOf({ info, startedAt }: RecordingMeta): Epoch {
  const started = Date.parse(startedAt)
  if (info.driver === 'virtual' || !Number.isFinite(started)) return { seconds: 0, nanoseconds: 0 }
  const seconds = Math.floor(started / 1000)
  return { seconds, nanoseconds: (started - seconds * 1000) * 1e6 }
}

/** The packet as this host saw it: a receiver sees what links and routers made of it. */
function seenBytes(reader: RecordingReader, { pkt, outgoing }: SeenPacket): RecordedPacket | undefined {
  return (outgoing ? undefined : reader.alteredPacket(pkt)) ?? reader.packet(pkt)
}

/** The chunks of the file that taps at `hosts` write, an interface each. */
export function* captureAt(
  reader: RecordingReader,
  hosts: readonly SurveyedNode[],
  run: Survey,
  fates: Fates,
  { snapLength, keyLog }: CaptureOptions,
): Generator<Uint8Array> {
  const { info } = reader.meta
  const epoch = epochOf(reader.meta)
  const linkType = hasFrames(reader.meta) ? LINKTYPE_ETHERNET : LINKTYPE_RAW
  yield sectionHeader(APPLICATION, `${info.experiment}, seed ${info.seed}, ${info.driver} time`)
  for (const { name, address } of hosts) {
    const description = `tap at ${name}${address === '' ? '' : `, ${address}`}`
    yield interfaceDescription({ name, description, linkType, snapLength, timeOffset: epoch.seconds })
  }
  // An analyser reads the file once: the keys stand before the first packet that needs them.
  if (keyLog !== '') yield decryptionSecrets(keyLog)
  const names = hosts.map(({ name }) => name)
  for (const seen of packetsAt(reader, names, run, fates)) {
    const packet = seenBytes(reader, seen)
    const length = packet?.length ?? recordedLength(reader.meta, seen.size)
    // Neither its bytes nor its length are known: a capture has nothing to say of it.
    if (length === 0) continue
    const bytes = packet?.bytes ?? NOT_RECORDED
    yield enhancedPacket({
      time: Math.round(seen.t * 1000) + epoch.nanoseconds,
      bytes: snapLength > 0 && bytes.length > snapLength ? bytes.subarray(0, snapLength) : bytes,
      length,
      tap: seen.tap,
      outgoing: seen.outgoing,
      comment: seen.comment,
    })
  }
}
