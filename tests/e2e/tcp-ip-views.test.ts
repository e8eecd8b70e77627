/** The views of TCP and IP in depth as a user meets them: the built page in Chromium over the real engine. */
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import { countPixels, openWindowPage, runExperiment, type WindowPage } from '../support/window-page.ts'

let lab: WindowPage
let page: Page

const run = (title: string): Promise<void> => runExperiment(page, title)
const view = (label: RegExp): Locator => page.getByRole('img', { name: label }).first()

/** Clicks at a place of an element, by shares of its size. */
async function clickAt(target: Locator, x: number, y: number): Promise<void> {
  const box = (await target.boundingBox())!
  await page.mouse.click(box.x + x * box.width, box.y + y * box.height)
}

/** Okabe and Ito's colours in the dark theme. */
const SKY = [0x56, 0xb4, 0xe9] as const
const YELLOW = [0xf0, 0xe4, 0x42] as const
const GREEN = [0x2f, 0xc0, 0x8f] as const
const VERMILION = [0xff, 0x6b, 0x3d] as const

describe.skipIf(!findChromium())('the window with TCP and IP in depth', () => {
  beforeAll(async () => {
    lab = await openWindowPage({ width: 1600, height: 900, colorScheme: 'dark' })
    page = lab.page
    page.setDefaultTimeout(20_000)
  })
  afterAll(() => lab.close())

  it('lights the line of each router by which a packet went, with the bits of its destination that match', async () => {
    await run('Addresses, routes and hops')
    const gate = page.getByRole('region', { name: 'Routing table of gate' })
    await gate.waitFor()
    // Of a router the latest use is lit, until a packet is selected.
    await expect.poll(() => gate.locator('tr.used').count()).toBe(1)
    const cards = page.locator('.cards')
    await cards.focus()
    await cards.press('ArrowLeft')
    await expect.poll(() => page.locator('.card.selected').count()).toBeGreaterThanOrEqual(1)
    const lit = page.locator('.card.selected', { has: page.locator('tr.used') }).first()
    const prefix = await lit.locator('tr.used td').first().innerText()
    const length = Number(prefix.slice(prefix.indexOf('/') + 1))
    expect(await lit.locator('tr.used .bits').innerText()).toBe(String(length))
    const bits = await lit.locator('.group b').allInnerTexts()
    expect(bits.join('')).toHaveLength(length)
    // Of all lines that match, none is longer.
    const others = await lit.locator('td.bits').allInnerTexts()
    expect(Math.max(...others.map((text) => parseInt(text) || 0))).toBe(length)
  })

  it('goes from packet to packet by keys, and the packet is selected everywhere', async () => {
    const cards = page.locator('.cards')
    const link = page.locator('.card.selected .link').first()
    const before = await link.innerText()
    // A packet that crossed several routers was sent on several times.
    await expect
      .poll(async () => {
        await cards.press('ArrowLeft')
        return link.innerText()
      })
      .not.toBe(before)
  })

  it('shows hop by hop who answered a traceroute, and selects the probe that is clicked', async () => {
    const chart = view(/^Probes of ping and traceroute/)
    await expect.poll(() => countPixels(page, GREEN)).toBeGreaterThan(50)
    await chart.focus()
    await chart.press('ArrowRight')
    await expect.poll(() => page.locator('.time-chart .cursor').count()).toBeGreaterThanOrEqual(1)
  })

  it('says what became of each datagram that was cut', async () => {
    await run('Fragments, MSS and the MTU of a path')
    const rows = page.locator('.rows-chart').first()
    await expect.poll(() => countPixels(page, SKY)).toBeGreaterThan(200)
    const words = rows.locator('.words')
    const picture = rows.locator('.picture .time-chart')
    await picture.focus()
    await picture.press('ArrowDown')
    await expect
      .poll(() => words.innerText())
      .toMatch(/^#1 .*cut into \d+ by .* (whole after|not whole yet|thrown away)/)
    await picture.press('ArrowDown')
    await expect.poll(() => words.innerText()).toMatch(/^#2 /)
  })

  it('marks the writes that Nagle held until the delayed acknowledgment', async () => {
    await run('Nagle and delayed acknowledgments')
    await view(/^How long each write took/).waitFor()
    await expect.poll(() => countPixels(page, VERMILION)).toBeGreaterThan(30)
  })

  it('shows the bytes behind a gap, and blames the lost segment by a click on the gap', async () => {
    await run('Head-of-line blocking in TCP')
    const chart = view(/^Bytes held in the receive buffer/)
    await expect.poll(() => countPixels(page, YELLOW)).toBeGreaterThan(20)
    // Somewhere along the bar of gaps lies the one; the bar is at the foot of the chart.
    const selected = page.locator('.packets .row.selected')
    const clickAlong = async (): Promise<number> => {
      for (let y = 0.9; y > 0.1; y -= 0.05)
        for (let x = 0.2; x < 0.8; x += 0.05) {
          await clickAt(chart, x, y)
          if ((await selected.count()) > 0) return 1
        }
      return 0
    }
    await expect.poll(clickAlong, { timeout: 20_000 }).toBe(1)
  })

  it('shows queues and cookies of a listener beside each other', async () => {
    await run('SYN queue and accept queue')
    await view(/^SYN queue and accept queue of the listener/).waitFor()
    await expect.poll(() => countPixels(page, GREEN)).toBeGreaterThan(100)
  })

  it('slides the windows of retransmission over UDP over its packets', async () => {
    await run('Reliable over UDP')
    await view(/^Packets by their numbers over time/).waitFor()
    await expect.poll(() => countPixels(page, SKY)).toBeGreaterThan(200)
    await expect.poll(() => countPixels(page, VERMILION)).toBeGreaterThan(20)
  })

  it('lists refused segments with the rule, and what was sent again for nothing', async () => {
    await run('Reordering and spurious retransmissions')
    await page.getByRole('tab', { name: 'Packets', exact: true }).first().click()
    const filter = page.locator('.packets input[type="search"]').first()
    await filter.fill('spurious')
    const rows = page.locator('.packets .canvas .row')
    await expect.poll(() => rows.count()).toBeGreaterThan(3)
    await expect.poll(() => rows.first().innerText()).toContain('sent again for nothing (D-SACK)')
    await filter.fill('')
  })

  it('without a complaint of the page', () => {
    expect(lab.complaints).toEqual([])
  })
})
