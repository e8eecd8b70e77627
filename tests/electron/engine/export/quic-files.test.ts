/** The other files of a run over QUIC: table, key log, capture, page. */
import { describe, expect, it } from 'vitest'
import { exportRun } from '../../../../electron/engine/export/export.ts'
import type { RecordingReader } from '../../../../electron/engine/recording/types.ts'
import type { ExportFormat } from '../../../../shared/commands.ts'
import { readHar } from '../../../support/har.ts'
import { H3_LABS } from '../../../support/h3-labs.ts'
import { runHttp } from '../../../support/http-lab.ts'
import { readPcapng } from '../../../support/pcapng.ts'

async function fileOf(reader: RecordingReader, format: ExportFormat) {
  const [file] = await exportRun(reader, format)
  return { ...file, text: new TextDecoder().decode(file.bytes) }
}

describe('two visits over HTTP/3, the second with 0-RTT', () => {
  it('as files', async () => {
    const { run } = await runHttp(H3_LABS['with 0-RTT'])
    const { reader } = run
    const events = [...reader.events()]

    const keyLog = await fileOf(reader, 'keylog')
    const labels = keyLog.text.split('\n').map((line) => line.split(' ')[0])
    for (const side of ['CLIENT', 'SERVER'])
      for (const label of ['HANDSHAKE_TRAFFIC_SECRET', 'TRAFFIC_SECRET_0'])
        expect(labels.filter((name) => name === `${side}_${label}`)).toHaveLength(2)
    expect(labels.filter((name) => name === 'CLIENT_EARLY_TRAFFIC_SECRET')).toHaveLength(1)

    const capture = readPcapng((await fileOf(reader, 'pcapng')).bytes)
    expect(capture.keyLogs).toEqual([keyLog.text])
    const atSender = events.filter(
      ({ node, name }) =>
        node === 'one/server' && (name === 'udp:datagram_sent' || name === 'udp:datagram_received'),
    )
    expect(capture.packets).toHaveLength(atSender.length)

    const [head, ...rows] = (await fileOf(reader, 'csv')).text.trimEnd().split('\r\n')
    expect(rows).toHaveLength(events.filter(({ name }) => name !== 'security:secret_logged').length)
    for (const column of ['level', 'frames', 'parameters', 'packets', 'kind', 'outcome'])
      expect([column, head.split(',').includes(column)]).toEqual([column, column !== 'outcome'])
    // Connection ids have numbers as well as events.
    expect(new Set(head.split(',')).size).toBe(head.split(',').length)

    const { entries } = readHar((await fileOf(reader, 'har')).text)
    expect(entries.map(({ request }) => request.httpVersion)).toEqual(['h3', 'h3'])
    const [first, second] = entries.map(({ timings }) => timings)
    expect(first.connect).toBeGreaterThan(40)
    expect(first.ssl).toBe(first.connect)
    expect(second.connect).toBe(0)
    for (const { request, response } of entries) {
      expect(request.headers.map(({ name }) => name)).toContain(':authority')
      expect(response.headers[0]).toEqual({ name: ':status', value: '200' })
    }
  })
})
