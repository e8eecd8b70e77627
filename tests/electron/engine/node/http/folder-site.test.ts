/** A folder as a site: what is served, and what is not, however it is asked for. */
import { mkdirSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { wholeOf } from '../../../../../electron/engine/node/http/content.ts'
import { FolderSite } from '../../../../../electron/engine/node/http/folder-site.ts'
import type { Trace } from '../../../../../shared/trace/sink.ts'
import { temporaryFolder } from '../../../../support/runs.ts'

const trace: Trace = { emit: () => undefined, scope: () => trace }
let root: string
let site: FolderSite
const ask = (target: string, method = 'GET') => site.answer({ method, target, fields: {}, trace })
const textOf = (target: string): string => wholeOf(ask(target).content).toString()

beforeEach(() => {
  const folder = realpathSync(temporaryFolder())
  root = join(folder, 'root')
  mkdirSync(join(root, 'sub', 'empty'), { recursive: true })
  mkdirSync(join(root, '.git'))
  writeFileSync(join(root, 'index.html'), '<p>home</p>')
  writeFileSync(join(root, 'sub', 'index.html'), '<p>sub</p>')
  writeFileSync(join(root, 'a b.txt'), 'blank')
  writeFileSync(join(root, 'data.bin'), Buffer.alloc(200_000, 7))
  writeFileSync(join(root, '.env'), 'secret')
  writeFileSync(join(root, '.git', 'config'), 'secret')
  writeFileSync(join(folder, 'outside.txt'), 'secret')
  symlinkSync(join(folder, 'outside.txt'), join(root, 'out.txt'))
  symlinkSync(folder, join(root, 'up'))
  symlinkSync(join(root, '.env'), join(root, 'env.txt'))
  symlinkSync(join(root, 'index.html'), join(root, 'in.html'))
  site = new FolderSite(root, { 'alt-svc': 'h3=":1"' })
})

describe('is served', () => {
  test.each([
    ['/', 'text/html; charset=utf-8', '<p>home</p>'],
    ['/?x=/../.env', 'text/html; charset=utf-8', '<p>home</p>'],
    ['/sub/', 'text/html; charset=utf-8', '<p>sub</p>'],
    ['/a%20b.txt', 'text/plain; charset=utf-8', 'blank'],
    ['/in.html', 'text/html; charset=utf-8', '<p>home</p>'],
  ])('%s', (target, type, text) => {
    const { status, fields } = ask(target)
    expect(status).toBe(200)
    expect(fields).toMatchObject({
      'content-type': type,
      'content-length': String(text.length),
      'alt-svc': 'h3=":1"',
    })
    expect(textOf(target)).toBe(text)
  })

  test('a large file, in pieces', () => {
    const { fields, content } = ask('/data.bin')
    expect(fields['content-type']).toBe('application/octet-stream')
    const pieces = [...content.pieces()]
    expect(pieces.length).toBeGreaterThan(2)
    expect(Buffer.concat(pieces)).toEqual(Buffer.alloc(200_000, 7))
  })

  test('HEAD: the same fields, no content', () => {
    const head = ask('/data.bin', 'HEAD')
    expect([head.status, head.content.length, head.fields]).toEqual([200, 0, ask('/data.bin').fields])
  })

  test('a folder without its slash: where it is', () => {
    expect(ask('/sub')).toMatchObject({ status: 301, fields: { location: '/sub/' } })
    // Not a name of another server.
    expect(ask('//sub')).toMatchObject({ status: 301, fields: { location: '/sub/' } })
  })
})

describe('is not served', () => {
  test.each([
    '/nothing',
    '/index.html/',
    '/sub/empty/',
    '/.env',
    '/%2eenv',
    '/.git/config',
    '/sub/../.env',
    '/../outside.txt',
    '/..%2foutside.txt',
    '/%2e%2e/outside.txt',
    '/sub/..%5c..%5coutside.txt',
    '/out.txt',
    '/up/outside.txt',
    '/up/root/index.html',
    '/env.txt',
    '/%00',
    '/a%ZZ',
    'index.html',
    '*',
    '',
  ])('%s', (target) => {
    expect(ask(target).status).toBe(404)
    expect(textOf(target)).not.toContain('secret')
  })

  test('by another method', () => {
    expect(ask('/', 'POST')).toMatchObject({ status: 405, fields: { allow: 'GET, HEAD' } })
  })
})

test('a file that gets shorter while it is sent ends early, and nothing is thrown', () => {
  const { content } = ask('/data.bin')
  const pieces = content.pieces()[Symbol.iterator]()
  pieces.next()
  truncateSync(join(root, 'data.bin'), 70_000)
  expect((pieces.next().value as Uint8Array).length).toBe(70_000 - 65_536)
  expect(pieces.next().done).toBe(true)
})

test('there is no such folder', () => {
  expect(() => new FolderSite(join(root, 'nowhere'))).toThrow('ENOENT')
})
