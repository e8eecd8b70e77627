/** The headline as a user meets it: one page over several protocols, side by side, in Chromium over the real engine. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import {
  countPixels,
  movePointer,
  openWindowPage,
  runExperiment,
  type WindowPage,
} from '../support/window-page.ts'

let lab: WindowPage
let page: Page

const TITLE = 'HTTP/1.1, HTTP/2 and HTTP/3'
/** Self-blocked in the dark theme, and what marks losses and cross-blocked streams. */
const YELLOW = [0xf0, 0xe4, 0x42] as const
const VERMILION = [0xff, 0x6b, 0x3d] as const

const chart = () => page.locator('.time-chart').first()
const words = () => page.locator('.words').first()

/** The middle of a span in the first chart, below its legend, that has a colour; in pixels of the window. */
async function placeOf([r, g, b]: readonly [number, number, number]): Promise<{ x: number; y: number }> {
  const found = await chart()
    .locator('canvas')
    .first()
    .evaluate(
      (canvas: HTMLCanvasElement, [red, green, blue]) => {
        const { width, height } = canvas
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height)
        const scale = canvas.getBoundingClientRect().width / width
        const isIt = (x: number, y: number): boolean => {
          const i = 4 * (y * width + x)
          return Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 12
        }
        for (let y = Math.floor(height * 0.15); y < height; y++)
          for (let x = 1; x < width - 1; x++)
            if (isIt(x - 1, y) && isIt(x, y) && isIt(x + 1, y))
              return { x: (x + 0.5) * scale, y: (y + 0.5) * scale }
        return null
      },
      [r, g, b] as const,
    )
  if (found === null) throw new Error('no such colour in the chart')
  const box = (await chart().boundingBox())!
  return { x: box.x + found.x, y: box.y + found.y }
}

/** What the window says of a span of a colour. A picture that was drawn anew meanwhile has it elsewhere: it is looked for each time. */
async function pointAt(color: readonly [number, number, number]): Promise<string> {
  const { x, y } = await placeOf(color)
  await movePointer(page, x, y)
  return words().innerText()
}

describe.skipIf(!findChromium())('the headline', () => {
  beforeAll(async () => {
    lab = await openWindowPage({ width: 1600, height: 900, colorScheme: 'dark' })
    page = lab.page
  })
  afterAll(() => lab.close())

  it('shows the streams of all protocols, blocked ones and losses, once the page has been loaded', async () => {
    await runExperiment(page, TITLE)
    await page.getByRole('tab', { name: 'Side by side', exact: true }).first().click()
    await expect.poll(() => countPixels(page, YELLOW)).toBeGreaterThan(20)
    await expect.poll(() => countPixels(page, VERMILION)).toBeGreaterThan(20)
  }, 150_000)

  it('says of a span what its stream waits for, and selects the packet to blame', async () => {
    await expect.poll(() => pointAt(YELLOW)).toMatch(/^#\d+ GET \/.*self-blocked for .* held/)
    await page.mouse.down()
    await page.mouse.up()
    // The moment that was chosen stands in all columns, in their rows and their windows.
    await expect.poll(() => chart().locator('.cursor').count()).toBeGreaterThanOrEqual(6)
  })

  it('goes through the rows by keyboard', async () => {
    await chart().focus()
    await page.mouse.move(2, 2)
    await page.keyboard.press('ArrowDown')
    const first = await words().innerText()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => words().innerText()).not.toBe(first)
    await expect.poll(() => words().innerText()).toMatch(/^#\d+ GET \/object\/\d+/)
  })

  it('has a column less when a lane is switched off', async () => {
    const before = await chart().locator('.cursor').count()
    await page.locator('.strip button.lane').first().click()
    // The pages that are left took less time: a row of theirs is chosen, so that the moment is in sight.
    await chart().focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => chart().locator('.cursor').count()).toBe(before - 2)
    expect(lab.complaints).toEqual([])
  })
})
