/** The window as a user meets it: the built page in Chromium, the real server, the real engine, real UDP sockets. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import {
  countPixels,
  drawn,
  knob,
  mainButton,
  openWindowPage,
  setKnob,
  state,
  watchFirstPoint,
  type WindowOptions,
  type WindowPage,
} from '../support/window-page.ts'

const VERMILION = [0xff, 0x6b, 0x3d] as const

let lab: WindowPage
let page: Page

async function open(options: WindowOptions = {}): Promise<void> {
  lab = await openWindowPage({ colorScheme: 'dark', ...options })
  page = lab.page
}

/** Waits until `figure` gives what `enough` wants. */
async function until(figure: () => Promise<number>, enough: (value: number) => boolean): Promise<number> {
  let value = NaN
  await expect.poll(async () => enough((value = await figure()))).toBe(true)
  return value
}

const waitForState = (text: string | RegExp): Promise<void> =>
  state(page).getByText(text, { exact: true }).waitFor()

async function eventCount(): Promise<number> {
  const text = (await page.locator('.strip').innerText()).match(/([\d\u202f]+)\s+events/)?.[1] ?? '0'
  return Number(text.replace(/\u202f/g, ''))
}

async function download(start: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const coming = page.waitForEvent('download')
  await start()
  const file = await coming
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
}

async function exportAs(item: string | RegExp): Promise<{ name: string; bytes: Buffer }> {
  await page.getByRole('button', { name: 'Export' }).click()
  return download(() => page.getByRole('menuitem', { name: item }).click())
}

