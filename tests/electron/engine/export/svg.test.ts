import { describe, expect, it } from 'vitest'
import { exportRun } from '../../../../electron/engine/export/export.ts'
import { findExperiment } from '../../../../shared/experiments/index.ts'
import { RecordingScript } from '../../../support/recording.ts'
import { smallRun } from '../../../support/small-run.ts'

const bulk = findExperiment('tcp-bulk')!

async function charts(script: RecordingScript, language: 'en' | 'zh' = 'en') {
  const files = await exportRun(script.reader({}, bulk), 'svg', { language })
  return new Map(files.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]))
}

describe('SVG charts', () => {
  it('are those that the experiment opens', async () => {
    const files = await charts(smallRun())
    expect([...files.keys()]).toEqual([
      'charts/windows.svg',
      'charts/sequence.svg',
      'charts/stalls.svg',
      'charts/rtt.svg',
      'charts/goodput.svg',
      'charts/queue.svg',
    ])
    for (const [, text] of files) expect(text).toMatch(/^<svg [\s\S]*<\/svg>$/)
  })

  it('of a run of your own programs are those that it has something for', async () => {
    const files = await exportRun(smallRun().reader(), 'svg')
    const names = files.map(({ name }) => name)
    expect(names).toContain('charts/sequence.svg')
    expect(names).not.toContain('charts/streams.svg')
  })

  it('carry axes with names and units, in the language asked for', async () => {
    const [en, zh] = [await charts(smallRun()), await charts(smallRun(), 'zh')]
    expect(en.get('charts/windows.svg')).toMatch(/Window \((B|kB)\)/)
    expect(en.get('charts/windows.svg')).toMatch(/Time \((us|µs|μs|ms|s)\)/)
    expect(zh.get('charts/windows.svg')).toContain('窗口')
    expect(zh.get('charts/windows.svg')).toContain('时间')
  })

  it('carry text from outside as text', async () => {
    const script = smallRun().at(15_000)
    script.emit('', 'sim:mark', { text: '<script>alert(1)</script><img src=x onerror=alert(1)>' })
    for (const [, text] of await charts(script)) expect(text).not.toMatch(/<(script|img)\b/)
  })

  it('are drawn of a run in which nothing happened, too', async () => {
    const files = await charts(new RecordingScript().emit('main/client', 'sim:node_added', { kind: 'host' }))
    expect(files.size).toBe(6)
  })
})
