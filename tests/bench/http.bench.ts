/** What the onlookers of HTTP cost: octets of whole connections, cut as segments are, and header blocks by themselves. */
import http2 from 'node:http2'
import { Http1Connection } from '../../electron/protocol/wire/http1/connection.ts'
import { Http2Connection } from '../../electron/protocol/wire/h2/connection.ts'
import { FrameReader } from '../../electron/protocol/wire/h2/frame-reader.ts'
import { CONTINUATION, HEADERS } from '../../electron/protocol/wire/h2/names.ts'
import { readPayload } from '../../electron/protocol/wire/h2/payload.ts'
import { HpackDecoder } from '../../electron/protocol/wire/hpack/decoder.ts'
import type { Side } from '../../electron/protocol/wire/side.ts'
import { octets } from '../support/cuts.ts'
import { duplexPair } from '../support/duplex-pair.ts'

type Written = readonly (readonly [Side, Uint8Array])[]

const SEGMENT = 1_448
const OBJECTS = 300
const OBJECT = 20_000

/** A page of many objects from Node's server to Node's client. */
async function http2Page(size: number): Promise<Written> {
  const written: [Side, Uint8Array][] = []
  const ends = duplexPair((side, bytes) => written.push([side, bytes]))
  const server = http2.createServer()
  server.on('stream', (stream, headers) => {
    const fields = {
      'content-type': 'image/png',
      etag: `"${headers[':path']}"`,
      'cache-control': 'max-age=60',
    }
    stream.respond({ ':status': 200, ...fields })
    stream.end(Buffer.alloc(size, 1))
  })
  server.emit('connection', ends.server)
  const client = http2.connect('http://lab', { createConnection: () => ends.client })
  for (let i = 0; i < OBJECTS; i++) {
    const stream = client.request({
      ':path': `/image-${i}.png`,
      'user-agent': 'bench/1.0',
      accept: 'image/*',
    })
    await new Promise((resolve) => stream.resume().once('end', resolve))
  }
  client.destroy()
  return written
}

function http1Page(size: number): Written {
  const request = octets(
    'GET /image.png HTTP/1.1\r\nHost: lab\r\nUser-Agent: bench/1.0\r\nAccept: image/*\r\n\r\n',
  )
  const head = `HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nETag: "1"\r\nContent-Length: ${size}\r\n\r\n`
  const response = octets(head + 'x'.repeat(size))
  return Array.from({ length: OBJECTS * 2 }, (_, i) =>
    i % 2 === 0 ? ['client', request] : ['server', response],
  )
}

const inSegments = (written: Written): Written =>
  written.flatMap(([side, bytes]) =>
    Array.from(
      { length: Math.ceil(bytes.length / SEGMENT) },
      (_, i) => [side, bytes.subarray(i * SEGMENT, (i + 1) * SEGMENT)] as const,
    ),
  )

/** Megabytes (or pieces of work) a second of processor time, so that a busy machine does not show. */
function perSecond(amount: number, work: () => void): number {
  for (let i = 0; i < 20; i++) work()
  let rounds = 0
  const start = process.cpuUsage()
  let spent = 0
  while (spent < 1e6) {
    work()
    rounds++
    const { user, system } = process.cpuUsage(start)
    spent = user + system
  }
  return (amount * rounds) / (spent / 1e6)
}

function megabytes(written: Written, make: () => { push(from: Side, bytes: Uint8Array): void }): number {
  const pieces = inSegments(written)
  const length = pieces.reduce((sum, [, bytes]) => sum + bytes.length, 0)
  let events = 0
  const value = perSecond(length / 1e6, () => {
    const connection = make()
    for (const [side, bytes] of pieces) connection.push(side, bytes)
    events++
  })
  if (events === 0) throw new Error('nothing was dissected')
  return value
}

/** The header blocks that one side of a connection sends. */
function blocksOf(written: Written, side: Side): Uint8Array[] {
  const blocks: Uint8Array[] = []
  const nothing = (): void => {}
  const reader = new FrameReader(
    {
      onPreface: nothing,
      onBadPreface: nothing,
      onSkipped: nothing,
      onHeader: nothing,
      onData: nothing,
      onDataEnd: nothing,
      onFrame(frame, bytes) {
        if (frame.type === CONTINUATION) throw new Error('a block in several frames')
        const payload = frame.type === HEADERS && bytes ? readPayload(frame, bytes) : undefined
        if (typeof payload === 'object' && payload.kind === 'headers') blocks.push(payload.fragment.slice())
      },
    },
    side === 'client',
    1 << 20,
  )
  for (const [from, bytes] of written) if (from === side) reader.push(bytes)
  return blocks
}

export default async function run() {
  const large = await http2Page(OBJECT)
  const small = await http2Page(100)
  const heads = blocksOf(large, 'server')
  const http1 = (size: number) => megabytes(http1Page(size), () => new Http1Connection(() => {}))
  const h2 = (written: Written) => megabytes(written, () => new Http2Connection(() => {}))
  const unit = 'MB/s'
  const note = `${OBJECTS} objects in segments of ${SEGMENT} bytes`
  return [
    { name: 'dissect HTTP/1.1, objects of 20 kB', value: http1(OBJECT), unit, goal: 50, note },
    { name: 'dissect HTTP/1.1, objects of 100 B', value: http1(100), unit, note },
    { name: 'dissect HTTP/2, objects of 20 kB', value: h2(large), unit, goal: 50, note },
    { name: 'dissect HTTP/2, objects of 100 B', value: h2(small), unit, note },
    {
      name: 'decode HPACK',
      value: perSecond(heads.length, () => {
        const decoder = new HpackDecoder()
        for (const block of heads) decoder.decode(block)
      }),
      unit: 'blocks/s',
      note: `responses of nghttp2, ${Math.round(heads.reduce((sum, { length }) => sum + length, 0) / heads.length)} bytes each`,
    },
  ]
}
