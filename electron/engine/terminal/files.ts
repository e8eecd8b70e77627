/** Writes the files of a run into a folder, chunk by chunk. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ExportedFile, ExportFormat } from '../../../shared/commands.ts'
import { openExport, type ExportOptions } from '../export/export.ts'
import type { RecordingReader } from '../recording/types.ts'

/** What `--out` leaves, in the order of writing: small and needed first. JSON Lines say what the table says. */
export const OUT_FORMATS: readonly ExportFormat[] = [
  'summary',
  'pcapng',
  'keylog',
  'har',
  'qlog',
  'csv',
  'svg',
]

/** A file that was written. */
export interface WrittenFile {
  readonly name: string
  /** Keys are in it. */
  readonly secret?: boolean
}

/** Writes all files below `folder`, and says which they are. Throws what the system throws. */
export async function writeFiles(
  reader: RecordingReader,
  folder: string,
  options: ExportOptions,
): Promise<WrittenFile[]> {
  const files: WrittenFile[] = []
  for (const format of OUT_FORMATS)
    for (const { name, chunks, secret } of await openExport(reader, format, options)) {
      writeFile(join(folder, name), chunks)
      files.push({ name, secret })
    }
  return files
}

/** The names of the files, and which of them are not to be given away lightly. */
export function describeFiles(folder: string, files: readonly WrittenFile[]): string[] {
  const list = (some: readonly WrittenFile[]): string => some.map(({ name }) => name).join(', ')
  const secret = files.filter((file) => file.secret)
  const lines = [`${folder}: ${list(files)}`]
  if (secret.length > 0)
    lines.push(
      `Keys of the encrypted connections are in ${list(secret)}: whoever has these files can read all.`,
    )
  return lines
}

/** Writes files that the engine has made, and says which they are. */
export function writeExported(folder: string, files: readonly ExportedFile[]): WrittenFile[] {
  for (const { name, bytes } of files) writeFile(join(folder, name), [bytes])
  return files.map(({ name, secret }) => ({ name, secret }))
}

function writeFile(path: string, chunks: Iterable<Uint8Array>): void {
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'w')
  try {
    // A system call may write less than it was given.
    for (const chunk of chunks) for (let at = 0; at < chunk.length;) at += writeSync(file, chunk, at)
  } finally {
    closeSync(file)
  }
}
