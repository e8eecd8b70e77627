/** HyStart++ (RFC 9406) of QUIC, on a link of the lab in virtual time. */
import { beforeAll, expect, test } from 'vitest'
import { quicRun } from '../../../support/quic-run.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

/** An upload through a queue that is far too long: the phases of its sender, and what was lost, and the most that stood in the queue. */
function upload(hystart: boolean) {
  const up = { delay: 20_000, rate: { limit: 10e6 }, queue: { limit: 1_000_000 } }
  const link = { up, down: { delay: 20_000 } }
  const { run } = quicRun({ certificates, link, size: 2_500_000, silent: true, client: { hystart } })
  run.runToEnd({ summarize: false })
  const phases = [...run.reader.events(['recovery:congestion_state_changed'])]
    .filter(({ node }) => node === 'one/client')
    .map(({ data }) => data.to)
  const queue = [...run.reader.events(['link:packet_enqueued'])].map(({ data }) => data.queue_bytes)
  const lost = [...run.reader.events(['link:packet_dropped'])].length
  return { phases, lost, queue: Math.max(...queue) }
}

test('the first slow start slows down when the round trip grows, and leaves a shorter queue', () => {
  const plain = upload(false)
  const slowed = upload(true)
  expect(plain.phases).not.toContain('conservative_slow_start')
  expect(slowed.phases.slice(0, 2)).toEqual(['conservative_slow_start', 'congestion_avoidance'])
  // Five rounds at a quarter of the growth still make the window three times as large.
  expect(slowed.queue).toBeLessThan(0.7 * plain.queue)
  expect(plain.lost).toBeGreaterThan(100)
  expect(slowed.lost).toBe(0)
})
