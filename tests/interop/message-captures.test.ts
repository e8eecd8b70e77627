/** Captures of messages, feeds and calls as a stranger names them: tshark, with the file alone. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import { finishedRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const seeds = process.env.REXMIT_FULL === '1' ? [1, 2, 3] : [1]

async function captureOf(experiment: string, seed: number): Promise<string> {
  const run = await finishedRun({ experiment, seed })
  const file = join(temporaryFolder(), 'capture.pcapng')
  const [{ chunks }] = await openExport(run.reader, 'pcapng', { taps: 'sender' })
  writeFileSync(file, Buffer.concat([...chunks]))
  return file
}

/** How many packets tshark gives each stack of protocols, with those that it finds malformed. */
function protocolsIn(file: string, filter = ''): Map<string, number> {
  const preferences = ['tcp.reassemble_out_of_order:TRUE']
  const counts = new Map<string, number>()
  for (const frame of tsharkFields(file, ['frame.protocols', '_ws.malformed'], { filter, preferences })) {
    const name = frame['frame.protocols'].replace('raw:ip:', '') + frame['_ws.malformed']
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

const protocolsOf = async (experiment: string, seed: number): Promise<Map<string, number>> =>
  protocolsIn(await captureOf(experiment, seed))

describe.skipIf(!findTshark())('tshark', () => {
  it.each(seeds)(
    'sees TCP and UDP with data in tcp-vs-udp, and takes them for nothing else, seed %d',
    async (seed) => {
      const protocols = await protocolsOf('tcp-vs-udp', seed)
      expect([...protocols.keys()].sort()).toEqual(['tcp', 'tcp:data', 'udp:data'])
      expect(protocols.get('udp:data')).toBe(400)
    },
  )

  it.each(seeds)('sees TCP with data in framing, and takes it for nothing else, seed %d', async (seed) => {
    expect([...(await protocolsOf('framing', seed)).keys()].sort()).toEqual(['tcp', 'tcp:data'])
  })

  it('sees QUIC in one lane of reliable-udp, and in the others UDP with data', async () => {
    const file = await captureOf('reliable-udp', 1)
    const inLane = 'ip.addr == 10.77.3.0/24'
    const quic = [...protocolsIn(file, inLane)]
    expect(quic.length).toBeGreaterThan(0)
    expect(quic.filter(([name]) => !/^udp:quic[a-z0-9:]*$/.test(name))).toEqual([])
    const others = protocolsIn(file, `!(${inLane})`)
    expect([...others.keys()]).toEqual(['udp:data'])
    expect(others.get('udp:data')).toBeGreaterThan(1_000)
  })

  it('sees WebSocket, JSON and an event stream over HTTP in websocket', async () => {
    const protocols = await protocolsOf('websocket', 1)
    expect(protocols.get('tcp:http:websocket:data-text-lines')).toBe(20)
    // Pings, Pongs and the two of the end.
    expect(protocols.get('tcp:http:websocket')).toBeGreaterThan(2)
    expect(protocols.get('tcp:http:json')).toBeGreaterThan(10)
    expect(protocols.get('tcp:http:media')).toBe(1)
  })

  it('sees JSON over HTTP, and gRPC over HTTP/2 with protobuf in it, in rpc', async () => {
    const protocols = await protocolsOf('rpc', 1)
    expect(protocols.get('tcp:http:json')).toBe(60)
    expect(protocols.get('tcp:http:http2:grpc:protobuf')).toBe(60)
  })
})
