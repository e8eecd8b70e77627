/** The built page and the headers it is served with, the same for Electron's scheme and for loopback HTTP. */
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

/** No source but our own, no inline script or style, no frame around us (DESIGN 9). */
export function pageHeaders(connect: string): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data: blob:",
      "font-src 'self'",
      `connect-src ${connect}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  }
}

/** Scheme and host; URL's own `origin` is "null" for schemes that the URL standard does not know. */
export function originOf(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

export interface PageFile {
  readonly type: string
  readonly body: Uint8Array<ArrayBuffer>
}

/**
 * The file of the page at a URL path, or undefined. Only plain names in folders below `root` are looked at:
 * no dot files, no `..`, no escapes.
 */
export async function readPage(root: string, urlPath: string): Promise<PageFile | undefined> {
  const path = urlPath === '/' ? '/index.html' : urlPath
  if (!/^(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$/.test(path)) return undefined
  const type = TYPES[extname(path)]
  if (type === undefined) return undefined
  try {
    return { type, body: new Uint8Array(await readFile(join(root, path))) }
  } catch {
    return undefined
  }
}
