/** The codecs against a stranger: tshark reads what they write and must see the same fields. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAddress } from '../../electron/protocol/wire/address.ts'
import { fragmentIpv4 } from '../../electron/protocol/wire/fragment.ts'
import { encodeIcmp, icmpCode, icmpLength, icmpType } from '../../electron/protocol/wire/icmp.ts'
import { decodeIpv4 } from '../../electron/protocol/wire/ipv4.ts'
import { decodeTcp } from '../../electron/protocol/wire/tcp.ts'
import { encodeUdp, udpLength } from '../../electron/protocol/wire/udp.ts'
import {
  anyIcmpMessage,
  anyIpv4Header,
  anyTcpSegment,
  CLIENT,
  ipv4Packet,
  SERVER,
  tcpPacket,
} from '../support/packets.ts'
import { findTshark } from '../support/tools.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 5000 : 300
const GOOD = '1'
const BAD = '0'

/** A capture in the classic format: raw IPv4, a millisecond between packets. */
function pcap(packets: readonly Uint8Array[]): Uint8Array {
  const LINKTYPE_IPV4 = 228
  const file = new DataView(new ArrayBuffer(24 + packets.reduce((n, { length }) => n + 16 + length, 0)))
  const words = (at: number, ...values: number[]) =>
    values.forEach((v, i) => file.setUint32(at + 4 * i, v, true))
  words(0, 0xa1b2c3d4, 0x0004_0002, 0, 0, 65_535, LINKTYPE_IPV4)
  const bytes = new Uint8Array(file.buffer)
  let at = 24
  packets.forEach((packet, i) => {
    words(at, Math.floor(i / 1000), (i % 1000) * 1000, packet.length, packet.length)
    bytes.set(packet, at + 16)
    at += 16 + packet.length
  })
  return bytes
}

/** A configuration of tshark that knows these protocols only, so that no payload is taken for what it is not. */
function configure(folder: string): NodeJS.ProcessEnv {
  const known = new Set(['frame', 'ip', 'tcp', 'udp', 'icmp', 'data', '_ws.malformed'])
  const all = execFileSync(findTshark()!, ['-G', 'protocols'], { encoding: 'utf8', stdio: 'pipe' })
  const names = all.split(/\r?\n/).map((line) => line.split('\t')[2])
  const others = names.filter((name) => name !== undefined && !known.has(name))
  writeFileSync(join(folder, 'disabled_protos'), others.join('\n') + '\n')
  return { ...process.env, WIRESHARK_CONFIG_DIR: folder }
}

const PREFERENCES = [
  'ip.check_checksum:TRUE',
  'tcp.check_checksum:TRUE',
  'udp.check_checksum:TRUE',
  'tcp.relative_sequence_numbers:FALSE',
]