describe.skipIf(!findChromium())('the window', () => {
  afterEach(() => lab.close())

  describe('with a live transfer', () => {
    beforeEach(async () => {
      await open()
      // Half a minute of traffic without a loss: what is lost later is lost because of the knob.
      await page.getByRole('button', { name: 'Application', exact: true }).click()
      await setKnob(page, 'bytes', '50 MB')
      await setKnob(page, 'rate', '10 Mbit/s')
      await setKnob(page, 'loss', '0 %')
    })

    it('shows the first points after Run, and says how soon', async () => {
      const firstPoint = await watchFirstPoint(page)
      await mainButton(page).click()
      const after = await firstPoint()
      console.log(`first point ${Math.round(after)} ms after Run`)
    })

    it('marks the losses on the charts when loss is turned from 0 to 5 % in mid-run, and stops', async () => {
      await mainButton(page).click()
      await waitForState('running')
      await until(eventCount, (count) => count > 2_000)
      const before = await countPixels(page, VERMILION)
      await setKnob(page, 'loss', '5 %')
      await until(
        () => countPixels(page, VERMILION),
        (count) => count > before + 200,
      )
      await page.getByRole('button', { name: 'Stop' }).click()
      await waitForState('stopped')
      expect(await knob(page, 'loss').locator('input[type="text"]').inputValue()).toBe('5 %')

      const { bytes } = await exportAs(/Events as CSV/)
      const changed = bytes
        .toString()
        .split('\n')
        .filter((line) => line.includes('sim:knob_changed'))
      expect(changed.some((line) => line.includes('links.link.up.loss.rate') && line.includes('0.05'))).toBe(
        true,
      )
      expect(lab.complaints).toEqual([])
    })

    it('goes on with the same run after the page was loaded anew', async () => {
      await mainButton(page).click()
      await waitForState('running')
      await setKnob(page, 'delay', '20 ms')
      const before = await until(eventCount, (count) => count > 1_000)
      await page.reload()
      await waitForState('running')
      await until(eventCount, (count) => count > before)
      expect(await page.title()).toContain('Congestion control')
      expect(await knob(page, 'delay').locator('input[type="text"]').inputValue()).toBe('20 ms')
      expect(new URL(page.url()).search).toBe('')
      await page.getByRole('button', { name: 'Stop' }).click()
      await waitForState('stopped')
    })

    it('freezes the display while the run goes on', async () => {
      await mainButton(page).click()
      await waitForState('running')
      await until(eventCount, (count) => count > 500)
      await mainButton(page).click()
      await waitForState('frozen')
      await drawn(page)
      const frozen = await eventCount()
      await page.waitForTimeout(500)
      expect(await eventCount()).toBe(frozen)
      await mainButton(page).click()
      await until(eventCount, (count) => count > frozen + 100)
    })
  })

  describe('in virtual time', () => {
    beforeEach(async () => {
      await open()
      await page.getByRole('button', { name: 'The three-way handshake' }).click()
      await page.getByText('Virtual', { exact: true }).click()
    })

    it('is stepped packet by packet from its beginning', async () => {
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await waitForState('paused')
      const clock = page.getByRole('timer')
      const time = async (): Promise<number> => parseFloat(await clock.innerText())
      const began = await time()
      for (let i = 0; i < 3; i++) await page.getByRole('button', { name: 'Step', exact: true }).click()
      await until(time, (now) => now > began)
      expect(await time()).toBeLessThan(1)
      await page.keyboard.press('x')
      await waitForState('stopped')
    })

    it('runs as fast as it goes to its end, and holds what was expected against what was measured', async () => {
      await page.getByRole('radio').nth(1).click()
      await page.getByRole('button', { name: /^Pace/ }).click()
      await page.getByRole('menuitemradio', { name: 'max' }).click()
      await mainButton(page).click()
      await waitForState('finished')
      const standings = page.locator('#section-expectations .standing')
      await standings.getByText('holds', { exact: true }).first().waitFor()
      const texts = await standings.allInnerTexts()
      expect(texts.filter((text) => text === 'holds').length).toBeGreaterThanOrEqual(5)
      // The others are about lost segments, and none was lost.
      expect(new Set(texts)).toEqual(new Set(['holds', 'not claimed here']))
      expect(await page.locator('#section-expectations li').first().innerText()).toMatch(
        /= 1 RTT[^]*measured 1/,
      )
      await page.getByText('Right.').waitFor()
      expect(lab.complaints).toEqual([])
    })

    it('exports everybody’s files', async () => {
      await page.getByRole('button', { name: /^Pace/ }).click()
      await page.getByRole('menuitemradio', { name: 'max' }).click()
      await mainButton(page).click()
      await waitForState('finished')

      const capture = await exportAs('Capture for Wireshark')
      expect(capture.name).toMatch(/\.pcapng$/)
      expect(capture.bytes.readUInt32LE(0)).toBe(0x0a0d0d0a)

      const summary = await exportAs('Summary')
      expect(JSON.parse(summary.bytes.toString())).toMatchObject({
        experiment: 'tcp-handshake',
        driver: 'virtual',
      })

      const qlog = await exportAs('qlog 0.3')
      expect(qlog.bytes.toString()).toContain('qlog_version')

      const json = await exportAs('Events as JSON')
      const events = json.bytes.toString().trimEnd().split('\n')
      for (const line of events) expect(JSON.parse(line)).toHaveProperty('name')

      const svg = await exportAs('Charts as SVG')
      expect(svg.bytes.toString()).toContain('<svg')
      expect(lab.complaints).toEqual([])
    })
  })

  describe('given what is wrong', () => {
    beforeEach(() => open())

    it('says of an experiment file which field, which value, and what is allowed', async () => {
      const chooser = page.waitForEvent('filechooser')
      await page.getByRole('button', { name: 'Open an experiment file' }).click()
      const text = JSON.stringify({ id: 'mine', chapter: 'cooking' })
      await (
        await chooser
      ).setFiles({ name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(text) })
      const alert = page.getByRole('alert')
      await alert.getByText('mine.json is not an experiment').waitFor()
      expect(await alert.innerText()).toMatch(/chapter[\s\S]*cooking[\s\S]*tcp-connections/)
      await alert.getByRole('button', { name: 'Dismiss' }).click()
      await alert.waitFor({ state: 'detached' })
    })

    it('opens one that is right', async () => {
      const { EXPERIMENTS } = await import('../../shared/experiments/index.ts')
      const own = { ...EXPERIMENTS[0], id: 'mine', title: { en: 'My own experiment', zh: '我的实验' } }
      const chooser = page.waitForEvent('filechooser')
      await page.getByRole('button', { name: 'Open an experiment file' }).click()
      const buffer = Buffer.from(JSON.stringify(own))
      await (await chooser).setFiles({ name: 'mine.json', mimeType: 'application/json', buffer })
      await page.getByRole('button', { name: /My own experiment/ }).waitFor()
      await mainButton(page).click()
      await waitForState(/^(running|finished)$/)
    })

    it('shows at a knob what it takes, and keeps the old value', async () => {
      const field = knob(page, 'loss').locator('input[type="text"]')
      await field.fill('900 %')
      const problem = knob(page, 'loss').getByRole('alert')
      expect(await problem.innerText()).toContain('from 0 % to 20 %')
      await field.press('Escape')
      await expect.poll(() => field.inputValue()).toBe('0.5 %')
    })

    it('says that the gateway’s port is in use', async () => {
      await page.getByRole('button', { name: 'Your own client' }).click()
      const { port } = new URL(lab.server.url)
      await page.getByLabel('Listen on port').fill(port)
      await page.getByRole('button', { name: 'Open', exact: true }).click()
      await page.getByRole('alert').getByText('Something is in the way').waitFor()
      expect(await page.getByRole('alert').innerText()).toContain(port)
    })
  })

  it('takes a client of the user through the lossy link, and shows its packets', async () => {
    const body = 'x'.repeat(200_000)
    const target = createServer((_request, response) => response.end(body))
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    try {
      await open()
      await page.getByRole('button', { name: 'Your own client' }).click()
      await setKnob(page, 'delay', '5 ms')
      await page.getByLabel('Target port').fill(String((target.address() as AddressInfo).port))
      await page.getByRole('button', { name: 'Open', exact: true }).click()
      await waitForState('running')
      const address = await page.locator('.gateway.shown .address').innerText()
      const answer = await fetch(`http://${address}/`, { headers: { connection: 'close' } })
      expect(await answer.text()).toBe(body)
      await until(eventCount, (count) => count > 200)
      await page.getByRole('button', { name: `Close ${address}` }).click()
      await waitForState('stopped')
      expect(lab.complaints).toEqual([])
    } finally {
      target.close()
    }
  })

  it('calls everything that can be operated by a name', async () => {
    await open()
    await mainButton(page).click()
    await waitForState('running')
    const nameless = await page.evaluate(() => {
      const operable =
        'button, a[href], input, select, [role="slider"], [role="switch"], [role="separator"], [tabindex="0"]'
      const nameOf = (element: Element): string => {
        const labelled = element.getAttribute('aria-labelledby')
        const name =
          element.getAttribute('aria-label') ??
          (labelled && document.getElementById(labelled)?.textContent) ??
          ((element as HTMLInputElement).labels?.[0]?.textContent || element.textContent)
        return name.trim()
      }
      return [...document.querySelectorAll(operable)]
        .filter((element) => !element.closest('[aria-hidden="true"]') && nameOf(element) === '')
        .map((element) => element.outerHTML.slice(0, 120))
    })
    expect(nameless).toEqual([])
  })

  it('without the token says what to open instead', async () => {
    await open({ url: ({ url }) => url.replace(/\?.*/, '') })
    await page.getByText(/This address has no token/).waitFor()
    expect(await mainButton(page).isDisabled()).toBe(true)
  })

  it('when the engine crashes in mid-run keeps the recording, exports it, and starts anew', async () => {
    await open({ worker: join(import.meta.dirname, '../support/fragile-engine.mjs') })
    await mainButton(page).click()
    await waitForState('running')
    await until(eventCount, (count) => count > 1_000)
    await page.getByRole('button', { name: 'Mark' }).click()
    await page.getByLabel('Words of the mark').fill('crash')
    await page.getByRole('button', { name: 'Set mark' }).click()

    const crash = page.getByRole('alert').filter({ hasText: 'The engine stopped in mid-run' })
    await crash.getByText(/status 7/).waitFor()
    await crash.getByText('It is there again.').waitFor()
    await crash.getByRole('button', { name: 'Show the recording' }).click()
    await waitForState('recovered')
    expect(await eventCount()).toBeGreaterThan(1_000)
    const { bytes } = await exportAs(/^Capture for Wireshark/)
    expect(bytes.readUInt32LE(0)).toBe(0x0a0d0d0a)

    await page.getByRole('button', { name: 'Run again' }).click()
    await waitForState('running')
  })

  it('speaks Chinese to who prefers it, and either to who asks', async () => {
    await open({ locale: 'zh-CN' })
    await page.getByRole('button', { name: '三次握手', exact: true }).click()
    await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('zh-Hans')
    await page.getByText('EN', { exact: true }).click()
    await page.getByRole('button', { name: 'The three-way handshake' }).waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'The three-way handshake' }).waitFor()
  })

  it('is worked by the keyboard alone', async () => {
    await open()
    await page.keyboard.press('/')
    // A run that takes longer than one needs for the keys.
    await page.keyboard.type('congestion')
    await page.keyboard.press('Enter')
    await page.keyboard.press(' ')
    await waitForState('running')
    await page.keyboard.press(' ')
    await waitForState('frozen')
    await page.keyboard.press('x')
    await waitForState('stopped')
    await page.keyboard.press('e')
    await page.getByRole('menu').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('menu').waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('t')
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('light')
    // The focus is on something that can be seen.
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).toBe('solid')
    expect(lab.complaints).toEqual([])
  })

  it.each([
    [1280, 720, 'en'],
    [1280, 720, 'zh'],
    [1440, 900, 'en'],
    [1920, 1080, 'zh'],
  ])('cuts nothing off at %d x %d in %s', async (width, height, locale) => {
    await open({ width, height, locale: locale === 'zh' ? 'zh-CN' : 'en-US' })
    const lookFor = () =>
      page.evaluate(() => {
        const clipped = [
          ...document.querySelectorAll('button, label, h1, h2, input, .label, .standing, .strip'),
        ]
          // Tabs give way to each other, with an ellipsis.
          .filter((element) => element.getAttribute('role') !== 'tab')
          .filter((element) => {
            const box = element.getBoundingClientRect()
            return (
              box.width > 1 && (element.scrollWidth > element.clientWidth + 1 || box.right > innerWidth + 1)
            )
          })
          .map((element) => `${element.className}: ${element.textContent}`)
        return { clipped, wide: document.documentElement.scrollWidth > innerWidth }
      })
    expect(await lookFor()).toEqual({ clipped: [], wide: false })
    // A virtual run that is paused has the most to show in the bar.
    await page.getByText(locale === 'zh' ? '虚拟' : 'Virtual', { exact: true }).click()
    await page.keyboard.press('.')
    await page.locator('.strip .state[data-state="paused"]').waitFor()
    const cut = await lookFor()
    expect(cut).toEqual({ clipped: [], wide: false })
  })
})
