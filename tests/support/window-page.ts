/** The real window in Chromium over the real server and engine, as `npm run build` left them in `dist/`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { startServer, type LabServer } from '../../electron/serve.ts'
import { launchChromium, type Browser, type BrowserOptions } from './chromium.ts'

export interface WindowPage {
  readonly page: Page
  readonly server: LabServer
  /** What the console and the page complained of, breaches of the CSP among it. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

export interface WindowOptions extends BrowserOptions {
  /** Folder of the build; without, that of this checkout. */
  readonly dist?: string
  /** Another engine than the built one. */
  readonly worker?: string
  /** Address to go to; without, the server's own. */
  readonly url?: (server: LabServer) => string
}

/** Milliseconds until something is not going to come any more; a machine that does much else takes its time. */
const PATIENCE = 60_000

/** Opens the window and waits until it is there. */
export async function openWindowPage(options: WindowOptions = {}): Promise<WindowPage> {
  const dist = options.dist ?? join(import.meta.dirname, '../../dist')
  const recordings = await mkdtemp(join(tmpdir(), 'rexmit-e2e-'))
  const server = await startServer({
    port: 0,
    open: false,
    recordings,
    page: join(dist, 'renderer'),
    worker: options.worker ?? join(dist, 'electron', 'worker.js'),
  })
  let browser: Browser | undefined
  const close = async (): Promise<void> => {
    await browser?.close()
    await server.close()
    await rm(recordings, { recursive: true, force: true })
  }
  try {
    browser = await launchChromium(options)
    const page = browser.context.pages()[0] ?? (await browser.context.newPage())
    page.setDefaultTimeout(PATIENCE)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(options.url?.(server) ?? server.url)
    await page.getByRole('main').waitFor()
    return { page, server, complaints, close }
  } catch (error) {
    await close()
    throw error
  }
}

export const knob = (page: Page, id: string): Locator => page.locator(`[data-knob="${id}"]`)

/** Types the exact value of a number knob. */
export async function setKnob(page: Page, id: string, value: string): Promise<void> {
  const field = knob(page, id).locator('input[type="text"]')
  await field.fill(value)
  await field.press('Enter')
  await field.blur()
}

/** The button that runs, pauses and goes on. */
export const mainButton = (page: Page): Locator => page.getByRole('toolbar').locator('button.main')

export const state = (page: Page): Locator => page.locator('.strip .state')

/** Runs an experiment, by its title in English, to its end in virtual time and as fast as it goes: else lab time is waited for. */
export async function runExperiment(page: Page, title: string): Promise<void> {
  await page.getByText(title, { exact: true }).first().click()
  await page.getByText('Virtual', { exact: true }).first().click()
  await page.getByRole('button', { name: /^Pace/ }).click()
  await page.getByRole('menuitemradio', { name: 'max', exact: true }).click()
  await mainButton(page).click()
  await state(page).getByText('finished', { exact: true }).waitFor({ timeout: 100_000 })
}

/**
 * Points at a place of an element, by shares of its size. Comes from beside it: a pointer that does not move is told nothing, so that
 * this can be repeated until what is drawn there has come.
 */
export async function pointAt(page: Page, selector: string, x: number, y: number): Promise<void> {
  const box = (await page.locator(selector).first().boundingBox())!
  await movePointer(page, box.x + x * box.width, box.y + y * box.height)
}

/** To a place in pixels of the window, in the same way. */
export async function movePointer(page: Page, x: number, y: number): Promise<void> {
  await page.mouse.move(x, y + 2)
  await page.mouse.move(x, y)
}

/** All that waits for a frame has been drawn. */
export const drawn = (page: Page): Promise<void> =>
  page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  )

/** How many pixels of all canvases in sight have the colour, give or take what smoothing does to it. */
export function countPixels(page: Page, [r, g, b]: readonly [number, number, number]): Promise<number> {
  return page.evaluate(
    ([red, green, blue]) => {
      let count = 0
      for (const canvas of document.querySelectorAll('main canvas')) {
        const { width, height } = canvas as HTMLCanvasElement
        if (width === 0 || height === 0) continue
        const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height)
        for (let i = 0; i < data.length; i += 4) {
          const off = Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue)
          if (data[i + 3] > 200 && off < 24) count++
        }
      }
      return count
    },
    [r, g, b] as const,
  )
}

/** The blue of the congestion window in the dark theme. */
const SKY = [0x56, 0xb4, 0xe9] as const

/** Looks at each frame from now on; the answer gives the milliseconds from the press on Run to the first point. */
export async function watchFirstPoint(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(([red, green, blue]) => {
    const seen = { began: 0, painted: 0 }
    Object.assign(window, { seen })
    const isPainted = (canvas: HTMLCanvasElement): boolean => {
      // Below the legend, which has the colour from the first.
      const { data } = canvas.getContext('2d')!.getImageData(0, 60, canvas.width, canvas.height - 60)
      for (let i = 0; i < data.length; i += 4)
        if (Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 20)
          return true
      return false
    }
    const look = (): void => {
      const canvas = document.querySelector<HTMLCanvasElement>('main canvas')
      if (canvas && canvas.width > 0 && canvas.height > 60 && isPainted(canvas))
        seen.painted = performance.now()
      else requestAnimationFrame(look)
    }
    document.querySelector('button.main')!.addEventListener('click', () => (seen.began = performance.now()))
    look()
  }, SKY)
  return async () => {
    const handle = await page.waitForFunction(() => {
      const { seen } = window as unknown as { seen: { began: number; painted: number } }
      return seen.painted > 0 && seen.painted - seen.began
    })
    return Number(await handle.jsonValue())
  }
}
