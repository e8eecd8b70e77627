/** Chromium over HTTP/3, from `rexmit web`: a stranger's QUIC, TLS 1.3, QPACK and HTTP/3 against ours, through the lab's link. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { buildCli, type BuiltCli } from '../support/cli.ts'
import { Dissection, readCapture } from '../support/quic-capture.ts'
import { findChromium } from '../support/tools.ts'

const OBJECTS = 50
const SIZE = 20_000
const PAGE = `<!doctype html><title>Objects</title>${Array.from({ length: OBJECTS }, (_, i) => `<script src="/object/${i + 1}.js"></script>`).join('')}`

let cli: BuiltCli
beforeAll(async () => {
  cli = await buildCli()
  mkdirSync(join(cli.folder, 'site', 'object'), { recursive: true })
  writeFileSync(join(cli.folder, 'site', 'index.html'), PAGE)
  for (let i = 1; i <= OBJECTS; i++)
    writeFileSync(
      join(cli.folder, 'site', 'object', `${i}.js`),
      `window.got = (window.got || 0) + 1 //${'x'.repeat(SIZE)}`,
    )
}, 120_000)
afterAll(() => cli.remove())

/** Nothing of what Chromium and we have said to each other stays closed to who has the keys, or breaks a rule. */
function expectReadable(capture: Uint8Array): void {
  const { datagrams, keyLog } = readCapture(capture)
  const { http, quic } = new Dissection(datagrams, keyLog)
  const strange = quic.filter(({ type }) => type === 'closed' || type === 'garbage')
  expect(strange).toEqual([])
  expect(quic.filter((reading) => reading.type === 'packet' && reading.problem !== undefined)).toEqual([])
  expect(http.filter((line) => line.includes('"problem"'))).toEqual([])
  expect(http.filter((line) => /^\d+ \["client",\d+,"request"/.test(line)).length).toBeGreaterThan(OBJECTS)
}

describe.skipIf(!findChromium())('Chromium over HTTP/3', () => {
  test.each(['0', '5%'])(
    `a page of ${OBJECTS} objects, every one by h3, at a loss of %s`,
    async (loss) => {
      const out = `out-${Number.parseInt(loss)}`
      const link = ['--delay', '10ms', '--rate', '20mbit', '--loss', loss]
      const server = cli.start('web', '--root', 'site', '--port', '0', '--out', out, ...link)
      const port = Number((await server.says(/https:\/\/localhost:(\d+)\/ serves/))[1])
      const [, spki] = await server.says(/--ignore-certificate-errors-spki-list=(\S+)/)
      const browser = await launchChromium({ quic: { port, spki } })
      onTestFinished(() => browser.close())
      const page = await browser.context.newPage()
      await page.goto(`https://localhost:${port}/`, { timeout: 60_000 })
      await page.waitForFunction((count) => Reflect.get(window, 'got') === count, OBJECTS, {
        timeout: 60_000,
      })
      const protocols = await page.evaluate(() =>
        (['navigation', 'resource'] as const)
          .flatMap((type) => window.performance.getEntriesByType(type as 'resource'))
          .map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol),
      )
      // The page and its objects; the icon that browsers ask for by themselves may be there, too.
      expect(protocols.length).toBeGreaterThan(OBJECTS)
      expect(new Set(protocols)).toEqual(new Set(['h3']))
      await page.close()
      const { status, stderr } = await server.interrupt()
      expect(stderr).not.toContain('rexmit:')
      expect(status).toBe(0)
      for (const name of ['capture.pcapng', 'trace.qlog', 'keylog.txt'])
        expect([name, existsSync(join(cli.folder, out, name))]).toEqual([name, true])
      expectReadable(readFileSync(join(cli.folder, out, 'capture.pcapng')))
    },
    120_000,
  )
})
