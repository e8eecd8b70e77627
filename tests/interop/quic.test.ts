/** tshark reads what our QUIC endpoints send: packets by type, frames by type, streams, all decrypted with the key log in the file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  decryptionSecrets,
  enhancedPacket,
  interfaceDescription,
  LINKTYPE_RAW,
  sectionHeader,
} from '../../electron/engine/export/pcapng.ts'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import type { QuicConnection } from '../../electron/protocol/quic/connection.ts'
import type { QuicObserver } from '../../electron/protocol/quic/observer.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { TicketKeeper } from '../../electron/protocol/tls13/tickets.ts'
import { encodeUdp, UDP_HEADER } from '../../electron/protocol/wire/udp.ts'
import type { Frame } from '../../electron/protocol/wire/quic/frames.ts'
import { ipv4Packet } from '../support/packets.ts'
import { QuicNet, SERVER, type NetOptions, type Seen, type Side } from '../support/quic-net.ts'
import { createCertificates, type TestCertificates } from '../support/tls-certificates.ts'
import { tsharkFields } from '../support/tshark.ts'

let certificates: TestCertificates
const folder = mkdtempSync(join(tmpdir(), 'rexmit-quic-'))
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** tshark's numbers of frame types; ranges of numbers that are one type of ours have several. */
const NUMBERS: Readonly<Record<Frame['type'], readonly number[]>> = {
  padding: [0x00],
  ping: [0x01],
  ack: [0x02, 0x03],
  reset_stream: [0x04],
  stop_sending: [0x05],
  crypto: [0x06],
  new_token: [0x07],
  stream: [0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f],
  max_data: [0x10],
  max_stream_data: [0x11],
  max_streams: [0x12, 0x13],
  data_blocked: [0x14],
  stream_data_blocked: [0x15],
  streams_blocked: [0x16, 0x17],
  new_connection_id: [0x18],
  retire_connection_id: [0x19],
  path_challenge: [0x1a],
  path_response: [0x1b],
  connection_close: [0x1c, 0x1d],
  handshake_done: [0x1e],
  datagram: [0x30, 0x31],
  ack_frequency: [0xaf],
  immediate_ack: [0x1f],
}
const typeOf = (number: number): string =>
  Object.entries(NUMBERS).find(([, numbers]) => numbers.includes(number))?.[0] ?? `0x${number.toString(16)}`

/** A conversation as a capture on the client's side, and what our endpoints say of it. */
class Capture {
  readonly net: QuicNet
  readonly keyLog: string[] = []
  /** Frames that were sent, counted by type. */
  readonly frames = new Map<string, number>()
  readonly levels = new Map<string, number>()
  private readonly packets: {
    readonly from: Side
    readonly t: number
    readonly payload: Uint8Array
    readonly port: number
  }[] = []

  constructor(options: Omit<NetOptions, 'certificates'> = {}) {
    this.net = new QuicNet({ certificates, ...options, observe: () => this.observer() })
    this.net.pass = (from, datagram) => {
      const port = from === 'client' ? datagram.localPort : datagram.remote.port
      this.packets.push({ from, t: this.net.now, payload: datagram.payload, port })
      return datagram
    }
  }

  private observer(): QuicObserver {
    const count = (map: Map<string, number>, name: string) => map.set(name, (map.get(name) ?? 0) + 1)
    return {
      onSent: (_now, _packet, level, frames) => {
        count(this.levels, level)
        // tshark tells a run of PADDING as one frame, as we do.
        for (const { type } of frames) count(this.frames, type)
      },
      onHandshake: (_now, event) => {
        if (event.type === 'key_log') this.keyLog.push(event.line)
      },
      onReceived: () => undefined,
      onDropped: () => undefined,
      onBuffered: () => undefined,
      onAcked: () => undefined,
      onLost: () => undefined,
      onKeyUpdate: () => undefined,
    }
  }

  write(name: string): string {
    const blocks = [
      sectionHeader('Rexmit', 'test'),
      interfaceDescription({
        name: 'client',
        description: '',
        linkType: LINKTYPE_RAW,
        snapLength: 0,
        timeOffset: 0,
      }),
      decryptionSecrets(`${[...new Set(this.keyLog)].join('\n')}\n`),
    ]
    for (const { from, t, payload, port } of this.packets) {
      const [source, destination] =
        from === 'client'
          ? [this.net.clientAddress, SERVER.address]
          : [SERVER.address, this.net.clientAddress]
      const [sourcePort, destinationPort] = from === 'client' ? [port, SERVER.port] : [SERVER.port, port]
      const udp = new Uint8Array(UDP_HEADER + payload.length)
      encodeUdp({ sourcePort, destinationPort, payload }, udp, 0, source, destination)
      const bytes = ipv4Packet(udp, { source, destination })
      const time = Math.round(t * 1_000)
      blocks.push(
        enhancedPacket({
          tap: 0,
          time,
          bytes,
          length: bytes.length,
          outgoing: from === 'client',
          comment: '',
        }),
      )
    }
    const file = join(folder, `${name}.pcapng`)
    writeFileSync(file, Buffer.concat(blocks))
    return file
  }
}

