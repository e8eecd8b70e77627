/** `rexmit web` to strangers, and `rexmit fetch` from it: a folder over three versions of HTTP, through the link, to the same bytes. */
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildCli, type BuiltCli, type Rexmit } from '../support/cli.ts'
import { findCurl, findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

const exec = promisify(execFile)
const BODY = randomBytes(300_000)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let cli: BuiltCli
let server: Rexmit
let port: number
let ca: string

beforeAll(async () => {
  cli = await buildCli()
  const root = join(cli.folder, 'site')
  mkdirSync(root)
  writeFileSync(join(root, 'index.html'), '<p>home</p>')
  writeFileSync(join(root, 'data.bin'), BODY)
  writeFileSync(join(root, '.secret'), 'secret')
  server = cli.start(
    'web',
    '--root',
    root,
    '--port',
    '0',
    '--delay',
    '5ms',
    '--loss',
    '1%',
    '--out',
    'served',
  )
  port = Number((await server.says(/https:\/\/localhost:(\d+)\/ serves/))[1])
  ca = (await server.says(/authority: (\S+) \(/))[1]
}, 120_000)

afterAll(() => cli.remove())

describe.skipIf(!findCurl())('curl', () => {
  const curl = (...args: string[]) =>
    exec(findCurl()!, ['--silent', '--show-error', '--noproxy', '*', '--cacert', ca, ...args], {
      encoding: 'buffer',
      maxBuffer: 1e7,
    })

  test.each([
    ['--http1.1', '1.1'],
    ['--http2', '2'],
  ])('%s', async (option, version) => {
    const { stdout } = await curl(option, `https://localhost:${port}/data.bin`)
    expect(sha256(stdout)).toBe(sha256(BODY))
    const used = await curl(
      option,
      '--output',
      '-',
      '--head',
      '--write-out',
      '\n%{http_version}',
      `https://localhost:${port}/`,
    )
    const text = used.stdout.toString()
    expect(text.split('\n').at(-1)).toBe(version)
    expect(text).toContain(`alt-svc: h3=":${port}"`)
    expect(text).toContain('content-type: text/html')
  })

  test('does not see what is hidden', async () => {
    const { stdout } = await curl('--path-as-is', `https://localhost:${port}/x/../.secret`)
    expect(stdout.toString()).not.toContain('secret\n')
    expect(stdout.toString()).toBe('no such file\n')
  })
})

describe('rexmit fetch', () => {
  test.each(['--http1', '--http2', '--http3'])('%s: the same bytes, and its own trace', async (version) => {
    const out = `fetched${version}`
    const url = `https://localhost:${port}/data.bin`
    const { status, stdout, stderr } = await cli.run(
      'fetch',
      url,
      version,
      '--ca',
      ca,
      '--out',
      out,
      '--delay',
      '5ms',
    )
    expect(stderr).not.toContain('rexmit:')
    expect(stdout).toContain(sha256(BODY))
    expect(status).toBe(0)
    expect(sha256(readFileSync(join(cli.folder, out, 'body')))).toBe(sha256(BODY))
    for (const name of ['capture.pcapng', 'trace.qlog', 'events.csv', 'keylog.txt', 'summary.json'])
      expect([name, existsSync(join(cli.folder, out, name))]).toEqual([name, true])
  })

  test('an answer that is an error is an answer', async () => {
    const { status, stdout } = await cli.run('fetch', `https://localhost:${port}/none`, '--ca', ca)
    expect(stdout).toContain('http/1.1 404')
    expect(status).toBe(0)
  })

  test.each(['--http1', '--http2', '--http3'])(
    '%s: a certificate that nobody vouches for',
    async (version) => {
      const { status, stderr } = await cli.run('fetch', `https://localhost:${port}/`, version)
      expect(stderr).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/)
      expect(status).toBe(1)
    },
  )

  test.each(['--http3'])('%s: nobody is there', async (version) => {
    const closed = await freePort()
    const { status, stderr } = await cli.run(
      'fetch',
      `https://localhost:${closed}/`,
      version,
      '--timeout',
      '1',
    )
    expect(stderr).toMatch(/ECONNREFUSED|ECONNRESET|timeout/)
    expect(status).toBe(1)
  })

  test.each([
    [['fetch', 'nonsense'], 'https://HOST'],
    [['fetch', 'https://localhost/', '--http1', '--http2'], 'cannot be used with'],
    [['fetch', 'https://localhost/', '--ca', 'nowhere.pem'], 'no such file'],
    [['fetch', 'https://localhost/', '--loss', '200%'], '--loss'],
  ])('%j', async (args, words) => {
    const { status, stderr } = await cli.run(...args)
    expect(stderr).toContain(words)
    expect(status).toBe(2)
  })
})

describe('rexmit web', () => {
  test.each([
    [['--root', 'nowhere'], /nowhere is not a folder/],
    [['--root', '.', '--cert', 'ca.pem'], /--key: is missing/],
  ])('%j is refused', async (args, words) => {
    const { status, stderr } = await cli.run('web', '--port', '0', ...args)
    expect(stderr).toMatch(words)
    expect(status).toBe(2)
  })

  test('says that the port is taken', async () => {
    const { status, stderr } = await cli.run('web', '--root', '.', '--port', String(port))
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`)
    expect(status).toBe(2)
  })

  test('ends by Ctrl-C and leaves its files', async () => {
    const { status } = await server.interrupt()
    expect(status).toBe(0)
    const names = ['capture.pcapng', 'trace.qlog', 'keylog.txt', 'ca.pem']
    for (const name of names)
      expect([name, existsSync(join(cli.folder, 'served', name))]).toEqual([name, true])
  })

  test.skipIf(!findTshark() || !findCurl())('tshark reads all three versions in its capture', () => {
    const read = (filter: string): number =>
      tsharkFields(join(cli.folder, 'served', 'capture.pcapng'), ['frame.number'], {
        filter,
        decodeAs: [`tcp.port==${port},tls`],
        // Without, it takes segments that come again for a fault.
        preferences: ['tcp.reassemble_out_of_order:TRUE'],
      }).length
    for (const version of ['http', 'http2', 'http3'])
      expect([version, read(version) > 0]).toEqual([version, true])
    expect(read('_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0')).toBe(0)
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
