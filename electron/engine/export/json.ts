/** All events as JSON Lines: one object a line, as `{seq, t, node, flow, pkt, name, data}`. */
import type { RecordingReader } from '../recording/types.ts'

export function* jsonLines(reader: RecordingReader): Generator<string> {
  for (const event of reader.events()) yield JSON.stringify(event) + '\n'
}
