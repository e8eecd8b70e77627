/** The views of a packet's journey and of MQTT as a user meets them: the built page in Chromium over the real engine. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import { openWindowPage, runExperiment, type WindowPage } from '../support/window-page.ts'

let lab: WindowPage
let page: Page

const run = (title: string): Promise<void> => runExperiment(page, title)

const chosenStep = () => page.locator('.steps .row.selected').innerText()

describe.skipIf(!findChromium())('the window with networks and MQTT', () => {
  beforeAll(async () => {
    lab = await openWindowPage({ width: 1600, height: 900, colorScheme: 'dark' })
    page = lab.page
  })
  afterAll(() => lab.close())

  it('leads a packet from node to node, with what each router rewrites and the line by which it sent it on', async () => {
    await run('From a name to a page')
    const journey = page.locator('section.journey')
    // The first packet that came furthest, at its first router.
    await expect.poll(chosenStep).toMatch(/^[\d.]+ ms\s+west\s+TTL 64 → 63/)
    const changed = journey.locator('.fields .changed th')
    await expect
      .poll(() => changed.allInnerTexts())
      .toEqual(['Destination', 'Source', 'Time to live', 'Header checksum'])
    const prefix = /(10\.77\.\d+\.0\/24) →/.exec(await chosenStep())![1]
    await expect
      .poll(() => journey.locator('.node-tables .used').allInnerTexts())
      .toContainEqual(expect.stringContaining(prefix))

    // By the keys along its way: the switch before the router changes nothing.
    await page.locator('.steps').focus()
    for (let i = 0; i < 20 && !/office\s+Port/.test(await chosenStep()); i++)
      await page.keyboard.press('ArrowUp')
    expect(await chosenStep()).toMatch(/office\s+Port 0 → 1/)
    await expect.poll(() => changed.count()).toBe(0)
    await expect.poll(() => journey.locator('.node-tables .used').count()).toBe(2)
  })

  it('follows a message of MQTT through a cut: it came twice', async () => {
    await run('QoS 0, 1 and 2')
    const mqtt = page.locator('section.mqtt')
    await mqtt.getByText('QoS 1', { exact: true }).first().click()
    // The message that went wrong is the one to begin with.
    await mqtt.locator('.told', { hasText: '1 duplicated' }).waitFor()
    const name = await mqtt.locator('.told b').innerText()
    await expect.poll(() => mqtt.locator('.list .row.selected').innerText()).toContain(name.slice(1))

    await mqtt.locator('.handshake').focus()
    await page.keyboard.press('ArrowDown')
    const chosen = page.locator('.pdus .row.selected')
    await expect.poll(() => chosen.innerText()).toMatch(/PUBLISH/)
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => chosen.innerText()).toMatch(/PUBACK|PUBLISH/)
    expect(await mqtt.locator('.told b').innerText()).toBe(name)
  })

  it('complains of nothing', () => expect(lab.complaints).toEqual([]))
})
