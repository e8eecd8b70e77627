/** Holds the layers of DESIGN 2: who may import whom, what stands at the top, and what no file may name. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { parse } from 'vue/compiler-sfc'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8')

/** The files of the project: what git has, and what it would take in. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(`${root}/${file}`))

const sources = files.filter((file) => /\.(ts|vue|mjs|cjs|js)$/.test(file))

/** The script of a file: a .vue file keeps it in blocks. */
function scriptOf(file: string): string {
  if (!file.endsWith('.vue')) return read(file)
  const { script, scriptSetup } = parse(read(file)).descriptor
  return [script?.content, scriptSetup?.content].filter((text) => text !== undefined).join('\n')
}

/** What a file imports, re-exports or loads: `import`, `export ... from`, `import()`, `require()`, type imports too. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(scriptOf(file), true, true)
    .importedFiles.map((found) => resolve(file, found.fileName))
}

/** A path of the project for a relative import, `node:name` for Node's own, else the name of the npm package. */
function resolve(from: string, specifier: string): string {
  if (specifier.startsWith('.'))
    return posix.normalize(posix.join(dirname(from), specifier)).replace(/\?.*$/, '')
  if (specifier.startsWith('node:')) return specifier
  const parts = specifier.split('/')
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]
  return builtinModules.includes(name) ? `node:${name}` : `npm:${name}`
}

/** A row of the table: the first whose `files` match a file says what that file may import. */
interface Row {
  readonly files: RegExp
  readonly may: readonly RegExp[]
}

const shared = /^shared\//
const protocol = /^electron\/protocol\//
const engine = /^electron\/engine\//
const node = /^node:/
const electron = /^npm:electron$/
const npm = /^npm:(?!electron$)/

/** The libraries of DESIGN 10, those of section 2, and the one that the contract's schemas are written with. */
const interfaceLibraries =
  /^npm:(vue|valibot|pinia|echarts|zrender|reka-ui|@tanstack\/vue-virtual|vue-i18n|@lucide\/vue|@vueuse\/core)$/

/** `ipc/` and the entries beside it are one layer; its files may know each other. */
const entry = /^electron\/(ipc\/|(main|window|serve|cli)\b)/

