/** Captures of messages, feeds and calls as a stranger names them: tshark, with the file alone. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import { finishedRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

/** How many packets tshark gives each stack of protocols, with those that it finds malformed. */
async function protocolsOf(experiment: string, seed: number): Promise<Map<string, number>> {
  const run = await finishedRun({ experiment, seed })
  const file = join(temporaryFolder(), 'capture.pcapng')
  const [{ chunks }] = await openExport(run.reader, 'pcapng', { taps: 'sender' })
  writeFileSync(file, Buffer.concat([...chunks]))
  const preferences = ['tcp.reassemble_out_of_order:TRUE']
  const counts = new Map<string, number>()
  for (const frame of tsharkFields(file, ['frame.protocols', '_ws.malformed'], { preferences })) {
    const name = frame['frame.protocols'].replace('raw:ip:', '') + frame['_ws.malformed']
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

describe.skipIf(!findTshark())('tshark', () => {
  it.each([1, 2, 3])(
    'sees TCP and UDP with data in tcp-vs-udp, and takes them for nothing else, seed %d',
    async (seed) => {
      const protocols = await protocolsOf('tcp-vs-udp', seed)
      expect([...protocols.keys()].sort()).toEqual(['tcp', 'tcp:data', 'udp:data'])
      expect(protocols.get('udp:data')).toBe(400)
    },
  )

  it.each([1, 2, 3])(
    'sees TCP with data in framing, and takes it for nothing else, seed %d',
    async (seed) => {
      expect([...(await protocolsOf('framing', seed)).keys()].sort()).toEqual(['tcp', 'tcp:data'])
    },
  )

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
