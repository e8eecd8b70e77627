/** Pages: HTML that names objects, as a site writes it and a client reads it. */

/** Where the objects of a page are, from 1. */
export const objectTarget = (index: number): string => `/object/${index}`

/** A page that names these targets, as long as `size` at least. */
export function writePage(title: string, links: readonly string[], size = 0): string {
  const head = `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${title}</title></head>\n<body>\n`
  const images = links.map((link) => `<img src="${link}" alt="">\n`).join('')
  const tail = '</body>\n</html>\n'
  const length = head.length + images.length + tail.length
  // What is missing is a comment, 9 characters of it its marks and the end of the line.
  const filler = size > length ? `<!--${'.'.repeat(Math.max(0, size - length - 8))}-->\n` : ''
  return head + images + filler + tail
}

/** The targets that a page names, each once, in the order in which they stand. Others than paths of the site are left out. */
export function readPage(html: string): string[] {
  const links = new Set<string>()
  for (const [, link] of html.matchAll(/\ssrc="(\/[\x21\x23-\x7e]{0,2000})"/g)) links.add(link)
  return [...links]
}

/** A target with a session's id as its parameter `sid`, in place of one that it has. */
export function withSession(target: string, id: string): string {
  const [path, query = ''] = target.split('?', 2)
  const others = query.split('&').filter((part) => part !== '' && !part.startsWith('sid='))
  return `${path}?${[...others, `sid=${id}`].join('&')}`
}

/** The session's id in a target or a page; undefined: there is none. */
export const sessionIn = (text: string): string | undefined => /[?&]sid=([0-9a-z]{1,64})/.exec(text)?.[1]