const table: readonly Row[] = [
  // A validator is a value of the contract, so the contract may have a schema library: pure and without I/O.
  // The descriptions of charts are typed by the library that draws them, which the compiler then forgets.
  { files: /^shared\/charts\//, may: [shared, /^npm:echarts$/] },
  { files: shared, may: [shared, /^npm:valibot$/] },
  { files: protocol, may: [shared, protocol] },
  { files: engine, may: [shared, protocol, engine, node, npm] },
  {
    files: /^electron\/(ipc\/|(main|window)\b)/,
    may: [shared, protocol, engine, entry, node, npm, electron],
  },
  { files: /^electron\/(serve|cli)\b/, may: [shared, protocol, engine, entry, node, npm] },
  { files: /^electron\/preload\.ts$/, may: [shared, electron] },
  // What makes a clone ready runs before there are packages.
  { files: /^electron\/[^/]+\.mjs$/, may: [node, /^electron\/[^/]+\.mjs$/] },
  { files: /^renderer\//, may: [shared, /^renderer\//, interfaceLibraries] },
  { files: /^tests\//, may: [/./] },
  { files: /^[^/]+\.config\.(js|ts)$/, may: [node, npm] },
]

/** The protocols from top to bottom: a folder may import from those after it, and all from the root's files. */
const downward = [
  'h3',
  'qpack',
  'quic',
  'tls13',
  'arq',
  'ip',
  'tcp',
  'udp',
  'icmp',
  'ethernet',
  'link',
  'congestion',
  'stream',
  'wire',
  '.',
]

const folderOf = (file: string) => posix.relative('electron/protocol', file).split('/').slice(0, -1)[0] ?? '.'

/** Every import of the project as [importing file, target]. */
const edges = sources.flatMap((file) => importsOf(file).map((target) => [file, target] as const))
const shown = (found: readonly (readonly [string, string])[]) => found.map((edge) => edge.join(' -> '))

describe('imports', () => {
  test('each file has a row in the table and imports only what the row allows', () => {
    const rowOf = (file: string) => table.find((row) => row.files.test(file))
    expect.soft(sources.filter((file) => !rowOf(file))).toEqual([])
    expect(
      shown(edges.filter(([file, to]) => !rowOf(file)?.may.some((allowed) => allowed.test(to)))),
    ).toEqual([])
  })

  test('a relative import names a file with its extension', () => {
    const relative = edges.filter(([, to]) => !/^(npm|node):/.test(to))
    expect(shown(relative.filter(([, to]) => !/\.\w+$/.test(to) || !existsSync(`${root}/${to}`)))).toEqual([])
  })

  test('inside electron/protocol they go downward only', () => {
    const inside = edges.filter(([file, to]) => protocol.test(file) && protocol.test(to))
    const height = (file: string) => downward.indexOf(folderOf(file))
    expect(shown(inside.filter(([file, to]) => height(file) > height(to)))).toEqual([])
  })

  test('every protocol has its place in that order', () => {
    const folders = new Set(sources.filter((file) => protocol.test(file)).map(folderOf))
    expect([...folders].filter((folder) => !downward.includes(folder))).toEqual([])
  })
})

/** Files whose code, without comments and strings, uses a name. */
function usersOf(name: RegExp, within: RegExp): string[] {
  return sources.filter((file) => within.test(file) && identifiersOf(file).some((found) => name.test(found)))
}

function identifiersOf(file: string): string[] {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, scriptOf(file))
  const names: string[] = []
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) {
    if (scanner.getToken() === ts.SyntaxKind.Identifier) names.push(scanner.getTokenText())
  }
  return names
}

describe('one place only', () => {
  test('renderer/bridge.ts, with its carriers, knows IPC from WebSocket', () => {
    const bridge = /^renderer\/(bridge\.ts|carriers\/)/
    const carriers = /^(WebSocket|MessagePort|MessageChannel|ipcRenderer|EventSource|XMLHttpRequest)$/
    expect(usersOf(carriers, /^renderer\//).filter((file) => !bridge.test(file))).toEqual([])
    const behind = edges.filter(([file, to]) => /^renderer\/carriers\//.test(to) && !/^tests\//.test(file))
    expect(shown(behind.filter(([file]) => !bridge.test(file)))).toEqual([])
  })

  test('electron/ipc uses ipcMain and the ports of Electron', () => {
    const users = usersOf(/^(ipcMain|MessageChannelMain|MessagePortMain)$/, /^electron\//)
    expect(users.filter((file) => !file.startsWith('electron/ipc/'))).toEqual([])
  })
})

describe('layout', () => {
  test('at the top stand the names of DESIGN 2, tools’ configuration, and dot files', () => {
    const named = ['shared', 'electron', 'renderer', 'tests', 'package.json', 'README.md', 'README.zh.md']
    const usual = ['package-lock.json', 'LICENSE', 'electron-builder.yml']
    const configuration = /^(tsconfig(\.\w+)?\.json|[\w.]+\.config\.(js|ts)|\..+)$/
    const top = new Set(files.map((file) => file.split('/')[0]))
    const others = [...top].filter(
      (name) => ![...named, ...usual].includes(name) && !configuration.test(name),
    )
    expect(others).toEqual([])
  })

  test('each folder of some size says in a README what lives there', () => {
    // Tests mirror the tree and are explained by tests/README.md.
    const code = sources.filter((file) => !file.startsWith('tests/')).map(dirname)
    const large = [...new Set(code)].filter(
      (folder) => folder !== '.' && code.filter((f) => f === folder).length > 3,
    )
    expect(large.filter((folder) => !files.includes(`${folder}/README.md`))).toEqual([])
  })

  test('no file names a registry or a path of somebody’s machine', () => {
    const foreign = new RegExp(
      [
        String.raw`"resolved": "https?:`,
        String.raw`registry[.=][\w.]*(npm|https?:)`,
        String.raw`_authToken`,
        String.raw`(?<![\w.~-])/(home|Users|root|work)/[a-z]`,
        String.raw`[A-Z]:\\+Users\\`,
      ].join('|'),
      'm',
    )
    const self = 'tests/architecture/imports.test.ts'
    const text = files.filter((file) => file !== self && !/\.(png|ico|icns|pcapng|woff2)$/.test(file))
    expect(text.filter((file) => foreign.test(read(file)))).toEqual([])
  })
})
