/** How fast HTTP/3 is read: by the onlooker at the end that sends it, frames in the clear, and by the dissector from datagrams. */
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { QuicEnd } from '../../electron/engine/onlooker/quic-end.ts'
import { Report } from '../../electron/engine/onlooker/report.ts'
import { Http3Dissector } from '../../electron/protocol/h3/dissector.ts'
import { KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import { silentTrace } from '../../shared/trace/sink.ts'
import { talk, type Talk } from '../support/h3-talk.ts'
import { createCertificates } from '../support/tls-certificates.ts'

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal?: string
  readonly note: string
}

const REQUESTS = 300
const ROUNDS = 7

/** Megabytes of datagrams a second: the best of several rounds, since other programs only ever slow one down. */
function measure({ datagrams }: Talk, round: () => number): number {
  const size = datagrams.reduce((sum, { payload }) => sum + payload.length, 0)
  let best = Infinity
  for (let i = 0; i < ROUNDS; i++) {
    const start = process.hrtime.bigint()
    const messages = round()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e9)
    // Request; interim and final response, and trailers.
    if (messages !== 4 * REQUESTS) throw new Error(`${messages} header sections`)
  }
  return Math.round(size / best / 1e6)
}

function look({ packets, keyLog }: Talk): number {
  let messages = 0
  const trace = {
    ...silentTrace,
    emit: (name: string) => void (name === 'http:message_started' && messages++),
  }
  const ends = {
    client: new QuicEnd(new Report('client', () => trace), nodeCrypto, () => 'quic'),
    server: new QuicEnd(new Report('server', () => trace), nodeCrypto, () => 'quic'),
  }
  for (const line of keyLog) for (const end of Object.values(ends)) end.handleSecret(line)
  for (const { from, level, number, frames } of packets) {
    ends[from].handleSent({ number, pkt: 1 } as never, level, frames, 0)
    ends[from === 'client' ? 'server' : 'client'].handleReceived(level, frames)
  }
  return messages
}

function dissect({ datagrams, keyLog }: Talk): number {
  let messages = 0
  const log = new KeyLog()
  for (const line of keyLog) log.addLine(line)
  const dissector = new Http3Dissector(nodeCrypto, log, {
    onQuic: () => undefined,
    onHttp3: (_connection, _tag, { type }) => void (type === 'section' && messages++),
  })
  for (const datagram of datagrams) dissector.handleDatagram(datagram)
  return messages
}

export default async function run(): Promise<Figure[]> {
  const certificates = await createCertificates()
  const large = talk({ certificates }, REQUESTS, 20_000)
  const small = talk({ certificates }, REQUESTS, 1_000)
  const figure = (name: string, value: number, note: string, goal?: string): Figure => ({
    ...{ name: `quic/${name}`, value, unit: 'MB/s', note },
    ...(goal !== undefined && { goal }),
  })
  return [
    figure(
      'onlookers of HTTP/3',
      measure(large, () => look(large)),
      'both ends, objects of 20 kB',
      '>= 50',
    ),
    figure(
      'onlookers of small objects',
      measure(small, () => look(small)),
      'both ends, objects of 1 kB',
    ),
    figure(
      'dissector of HTTP/3',
      measure(large, () => dissect(large)),
      'decrypted, objects of 20 kB',
      '>= 50',
    ),
    figure(
      'dissector of small objects',
      measure(small, () => dissect(small)),
      'decrypted, objects of 1 kB',
    ),
  ]
}
