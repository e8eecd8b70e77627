/** The files that a run can be saved as. */
import type { ExportedFile, ExportFormat } from '../../../shared/commands.ts'
import { summarize } from '../metrics/summarize.ts'
import type { RecordingReader } from '../recording/types.ts'
import { captureAt } from './capture.ts'
import { concatenate, encodeText, gather } from './chunks.ts'
import { csvRows } from './csv.ts'
import { jsonLines } from './json.ts'
import { harFiles } from './har.ts'
import { qlogDraft } from './qlog-draft.ts'
import { qlog03 } from './qlog-03.ts'
import { keyLogOf } from './secrets.ts'
import { dataSender, hostsOf, survey, type SurveyedNode } from './survey.ts'
import { chartFiles } from './svg.ts'
import { readFates } from './tap.ts'

export interface ExportOptions {
  /** pcapng: the tap of the host that sends the data, or of every host. */
  readonly taps?: 'sender' | 'all'
  /** pcapng: the most bytes of a packet; 0: all that were recorded. */
  readonly snapLength?: number
  /** qlog: the current draft, or 0.3 for qvis. */
  readonly qlog?: 'draft' | '0.3'
  /** svg: of the titles and axes. */
  readonly language?: 'en' | 'zh'
}

/** A file that is made while it is read; the chunks can be read once. */
export interface ExportStream {
  readonly name: string
  readonly mime: string
  readonly chunks: Iterable<Uint8Array>
  /** Keys are in it: whoever has the file can read what was sent encrypted. */
  readonly secret: boolean
}

/** A part of a file name, whatever the node was called. */
const safe = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '_')

/**
 * The sender's tap of every lane in one file: lanes have hosts and addresses of their own, so no segment stands in it
 * twice, which an analyser would take for a retransmission. Or a file for each host.
 */
function captureFiles(reader: RecordingReader, options: ExportOptions): ExportStream[] {
  const run = survey(reader)
  const fates = readFates(reader)
  const settings = { snapLength: options.snapLength ?? 0, keyLog: keyLogOf(reader) }
  const file = (hosts: readonly SurveyedNode[], ...parts: readonly string[]): ExportStream => ({
    name: `${['capture', ...parts].map(safe).join('-')}.pcapng`,
    mime: 'application/x-pcapng',
    chunks: gather(captureAt(reader, hosts, run, fates, settings)),
    secret: settings.keyLog !== '',
  })
  if (options.taps !== 'all') {
    const senders = run.lanes.map((lane) => dataSender(run, lane)).filter((host) => host !== undefined)
    return senders.length === 0 ? [] : [file(senders)]
  }
  return run.lanes.flatMap((lane) =>
    hostsOf(run, lane).map((host) => {
      const name = host.name.slice(host.name.indexOf('/') + 1)
      return run.lanes.length > 1 ? file([host], lane, name) : file([host], name)
    }),
  )
}

const textFile = (name: string, mime: string, pieces: Iterable<string>): ExportStream => ({
  name,
  mime,
  chunks: encodeText(pieces),
  secret: false,
})

function keyLogFiles(reader: RecordingReader): ExportStream[] {
  const keyLog = keyLogOf(reader)
  return keyLog === '' ? [] : [{ ...textFile('keylog.txt', 'text/plain', [keyLog]), secret: true }]
}

/** The files of a format as streams, to be read one after the other; none when the run has nothing for it. */
export async function openExport(
  reader: RecordingReader,
  format: ExportFormat,
  options: ExportOptions = {},
): Promise<ExportStream[]> {
  switch (format) {
    case 'pcapng':
      return captureFiles(reader, options)
    case 'qlog':
      return [
        textFile(
          'trace.qlog',
          'application/qlog+json',
          options.qlog === '0.3' ? qlog03(reader) : qlogDraft(reader),
        ),
      ]
    case 'har':
      return harFiles(reader).map(({ name, text }) => textFile(name, 'application/json', [text]))
    case 'keylog':
      return keyLogFiles(reader)
    case 'csv':
      return [textFile('events.csv', 'text/csv; charset=utf-8', csvRows(reader))]
    case 'json':
      return [textFile('events.jsonl', 'application/jsonl', jsonLines(reader))]
    case 'svg':
      return (await chartFiles(reader, options.language ?? 'en')).map(({ name, text }) =>
        textFile(name, 'image/svg+xml', [text]),
      )
    case 'summary': {
      const summary = reader.summary ?? summarize(reader)
      return [textFile('summary.json', 'application/json', [`${JSON.stringify(summary, null, 2)}\n`])]
    }
  }
}

/** The files of a format, whole. Lets others work between two of them. */
export async function exportRun(
  reader: RecordingReader,
  format: ExportFormat,
  options: ExportOptions = {},
): Promise<ExportedFile[]> {
  const files: ExportedFile[] = []
  for (const { name, mime, chunks, secret } of await openExport(reader, format, options)) {
    files.push({ name, mime, bytes: concatenate([...chunks]), ...(secret ? { secret } : {}) })
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return files
}
