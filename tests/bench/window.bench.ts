/**
 * The window under load, in Chromium: how soon the first point is on a chart, and how long its frames take while some
 * 20,000 events a second arrive. Wall-clock figures: a browser without a graphics card beside the engine on few cores
 * paints slower than a desktop does.
 */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { findChromium } from '../support/tools.ts'
import { mainButton, openWindowPage, setKnob, state, watchFirstPoint } from '../support/window-page.ts'

/** Milliseconds of the run that are looked at, after a first second in which code and charts are still loading. */
const WARM_UP = 1_500
const SPAN = 8_000

/** Virtual time at its natural pace: the same events every time, at a rate that the link's gives. */
async function prepare(page: Page): Promise<void> {
  await page.getByText('Virtual', { exact: true }).click()
  await page.getByRole('button', { name: 'Application', exact: true }).click()
  await setKnob(page, 'bytes', '50 MB')
  await setKnob(page, 'rate', '11 Mbit/s')
  await setKnob(page, 'loss', '0.1 %')
}

async function eventsSoFar(page: Page): Promise<number> {
  const text = (await page.locator('.strip').innerText()).replace(/\u202f/g, '')
  return Number(/(\d+)\s+events/.exec(text)?.[1])
}

/** Frames from now on: their times in milliseconds, the longest last. */
async function frames(page: Page, span: number): Promise<number[]> {
  return page.evaluate(async (length) => {
    const times: number[] = []
    const end = performance.now() + length
    let last = performance.now()
    while (last < end) {
      await new Promise(requestAnimationFrame)
      const now = performance.now()
      times.push(now - last)
      last = now
    }
    return times.sort((a, b) => a - b)
  }, span)
}

export default async function run() {
  if (!findChromium()) {
    console.error('Chromium is not on this machine: the window is not measured.')
    return []
  }
  const lab = await openWindowPage({ dist: join(process.cwd(), 'dist'), colorScheme: 'dark' })
  try {
    const { page } = lab
    await prepare(page)
    const firstPoint = await watchFirstPoint(page)
    await mainButton(page).click()
    const first = await firstPoint()
    await state(page).getByText('running').waitFor()
    await page.waitForTimeout(WARM_UP)
    const before = await eventsSoFar(page)
    const times = await frames(page, SPAN)
    const rate = ((await eventsSoFar(page)) - before) / (SPAN / 1_000)
    const note = `${Math.round(rate).toLocaleString('en-US')} events/s, ${times.length} frames`
    return [
      { name: 'window: first point after Run', value: first, unit: 'ms', goal: 1_000 },
      { name: 'window: longest frame', value: times.at(-1)!, unit: 'ms', goal: 50, note },
      {
        name: 'window: 99th percentile frame',
        value: times[Math.floor(times.length * 0.99)],
        unit: 'ms',
        note,
      },
      {
        name: 'window: frames over 50 ms',
        value: times.filter((time) => time > 50).length,
        unit: 'frames',
        goal: 0,
        note,
      },
    ]
  } finally {
    await lab.close()
  }
}
