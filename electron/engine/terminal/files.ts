/** Writes the files of a run into a folder, chunk by chunk. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ExportedFile, ExportFormat } from '../../../shared/commands.ts'
import { openExport, type ExportOptions } from '../export/export.ts'
import type { RecordingReader } from '../recording/types.ts'

/** What `--out` leaves, in the order of writing: small and needed first. JSON Lines say what the table says. */
export const OUT_FORMATS: readonly ExportFormat[] = ['summary', 'pcapng', 'qlog', 'csv', 'svg']

/** Writes all files below `folder`; returns their names. Throws what the system throws. */
export async function writeFiles(
  reader: RecordingReader,
  folder: string,
  options: ExportOptions,
): Promise<string[]> {
  const names: string[] = []
  for (const format of OUT_FORMATS)
    for (const { name, chunks } of await openExport(reader, format, options)) {
      writeFile(join(folder, name), chunks)
      names.push(name)
    }
  return names
}

/** Writes files that the engine has made. */
export function writeExported(folder: string, files: readonly ExportedFile[]): void {
  for (const { name, bytes } of files) writeFile(join(folder, name), [bytes])
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
