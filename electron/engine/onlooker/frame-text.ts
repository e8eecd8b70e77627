/** What an HTTP/2 frame says, in the words of RFC 9113. */
import type { FrameHeader } from '../../protocol/wire/h2/events.ts'
import { errorName, flagNames, settingName } from '../../protocol/wire/h2/names.ts'
import type { Dependency, Payload } from '../../protocol/wire/h2/payload.ts'
import { octetText } from '../../protocol/wire/octets.ts'
import { hexOf } from '../../protocol/wire/tls/key-log.ts'

/** Settings and octets of debug data that are shown. */
const MOST_SETTINGS = 32
const MOST_DEBUG = 200

const dependencyText = ({ streamId, weight, exclusive }: Dependency): string =>
  `dependency ${streamId}, weight ${weight}${exclusive ? ', exclusive' : ''}`

/** Flags by name, then the payload; undefined: it could not be read. */
export function frameText({ type, flags }: FrameHeader, payload: Payload | undefined): string {
  const parts = flagNames(type, flags)
  if (payload !== undefined) parts.push(...payloadTexts(payload))
  return parts.join(', ')
}

function payloadTexts(payload: Payload): string[] {
  switch (payload.kind) {
    case 'data':
      return payload.padLength > 0 ? [`padding ${payload.padLength}`] : []
    case 'headers':
      return payload.dependency === undefined ? [] : [dependencyText(payload.dependency)]
    case 'priority':
      return [dependencyText(payload.dependency)]
    case 'rst_stream':
      return [errorName(payload.errorCode)]
    case 'settings':
      return payload.values
        .slice(0, MOST_SETTINGS)
        .map(({ identifier, value }) => `${settingName(identifier)} ${value}`)
    case 'push_promise':
      return [`promised stream ${payload.promisedStreamId}`]
    case 'ping':
      return [hexOf(payload.opaque)]
    case 'goaway': {
      const { lastStreamId, errorCode, debugData } = payload
      const debug = octetText(debugData, 0, Math.min(debugData.length, MOST_DEBUG))
      const texts = [`last stream ${lastStreamId}`, errorName(errorCode)]
      return debug === '' ? texts : [...texts, debug]
    }
    case 'window_update':
      return [`increment ${payload.increment}`]
    case 'priority_update':
      return [`stream ${payload.streamId}`, payload.value]
    case 'continuation':
    case 'unknown':
      return []
  }
}
