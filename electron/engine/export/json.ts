/** All events as JSON Lines, keys left out: one object a line, as `{seq, t, node, flow, pkt, name, data}`. */
import type { RecordingReader } from '../recording/types.ts'
import { publicEvents } from './secrets.ts'

export function* jsonLines(reader: RecordingReader): Generator<string> {
  for (const event of publicEvents(reader)) yield JSON.stringify(event) + '\n'
}