/** What tshark says of each packet, field by field. */
function tshark(packets: readonly Uint8Array[], fields: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'rexmit-'))
  try {
    const file = join(folder, 'packets.pcap')
    writeFileSync(file, pcap(packets))
    const options = [
      ...['-r', file, '-n', '-T', 'fields', '-E', 'separator=|'],
      ...PREFERENCES.flatMap((preference) => ['-o', preference]),
      ...fields.flatMap((field) => ['-e', field]),
    ]
    const env = configure(folder)
    const text = execFileSync(findTshark()!, options, {
      encoding: 'utf8',
      env,
      maxBuffer: 1 << 28,
      stdio: 'pipe',
    })
    const lines = text.split(/\r?\n/).slice(0, packets.length)
    return lines.map((line) => line.split('|'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const sample = <T>(arbitrary: fc.Arbitrary<T>): T[] => fc.sample(arbitrary, { numRuns: COUNT, seed: 7 })
const bit = (set: boolean) => (set ? '1' : '0')

/** Newer versions of tshark write True where older ones write 1. */
const sameBit = (text: string) => text.replace('True', '1').replace('False', '0')

describe.skipIf(!findTshark())('tshark', () => {
  it('reads every field of an IPv4 header as it was written', () => {
    const headers = sample(anyIpv4Header).map((header) => ({
      ...header,
      protocol: 253,
      moreFragments: false,
      fragmentOffset: 0,
      options: new Uint8Array(0),
    }))
    const packets = headers.map((header) => ipv4Packet(new Uint8Array(9), header))
    const seen = tshark(packets, [
      ...[
        'ip.dsfield.dscp',
        'ip.dsfield.ecn',
        'ip.id',
        'ip.flags.df',
        'ip.ttl',
        'ip.src',
        'ip.dst',
        'ip.len',
      ],
      ...['ip.checksum.status', '_ws.malformed'],
    ])
    headers.forEach((header, i) => {
      const { dscp, ecn, identification, dontFragment, ttl, source, destination } = header
      const [dscpSeen, ecnSeen, id, df, ...rest] = seen[i]
      expect([Number(dscpSeen), Number(ecnSeen), Number(id)]).toEqual([dscp, ecn, identification])
      expect(sameBit(df)).toBe(bit(dontFragment))
      expect(rest).toEqual([String(ttl), formatAddress(source), formatAddress(destination), '29', GOOD, ''])
    })
  })

  it('reads every field and option of a TCP segment as it was written', () => {
    // Kinds that are nobody's: tshark looks into those of others, and finds them malformed.
    const unassigned = (kind: number) => 200 + (kind % 50)
    const segments = sample(anyTcpSegment).map((segment) => {
      const unknown = segment.options.unknown?.map(({ kind, data }) => ({ kind: unassigned(kind), data }))
      return { ...segment, options: { ...segment.options, unknown } }
    })
    const seen = tshark(
      segments.map((segment) => tcpPacket(segment)),
      [
        ...['tcp.srcport', 'tcp.dstport', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.window_size_value'],
        ...['tcp.urgent_pointer', 'tcp.len', 'tcp.checksum.status', 'tcp.options.mss_val'],
        ...['tcp.options.wscale.shift', 'tcp.options.timestamp.tsval', 'tcp.options.timestamp.tsecr'],
        ...['tcp.options.sack_le', 'tcp.options.sack_re', '_ws.malformed', 'tcp.flags'],
      ],
    )
    const text = (value: number | undefined) => (value === undefined ? '' : String(value))
    segments.forEach((segment, i) => {
      const { mss, windowScale, timestamps, sack = [] } = segment.options
      const flags = Number(seen[i].pop())
      expect(flags & 0xff).toBe(segment.flags)
      expect(seen[i]).toEqual([
        ...[segment.sourcePort, segment.destinationPort, segment.sequence, segment.acknowledgment].map(
          String,
        ),
        ...[segment.window, segment.urgent, segment.payload.length].map(String),
        ...[GOOD, text(mss), text(windowScale), text(timestamps?.value), text(timestamps?.echo)],
        ...[0, 1].map((side) => sack.filter((_, edge) => edge % 2 === side).join(',')),
        '',
      ])
    })
  })

  it('puts UDP fragments together to the datagram that was cut, its checksum good', () => {
    const sizes = [1473, 3000, 8000, 65_507]
    const pieces = sizes.flatMap((size, i) => {
      const payload = new Uint8Array(size).map((_, at) => at * 7)
      const datagram = { sourcePort: 50_000, destinationPort: 50_001, payload }
      const bytes = new Uint8Array(udpLength(datagram))
      encodeUdp(datagram, bytes, 0, CLIENT, SERVER)
      const cut = fragmentIpv4(ipv4Packet(bytes, { identification: i }), 1500)
      return cut.ok ? [...cut.value].reverse() : []
    })
    const seen = tshark(pieces, ['ip.checksum.status', 'udp.length', 'udp.checksum.status', '_ws.malformed'])
    expect(seen.every(([status]) => status === GOOD)).toBe(true)
    const whole = seen.filter(([, length]) => length !== '').map(([, ...rest]) => rest)
    expect(whole).toEqual(sizes.map((size) => [String(size + 8), GOOD, '']))
  })

  it('reads type, code and checksum of ICMP as they were written', () => {
    const messages = sample(anyIcmpMessage).filter(({ kind }) => kind.startsWith('echo'))
    const packets = messages.map((message) => {
      const bytes = new Uint8Array(icmpLength(message))
      encodeIcmp(message, bytes)
      return ipv4Packet(bytes, { protocol: 1 })
    })
    const seen = tshark(packets, ['icmp.type', 'icmp.code', 'icmp.checksum.status', '_ws.malformed'])
    expect(seen).toEqual(
      messages.map((message) => [icmpType(message), icmpCode(message), GOOD, ''].map(String)),
    )
  })

  it('finds a bad TCP checksum exactly where decodeTcp does', () => {
    const packets = sample(anyTcpSegment).map((segment, i) => {
      const bytes = tcpPacket(segment)
      // Anywhere in the segment but the data offset, without which tshark looks no further.
      const at = 20 + (i % 11)
      if (i % 3 === 0) bytes[at] ^= 1 << (i & 7)
      return bytes
    })
    const seen = tshark(packets, ['tcp.checksum.status'])
    const ours = packets.map((bytes) => {
      const ip = decodeIpv4(bytes)
      const read = ip.ok && decodeTcp(bytes, 20, bytes.length - 20, CLIENT, SERVER)
      return [read && read.ok ? GOOD : BAD]
    })
    expect(seen).toEqual(ours)
    expect(ours.filter(([status]) => status === BAD).length).toBe(Math.ceil(COUNT / 3))
  })
})
