/** Packets that come before their keys (RFC 9001 5.7; DESIGN 6.1, key-blocked), in virtual time. */
import { beforeAll, expect, test } from 'vitest'
import type { QuicObserver } from '../../../../electron/protocol/quic/observer.ts'
import { QuicPair, type PairOptions, type Side } from '../../../support/quic-pair.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const nothing = () => undefined

/** A client that sends as soon as it may; of one side, when packets were kept and when 1-RTT packets were read. */
function watched(side: Side, fate: NonNullable<PairOptions['fate']>) {
  const kept: number[] = []
  const read: number[] = []
  const observer: QuicObserver = {
    onSent: nothing,
    onReceived: (now, level) => level === '1rtt' && read.push(now),
    onDropped: nothing,
    onBuffered: (now) => kept.push(now),
    onAcked: nothing,
    onLost: nothing,
    onKeyUpdate: nothing,
    onHandshake: nothing,
  }
  const pair = new QuicPair({ certificates, fate, observer: { [side]: observer } })
  pair.onEvent = (at, event, connection) => {
    if (at === 'client' && event.type === 'connected')
      connection.write(connection.openStream('bidirectional')!, new Uint8Array(3_000), true)
  }
  return { pair, kept, read }
}

test('a server keeps 1-RTT packets until the Finished of the client is there, and tells of each once', () => {
  let sent = 0
  const { pair, kept, read } = watched('server', (from) => ({
    // The hello, and then the datagram with the Finished.
    delays: from === 'client' && ++sent === 2 ? [] : [50_000],
  }))
  pair.run(() => pair.timeOf('server', 'connected') !== undefined)
  const connected = pair.timeOf('server', 'connected')!
  expect(kept.length).toBeGreaterThan(1)
  for (const t of kept) expect(t).toBe(150_000)
  // All of them are read in the moment in which it may be.
  expect(connected).toBeGreaterThan(300_000)
  expect(read.filter((t) => t === connected).length).toBeGreaterThanOrEqual(kept.length)
})
