/**
 * Our TCP with a stranger at the other end: the kernel's, by a TUN device. `rexmit host` answers, `rexmit link` loses, delays
 * and reorders; a socket of Node on the kernel's side moves data both ways.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCli, type BuiltCli } from '../support/cli.ts'
import { kernelEnd, missingForKernelTcp } from '../support/kernel-tcp.ts'
import { findOnPath, findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const SIZE = process.env.REXMIT_FULL === '1' ? 4_000_000 : 1_000_000
const WORSE = ['--delay', '5ms', '--loss', '2%', '--reorder', '1%', '--duplicate', '1%', '--rate', '50mbit']

const missing = await missingForKernelTcp()
if (missing !== undefined) console.log(`The kernel's TCP is not tried: ${missing}`)

/** No two bytes in a row tell the same, so that a piece in the wrong place shows. */
const payload = Buffer.alloc(SIZE)
for (let i = 0, x = 1; i < SIZE; i++) payload[i] = (x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0) >>> 24

const ipRoute = (...args: string[]): string =>
  execFileSync(findOnPath('ip')!, ['route', ...args], { encoding: 'utf8' })

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What a socket receives to its end, or as far as `size`. */
async function readAll(socket: Socket, size = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    if ((length += chunk.length) >= size) break
  }
  return Buffer.concat(chunks)
}

describe.skipIf(missing !== undefined)("the kernel's TCP", () => {
  let rexmit: BuiltCli
  beforeAll(async () => {
    rexmit = await buildCli()
  }, 120_000)
  afterAll(() => rexmit?.remove())

  /** Kernel, link and host in a row, in a network of their own. */
  async function lab(network: number, link: readonly string[], settings: readonly string[]) {
    const kernel = await kernelEnd(`10.77.${network}.1/24`)
    const out = join(rexmit.folder, `kernel-${network}`)
    mkdirSync(out, { recursive: true })
    const address = `10.77.${network}.2`
    const services = ['--echo', '7', '--discard', '9', '--chargen', '19']
    const set = settings.flatMap((setting) => ['--set', `tcp.${setting}`])
    const host = rexmit.start(
      ...['host', '--wire', 'udp:127.0.0.1:0', '--address', address, '--out', out, ...services, ...set],
    )
    const [, hostPort] = await host.says(/is on udp:127\.0\.0\.1:(\d+)/)
    const sides = ['--a', `udp:127.0.0.1:0,peer=127.0.0.1:${kernel.port}`]
    sides.push('--b', `udp:127.0.0.1:0,peer=127.0.0.1:${hostPort}`)
    const [, linkPort] = await rexmit
      .start('link', ...sides, ...link)
      .says(/side a is on udp:127\.0\.0\.1:(\d+)/)
    kernel.attach(Number(linkPort))
    return { address, host, out }
  }

  it.each([
    ['as it is', 16, []],
    [
      'with all that is new',
      17,
      ['rack', 'tailLossProbe', 'dsack', 'frto', 'undo', 'prr', 'hystart', 'pacing'],
    ],
    ['without SACK and timestamps', 18, ['sack=off', 'timestamps=off']],
    ['by NewReno without window scaling', 19, ['congestion=newreno', 'windowScaling=off']],
    ['by BBR', 20, ['congestion=bbr', 'rack', 'tailLossProbe', 'dsack']],
  ] as const)(
    'moves data both ways under loss, reordering and duplication, %s',
    async (_, network, settings) => {
      const set = settings.map((setting) => (setting.includes('=') ? setting : `${setting}=on`))
      const { address, host, out } = await lab(network, WORSE, set)
      const socket = connect(7, address)
      await once(socket, 'connect')
      socket.end(payload)
      const back = await readAll(socket)
      expect(back.length).toBe(SIZE)
      expect(sha256(back)).toBe(sha256(payload))
      expect((await host.interrupt()).status).toBe(0)
      if (findTshark()) {
        const wrong = tsharkFields(join(out, 'capture.pcapng'), ['frame.number'], {
          filter: '_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0',
        })
        expect(wrong).toEqual([])
      }
    },
    180_000,
  )

  it.skipIf(findOnPath('ip') === undefined || findTshark() === undefined)(
    'agrees on ECN, and both ends echo marks and answer them (RFC 3168 6.1)',
    async () => {
      const marking = ['--delay', '5ms', '--loss', '2%', '--ecn', '--rate', '50mbit']
      const { address, host, out } = await lab(22, marking, ['ecn=on', 'rack=on', 'tailLossProbe=on'])
      // The kernel asks for ECN on this route only.
      const [, device] = /dev (\S+)/.exec(ipRoute('show', '10.77.22.0/24'))!
      ipRoute('change', '10.77.22.0/24', 'dev', device, 'src', '10.77.22.1', 'features', 'ecn')
      const socket = connect(7, address)
      await once(socket, 'connect')
      socket.end(payload)
      expect(sha256(await readAll(socket))).toBe(sha256(payload))
      expect((await host.interrupt()).status).toBe(0)
      const seen = (filter: string): number =>
        tsharkFields(join(out, 'capture.pcapng'), ['frame.number'], { filter }).length
      const OF = { kernel: 'ip.src == 10.77.22.1', ours: `ip.src == ${address}` }
      expect(seen('tcp.flags.syn == 1 && tcp.flags.ece == 1')).toBe(2)
      for (const [from, to] of [
        [OF.kernel, OF.ours],
        [OF.ours, OF.kernel],
      ]) {
        const data = `${from} && tcp.len > 0 && tcp.flags.syn == 0`
        expect(seen(`${data} && ip.dsfield.ecn != 0`), `${from}: ECN-capable data`).toBeGreaterThan(100)
        // Whoever receives them echoes marks, and the sender says that it has slowed down.
        expect(seen(`${to} && tcp.flags.ece == 1 && tcp.flags.syn == 0`), `${to}: echoes`).toBeGreaterThan(0)
        expect(seen(`${data} && tcp.flags.cwr == 1`), `${from}: answers`).toBeGreaterThan(0)
      }
      // Not what goes again, nor ACKs (6.1.4, 6.1.5).
      expect(seen(`${OF.ours} && tcp.len == 0 && ip.dsfield.ecn != 0`)).toBe(0)
      expect(seen('_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0')).toBe(0)
    },
    180_000,
  )

  it('refuses, takes, and sends as the services say', async () => {
    const { address, host } = await lab(21, ['--loss', '2%', '--delay', '2ms'], [])
    const refused = connect(81, address)
    expect(await once(refused, 'error').then(([error]) => (error as NodeJS.ErrnoException).code)).toBe(
      'ECONNREFUSED',
    )
    const discard = connect(9, address)
    discard.end(payload.subarray(0, 200_000))
    expect(await readAll(discard)).toHaveLength(0)
    const chargen = connect(19, address)
    const text = (await readAll(chargen, 100_000)).toString('latin1')
    // RFC 864: lines of 72 printable characters, each beginning one character later.
    expect(text.slice(0, 74)).toMatch(/^[ -~]{72}\r\n$/)
    expect(text.slice(74, 146)).toBe(text.slice(1, 72) + text[74 + 71])
    expect((await host.interrupt()).status).toBe(0)
  }, 120_000)
})
