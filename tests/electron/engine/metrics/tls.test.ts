/** Figures of TLS, from a recording by hand; those of the handshake's messages stand in tls-messages.test.ts. */
import { describe, expect, it } from 'vitest'
import { collectFacts } from '../../../../electron/engine/metrics/facts.ts'
import { figures } from '../../../../electron/engine/metrics/summarize.ts'
import { SYN } from '../../../../shared/tcp-flags.ts'
import type { EventData } from '../../../../shared/trace/events.ts'
import { RecordingScript } from '../../../support/recording.ts'
import { addNodes } from '../../../support/small-run.ts'

const FLOW = '10.77.0.1:40000-10.77.0.2:443'
const OTHER = '10.77.0.1:40001-10.77.0.2:443'
const of = (script: RecordingScript) => figures(collectFacts(script.reader()), ['main'])

type End = Partial<EventData<'security:handshake_finished'>>

/** A connection: SYN at 0, established after 100 ms, its handshake over at the client after 300 ms, response after 400. */
function connection(
  script: RecordingScript,
  flow: string,
  client: End,
  server: End = client,
): RecordingScript {
  const at = `main/client ${flow}`
  script.at(0).emit(at, 'tcp:segment_sent', { flags: SYN, seq: 7 }, 1)
  script.at(100_000).emit(at, 'tcp:state_changed', { to: 'ESTABLISHED' })
  script.emit(at, 'security:record', {
    from: 'client',
    content_type: 22,
    plain_offset: -1,
    plain_length: 200,
  })
  script.at(250_000).emit(`main/server ${flow}`, 'security:handshake_finished', server)
  script.at(300_000).emit(at, 'security:handshake_finished', client)
  script.emit('main/client', 'http:request_queued', { request: 1 })
  script.emit(at, 'http:request_sent', { request: 1 })
  return script.at(400_000).emit(at, 'http:response_started', { request: 1, status: 200 })
}

function lab(): RecordingScript {
  const script = addNodes(new RecordingScript(), 'main')
  for (const direction of [0, 1])
    script.emit('main/link', 'link:packet_delivered', { direction, delay: 50_000 }, 900 + direction)
  return script
}

const ECDHE: End = { version: 'TLSv1.2', group: 'X25519' }

describe('handshakes', () => {
  it('are timed from ESTABLISHED at the client', () => {
    expect(of(connection(lab(), FLOW, ECDHE))).toMatchObject({
      'main/tls_handshake_time': 200_000,
      'main/tls_handshake_rtts': 2,
      'main/first_byte_rtts': 4,
      'main/tls_failed': 0,
      'main/tls_resumed': 0,
    })
  })

  it('that fail are counted once, whichever end says so, and are not timed', () => {
    const metrics = of(connection(lab(), FLOW, { error: 'CERT_HAS_EXPIRED' }, {}))
    expect(metrics['main/tls_failed']).toBe(1)
    expect(metrics['main/tls_handshake_time']).toBeNull()
    const both = of(connection(lab(), FLOW, { error: 'CERT_HAS_EXPIRED' }))
    expect(both['main/tls_failed']).toBe(1)
  })

  it('that take up a session are counted', () => {
    const script = connection(connection(lab(), FLOW, ECDHE), OTHER, { ...ECDHE, resumed: true })
    expect(of(script)['main/tls_resumed']).toBe(1)
  })

  it('False Start would save a round trip, where RFC 7918 allows it', () => {
    const first = (end: End) => of(connection(lab(), FLOW, end))['main/false_start_first_byte_rtts']
    expect(first(ECDHE)).toBe(3)
    expect(first({ version: 'TLSv1.2', group: '' })).toBeNull()
    expect(first({ ...ECDHE, resumed: true })).toBeNull()
    expect(first({ version: 'TLSv1.3', group: 'X25519' })).toBeNull()
  })

  it('check certificates step by step', () => {
    const script = connection(lab(), FLOW, ECDHE)
    for (const ok of [true, false, true])
      script.emit(`main/client ${FLOW}`, 'security:certificate_checked', { check: 'validity', ok })
    expect(of(script)['main/certificate_checks_failed']).toBe(1)
  })
})

describe('plaintext', () => {
  const record = { from: 'client', content_type: 23, inner_type: 23, plain_length: 100 }

  it('is what crossed as application data and could be read with the keys', () => {
    const script = connection(lab(), FLOW, ECDHE)
    script.emit(`main/client ${FLOW}`, 'security:record', { ...record, plain_offset: 0 })
    script.emit(`main/server ${FLOW}`, 'security:record', { ...record, from: 'server', plain_offset: 0 })
    // A handshake message inside, and one that nobody has the key of.
    script.emit(`main/server ${FLOW}`, 'security:record', { ...record, inner_type: 22, plain_offset: -1 })
    script.emit(`main/client ${FLOW}`, 'security:record', { ...record, inner_type: 0, plain_offset: -1 })
    expect(of(script)).toMatchObject({ 'main/plaintext_total': 200, 'main/plaintext_recovered': null })
  })

  it('recovered is what the attempts at all connections brought', () => {
    const script = connection(lab(), FLOW, ECDHE)
    script.emit(`main/client ${FLOW}`, 'security:decryption_attempted', { total: 9, recovered: 7 })
    script.emit(`main/client ${OTHER}`, 'security:decryption_attempted', { total: 9, recovered: 0 })
    expect(of(script)['main/plaintext_recovered']).toBe(7)
  })
})
