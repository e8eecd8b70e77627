/** Packets made by hand and by chance, for the tests of codecs and hosts. */
import fc from 'fast-check'
import type { IcmpMessage } from '../../electron/protocol/wire/icmp.ts'
import {
  encodeIpv4,
  IPV4_MIN_HEADER,
  NO_OPTIONS,
  PROTOCOL_UDP,
  type Ipv4Header,
} from '../../electron/protocol/wire/ipv4.ts'
import { encodeTcp, tcpLength, type TcpOptions, type TcpSegment } from '../../electron/protocol/wire/tcp.ts'

/** Bytes from hexadecimal text; blanks are ignored. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  )
}

export const CLIENT = 0x0a4d0001
export const SERVER = 0x0a4d0002

/** How often a property is tried: enough to find a slip, or a night's worth. */
export const RUNS = process.env.REXMIT_FULL === '1' ? 10_000 : 200

const base: Ipv4Header = {
  dscp: 0,
  ecn: 0,
  identification: 1,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
  ttl: 64,
  protocol: PROTOCOL_UDP,
  source: CLIENT,
  destination: SERVER,
  options: NO_OPTIONS,
}

/** An IPv4 packet from the client to the server with this payload, unless told otherwise. */
export function ipv4Packet(payload: Uint8Array, header: Partial<Ipv4Header> = {}): Uint8Array {
  const whole = { ...base, ...header }
  const bytes = new Uint8Array(IPV4_MIN_HEADER + ((whole.options.length + 3) & ~3) + payload.length)
  bytes.set(payload, encodeIpv4(whole, payload.length, bytes))
  return bytes
}

/** A TCP segment from client to server in its packet. */
export function tcpPacket(segment: Partial<TcpSegment>, header: Partial<Ipv4Header> = {}): Uint8Array {
  const whole: TcpSegment = {
    sourcePort: 40_000,
    destinationPort: 5001,
    sequence: 1,
    acknowledgment: 0,
    flags: 0,
    window: 65_535,
    urgent: 0,
    options: {},
    payload: new Uint8Array(0),
    ...segment,
  }
  const bytes = new Uint8Array(tcpLength(whole))
  const { source = CLIENT, destination = SERVER } = header
  encodeTcp(whole, bytes, 0, source, destination)
  return ipv4Packet(bytes, { protocol: 6, dontFragment: true, ...header })
}

const u8 = fc.integer({ min: 0, max: 0xff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
export const address = u32
export const payload = (maxLength = 1500) => fc.uint8Array({ maxLength })

/** Any header that can stand on the wire. */
export const anyIpv4Header: fc.Arbitrary<Ipv4Header> = fc.record({
  dscp: fc.integer({ min: 0, max: 63 }),
  ecn: fc.integer({ min: 0, max: 3 }),
  identification: u16,
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.integer({ min: 0, max: 0x1fff }).map((eighths) => eighths * 8),
  ttl: u8,
  protocol: u8,
  source: address,
  destination: address,
  options: fc
    .integer({ min: 0, max: 10 })
    .chain((n) => fc.uint8Array({ minLength: n * 4, maxLength: n * 4 })),
})

const anyUnknownOption = fc.record({
  kind: fc.integer({ min: 9, max: 255 }),
  data: fc.uint8Array({ maxLength: 6 }),
})

/** Options as a SYN or as a data segment may carry them, at most 40 bytes. */
export const anyTcpOptions: fc.Arbitrary<TcpOptions> = fc
  .oneof(
    fc.record(
      {
        mss: u16,
        windowScale: u8,
        sackPermitted: fc.constant(true),
        timestamps: fc.record({ value: u32, echo: u32 }),
        unknown: fc.array(anyUnknownOption, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        timestamps: fc.record({ value: u32, echo: u32 }),
        sack: fc
          .integer({ min: 1, max: 3 })
          .chain((n) => fc.array(u32, { minLength: 2 * n, maxLength: 2 * n })),
      },
      { requiredKeys: [] },
    ),
  )
  .map((options) => options as TcpOptions)

export const anyTcpSegment: fc.Arbitrary<TcpSegment> = fc.record({
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgment: u32,
  flags: u8,
  window: u16,
  urgent: u16,
  options: anyTcpOptions,
  payload: payload(),
})

const code = fc.integer({ min: 0, max: 15 })
export const anyIcmpMessage: fc.Arbitrary<IcmpMessage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('echo_request' as const, 'echo_reply' as const),
    identifier: u16,
    sequence: u16,
    payload: payload(),
  }),
  fc.record({
    kind: fc.constant('destination_unreachable' as const),
    code: fc.constant(4),
    nextHopMtu: u16,
    quoted: payload(),
  }),
  fc.record({
    kind: fc.constant('destination_unreachable' as const),
    code: fc.constantFrom(0, 1, 2, 3, 5),
    nextHopMtu: fc.constant(0),
    quoted: payload(),
  }),
  fc.record({ kind: fc.constant('time_exceeded' as const), code, quoted: payload() }),
  fc.record({ kind: fc.constant('parameter_problem' as const), code, pointer: u8, quoted: payload() }),
  fc.record({
    kind: fc.constant('unknown' as const),
    type: fc.integer({ min: 13, max: 255 }),
    code: u8,
    body: fc.uint8Array({ minLength: 4, maxLength: 600 }),
  }),
)
