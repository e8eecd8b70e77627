/** The views of TLS, HPACK and caching as a user meets them: the built page in Chromium over the real engine. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import { openWindowPage, runExperiment, type WindowPage } from '../support/window-page.ts'

let lab: WindowPage
let page: Page

const run = (title: string): Promise<void> => runExperiment(page, title)

const show = (view: string) => page.getByRole('tab', { name: view, exact: true }).first().click()

/** Chooses a lane in the first view. */
async function choose(lane: string): Promise<void> {
  await page
    .getByRole('button', { name: /^Lane: / })
    .first()
    .click()
  await page.getByRole('menuitemradio', { name: lane, exact: true }).click()
}

describe.skipIf(!findChromium())('the window with TLS and HTTP/2', () => {
  beforeAll(async () => {
    lab = await openWindowPage({ width: 1600, height: 900, colorScheme: 'dark' })
    page = lab.page
  })
  afterAll(() => lab.close())

  it('shows the handshake message by message, down to bytes that are linked with their fields', async () => {
    await run('TLS 1.3')
    await choose('TLS 1.3')
    const messages = page.locator('.step b')
    await expect.poll(() => messages.allInnerTexts()).toContain('CertificateVerify')
    expect((await messages.allInnerTexts()).slice(0, 2)).toEqual(['ClientHello', 'ServerHello'])

    await page.locator('.step', { hasText: 'ClientHello' }).first().click()
    const opened = page.getByRole('region', { name: 'ClientHello' })
    await opened.getByRole('treeitem', { name: /^Random/ }).hover()
    // 32 bytes, each in the dump as digits and as a character.
    await expect.poll(() => opened.locator('.on').count()).toBe(64)
    const packet = (await opened.locator('.packet').innerText()).slice(1)
    await expect.poll(() => page.locator('.packets .row.selected').innerText()).toContain(packet)

    await page.keyboard.press('ArrowDown')
    await page.getByRole('region', { name: 'ServerHello' }).waitFor()
  })

  it('shows the key schedule with values that open to all their digits', async () => {
    await run('TLS 1.2 with ECDHE')
    await show('Key schedule')
    const random = page.locator('.secret:has(b:text-is("client_random")) .value')
    await random.click()
    await expect.poll(() => random.innerText()).toMatch(/^[0-9a-f]{64}/)
    await page.getByText('client_write_key').first().waitFor()
  })

  it('shows the chain and why it was refused', async () => {
    await run('The certificate chain')
    await page.locator('.verdict.accepted').waitFor()
    await choose('Expired')
    await page.locator('.verdict').getByText('CERT_HAS_EXPIRED').waitFor()
    await expect.poll(() => page.locator('.check.failed b').allInnerTexts()).toEqual(['Validity'])
  })

  it('shows each header block with the tables at that moment, by keyboard, too', async () => {
    await run('HPACK')
    const list = page.getByRole('listbox', { name: 'Header blocks' })
    await list.focus()
    await page.keyboard.press('Home')
    await page.locator('.table.client .added').first().waitFor()
    const first = await page.locator('.table.client .entries li').count()
    await page.keyboard.press('End')
    await expect.poll(() => page.locator('.table.client .entries li').count()).toBeGreaterThan(first)
  })

  it('lights the way of a request through the cache', async () => {
    await run('Caching: freshness and validation')
    await choose('no-cache: ask, by ETag')
    await page.locator('.leaf.refresh.lit').waitFor()
    await page.getByRole('option').first().click()
    await page.locator('.leaf.fetch.lit').waitFor()
    await expect.poll(() => page.locator('.leaf.refresh.lit').count()).toBe(0)
  })

  it('does all this without a complaint, of a breach of the CSP above all', () => {
    expect(lab.complaints).toEqual([])
  })
})
