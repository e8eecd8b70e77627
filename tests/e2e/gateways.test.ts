/** Several gateways in one window, and programs of others that come through them: a browser, an MQTT client, a resolver. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decode, encode, RECURSION_DESIRED } from 'dns-packet'
import mqtt from 'mqtt'
import type { Locator, Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findChromium } from '../support/tools.ts'
import { knob, openWindowPage, setKnob, state, type WindowPage } from '../support/window-page.ts'

let lab: WindowPage
let page: Page

const gateways = (): Locator => page.getByRole('list', { name: 'Open gateways' }).getByRole('listitem')
const shown = (): Locator => page.locator('.gateway.shown')

async function events(): Promise<number> {
  const text = /([\d\u202f]+)\s+events/.exec(await page.locator('.strip').innerText())?.[1] ?? '0'
  return Number(text.replace(/\u202f/g, ''))
}

/** Opens one more gateway; returns the port that it listens on. */
async function openTo(target: 'Own' | 'MQTT' | 'Web' | 'DNS'): Promise<number> {
  const before = await gateways().count()
  await page.getByRole('group', { name: 'Target' }).getByText(target, { exact: true }).click()
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  await gateways().nth(before).waitFor()
  await expect.poll(() => gateways().nth(before).getAttribute('class')).toContain('shown')
  const address = await shown().locator('.address').innerText()
  return Number(address.split(':')[1])
}

describe.skipIf(!findChromium())('gateways in the window', () => {
  beforeEach(async () => {
    lab = await openWindowPage({ colorScheme: 'dark' })
    page = lab.page
    await page.getByRole('button', { name: 'Your own client' }).click()
  })
  afterEach(() => lab.close())

  it('are open side by side, each with its own traffic and its own link', async () => {
    const target = createServer((_request, response) => response.end('x'.repeat(50_000))).listen(
      0,
      '127.0.0.1',
    )
    await once(target, 'listening')
    try {
      await page.getByLabel('Target port').fill(String((target.address() as AddressInfo).port))
      const own = await openTo('Own')
      const web = await openTo('Web')
      expect(await gateways().count()).toBe(2)

      // The knobs are those of the one on show, and the other keeps its own.
      await setKnob(page, 'delay', '7 ms')
      await gateways().nth(0).getByRole('button').first().click()
      const delay = () => knob(page, 'delay').locator('input[type="text"]').inputValue()
      await expect.poll(delay).not.toBe('7 ms')
      await gateways().nth(1).getByRole('button').first().click()
      await expect.poll(delay).toBe('7 ms')

      const through = (port: number): Promise<Response> =>
        fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
      expect((await (await through(own)).text()).length).toBe(50_000)
      expect(await (await through(own)).text()).toContain('x')
      expect(await (await through(web)).text()).toContain('other side of the link')
      await expect.poll(() => gateways().nth(0).innerText()).toMatch(/0 open, 2 so far/)
      await expect.poll(() => gateways().nth(1).innerText()).toMatch(/so far/)

      // Each shows its own events.
      const counts: number[] = []
      for (const i of [0, 1]) {
        await gateways().nth(i).getByRole('button').first().click()
        await expect.poll(events).toBeGreaterThan(50)
        counts.push(await events())
      }
      expect(counts[0]).not.toBe(counts[1])

      await gateways()
        .nth(0)
        .getByRole('button', { name: /^Close / })
        .click()
      await expect.poll(() => gateways().count()).toBe(1)
      await expect(fetch(`http://127.0.0.1:${own}/`)).rejects.toThrow()
      expect(await (await through(web)).text()).toContain('other side of the link')
      await gateways()
        .nth(0)
        .getByRole('button', { name: /^Close / })
        .click()
      await state(page).getByText('stopped', { exact: true }).waitFor()
      expect(lab.complaints).toEqual([])
    } finally {
      target.close()
    }
  })

  it('leads a browser to the web server in the lab, whose page shows whole', async () => {
    const port = await openTo('Web')
    expect(await shown().innerText()).toContain(`http://127.0.0.1:${port}/`)
    await setKnob(page, 'loss', '1 %')
    const visitor = await page.context().newPage()
    await visitor.goto(`http://127.0.0.1:${port}/`)
    await visitor.getByRole('heading', { name: 'You are on the other side of the link.' }).waitFor()
    const loaded = () =>
      visitor.evaluate(
        () =>
          [...document.images].filter(({ complete, naturalWidth }) => complete && naturalWidth > 0).length,
      )
    await expect.poll(loaded).toBe(24)
    await visitor.close()
    await expect.poll(events).toBeGreaterThan(500)
  })

  it('leads a client of MQTT to the broker in the lab, and a resolver to the DNS server', async () => {
    const broker = await openTo('MQTT')
    expect(await shown().innerText()).toContain(`mosquitto_sub -h 127.0.0.1 -p ${broker}`)
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker}`, { reconnectPeriod: 0 })
    await client.subscribeAsync('lab/#', { qos: 1 })
    const heard = new Promise<string>((resolve) =>
      client.once('message', (_topic, payload) => resolve(payload.toString())),
    )
    await client.publishAsync('lab/greeting', 'hello', { qos: 1 })
    expect(await heard).toBe('hello')
    await client.endAsync()
    await expect.poll(events).toBeGreaterThan(50)

    const dns = await openTo('DNS')
    const socket = createSocket('udp4')
    const answered = once(socket, 'message')
    const query = encode({
      type: 'query',
      id: 7,
      flags: RECURSION_DESIRED,
      questions: [{ type: 'A', name: 'www.rexmit.test' }],
    })
    socket.send(query, dns, '127.0.0.1')
    const [answer] = (await answered) as [Buffer]
    socket.close()
    const { id, answers = [] } = decode(answer)
    expect(id).toBe(7)
    expect(answers.map((record) => record.type)).toEqual(['CNAME', 'A'])
    await expect.poll(() => shown().innerText()).toMatch(/1 open, 1 so far/)
  })
})
