/** Handshake, transfer and close on a link that loses, reorders, doubles and corrupts datagrams in both directions, over many seeds. */
import { createHash } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { createRng, type Rng } from '../../../../electron/protocol/random.ts'
import { QuicPair, type Fate } from '../../../support/quic-pair.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const SEEDS = process.env.REXMIT_FULL === '1' ? 1_500 : 80
const IDLE = 600e6
/** First byte, version, length of the id, and its 8 bytes. */
const FIRST_ID_END = 14
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function fate(payload: Uint8Array, rng: Rng): Fate {
  if (rng.next() < 0.3) return { delays: [] }
  const delay = () => 5_000 + rng.next() * 15_000
  const delays = rng.next() < 0.1 ? [delay(), delay()] : [delay()]
  if (rng.next() >= 0.05) return { delays }
  const changed = payload.slice()
  // An Initial whose first destination id is corrupted asks for a connection of its own: that is for an endpoint, and not here.
  const from = changed[0] >= 0xc0 ? FIRST_ID_END : 0
  changed[from + rng.int(changed.length - from)] ^= 1 << rng.int(8)
  return { delays, payload: changed }
}

/** The client sends, the server answers with the same; the client closes; both ends come to their end. */
function story(seed: number) {
  const pair = new QuicPair({
    certificates,
    seed,
    // A lost CONNECTION_CLOSE leaves the other end to its idle timer: that ends it, too. It is long enough for the worst of luck, a
    // dozen probes in a row that nobody answers.
    settings: { client: { idleTimeout: IDLE }, server: { idleTimeout: IDLE } },
    fate: (_from, { payload }, rng) => fate(payload, rng),
  })
  const sent = createRng(seed).bytes(5_000)
  const received: Uint8Array[] = []
  let length = 0
  pair.onEvent = (side, event, connection) => {
    if (side === 'client' && event.type === 'connected')
      connection.write(connection.openStream('bidirectional')!, sent, true)
    if (event.type !== 'readable') return
    for (let data = connection.read(event.id); data; data = connection.read(event.id))
      if (side === 'server') connection.write(event.id, data)
      else {
        received.push(data)
        length += data.length
      }
    const stream = connection.stream(event.id)
    if (side === 'server' && stream?.receive?.isClosed && !stream.send?.finished)
      connection.write(event.id, new Uint8Array(0), true)
  }
  const isWhole = pair.run(() => length === sent.length, 5 * IDLE)
  if (isWhole) pair.act('client', (connection, now) => connection.close(now, 0, 'done'))
  pair.run(() => pair.ends.client?.isOver === true && pair.ends.server?.isOver === true, 10 * IDLE)
  return {
    isIntact: isWhole && digest(Buffer.concat(received)) === digest(sent),
    ends: [pair.client.state, pair.server.state],
    // By our own close, or its echo, or by silence where the close itself was lost.
    why: [...pair.eventsOf('client', 'closed'), ...pair.eventsOf('server', 'closed')].map(
      ({ reason }) => reason.code,
    ),
  }
}

test(`${SEEDS} seeds at 30 % loss: the same bytes come back, and both ends come to an end`, () => {
  for (let seed = 1; seed <= SEEDS; seed++)
    expect([seed, story(seed)]).toEqual([seed, { isIntact: true, ends: ['closed', 'closed'], why: [0, 0] }])
}, 600_000)
