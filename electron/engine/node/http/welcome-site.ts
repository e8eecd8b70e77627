/** The site of the web server that is built in: a page that a browser shows, and as many bytes as somebody asks for. */
import { Payload } from '../../apps/payload.ts'
import type { Surroundings } from '../program.ts'
import { lettersContent, NO_CONTENT, textContent, type Content } from './content.ts'
import type { Answer, Answerer, SiteRequest } from './site.ts'

const IMAGES = 24
const MOST_BYTES = 100_000_000

const STYLE = `body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; }
div { display: grid; gap: .5rem; grid-template-columns: repeat(6, 1fr); }
img { width: 100%; }
`

const images = Array.from({ length: IMAGES }, (_, i) => `<img src="/image/${i + 1}.svg" alt="${i + 1}">`)

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Rexmit: a page through the link</title><link rel="stylesheet" href="/style.css"></head>
<body>
<h1>You are on the other side of the link.</h1>
<p>This page, its style sheet and the ${IMAGES} pictures below have crossed the TCP and the link of the laboratory. Make the link worse,
load the page again, and watch which picture waits for what.</p>
<div>
${images.join('\n')}
</div>
<p><a href="/bytes/1000000">/bytes/1000000</a> is a million bytes; ask for as many as you like.</p>
</body>
</html>
`

/** A coloured square, with a comment that makes it long enough to take several segments. */
function image(index: number, filler: string): string {
  const colour = `hsl(${(index * 360) / IMAGES} 60% 55%)`
  const shape = `<rect width="96" height="96" fill="${colour}"/>`
  const number = `<text x="48" y="60" font-size="36" text-anchor="middle" fill="#fff">${index}</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">${shape}${number}<!--${filler}--></svg>\n`
}

export class WelcomeSite implements Answerer {
  private readonly payload: Payload

  constructor({ rng }: Pick<Surroundings, 'rng'>) {
    this.payload = new Payload(rng.fork('content'))
  }

  answer({ method, target }: SiteRequest): Answer {
    if (method !== 'GET' && method !== 'HEAD')
      return answerOf(405, TEXT, textContent('only GET and HEAD\n'), method, { allow: 'GET, HEAD' })
    const [path] = target.split('?', 1)
    if (path === '/') return answerOf(200, 'text/html; charset=utf-8', textContent(PAGE), method)
    if (path === '/style.css') return answerOf(200, 'text/css', textContent(STYLE), method)
    const picture = Number(/^\/image\/(\d{1,2})\.svg$/.exec(path)?.[1])
    if (picture >= 1 && picture <= IMAGES)
      return answerOf(200, 'image/svg+xml', this.picture(picture), method)
    const length = Number(/^\/bytes\/(\d{1,9})$/.exec(path)?.[1])
    if (length <= MOST_BYTES)
      return answerOf(200, 'application/octet-stream', lettersContent(this.payload, 0, length), method)
    return answerOf(404, TEXT, textContent('there is nothing here\n'), method)
  }

  private picture(index: number): Content {
    // Letters alone, so that nothing ends the comment.
    return textContent(image(index, Buffer.from(this.payload.piece(index, PICTURE)).toString('latin1')))
  }
}

const TEXT = 'text/plain; charset=utf-8'
const PICTURE = 12_000

function answerOf(
  status: number,
  type: string,
  content: Content,
  method: string,
  more: Readonly<Record<string, string>> = {},
): Answer {
  const fields = {
    'content-type': type,
    'content-length': String(content.length),
    // Each load is to cross the link.
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...more,
  }
  return { status, fields, content: method === 'HEAD' ? NO_CONTENT : content, delay: 0, push: [] }
}
