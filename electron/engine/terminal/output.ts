/** What a command says: to the terminal only through here. */

export interface Output {
  /** A line for who reads the result. */
  line(text?: string): void
  /** A line about the course of things; it stays out of the result. */
  note(text: string): void
}

/** C0 and C1 controls and DEL, line feeds too: a name from the wire must not move the cursor or set a title. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** The text on one line, with control characters made visible. */
export const printable = (text: string): string =>
  text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** JSON for a terminal or a pipe; the controls that JSON leaves as they are escaped, too. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) =>
      line.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
    )
    .join('\n')

/** Columns that a character takes in a terminal: two for those of Chinese, Japanese and Korean scripts. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g

export const textWidth = (text: string): number => text.length + (text.match(WIDE)?.length ?? 0)

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)))

/** Rows with their columns under each other, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, textWidth(cell))))
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : pad(cell, widths[i])))
      .join('  ')
      .trimEnd(),
  )
}

/** The process' own streams. A reader that has gone away (`rexmit list | head`) is no error. */
export function processOutput(): Output {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  return {
    line: (text = '') => process.stdout.write(`${text}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
  }
}
