/** Stories in the JSON format of http2jp/hpack-test-case: header blocks of one connection, one after the other. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface StoryCase {
  readonly seqno: number
  /** What the decoder's settings allow from this block on. */
  readonly tableSize: number
  readonly wire: Uint8Array
  readonly fields: readonly (readonly [name: string, value: string])[]
}

export interface Story {
  readonly file: string
  readonly description: string
  readonly cases: readonly StoryCase[]
}

interface JsonCase {
  readonly seqno?: number
  readonly header_table_size?: number
  readonly wire: string
  readonly headers: readonly Readonly<Record<string, string>>[]
}

/** Reads the `*.json` of a folder. Where a case leaves out its number or size, the one before it counts on. */
export function readStories(folder: string): Story[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return files.sort().map((file) => {
    const story = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
      description?: string
      cases: JsonCase[]
    }
    let tableSize = 4096
    const cases = story.cases.map(({ seqno, header_table_size, wire, headers }, i) => {
      tableSize = header_table_size ?? tableSize
      const octets = new Uint8Array(Buffer.from(wire, 'hex'))
      return {
        seqno: seqno ?? i,
        tableSize,
        wire: octets,
        fields: headers.flatMap((header) => Object.entries(header)),
      }
    })
    return { file, description: story.description ?? '', cases }
  })
}
