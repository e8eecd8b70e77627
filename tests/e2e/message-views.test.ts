/** The views of messages, deliveries, calls and framing as a user meets them: the built page in Chromium over the real engine. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import {
  countPixels,
  openWindowPage,
  pointAt,
  runExperiment,
  type WindowPage,
} from '../support/window-page.ts'

let lab: WindowPage
let page: Page

const run = (title: string): Promise<void> => runExperiment(page, title)

/** What a view says of a place of its picture, by shares of its size. */
async function saidAt(words: string, picture: string, x: number, y: number): Promise<string> {
  await pointAt(page, picture, x, y)
  return page.locator(words).first().innerText()
}

/** Okabe and Ito's colours in the dark theme. */
const SKY = [0x56, 0xb4, 0xe9] as const
const YELLOW = [0xf0, 0xe4, 0x42] as const
const GREEN = [0x2f, 0xc0, 0x8f] as const

describe.skipIf(!findChromium())('the window with messages', () => {
  beforeAll(async () => {
    lab = await openWindowPage({ width: 1600, height: 900, colorScheme: 'dark' })
    page = lab.page
  })
  afterAll(() => lab.close())

  it('lists MQTT packets, and opens the chosen one byte by byte with its remaining length unfolded', async () => {
    await run('MQTT packets byte by byte')
    const row = page.locator('.pdus .row', { hasText: 'PUBLISH' }).first()
    await row.click()
    const opened = page.getByRole('region', { name: 'Fields and bytes of the message of MQTT' })
    await opened.getByRole('treeitem', { name: /Remaining Length/ }).hover()
    await expect.poll(() => opened.locator('.hex .on').count()).toBeGreaterThanOrEqual(1)
    const marked = await opened.locator('.hex .on').allInnerTexts()
    // MQTT 3.1.1 2.2.3: seven bits a byte, the lowest first.
    const length = marked.reduce((sum, byte, i) => sum + (parseInt(byte, 16) & 127) * 128 ** i, 0)
    expect(length + 1 + marked.length).toBe(Number(await row.locator('.length').innerText()))
  })

  it('selects the packet of a message, and the message of a packet', async () => {
    const selected = page.locator('.packets .row.selected')
    await expect.poll(() => selected.count()).toBe(1)
    const before = await page.locator('.pdus .row.selected').innerText()
    await page.locator('.packets .canvas .row', { hasText: 'PSH ACK' }).first().click()
    await expect.poll(() => page.locator('.pdus .row.selected').innerText()).not.toBe(before)
  })

  it('narrows the list down by a filter', async () => {
    await page.locator('.pdus input[type="search"]').fill('connack')
    await expect.poll(() => page.locator('.pdus .row').count()).toBe(1)
    await page.locator('.pdus input[type="search"]').fill('nothing of this kind')
    await page.getByText('No message passes the filter.').waitFor()
    await page.locator('.pdus input[type="search"]').fill('')
  })

  it('shows each message over TCP and UDP, and says what became of the one that is pointed at', async () => {
    await run('TCP and UDP')
    await expect.poll(() => countPixels(page, SKY)).toBeGreaterThan(1_000)
    await expect
      .poll(() => saidAt('.rows-chart .words', '.rows-chart .picture', 0.4, 0.25))
      .toMatch(/^#\d+ \(server:\d+\) to server: \d+ B, sent at .*delivered after/)
    await page.mouse.down()
    await page.mouse.up()
    await expect.poll(() => page.locator('.packets .row.selected').count()).toBe(1)
  })

  it('shows what a reader without framing takes for messages beside readers with framing', async () => {
    await run('Messages in a byte stream')
    await expect.poll(() => countPixels(page, YELLOW)).toBeGreaterThan(500)
    await expect.poll(() => countPixels(page, GREEN)).toBeGreaterThan(500)
    await expect
      .poll(() => saidAt('.view-words', '.view-picture', 0.3, 0.03))
      .toMatch(/^Message with its framing: #\d+; \d+ B from \d+ to \d+/)
  })

  it('shows what the bytes of remote calls were spent on', async () => {
    await run('HTTP and RPC')
    await expect.poll(() => countPixels(page, YELLOW)).toBeGreaterThan(500)
    await expect
      .poll(() => saidAt('.rows-chart .words', '.rows-chart .picture', 0.2, 0.25))
      .toMatch(
        /^#\d+ \/lab\.Sensors\/Read .*answered after .*messages .*HTTP headers .*framing, TLS .*TCP and IP headers/,
      )
  })

  it('without a complaint of the page', () => {
    expect(lab.complaints).toEqual([])
  })
})
