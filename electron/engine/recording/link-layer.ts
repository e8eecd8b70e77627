/** What the packets of a recording are: a run with Ethernet has frames all over, any other bare IPv4 packets. */
import { ETHERNET_HEADER, frameLength } from '../../protocol/wire/ethernet.ts'
import type { RecordingMeta } from './types.ts'

export const hasFrames = ({ info }: Pick<RecordingMeta, 'info'>): boolean => info.setup.ethernet

/** The IPv4 packet in what was recorded, with the padding of its frame; of an ARP message what stands in its place. */
export const packetIn = (meta: Pick<RecordingMeta, 'info'>, bytes: Uint8Array): Uint8Array =>
  hasFrames(meta) ? bytes.subarray(ETHERNET_HEADER) : bytes

/** How long what carries an IPv4 packet of this size is. */
export const recordedLength = (meta: Pick<RecordingMeta, 'info'>, size: number): number =>
  hasFrames(meta) && size > 0 ? frameLength(size) : size
