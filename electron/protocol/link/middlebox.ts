/**
 * A box on the way that reads the options of TCP segments and lets only those be that it knows (RFC 3234 2.3, RFC 8558 2.1): one
 * reason why TCP is hard to extend. What it cannot read, such as QUIC's protected headers, it leaves alone.
 */
import type { MiddleboxSpec } from '../../../shared/link.ts'
import { read16 } from '../wire/bytes.ts'
import { PROTOCOL_TCP } from '../wire/ipv4.ts'
import {
  OPTION_END,
  OPTION_MSS,
  OPTION_NOP,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
  TCP_MIN_HEADER,
} from '../wire/tcp.ts'
import { transportLayout, type Layout, type PacketStart } from './peek.ts'
import { followInTransport } from './rewrite.ts'

/** The kinds of RFC 9293 3.2, RFC 7323 and RFC 2018; whatever came later is unknown to it. */
const KNOWN: ReadonlySet<number> = new Set([
  OPTION_END,
  OPTION_NOP,
  OPTION_MSS,
  OPTION_WINDOW_SCALE,
  OPTION_SACK_PERMITTED,
  OPTION_SACK,
  OPTION_TIMESTAMPS,
])

/** An option that the box does not know: where it lies in the packet. */
export interface UnknownOption {
  readonly kind: number
  readonly offset: number
  readonly length: number
}

export type Inspection =
  | { readonly kind: 'passed' }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'rewritten'; readonly bytes: Uint8Array; readonly options: readonly UnknownOption[] }

const PASSED: Inspection = { kind: 'passed' }

/** What the box does with a packet. What is rewritten is a copy, its checksums in line with it. */
export function inspect(spec: MiddleboxSpec, bytes: Uint8Array, ip: PacketStart): Inspection {
  if (spec.unknownTcpOptions === 'pass') return PASSED
  const layout = transportLayout(bytes, ip)
  if (layout?.protocol !== PROTOCOL_TCP) return PASSED
  const options = unknownOptions(bytes, layout)
  if (options.length === 0) return PASSED
  if (spec.unknownTcpOptions === 'drop') return { kind: 'dropped' }
  const copy = bytes.slice()
  for (const { offset, length } of options) copy.fill(OPTION_NOP, offset, offset + length)
  // The transport header begins at an even place and is a multiple of four long, so words are pairs of bytes.
  for (let at = layout.transport + TCP_MIN_HEADER; at < layout.payload; at += 2) {
    const [before, now] = [read16(bytes, at), read16(copy, at)]
    if (before !== now) followInTransport(copy, layout, before, now)
  }
  return { kind: 'rewritten', bytes: copy, options }
}

/** Walks the options as far as their lengths can be believed. */
function unknownOptions(bytes: Uint8Array, { transport, payload }: Layout): UnknownOption[] {
  const unknown: UnknownOption[] = []
  let at = transport + TCP_MIN_HEADER
  while (at + 1 < payload && bytes[at] !== OPTION_END) {
    const kind = bytes[at]
    const length = kind === OPTION_NOP ? 1 : bytes[at + 1]
    if (length < (kind === OPTION_NOP ? 1 : 2) || at + length > payload) break
    if (!KNOWN.has(kind)) unknown.push({ kind, offset: at, length })
    at += length
  }
  return unknown
}
