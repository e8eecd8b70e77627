import { describe, expect, it } from 'vitest'
import { exportRun, openExport } from '../../../../electron/engine/export/export.ts'
import { describeFiles } from '../../../../electron/engine/terminal/files.ts'
import { EXPORT_FORMATS } from '../../../../shared/commands.ts'
import { readPcapng } from '../../../support/pcapng.ts'
import { FLOW, smallRun } from '../../../support/small-run.ts'

const RANDOM = '0a'.repeat(32)
const SECRET = '5e'.repeat(32)
const KEY = '6b'.repeat(16)
const LINES = [`CLIENT_TRAFFIC_SECRET_0 ${RANDOM} ${SECRET}`, `SERVER_TRAFFIC_SECRET_0 ${RANDOM} ${SECRET}`]
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** Both ends give the same lines, as Node's do. */
function encryptedRun() {
  const script = smallRun()
  for (const node of ['client', 'server'])
    for (const line of LINES)
      script.at(40_000).emit(`main/${node} ${FLOW}`, 'security:secret_logged', { line: `${line}\n` })
  const keys = {
    from: 'client',
    epoch: 'application',
    label: 'CLIENT_TRAFFIC_SECRET_0',
    secret: SECRET,
    key: KEY,
  }
  return script.emit(`main/client ${FLOW}`, 'security:key_updated', { ...keys, iv: KEY })
}

describe('the key log', () => {
  it('has each line once', async () => {
    const [file] = await exportRun(encryptedRun().reader(), 'keylog')
    expect([file.name, file.secret]).toEqual(['keylog.txt', true])
    expect(text(file.bytes)).toBe(`${LINES.join('\n')}\n`)
  })

  it('takes in nothing else', async () => {
    const script = smallRun()
    for (const line of ['', 'x', `CLIENT_RANDOM ${RANDOM} zz`, `${LINES[0]}\nrm -rf`, '# a comment?'])
      script.emit('main/client', 'security:secret_logged', { line })
    const files = await exportRun(script.reader(), 'keylog')
    expect(files.map(({ bytes }) => text(bytes))).toEqual([])
  })

  it('stands in a capture once, before the packets, and marks it', async () => {
    for (const taps of ['sender', 'all'] as const)
      for (const file of await exportRun(encryptedRun().reader(), 'pcapng', { taps })) {
        expect(file.secret).toBe(true)
        expect(readPcapng(file.bytes).keyLogs).toEqual([`${LINES.join('\n')}\n`])
      }
  })
})

describe('files that do not say that they hold keys', () => {
  it.each(EXPORT_FORMATS)('%s holds none', async (format) => {
    for (const qlog of ['draft', '0.3'] as const)
      for (const { chunks, secret } of await openExport(encryptedRun().reader(), format, { qlog })) {
        const content = Buffer.concat([...chunks]).toString('latin1')
        expect(content.includes(SECRET) || content.includes(KEY)).toBe(secret)
      }
  })

  it('tell of the change of keys all the same', async () => {
    const [csv] = await exportRun(encryptedRun().reader(), 'csv')
    expect(text(csv.bytes)).toContain('security:key_updated')
    expect(text(csv.bytes)).not.toContain('security:secret_logged')
    const [head] = text(csv.bytes).split('\r\n')
    expect(head.split(',')).toEqual(expect.arrayContaining(['epoch', 'generation', 'label']))
    for (const column of ['secret', 'key', 'iv', 'line']) expect(head.split(',')).not.toContain(column)
  })
})

it('a capture in the clear has no secrets and is not marked', async () => {
  const [file] = await exportRun(smallRun().reader(), 'pcapng')
  expect(file.secret).toBeUndefined()
  expect(readPcapng(file.bytes).keyLogs).toEqual([])
  expect(await exportRun(smallRun().reader(), 'keylog')).toEqual([])
})

describe('the terminal', () => {
  it('names the files that hold keys in a sentence of their own', () => {
    const files = [{ name: 'summary.json' }, { name: 'capture.pcapng', secret: true }]
    const [list, warning, ...rest] = describeFiles('out', files)
    expect(list).toBe('out: summary.json, capture.pcapng')
    expect(warning).toMatch(/^Keys .* capture\.pcapng: /)
    expect(rest).toEqual([])
  })

  it('says nothing of keys where there are none', () => {
    expect(describeFiles('out', [{ name: 'summary.json', secret: false }])).toEqual(['out: summary.json'])
  })
})
