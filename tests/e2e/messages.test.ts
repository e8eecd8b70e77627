/** Messages, feeds and remote calls as a user meets them: four experiments, one window in Chromium over the real engine. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import { openWindowPage, runExperiment, type WindowPage } from '../support/window-page.ts'

let lab: WindowPage
let page: Page

const claims = (standing: string) => page.locator(`details[data-standing="${standing}"]`)
const show = (view: string) => page.getByRole('tab', { name: view, exact: true }).first().click()
const words = (text: string | RegExp) => page.locator('.view-words', { hasText: text }).first()

/** Runs an experiment to its end in virtual time; none of its claims may fail, and this one holds. */
async function run(title: string, claim: string): Promise<void> {
  await runExperiment(page, title)
  await claims('holds').filter({ hasText: claim }).waitFor()
  expect(await claims('fails').count()).toBe(0)
}

/** Opens a view of rows and goes to the first of them. */
async function firstRow(view: string): Promise<void> {
  await show(view)
  await page.locator('.time-chart').first().focus()
  await page.keyboard.press('ArrowDown')
}

/** What stands under the pointer, down through the strips until it meets one of what was taken for messages. */
async function saidDownThePicture(): Promise<string[]> {
  const { x, y, width, height } = (await page.locator('.view-picture').first().boundingBox())!
  const said = new Set<string>()
  for (let down = 10; down < height && !said.has('wrong'); down += 5) {
    await page.mouse.move(x + width / 3, y + down)
    const text = await page.locator('.view-words').first().innerText()
    if (/^Message with its framing: #\d+/.test(text)) said.add('message')
    if (/^(glued: bytes of more than one|split: only a part of one) message/.test(text)) said.add('wrong')
  }
  return [...said]
}

describe.skipIf(!findChromium())('the window with messages', () => {
  beforeAll(async () => {
    lab = await openWindowPage({ width: 1600, height: 900, colorScheme: 'dark' })
    page = lab.page
  })
  afterAll(() => lab.close())

  it('tcp-vs-udp: says of a message when it was delivered, and that TCP delivers all', async () => {
    await run('TCP and UDP', 'TCP delivers all 400 messages')
    await firstRow('Deliveries')
    await words(/^#1 \(server:4711\).*, delivered after \d/).waitFor()
  }, 120_000)

  it('framing: says of what the naive reader took for a message what it is instead', async () => {
    await run('Messages in a byte stream', 'The naive reader takes wrong things for messages')
    await show('Framing')
    await expect.poll(saidDownThePicture).toEqual(['message', 'wrong'])
  }, 120_000)

  it('websocket: lists the frames of the WebSocket, and opens one field by field', async () => {
    await run('WebSocket and polling', 'WebSocket: 1 request for all of it')
    await show('Messages, byte by byte')
    await page
      .getByRole('button', { name: /^Lane: / })
      .first()
      .click()
    await page.getByRole('menuitemradio', { name: 'WebSocket', exact: true }).click()
    await page.getByText('text', { exact: true }).first().click()
    await page.getByRole('treeitem', { name: /mask/i }).first().waitFor()
  }, 120_000)

  it('rpc: says of a call what its bytes were spent on', async () => {
    await run('HTTP and RPC', 'The messages of gRPC are shorter')
    await firstRow('Calls')
    await words(/^#1 \/lab\.Sensors\/Read .*answered after \d+.* ms .*: /).waitFor()
  }, 120_000)

  it('does all this without a complaint, of a breach of the CSP above all', () => {
    expect(lab.complaints).toEqual([])
  })
})
