/** The experiments of MQTT as a user meets them: each run in Chromium over the real engine, with its claims and what its views show. */
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findExperiment } from '../../shared/experiments/index.ts'
import { findChromium } from '../support/tools.ts'
import { openWindowPage, runExperiment, type WindowPage } from '../support/window-page.ts'

let lab: WindowPage
let page: Page

/** Runs an experiment to its end in virtual time; all that it claims holds. */
async function run(id: string): Promise<void> {
  const { title, expectations } = findExperiment(id)!
  await runExperiment(page, title.en)
  const holding = page.locator('details[data-standing="holds"]')
  await expect.poll(() => holding.count()).toBe(expectations.length)
}

const show = (view: string) => page.getByRole('tab', { name: view, exact: true }).first().click()

/** Chooses a lane in the first view: from a menu where they are many, else by a button each. */
async function choose(lane: string): Promise<void> {
  const menu = page.getByRole('button', { name: /^Lane: / }).first()
  await menu.or(page.locator('.segmented.lanes')).first().waitFor()
  const isMenu = await menu.isVisible()
  if (isMenu) await menu.click()
  await (
    isMenu
      ? page.getByRole('menuitemradio', { name: lane, exact: true })
      : page.locator('.segmented.lanes').first().getByText(lane, { exact: true })
  ).click()
}

/** A message in the list of those that are shown byte by byte, by words of its own. */
async function message(filter: string, words: RegExp): Promise<Locator> {
  await page
    .getByLabel(/^Filter: mqtt/)
    .first()
    .fill(filter)
  const row = page.getByRole('option', { name: words }).first()
  await row.waitFor()
  return row
}

describe.skipIf(!findChromium())('the experiments of MQTT', () => {
  beforeAll(async () => {
    lab = await openWindowPage({ width: 1600, height: 900, colorScheme: 'dark' })
    page = lab.page
  })
  afterAll(() => lab.close())

  it('mqtt-packets: the remaining length unfolds byte by byte', async () => {
    await run('mqtt-packets')
    await (await message('sizes', /PUBLISH.*sizes/)).click()
    await page
      .getByRole('treeitem', { name: /Remaining Length/i })
      .first()
      .waitFor()
  })

  it('mqtt-connect: each refusal by its return code', async () => {
    await run('mqtt-connect')
    await choose('Wrong password')
    await page
      .getByText(/bad user name or password/i)
      .first()
      .waitFor()
  })

  it('mqtt-qos: a message that came twice is followed through both handshakes', async () => {
    await run('mqtt-qos')
    await choose('QoS 1')
    await message('dup', /PUBLISH.*DUP/)
  })

  it('mqtt-pubsub: who comes late gets what was retained', async () => {
    await run('mqtt-pubsub')
    await choose('home/#, but late')
    await message('retain server', /PUBLISH.*RETAIN/)
  })

  it('mqtt-offline: what waited is delivered when the session is resumed', async () => {
    await run('mqtt-offline')
    await message('connack', /CONNACK.*session present/i)
  })

  it('mqtt-will: the will of who was cut off reaches the monitor', async () => {
    await run('mqtt-will')
    await choose('Connection reset')
    await message('publish status', /PUBLISH.*home\/heater\/status/)
  })

  it('mqtt-keepalive: an idle client pings', async () => {
    await run('mqtt-keepalive')
    await message('pingreq', /PINGREQ/)
  })

  it('mqtt-vs-http: MQTT beside the waterfall of HTTP', async () => {
    await run('mqtt-vs-http')
    await message('puback', /PUBACK/)
    await show('Waterfall')
    await page.getByText('/readings').first().waitFor()
  })

  it('all this without a complaint, of a breach of the CSP above all', () => {
    expect(lab.complaints).toEqual([])
  })
})
