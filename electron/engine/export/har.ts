/**
 * Page loads as HAR 1.2 (the HTTP Archive format by J. Odvarko, "HAR 1.2 Spec"): a file for each lane that asked for
 * anything, a page for each client. Names that begin with an underscore are of our own, as the format has it, or those
 * that browsers use. Contents are not in a trace, so they are not in the file; their sizes and digests are.
 */
import { STATUS_CODES } from 'node:http'
import { LAB_EPOCH } from '../../../shared/units.ts'
import type { RecordingReader } from '../recording/types.ts'
import { harTimings, toMillis } from './har-timings.ts'
import { cookiesOfRequest, cookiesOfResponse, valueOf } from './header-fields.ts'
import { readPageLoads, type Load, type PageLoads } from './page-loads.ts'

/** That of package.json. */
const VERSION = '0.1.0'

export interface HarFile {
  readonly name: string
  readonly text: string
}

/** Lab time as a date: lab time 0 is the laboratory's epoch, by which its servers write `Date`, too. */
const dateOf = (t: number): string => new Date(LAB_EPOCH + t / 1000).toISOString()

/** As browsers write them; the format leaves it open. */
const HTTP_VERSIONS: Readonly<Record<string, string>> = { 'http/1.1': 'HTTP/1.1', h2: 'HTTP/2', h3: 'h3' }

const nameValues = (fields: Iterable<readonly [string, string]>) =>
  [...fields].map(([name, value]) => ({ name, value }))

function queryOf(url: string): { name: string; value: string }[] {
  return URL.canParse(url) ? nameValues(new URL(url).searchParams) : []
}

function requestOf(load: Load, loads: PageLoads) {
  const message = loads.message(load, 'request')
  const fields = message?.fields ?? []
  return {
    method: load.method,
    url: load.url,
    httpVersion: HTTP_VERSIONS[load.version] ?? 'unknown',
    cookies: cookiesOfRequest(fields),
    headers: nameValues(fields),
    queryString: queryOf(load.url),
    headersSize: message?.headerBytes ?? -1,
    bodySize: message?.content ?? -1,
  }
}

function contentOf({ contentType, outcome }: Load) {
  const { content = 0, encoded = 0, encoding = '', sha256 = '' } = outcome?.data ?? {}
  return {
    size: content,
    ...(encoding === '' ? {} : { compression: content - encoded }),
    mimeType: contentType === '' ? 'x-unknown' : contentType,
    ...(sha256 === '' ? {} : { comment: `SHA-256 ${sha256}` }),
  }
}

function responseOf(load: Load, loads: PageLoads) {
  // What the server sent and the client never got is no response to it.
  const message = load.responded === null ? undefined : loads.message(load, 'response')
  const fields = message?.fields ?? []
  const { error = '', message: words = '', encoded = -1 } = load.outcome?.data ?? {}
  return {
    status: load.status,
    // Only HTTP/1.1 has reason phrases (RFC 9113 8.3.1, RFC 9114 4.3.2).
    statusText: load.version === 'h2' || load.version === 'h3' ? '' : (STATUS_CODES[load.status] ?? ''),
    httpVersion: HTTP_VERSIONS[load.version] ?? 'unknown',
    cookies: cookiesOfResponse(fields),
    headers: nameValues(fields),
    content: contentOf(load),
    redirectURL: valueOf(fields, 'location') ?? '',
    headersSize: message?.headerBytes ?? -1,
    bodySize: encoded,
    ...(error === '' ? {} : { _error: error, comment: words }),
  }
}

/** Who asked for it: the page that names it, or the redirect that leads there. */
function initiatorOf(load: Load, all: readonly Load[]) {
  const parent = all.findLast(({ node, number }) => node === load.node && number === load.initiator)
  if (load.initiator === 0 || parent === undefined) return { type: 'other' }
  return { type: parent.status >= 300 && parent.status < 400 ? 'redirect' : 'parser', url: parent.url }
}

/** Address of the end of a connection that is not the client's. */
function serverOf({ node, flow }: Load, { addresses }: PageLoads): string | undefined {
  const own = addresses.get(node)
  const ends = flow.split('-').map((end) => end.slice(0, end.lastIndexOf(':')))
  return ends.length === 2 && own !== undefined ? ends.find((address) => address !== own) : undefined
}

function entryOf(load: Load, page: string, all: readonly Load[], loads: PageLoads, opens: boolean) {
  const { time, timings } = harTimings(load, loads, opens)
  const server = serverOf(load, loads)
  const { source = '' } = load.outcome?.data ?? {}
  return {
    pageref: page,
    startedDateTime: dateOf(load.queued),
    time,
    request: requestOf(load, loads),
    response: responseOf(load, loads),
    cache: {},
    timings,
    ...(server === undefined ? {} : { serverIPAddress: server }),
    ...(load.flow === '' ? {} : { connection: load.flow }),
    _initiator: initiatorOf(load, all),
    ...(source === '' ? {} : { _source: source }),
    ...(load.attempt > 1 ? { _attempt: load.attempt } : {}),
    ...(source === 'cache' ? { _fromCache: 'memory' } : {}),
    ...(source === 'push' ? { _was_pushed: 1 } : {}),
  }
}

function pageOf(id: string, loads: readonly Load[]) {
  const start = loads[0].queued
  const end = loads.reduce((last, { outcome }) => Math.max(last, outcome?.t ?? start), start)
  return {
    startedDateTime: dateOf(start),
    id,
    title: loads[0].url,
    pageTimings: { onContentLoad: -1, onLoad: toMillis(end - start) },
    comment: 'onLoad: the last response is there',
  }
}

function archiveOf(list: readonly Load[], loads: PageLoads, { meta }: RecordingReader): string {
  const nodes = [...new Set(list.map(({ node }) => node))]
  const opened = new Set<string>()
  const entries = list.map((load) => {
    // The first request on a connection is the one that had to wait for it.
    const opens = load.flow !== '' && !opened.has(load.flow)
    if (opens) opened.add(load.flow)
    return entryOf(load, `page_${nodes.indexOf(load.node) + 1}`, list, loads, opens)
  })
  const { info } = meta
  const log = {
    version: '1.2',
    creator: { name: 'Rexmit', version: VERSION },
    pages: nodes.map((name, i) =>
      pageOf(
        `page_${i + 1}`,
        list.filter(({ node }) => node === name),
      ),
    ),
    entries,
    comment: `${info.experiment}, seed ${info.seed}, ${info.driver} time`,
  }
  return `${JSON.stringify({ log }, null, 1)}\n`
}

/** `page.har`, or `page-<lane>.har` for each lane of several; none for a lane that asked for nothing. */
export function harFiles(reader: RecordingReader): HarFile[] {
  const loads = readPageLoads(reader)
  const lanes = new Map<string, Load[]>()
  for (const load of loads.loads) {
    const list = lanes.get(load.lane)
    if (list === undefined) lanes.set(load.lane, [load])
    else list.push(load)
  }
  return [...lanes].map(([lane, list]) => {
    const part = reader.meta.info.lanes.length > 1 ? `-${lane.replace(/[^A-Za-z0-9._-]+/g, '_')}` : ''
    return { name: `page${part}.har`, text: archiveOf(list, loads, reader) }
  })
}
