/** Writes the files of a run into a folder, chunk by chunk. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ExportFormat } from '../../../shared/commands.ts'
import { openExport, type ExportOptions } from '../export/export.ts'
import type { RecordingReader } from '../recording/types.ts'

/** What `--out` leaves, in the order of writing: small and needed first. JSON Lines say what the table says. */
const FORMATS: readonly ExportFormat[] = ['summary', 'pcapng', 'qlog', 'csv', 'svg']

/** Writes all files below `folder`; returns their names. Throws what the system throws. */
export async function writeFiles(
  reader: RecordingReader,
  folder: string,
  options: ExportOptions,
): Promise<string[]> {
  const names: string[] = []
  for (const format of FORMATS)
    for (const { name, chunks } of await openExport(reader, format, options)) {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      const file = openSync(path, 'w')
      try {
        for (const chunk of chunks) writeWhole(file, chunk)
      } finally {
        closeSync(file)
      }
      names.push(name)
    }
  return names
}

/** A system call may write less than it was given. */
function writeWhole(file: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length;) at += writeSync(file, chunk, at)
}