/** Counts of all values that a field has in the capture. */
function counted(file: string, field: string, name: (value: string) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const row of tsharkFields(file, [field], { occurrence: 'a', filter: 'quic' }))
    for (const value of row[field].split(',').filter((text) => text !== ''))
      counts.set(name(value), (counts.get(name(value)) ?? 0) + 1)
  return counts
}

const sorted = (map: ReadonlyMap<string, number>): [string, number][] =>
  [...map].sort(([a], [b]) => a.localeCompare(b))

function echo({ side, event, connection }: Seen): void {
  if (side !== 'server' || event.type !== 'readable') return
  for (let bytes = connection.read(event.id); bytes; bytes = connection.read(event.id))
    connection.write(event.id, bytes)
  if (connection.stream(event.id)?.receive?.isClosed && !connection.stream(event.id)?.send?.finished)
    connection.write(event.id, new Uint8Array(0), true)
}

/** Opens so many streams and sends so much on each, until all is back; then closes. */
function converse(capture: Capture, client: QuicConnection, streams: number, size: number): void {
  const { net } = capture
  net.onEvent = echo
  net.run(() => net.timeOf('client', 'confirmed') !== undefined)
  const ids = Array.from({ length: streams }, () => client.openStream('bidirectional')!)
  net.act('client', () => ids.forEach((id) => client.write(id, new Uint8Array(size).fill(0x61), true)))
  let got = 0
  const read = () => {
    for (const id of ids)
      for (let bytes = client.read(id); bytes; bytes = client.read(id)) got += bytes.length
    return got >= streams * size
  }
  expect(net.run(read)).toBe(true)
  net.act('client', (now) => client.close(now, 0, 'done'))
  net.run(() => false)
}

const LEVELS: Readonly<Record<string, string>> = {
  '0': 'initial',
  '1': '0rtt',
  '2': 'handshake',
  '3': 'retry',
}

function agree(capture: Capture, file: string): void {
  for (const type of ['crypto', 'ack', 'stream', 'handshake_done'])
    expect(capture.frames.get(type), type).toBeGreaterThan(0)
  expect(
    tsharkFields(
      file,
      ['frame.number'],
      '_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0',
    ),
  ).toEqual([])
  expect(tsharkFields(file, ['frame.number'], 'quic.decryption_failed')).toEqual([])
  expect(sorted(counted(file, 'quic.frame_type', (value) => typeOf(Number(value))))).toEqual(
    sorted(capture.frames),
  )
  const long = counted(file, 'quic.long.packet_type', (value) => LEVELS[value])
  const short = tsharkFields(file, ['quic.header_form'], { occurrence: 'a', filter: 'quic' })
    .flatMap((row) => row['quic.header_form'].split(','))
    .filter((form) => form === '0' || form === 'False').length
  long.delete('retry')
  expect(sorted(new Map([...long, ['1rtt', short]]))).toEqual(sorted(capture.levels))
}

describe('tshark agrees with our endpoints', () => {
  test.each([
    ['version 1', {}],
    ['Retry', { server: { retry: true } }],
    [
      'tight windows',
      { client: { maxData: 8_000, maxStreamData: 3_000 }, server: { maxData: 8_000, maxStreamData: 3_000 } },
    ],
    ['5 % loss', { loss: 0.05 }],
  ] as const)(
    '%s',
    (name, { loss = 0, ...options }: { loss?: number } & Omit<NetOptions, 'certificates'>) => {
      const capture = new Capture(options)
      const { pass } = capture.net
      const dice = createRng(7)
      // Captured where it was sent, lost behind that.
      capture.net.pass = (from, datagram) => (pass(from, datagram), dice.next() < loss ? undefined : datagram)
      converse(capture, capture.net.connect(), 5, 20_000)
      agree(capture, capture.write(name.replace(/\W+/g, '-')))
    },
  )

  test('the bytes of a stream in the clear, from the file alone', () => {
    const capture = new Capture()
    converse(capture, capture.net.connect(), 1, 300)
    const file = capture.write('clear')
    const data = tsharkFields(file, ['quic.stream_data'], { filter: 'quic.stream_data', occurrence: 'a' })
    expect(data.map((row) => row['quic.stream_data'])).toContain('61'.repeat(300))
  })

  test('0-RTT packets of a resumed connection', () => {
    const tickets = new TicketKeeper(nodeCrypto, createRng(5))
    const first = new Capture({ tls: { tickets, earlyData: 'once' } })
    converse(first, first.net.connect(), 1, 100)
    const [{ session }] = first.net.events('client', 'session')
    const second = new Capture({ seed: 2, tls: { tickets, earlyData: 'once' } })
    second.net.now = first.net.now
    const client = second.net.connect({ session: { ...session, receivedAt: first.net.now }, earlyData: true })
    const id = client.openStream('bidirectional')!
    second.net.act('client', () => client.write(id, new Uint8Array(500), true))
    converse(second, client, 1, 100)
    const file = second.write('early')
    expect(counted(file, 'quic.long.packet_type', (value) => LEVELS[value]).get('0rtt')).toBeGreaterThan(0)
    expect(tsharkFields(file, ['frame.number'], 'quic.decryption_failed')).toEqual([])
  })
})
