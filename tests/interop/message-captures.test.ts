/**
 * MQTT, DNS, WebSocket and gRPC in captures: what our onlookers have told of each packet's messages, tshark reads in the file, message by
 * message, in the same order.
 */
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openExport } from '../../electron/engine/export/export.ts'
import type { Run } from '../../electron/engine/run.ts'
import { EXPERIMENTS } from '../../shared/experiments/index.ts'
import { finishedRun, temporaryFolder } from '../support/runs.ts'
import { findTshark } from '../support/tools.ts'
import { messagesByTrace, messagesByTshark } from '../support/tshark-messages.ts'

const full = process.env.REXMIT_FULL === '1'

/** Writes what each host has captured; returns where, by `lane/host`. */
async function capturesOf(run: Run): Promise<Map<string, string>> {
  const folder = temporaryFolder()
  const paths = new Map<string, string>()
  for (const { name, chunks } of await openExport(run.reader, 'pcapng', { taps: 'all' })) {
    const path = join(folder, basename(name))
    writeFileSync(path, Buffer.concat([...chunks]))
    const [, lane = run.info.lanes[0].id, host] = /^capture-(?:(.+)-)?([^-]+)\.pcapng$/.exec(basename(name))!
    paths.set(`${lane}/${host}`, path)
  }
  return paths
}

/** What a host itself has sent, of all that crossed there. */
const sentBy = (lines: Map<string, string[]>, address: string): [string, string[]][] =>
  [...lines].filter(([key]) => key.startsWith(`${address}:`)).sort(([a], [b]) => (a < b ? -1 : 1))

async function expectSameMessages(run: Run): Promise<number> {
  let count = 0
  // tshark looks for HTTP/2 in the clear at ports of HTTP/1 alone.
  const flows = [...run.reader.events(['grpc:message'])].map(({ flow }) => flow)
  const decodeAs = [...new Set(flows)].map((flow) => `tcp.port==${flow.split(':').at(-1)},http2`)
  const addresses = new Map(
    [...run.reader.events(['sim:node_added'])].map(({ node, data }) => [node, data.address]),
  )
  for (const [node, file] of await capturesOf(run)) {
    const told = messagesByTrace(run.reader, node.split('/')[0])
    const read = messagesByTshark({ file, decodeAs })
    const ours = sentBy(told, addresses.get(node)!)
    expect(sentBy(read.lines, addresses.get(node)!), node).toEqual(ours)
    expect(read.malformed, node).toBe(oldRefusals(run, node))
    count += ours.flatMap(([, lines]) => lines).length
  }
  return count
}

/**
 * CONNACKs by which a broker without MQTT 5 refuses a client of it: they have the form of MQTT 3.1.1, and tshark looks for properties in
 * them, since the connection began with MQTT 5.
 */
function oldRefusals(run: Run, node: string): number {
  const lane = node.split('/')[0]
  const packets = [...run.reader.events(['mqtt:packet'])].filter((event) => event.node.startsWith(`${lane}/`))
  const versions = new Map(
    packets.filter(({ data }) => data.type === 'CONNECT').map(({ flow, data }) => [flow, data.version]),
  )
  return packets.filter(({ flow, data }) => data.type === 'CONNACK' && data.version < versions.get(flow)!)
    .length
}

/** Experiments with such messages. */
const IDS = [
  'mqtt-packets',
  'mqtt-connect',
  'mqtt-qos',
  'mqtt-pubsub',
  'mqtt-will',
  'url-journey',
  'websocket',
  'rpc',
].filter((id) => EXPERIMENTS.some((experiment) => experiment.id === id))

describe.skipIf(!findTshark())('tshark reads the messages that the trace tells of', () => {
  it.each(IDS)('%s', async (experiment) => {
    for (const seed of full ? [1, 2, 3] : [1]) {
      const run = await finishedRun({ experiment, seed })
      expect(await expectSameMessages(run)).toBeGreaterThan(0)
    }
  })

  it('url-journey, where the answer is too long for a datagram and comes over TCP', async () => {
    const run = await finishedRun({ experiment: 'url-journey', set: { addresses: 100 } })
    await expectSameMessages(run)
    const ways = [...run.reader.events(['dns:message'])].map(({ data }) => data.over)
    expect(new Set(ways)).toEqual(new Set(['udp', 'tcp']))
  })
})
