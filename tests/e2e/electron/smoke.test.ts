/**
 * The desktop app as a whole: does it open, is the page shut off from Node, does the engine in its utility process run
 * an experiment? What the window can do is tested in the browser, where it is the same window.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXPERIMENTS } from '../../../shared/experiments/index.ts'
import { findElectron } from '../../support/tools.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const executablePath = findElectron()

describe.skipIf(!executablePath)('the desktop window', () => {
  let profile: string
  let app: ElectronApplication
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    profile = mkdtempSync(join(tmpdir(), 'rexmit-desktop-'))
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [] // Chromium refuses it to root
    app = await _electron.launch({
      executablePath,
      args: [root, `--user-data-dir=${profile}`, '--lang=en-US', ...sandbox],
    })
    page = await app.firstWindow()
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.getByRole('toolbar').waitFor()
  })

  afterAll(async () => {
    await app?.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })

  test('lists every experiment', async () => {
    for (const { title } of EXPERIMENTS) await page.getByRole('button', { name: title.en }).waitFor()
  })

  test('runs the opened experiment to its end', async () => {
    await page.getByRole('button', { name: EXPERIMENTS[0].title.en }).click()
    await page.getByRole('toolbar').getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('finished', { exact: true }).first().waitFor({ timeout: 60_000 })
  })

  test('has complained about nothing', () => {
    expect(complaints).toEqual([])
  })

  test('keeps Node, other origins and other windows from the page', async () => {
    const reach = await page.evaluate(() =>
      ['require', 'process', 'module'].filter((name) => name in globalThis),
    )
    expect(reach).toEqual([])
    expect(await page.evaluate(() => location.origin)).toBe('app://rexmit')
    await page.evaluate(() => void window.open('https://example.org/'))
    await page.evaluate(() => void location.assign('https://example.org/'))
    expect(app.windows()).toHaveLength(1)
    expect(page.url()).toMatch(/^app:\/\/rexmit\//)
  })
})
