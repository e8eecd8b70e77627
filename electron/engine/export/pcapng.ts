/**
 * The pcapng file format (draft-ietf-opsawg-pcapng), one section with interfaces of raw IP packets or Ethernet frames.
 * Little-endian; options and data are padded to 4 bytes.
 */

/** The packet begins with an Ethernet header. */
export const LINKTYPE_ETHERNET = 1
/** The packet begins with an IPv4 or IPv6 header. */
export const LINKTYPE_RAW = 101
const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
const ENHANCED_PACKET = 6
const DECRYPTION_SECRETS = 10
/** "TLSK": the secrets are a key log of TLS. */
const TLS_KEY_LOG = 0x544c534b
const BYTE_ORDER_MAGIC = 0x1a2b3c4d

const END_OF_OPTIONS = 0
const OPT_COMMENT = 1
const SHB_APPLICATION = 4
const IF_NAME = 2
const IF_DESCRIPTION = 3
const IF_TIME_RESOLUTION = 9
const IF_TIME_OFFSET = 14
const EPB_FLAGS = 2
/** epb_flags bits 0-1: which way the packet went. */
const INBOUND = 1
const OUTBOUND = 2
/** 10^-9 seconds. */
const NANOSECONDS = 9

const encoder = new TextEncoder()

type Option = readonly [code: number, value: Uint8Array]

const text = (code: number, value: string): Option => [code, encoder.encode(value)]

const padded = (length: number): number => (length + 3) & ~3

const optionsLength = (options: readonly Option[]): number =>
  options.length === 0 ? 0 : options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4)

/** A block: type, length, what `write` puts at offset 8, options, length again. */
function block(
  type: number,
  bodyLength: number,
  options: readonly Option[],
  write: (view: DataView, bytes: Uint8Array) => void,
): Uint8Array {
  const length = 12 + padded(bodyLength) + optionsLength(options)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  write(view, bytes)
  let at = 8 + padded(bodyLength)
  for (const [code, value] of options) {
    view.setUint16(at, code, true)
    view.setUint16(at + 2, value.length, true)
    bytes.set(value, at + 4)
    at += 4 + padded(value.length)
  }
  if (options.length > 0) view.setUint32(at, END_OF_OPTIONS, true)
  view.setUint32(length - 4, length, true)
  return bytes
}

/** The head of a section of unknown length. */
export function sectionHeader(application: string, comment: string): Uint8Array {
  const options = [text(OPT_COMMENT, comment), text(SHB_APPLICATION, application)]
  return block(SECTION_HEADER, 16, options, (view) => {
    view.setUint32(8, BYTE_ORDER_MAGIC, true)
    view.setUint16(12, 1, true)
    view.setUint16(14, 0, true)
    view.setBigInt64(16, -1n, true)
  })
}

export interface InterfaceInfo {
  readonly name: string
  readonly description: string
  readonly linkType: typeof LINKTYPE_ETHERNET | typeof LINKTYPE_RAW
  /** The most bytes of a packet that are kept; 0: no limit. */
  readonly snapLength: number
  /** Seconds that are added to all times. */
  readonly timeOffset: number
}

export function interfaceDescription({
  name,
  description,
  linkType,
  snapLength,
  timeOffset,
}: InterfaceInfo): Uint8Array {
  const options: Option[] = [
    text(IF_NAME, name),
    text(IF_DESCRIPTION, description),
    [IF_TIME_RESOLUTION, Uint8Array.of(NANOSECONDS)],
  ]
  if (timeOffset !== 0) {
    const seconds = new Uint8Array(8)
    new DataView(seconds.buffer).setBigInt64(0, BigInt(timeOffset), true)
    options.push([IF_TIME_OFFSET, seconds])
  }
  return block(INTERFACE_DESCRIPTION, 8, options, (view) => {
    view.setUint16(8, linkType, true)
    view.setUint32(12, snapLength, true)
  })
}

/** Keys of TLS as the text of a key log (RFC 9850), for the packets after it. */
export function decryptionSecrets(keyLog: string): Uint8Array {
  const secrets = encoder.encode(keyLog)
  return block(DECRYPTION_SECRETS, 8 + secrets.length, [], (view, into) => {
    view.setUint32(8, TLS_KEY_LOG, true)
    view.setUint32(12, secrets.length, true)
    into.set(secrets, 16)
  })
}

export interface CapturedPacket {
  /** Number of its interface, in the order of their descriptions. */
  readonly tap: number
  /** Nanoseconds, a whole number below 2^53. */
  readonly time: number
  readonly bytes: Uint8Array
  /** On the wire; more than there are bytes when it was cut. */
  readonly length: number
  readonly outgoing: boolean
  /** Empty: none. */
  readonly comment: string
}

export function enhancedPacket({ tap, time, bytes, length, outgoing, comment }: CapturedPacket): Uint8Array {
  const flags = Uint8Array.of(outgoing ? OUTBOUND : INBOUND, 0, 0, 0)
  const options: Option[] = [[EPB_FLAGS, flags]]
  if (comment !== '') options.unshift(text(OPT_COMMENT, comment))
  return block(ENHANCED_PACKET, 20 + bytes.length, options, (view, into) => {
    view.setUint32(8, tap, true)
    view.setUint32(12, Math.floor(time / 2 ** 32), true)
    view.setUint32(16, time % 2 ** 32, true)
    view.setUint32(20, bytes.length, true)
    view.setUint32(24, length, true)
    into.set(bytes, 28)
  })
}
