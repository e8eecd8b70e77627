import { describe, expect, it } from 'vitest'
import { cell } from '../../../../electron/engine/export/csv.ts'
import { exportRun, openExport } from '../../../../electron/engine/export/export.ts'
import { RecordingScript } from '../../../support/recording.ts'
import { smallRun } from '../../../support/small-run.ts'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** RFC 4180: rows of cells. */
function parseCsv(source: string): string[][] {
  const rows: string[][] = [[]]
  const pattern = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/y
  while (pattern.lastIndex < source.length) {
    const [, raw, end] = pattern.exec(source)!
    rows.at(-1)!.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw)
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

describe('CSV', () => {
  it.each([
    ['=1+2', "'=1+2"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ['a,b', '"a,b"'],
    ['a\r\nb', '"a\r\nb"'],
    ['say "x"', '"say ""x"""'],
    ['plain', 'plain'],
  ])('cell %j', (value, expected) => {
    expect(cell(value)).toBe(expected)
  })

  it('leaves numbers as numbers', () => {
    expect(cell(-5)).toBe('-5')
    expect(cell(true)).toBe('1')
    expect(cell([1, 2])).toBe('1 2')
  })

  it('has a row for each event and a column for each field that occurs', async () => {
    const reader = smallRun().reader()
    const [file] = await exportRun(reader, 'csv')
    expect(file.name).toBe('events.csv')
    const [head, ...rows] = parseCsv(text(file.bytes))
    const events = [...reader.events()]
    expect(rows).toHaveLength(events.length)
    expect(head.slice(0, 6)).toEqual(['event_number', 'time', 'node', 'flow', 'packet', 'event'])
    expect(head).not.toContain('syn_queue')
    expect(new Set(head).size).toBe(head.length)
    for (const row of rows) expect(row).toHaveLength(head.length)
    const lost = rows.find((row) => row[5] === 'link:packet_dropped')!
    expect(lost[head.indexOf('reason')]).toBe('bernoulli')
    expect(lost[head.indexOf('time')]).toBe('1150')
    expect(lost[head.indexOf('seq')]).toBe('')
  })

  it('carries no formula out of a name that came from the wire', async () => {
    const script = new RecordingScript().emit('n', 'wire:datagram_ignored', { reason: '=cmd|x', peer: '@x' })
    const [file] = await exportRun(script.reader(), 'csv')
    const [, row] = parseCsv(text(file.bytes))
    for (const value of row) expect(value).not.toMatch(/^[=+@]/)
    expect(row).toContain("'=cmd|x")
  })
})

it('JSON Lines: every event as it is, one a line', async () => {
  const reader = smallRun().reader()
  const [file] = await exportRun(reader, 'json')
  expect(file.name).toBe('events.jsonl')
  const lines = text(file.bytes).split('\n')
  expect(lines.pop()).toBe('')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([...reader.events()])
})

it('summary.json: the figures of the run, computed when the recording has none', async () => {
  const [file] = await exportRun(smallRun().reader(), 'summary')
  const summary = JSON.parse(text(file.bytes)) as { metrics: Record<string, number> }
  expect(file.name).toBe('summary.json')
  expect(summary.metrics['main/retransmissions_sack']).toBe(1)
  expect(summary.metrics['main/packets_lost']).toBe(1)
})

describe('streams', () => {
  const EVENTS = 20_000

  it.each(['csv', 'json', 'qlog', 'pcapng'] as const)(
    '%s comes in chunks, read as they are asked for',
    async (format) => {
      const script = new RecordingScript().emit('main/client', 'sim:node_added', {
        kind: 'host',
        role: 'client',
      })
      for (let i = 1; i <= EVENTS; i++) {
        script.at(i).emit('main/client f', 'tcp:segment_sent', { seq: i, payload: 1, size: 53 }, i)
        if (i % 1000 === 0) script.cut()
      }
      const reader = script.reader()
      let read = 0
      let started = false
      const counting = {
        ...reader,
        *events(names?: readonly never[]) {
          for (const event of reader.events(names)) {
            if (started) read++
            yield event
          }
        },
      }
      const [stream] = await openExport(counting as typeof reader, format)
      started = true
      const chunks = stream.chunks[Symbol.iterator]()
      let first = 0
      while (first === 0) first = (chunks.next().value as Uint8Array).length
      if (format !== 'qlog') expect(read).toBeLessThan(EVENTS / 2)
      let largest = 0
      for (let next = chunks.next(); !next.done; next = chunks.next())
        largest = Math.max(largest, next.value.length)
      expect(largest).toBeLessThan(300_000)
    },
  )
})
