/** One host that is flooded with SYNs from addresses at which nobody is, and honest clients of another host in between. */
import { createHmac } from 'node:crypto'
import * as v from 'valibot'
import { Host } from '../../electron/protocol/ip/host.ts'
import { createRng } from '../../electron/protocol/random.ts'
import type { Env } from '../../electron/protocol/sansio.ts'
import { SYN } from '../../electron/protocol/wire/tcp.ts'
import { TcpSettings } from '../../shared/tcp.ts'
import { silentTrace } from '../../shared/trace/sink.ts'
import { micros } from '../../shared/units.ts'
import { CLIENT, SERVER, tcpPacket } from './packets.ts'

export interface FloodOptions {
  readonly syns: number
  readonly synCookies: boolean
  readonly synBacklog?: number
  /** After so many SYNs of the flood an honest client comes. */
  readonly honestEvery: number
  /** Called after every honest client. */
  readonly onHonest?: () => void
}

export interface FloodOutcome {
  /** Honest clients that came, and those that were served within their patience. */
  readonly honest: number
  readonly served: number
  /** The most connections, in any state, that the server had at once. */
  readonly connectionsMax: number
  /** Answers that went to addresses at which nobody is. */
  readonly answers: number
}

const PORT = 80
/** 10,000 SYNs a second; an honest client waits one round trip and no longer, so that nobody is served by a second attempt. */
const SPACING = 100
const FIRST_FORGED = 0x0a4d_8000

/** Runs the flood; the server accepts at once and closes what it has accepted. */
export function flood({
  syns,
  synCookies,
  synBacklog = 128,
  honestEvery,
  onHonest,
}: FloodOptions): FloodOutcome {
  let ids = 0
  const hmacSha256 = (key: Uint8Array, data: Uint8Array) =>
    new Uint8Array(createHmac('sha256', key).update(data).digest())
  const env: Env = {
    rng: createRng(1),
    crypto: { hmacSha256 },
    trace: silentTrace,
    nextPacketId: () => ++ids,
  }
  const tcp = v.parse(TcpSettings, { synCookies, synBacklog, msl: 0 })
  const client = new Host(env, { name: 'client', address: CLIENT, tcp })
  const server = new Host(env, { name: 'server', address: SERVER, tcp })
  let now = micros(0)
  let answers = 0
  let honest = 0
  let served = 0
  let connectionsMax = 0
  server.listen(now, PORT)

  /** Packets to the other host until both are quiet; what goes to nobody is counted. */
  const settle = (): void => {
    for (let quiet = false; !quiet;) {
      quiet = true
      for (const [from, to] of [
        [client, server],
        [server, client],
      ]) {
        for (let event = from.pollEvent(); event; event = from.pollEvent()) {
          if (event.type === 'accepted') event.listener?.accept(now)?.shutdown(now)
        }
        for (let packet = from.pollTransmit(now); packet; packet = from.pollTransmit(now)) {
          quiet = false
          const destination = new DataView(packet.bytes.buffer, packet.bytes.byteOffset).getUint32(16)
          if (destination === to.address) to.handleDatagram(now, packet)
          else answers++
        }
      }
    }
  }

  for (let i = 0; i < syns; i++) {
    now = micros(now + SPACING)
    server.handleTimeout(now)
    client.handleTimeout(now)
    const source = FIRST_FORGED + (i % 30_000)
    const syn = { sourcePort: 1_024 + (i % 60_000), destinationPort: PORT, sequence: i, flags: SYN }
    const bytes = tcpPacket({ ...syn, options: { mss: 1_460 } }, { source })
    server.handleDatagram(now, { id: ++ids, bytes, port: 0 })
    settle()
    connectionsMax = Math.max(connectionsMax, server.tcp.connectionCount)
    if ((i + 1) % honestEvery !== 0) continue
    honest++
    const connection = client.connect(now, { address: SERVER, port: PORT })
    settle()
    // Served: both ends know each other, and the server has said all that it has to say.
    if (connection.peerClosed) served++
    if (connection.state === 'SYN-SENT') connection.abort(now)
    else connection.shutdown(now)
    settle()
    onHonest?.()
  }
  return { honest, served, connectionsMax, answers }
}
