/**
 * A folder of this machine as a site. Only regular files that lie in the folder are served: no name that begins with a dot, nothing
 * that a link leads to outside, no `..` however it is written (DESIGN 9).
 */
import {
  closeSync,
  constants,
  fstatSync,
  opendirSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { NO_CONTENT, textContent, type Content } from './content.ts'
import type { Answer, Answerer, SiteRequest } from './site.ts'

/** Bytes that are read at a time, so that a large file is never in memory as a whole. */
const PIECE = 65_536

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.pdf': 'application/pdf',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
}

interface Found {
  readonly path: string
  readonly size: number
}

export class FolderSite implements Answerer {
  private readonly root: string
  /** Sent with every answer, such as `alt-svc`. */
  private readonly always: Readonly<Record<string, string>>

  /** Throws what the system throws when there is no such folder, or when it cannot be read. */
  constructor(root: string, always: Readonly<Record<string, string>> = {}) {
    this.root = realpathSync(root)
    // A file opens, too, but not as a folder.
    opendirSync(this.root).closeSync()
    this.always = always
  }

  answer({ method, target }: SiteRequest): Answer {
    if (method !== 'GET' && method !== 'HEAD')
      return this.plain(405, 'only GET and HEAD\n', method, { allow: 'GET, HEAD' })
    const [path] = target.split('?', 1)
    const names = namesIn(path)
    if (names === undefined) return this.plain(404, 'no such file\n', method)
    const place = this.resolve(names)
    if (place === undefined) return this.plain(404, 'no such file\n', method)
    if (place === 'folder') {
      if (!path.endsWith('/'))
        return this.plain(301, 'a folder\n', method, {
          location: `/${names.map(encodeURIComponent).join('/')}/`,
        })
      const index = this.resolve([...names, 'index.html'])
      return index === undefined || index === 'folder'
        ? this.plain(404, 'no index.html in this folder\n', method)
        : this.file(index, method)
    }
    return path.endsWith('/') ? this.plain(404, 'no such file\n', method) : this.file(place, method)
  }

  private file({ path, size }: Found, method: string): Answer {
    const type = TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream'
    return this.whole(200, type, size, method === 'HEAD' ? NO_CONTENT : fileContent(path, size))
  }

  private plain(
    status: number,
    text: string,
    method: string,
    fields: Readonly<Record<string, string>> = {},
  ): Answer {
    const content = textContent(text)
    const answer = this.whole(
      status,
      'text/plain; charset=utf-8',
      content.length,
      method === 'HEAD' ? NO_CONTENT : content,
    )
    return { ...answer, fields: { ...answer.fields, ...fields } }
  }

  private whole(status: number, type: string, length: number, content: Content): Answer {
    const fields = {
      'content-type': type,
      'content-length': String(length),
      'x-content-type-options': 'nosniff',
      ...this.always,
    }
    return { status, fields, content, delay: 0, push: [] }
  }

  /** What these names lead to, all links followed; undefined: nothing that is served. */
  private resolve(names: readonly string[]): Found | 'folder' | undefined {
    try {
      let path = this.root
      for (const name of names) {
        path = realpathSync(join(path, name))
        if (!this.holds(path)) return undefined
      }
      const found = statSync(path)
      if (found.isDirectory()) return 'folder'
      return found.isFile() ? { path, size: found.size } : undefined
    } catch {
      return undefined
    }
  }

  /** A link may lead to `..`, to another drive, or to a hidden file within. */
  private holds(path: string): boolean {
    const inside = relative(this.root, path)
    return inside === '' || (inside.split(sep).every(isServed) && join(this.root, inside) === path)
  }
}

/** The names in the path of a target; undefined: it is not one of ours. */
function namesIn(path: string): string[] | undefined {
  if (!path.startsWith('/')) return undefined
  try {
    const names = path
      .split('/')
      .filter((name) => name !== '')
      .map((name) => decodeURIComponent(name))
    return names.every(isServed) ? names : undefined
  } catch {
    return undefined
  }
}

/** Not hidden, not `..`, and one name on every system: no separators, no drive or stream of Windows, nothing invisible. */
// eslint-disable-next-line no-control-regex
const isServed = (name: string): boolean => !name.startsWith('.') && !/[/\\:\u0000-\u001f]/.test(name)

/**
 * A file, read as it is sent. It is opened anew for each piece, so that an answer which is given up leaves nothing open. Should it get
 * shorter meanwhile the content ends early, and the client can tell by `content-length`.
 */
const fileContent = (path: string, length: number): Content => ({
  length,
  *pieces() {
    for (let at = 0; at < length;) {
      const piece = readPiece(path, at, Math.min(PIECE, length - at))
      if (piece === undefined) return
      at += piece.length
      yield piece
    }
  },
})

function readPiece(path: string, at: number, length: number): Uint8Array | undefined {
  let file: number | undefined
  try {
    // It was no link when it was found. Windows has no such flag.
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    if (!fstatSync(file).isFile()) return undefined
    const bytes = new Uint8Array(length)
    const read = readSync(file, bytes, 0, length, at)
    return read === 0 ? undefined : bytes.subarray(0, read)
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
