/** The journey of a URL as a user meets it: waterfall, devices on the way, and messages of DNS, in Chromium over the real engine. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import { countPixels, openWindowPage, runExperiment, type WindowPage } from '../support/window-page.ts'

let lab: WindowPage
let page: Page

/** Of ARP in the waterfall of the dark theme. */
const YELLOW = [0xf0, 0xe4, 0x42] as const

const show = (view: string) => page.getByRole('tab', { name: view, exact: true }).first().click()

describe.skipIf(!findChromium())('the journey of a URL', () => {
  beforeAll(async () => {
    lab = await openWindowPage({ width: 1600, height: 900, colorScheme: 'dark' })
    page = lab.page
    await runExperiment(page, 'From a name to a page')
  })
  afterAll(() => lab.close())

  it('holds what it claims', async () => {
    const claims = (standing: string) => page.locator(`details[data-standing="${standing}"]`)
    await claims('holds').filter({ hasText: 'passes 2 routers' }).waitFor()
    expect(await claims('fails').count()).toBe(0)
  })

  it('has the whole way in one row of the waterfall: name, neighbours, TCP, TLS, request', async () => {
    await show('Waterfall')
    await expect.poll(() => countPixels(page, YELLOW)).toBeGreaterThan(20)
    await page.locator('.time-chart').first().focus()
    await page.keyboard.press('ArrowDown')
    const row = page.locator('.words', { hasText: '#1 GET /' })
    const parts = /ARP 20 ms, DNS lookup .* ms, TCP handshake .* ms, TLS handshake 230\.\d ms, sent, waiting/
    await expect.poll(() => row.innerText()).toMatch(parts)
  })

  it('follows a packet of the connection through the devices, and says what a router changes', async () => {
    await show('Journey')
    await page
      .getByRole('option', { name: /SYN seq 0/ })
      .first()
      .click()
    await page.getByText('TTL 64 → 63').first().click()
    await page.getByText('takes the line 10.77.2.0/24, next hop 10.77.1.2').waitFor()
  })

  it('does all this without a complaint, of a breach of the CSP above all', () => {
    expect(lab.complaints).toEqual([])
  })
})
