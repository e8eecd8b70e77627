/**
 * What a segment costs in TCP alone: two stacks and a pipe without packets, checksums, link or recorder. The cost must
 * not grow with the length of the transfer, nor, under loss, with the window: the scoreboard looks at no segment twice.
 */
import type { TcpSettingsInput } from '../../shared/tcp.ts'
import { TcpPipe, streamBytes } from '../support/tcp-pipe.ts'

interface Transfer {
  readonly bytes: number
  readonly loss?: number
  /** The receive window; the congestion window does not limit. */
  readonly window?: number
}

const GIGABIT = 0.008
const PIECE = streamBytes(0, 65_536)

/** Microseconds of this machine for each segment of a transfer at 1 Gbit/s and 20 ms. */
function costPerSegment({ bytes, loss = 0, window }: Transfer): number {
  const client: TcpSettingsInput = {
    sendBuffer: 1 << 26,
    congestion: window === undefined ? 'cubic' : 'none',
  }
  const server: TcpSettingsInput = { receiveBuffer: window ?? 1 << 24 }
  const pipe = new TcpPipe({ seed: 1, delay: 10_000, perByte: GIGABIT, loss, client, server })
  const listener = pipe.listen()
  const connection = pipe.connect()
  let unsent = bytes
  pipe.client.application = (event, now) => {
    if (event.type !== 'connected' && event.type !== 'writable') return
    while (unsent > 0) {
      const piece = PIECE.subarray(0, Math.min(PIECE.length, unsent))
      const taken = connection.write(now, piece)
      unsent -= taken
      if (taken < piece.length) return
    }
    connection.shutdown(now)
  }
  pipe.server.application = (event, now) => {
    if (event.type === 'accepted') listener.accept(now)
    else while (event.connection.read(now) !== undefined) continue
    if (event.type === 'peer_closed') event.connection.shutdown(now)
  }
  const start = performance.now()
  pipe.run()
  return ((performance.now() - start) * 1_000) / pipe.segments
}

export default function run() {
  // The compiler needs its time, and on a busy machine that is long.
  for (let i = 0; i < 5; i++) costPerSegment({ bytes: 50e6, loss: 0.01, window: 1_448_000 })
  for (let i = 0; i < 5; i++) costPerSegment({ bytes: 50e6 })
  const figure = (name: string, transfer: Transfer, goal?: string) => ({
    name,
    value: costPerSegment(transfer),
    unit: 'us',
    goal,
  })
  return Promise.resolve([
    figure('TCP, a segment, both ends, of 10^4', { bytes: 10e6 }),
    figure('TCP, a segment, both ends, of 10^5', { bytes: 100e6 }, 'as with 10^4'),
    figure('TCP, a segment, both ends, of 10^6', { bytes: 1_000e6 }, 'as with 10^4'),
    figure('TCP, 1 % loss, window of 10^3 segments', { bytes: 100e6, loss: 0.01, window: 1_448_000 }),
    figure(
      'TCP, 1 % loss, window of 10^4 segments',
      { bytes: 100e6, loss: 0.01, window: 14_480_000 },
      'as with 10^3',
    ),
  ])
}
