/** QUIC packets of a recording, opened with its keys, against what their senders said that they hold. */
import { beforeAll, expect, test } from 'vitest'
import { openPackets } from '../../../electron/engine/opened-packets.ts'
import type { RecordingReader } from '../../../electron/engine/recording/types.ts'
import { quicRun } from '../../support/quic-run.ts'
import { createCertificates, type TestCertificates } from '../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

function recorded(): RecordingReader {
  const loss = { delay: 20_000, loss: { rate: 0.03 } }
  const { run } = quicRun({ certificates, link: { up: loss, down: loss }, streams: 2, size: 60_000 })
  run.runToEnd({ summarize: false })
  return run.reader
}

/** What the senders said: levels, numbers and types of frames of each datagram. */
function told(reader: RecordingReader): Map<number, string[]> {
  const all = new Map<number, string[]>()
  for (const { pkt, data } of reader.events(['transport:packet_sent'])) {
    const types = (JSON.parse(data.frames) as { type: string }[]).map(({ type }) => type.toUpperCase())
    all.set(pkt, [...(all.get(pkt) ?? []), `${data.level} ${data.number}: ${types.join(' ')}`])
  }
  return all
}

const said = (reader: RecordingReader, pkt: number) =>
  openPackets(reader, pkt).map(
    ({ level, number, dissection }) =>
      `${level} ${number}: ${dissection.layers.map(({ name }) => name).join(' ')}`,
  )

test('every packet of a datagram has the frames that its sender said, in the handshake and long after', () => {
  const reader = recorded()
  const sent = [...told(reader)]
  const some = sent.filter((_, i) => i < 8 || i % 23 === 0)
  expect(some.length).toBeGreaterThan(10)
  for (const [pkt, packets] of some) expect(said(reader, pkt)).toEqual(packets)
  const [[pkt]] = sent
  const [hello] = openPackets(reader, pkt)
  expect(hello.bytes.length).toBe(hello.dissection.layers.reduce((sum, { length }) => sum + length, 0))
})

test('without a key log only Initial packets can be opened; of what is no datagram, nothing', () => {
  const reader = recorded()
  const events: RecordingReader['events'] = function* (names) {
    for (const event of reader.events(names)) if (event.name !== 'security:secret_logged') yield event
  }
  const bare: RecordingReader = Object.create(reader, { events: { value: events } }) as RecordingReader
  for (const [pkt, packets] of [...told(reader)].slice(0, 12))
    expect(said(bare, pkt)).toEqual(packets.filter((text) => text.startsWith('initial')))
  expect(openPackets(reader, 999_999)).toEqual([])
})
