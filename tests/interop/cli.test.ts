/** `rexmit` as a user runs it: a process with arguments, an exit status, two streams and files. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXPERIMENTS, findExperiment } from '../../shared/experiments/index.ts'
import { Summary } from '../../shared/summary.ts'
import { buildCli, type BuiltCli } from '../support/cli.ts'
import { readPcapng } from '../support/pcapng.ts'

let rexmit: BuiltCli
beforeAll(async () => {
  rexmit = await buildCli()
}, 120_000)
afterAll(() => rexmit.remove())

const files = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.includes('.')).sort()

describe('list', () => {
  it('prints the experiments, as words and as JSON', async () => {
    const words = await rexmit.run('list')
    expect(words.status).toBe(0)
    for (const { id, title } of EXPERIMENTS)
      expect(words.stdout).toMatch(new RegExp(`^${id} +${title.en}`, 'm'))
    const json = await rexmit.run('list', '--json')
    expect(JSON.parse(json.stdout)).toEqual(
      EXPERIMENTS.map(({ id, chapter, title }) => ({ id, chapter, title })),
    )
  })

  it('speaks Chinese', async () => {
    const { stdout } = await rexmit.run('list', '--lang', 'zh')
    expect(stdout).toContain('三次握手')
  })
})

describe('run', () => {
  it('exits with 0 when all expectations hold, and prints what was measured', async () => {
    const { status, stdout, stderr } = await rexmit.run('run', 'tcp-handshake')
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(/The client is established after one round trip +\S+ 1 RTT .* 1 RTT +holds/)
  })

  it('exits with 1 when one does not', async () => {
    const drop = '--drop-matching-up'
    const { status, stdout } = await rexmit.run(
      'run',
      'tcp-handshake',
      drop,
      'syn,!ack#1',
      '--set',
      'syn-retries=0',
    )
    expect(status).toBe(1)
    expect(stdout).toContain('DOES NOT HOLD')
  })

  it('prints the summary as JSON and nothing else', async () => {
    const { status, stdout } = await rexmit.run(
      'run',
      'tcp-handshake',
      '--json',
      '--seed',
      '7',
      '--delay',
      '20ms',
    )
    expect(status).toBe(0)
    const summary = v.parse(Summary, JSON.parse(stdout))
    expect(summary).toMatchObject({ experiment: 'tcp-handshake', seed: 7, driver: 'virtual' })
    expect(summary.metrics['main/path_rtt_min']).toBe(40_000)
  })

  it('gives the same run for the same seed, and another for another', async () => {
    const json = async (seed: string) =>
      (await rexmit.run('run', 'tcp-bulk', '--json', '--set', 'bytes=200kB', '--seed', seed)).stdout
    const [one, again, other] = [await json('3'), await json('3'), await json('4')]
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })

  it('writes summary, captures, trace, table and charts', async () => {
    const out = join(rexmit.folder, 'bulk')
    const { status, stderr } = await rexmit.run('run', 'tcp-bulk', '--out', out, '--set', 'bytes=1MB')
    expect(status, stderr).toBe(0)
    expect(files(out)).toEqual([
      'capture.pcapng',
      'charts/goodput.svg',
      'charts/queue.svg',
      'charts/rtt.svg',
      'charts/sequence.svg',
      'charts/stalls.svg',
      'charts/windows.svg',
      'events.csv',
      'summary.json',
      'trace.qlog',
    ])
    expect(v.safeParse(Summary, JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).success).toBe(
      true,
    )
    expect(readPcapng(readFileSync(join(out, 'capture.pcapng'))).packets.length).toBeGreaterThan(1_400)
    expect(JSON.parse(readFileSync(join(out, 'trace.qlog'), 'utf8'))).toHaveProperty('file_schema')
  })

  const all = (out: string) => ['run', '--all', '--out', out, '--taps', 'all', '--json']
  const inOrder = (stdout: string) => (JSON.parse(stdout) as Summary[]).map(({ experiment }) => experiment)

  it('runs one experiment after the other, each into a folder of its own, with all taps, until Ctrl-C', async () => {
    const out = join(rexmit.folder, 'some')
    const running = rexmit.start(...all(out))
    const [first, second] = EXPERIMENTS
    await running.says(new RegExp(`${second.id}: summary\\.json`))
    const { status, stdout } = await running.interrupt()
    expect(status).toBe(130)
    expect(inOrder(stdout).slice(0, 2)).toEqual([first.id, second.id])
    expect(files(join(out, first.id))).toContain('capture-server.pcapng')
  })

  it.skipIf(process.env.REXMIT_FULL !== '1')(
    'runs all experiments there are, and all that they claim holds',
    async () => {
      const out = join(rexmit.folder, 'all')
      const { status, stdout } = await rexmit.run(...all(out))
      expect(status).toBe(0)
      expect(inOrder(stdout)).toEqual(EXPERIMENTS.map(({ id }) => id))
      expect(files(join(out, 'tcp-handshake'))).toContain('capture-server.pcapng')
      expect(files(join(out, 'tcp-bulk'))).toContain('capture-cubic-client.pcapng')
    },
  )

  it('runs an experiment of a file', async () => {
    const file = join(rexmit.folder, 'mine.json')
    writeFileSync(file, JSON.stringify({ ...findExperiment('tcp-handshake'), id: 'mine' }))
    const { status, stdout } = await rexmit.run('run', './mine.json', '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ experiment: 'mine' })
  })

  it('goes by the wall clock with --live, packets on real sockets', async () => {
    const { status, stdout } = await rexmit.run('run', 'tcp-bulk', '--live', '--json', '--set', 'bytes=300kB')
    const summary = JSON.parse(stdout) as Summary
    expect(summary.driver).toBe('live')
    expect(summary.metrics['reno/bytes_intact']).toBe(1)
    expect(summary.metrics['cubic/stall_total']).toBeCloseTo(1, 6)
    expect(status === 0 || summary.faults.length > 0).toBe(true)
  })

  it('stops at Ctrl-C and keeps what was recorded', async () => {
    const out = join(rexmit.folder, 'stopped')
    const running = rexmit.start('run', 'tcp-bulk', '--live', '--out', out, '--json', '--set', 'bytes=100MB')
    await running.says(/tcp-bulk is running by the wall clock/)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const { status, stdout } = await running.interrupt()
    expect(status).toBe(130)
    const summary = JSON.parse(stdout) as Summary
    expect(summary.expectations.every(({ holds }) => holds === null)).toBe(true)
    expect(summary.expectations[0].void?.en).toBe('the run was stopped before its end')
    expect(readPcapng(readFileSync(join(out, 'capture.pcapng'))).packets.length).toBeGreaterThan(0)
  })
})

describe('bad input exits with 2 and says field, value and what is allowed', () => {
  it.each([
    [['run', 'tcp-bulky'], /experiment: there is no tcp-bulky; there are tcp-handshake, .*tcp-bulk/],
    [['run', 'tcp-bulk', '--set', 'loss=abc'], /links\.link\.up\.loss\.rate: abc is not a share/],
    [
      ['run', 'tcp-bulk', '--set', 'loss=2'],
      /loss: 2 is not at least 0 and at most 0\.\d+, .* links\.link\.up\.loss\.rate/,
    ],
    [['run', 'tcp-bulk', '--set', 'loss'], /--set <path=value>' argument 'loss' is invalid/],
    [['run', 'tcp-bulk', '--set', 'nothing=1'], /nothing: there is no such setting/],
    [['run', 'tcp-bulk', '--set', 'hosts.client.tcp.__proto__=1'], /hosts\.client\.tcp\.__proto__/],
    [['run', 'tcp-bulk', '--seed', '-1'], /'--seed <number>' argument '-1' is invalid/],
    [['run', 'tcp-bulk', '--loss', '2%%'], /--loss: 2%% is not a share/],
    [['run', 'tcp-bulk', '--mahimahi', 'no-such-file'], /no-such-file/],
    [['run', 'tcp-bulk', '--frobnicate'], /unknown option '--frobnicate'/],
    [['run', './no-such.json'], /no-such\.json: there is no such file/],
    [['run', './broken.json'], /broken\.json: /],
    [['run', './wrong.json'], /chapter/],
    [['run'], /name one experiment/],
    [['run', 'tcp-bulk', '--all'], /name one experiment/],
    [['run', 'tcp-handshake', '--out', './a-file/below'], /a-file/],
    [['list', 'extra'], /too many arguments/],
    [['nonsense'], /unknown command 'nonsense'/],
    [
      ['gateway', '--listen', '0.0.0.0:80', '--to', '127.0.0.1:1'],
      /--listen: 0\.0\.0\.0:80 is not 127\.0\.0\.1:PORT/,
    ],
    [['gateway', '--listen', '127.0.0.1:0', '--to', 'nowhere'], /--to: nowhere is not HOST:PORT/],
    [['gateway', '--to', '127.0.0.1:1'], /required option '--listen/],
    [['gateway', '--listen', '127.0.0.1:0', '--to', 'mail'], /HOST:PORT .* or broker, web, dns/],
    [['gateway', '--listen', '127.0.0.1:0', '--to', 'web', '--udp'], /--udp: web is not a target over UDP/],
    [
      ['gateway', '--listen', '127.0.0.1:0', '--to', 'nowhere.invalid:80'],
      /nowhere\.invalid: this name has no address/,
    ],
    [['run', 'quic-streams', '--set', 'stream-credit=0'], /stream-credit: 0 is not at least/],
    [['host', '--wire', 'tcp:1', '--address', '10.77.0.2'], /wire: tcp:1 is not udp:127\.0\.0\.1:PORT/],
    [['host', '--wire', 'udp:127.0.0.1:0', '--address', '10.77.0'], /address: 10\.77\.0 is not/],
    [['link', '--a', 'udp:127.0.0.1:0', '--b', 'udp:0.0.0.0:0'], /wire: udp:0\.0\.0\.0:0 is not/],
    [['serve', '--port', '99999'], /'--port <number>' argument '99999' is invalid/],
  ])('%j', async (args, message) => {
    writeFileSync(join(rexmit.folder, 'broken.json'), '{"id":')
    writeFileSync(
      join(rexmit.folder, 'wrong.json'),
      JSON.stringify({ ...EXPERIMENTS[0], chapter: 'cooking' }),
    )
    writeFileSync(join(rexmit.folder, 'a-file'), '')
    const { status, stdout, stderr } = await rexmit.run(...args)
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/ {4}at /)
  })

  it('a port that is taken, by its number', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    )
    try {
      for (const args of [
        ['gateway', '--listen', `127.0.0.1:${port}`, '--to', '127.0.0.1:9'],
        ['serve', '--no-open', '--port', String(port)],
      ]) {
        const { status, stderr } = await rexmit.run(...args)
        expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`)
        expect(status).toBe(2)
      }
    } finally {
      server.close()
    }
  })
})

describe('what it prints', () => {
  /** A title of the terminal's window, a cleared screen, a colour by one character of C1, a line that is written over. */
  const CONTROLS = '\u001b]0;owned\u0007 \u001b[2J \u009b31m a\rb'

  // eslint-disable-next-line no-control-regex
  const ANY_CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/

  it.each([
    ['run', CONTROLS],
    ['run', 'tcp-bulk', '--set', `${CONTROLS}=1`],
    ['run', 'tcp-bulk', `--${CONTROLS}`],
    ['gateway', '--listen', CONTROLS, '--to', '127.0.0.1:9'],
  ])('holds no control character of an argument: %j %j', async (...args) => {
    const { stdout, stderr } = await rexmit.run(...args)
    expect(stdout + stderr).toContain('owned')
    expect(stdout + stderr).not.toMatch(ANY_CONTROL)
  })

  it('holds none of an experiment file', async () => {
    const [first] = EXPERIMENTS
    const words = { en: CONTROLS, zh: CONTROLS }
    const expectations = first.expectations.map((expectation) => ({ ...expectation, text: words }))
    const file = join(rexmit.folder, 'hostile.json')
    writeFileSync(file, JSON.stringify({ ...first, title: words, expectations }))
    for (const args of [[], ['--json']]) {
      const { stdout, stderr } = await rexmit.run('run', './hostile.json', ...args)
      expect(stdout.length).toBeGreaterThan(100)
      expect(stdout + stderr).not.toMatch(ANY_CONTROL)
    }
  })

  it('helps, with status 0', async () => {
    const { status, stdout } = await rexmit.run('run', '--help')
    expect(status).toBe(0)
    expect(stdout).toContain('--drop-matching <rule>')
    expect(stdout).not.toContain('--loss-up')
  })
})

describe('host and link', () => {
  it('stand alone until Ctrl-C, and leave what they saw', async () => {
    const out = join(rexmit.folder, 'host')
    mkdirSync(out, { recursive: true })
    const host = rexmit.start(
      'host',
      '--wire',
      'udp:127.0.0.1:0',
      '--address',
      '10.77.0.2',
      '--echo',
      '7',
      '--out',
      out,
    )
    const [, port] = await host.says(/10\.77\.0\.2 is on udp:127\.0\.0\.1:(\d+)/)
    expect(Number(port)).toBeGreaterThan(0)
    const link = rexmit.start(
      'link',
      '--a',
      `udp:127.0.0.1:0,peer=127.0.0.1:${port}`,
      '--b',
      'udp:127.0.0.1:0',
      '--loss',
      '1%',
    )
    await link.says(/side b is on udp:127\.0\.0\.1:\d+/)
    expect((await link.interrupt()).status).toBe(0)
    expect((await host.interrupt()).status).toBe(0)
    expect(existsSync(join(out, 'summary.json'))).toBe(true)
  })
})
