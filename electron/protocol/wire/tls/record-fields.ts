/** A record's own bytes as fields, for the view of bytes; offsets count from the stream's first byte. */
import type { DissectedField } from '../../../../shared/dissection.ts'
import type { AlertEvent, RecordEvent } from './events.ts'
import { alertLevelName, contentTypeName, versionName } from './names.ts'
import { RECORD_HEADER } from './record-reader.ts'

/** The header and what it frames (RFC 8446 5.1 and 5.2). */
export function recordFields(record: RecordEvent): DissectedField {
  const { offset, length, type, version, innerType, plaintextLength } = record
  const inner = innerType === undefined ? '' : `, inside ${contentTypeName(innerType)}`
  const readable = plaintextLength === undefined ? 'encrypted' : `${plaintextLength} bytes in the clear`
  const fragment = {
    name: record.protected ? 'Encrypted record' : 'Fragment',
    text: record.protected ? `${readable}${inner}` : readable,
    offset: offset + RECORD_HEADER,
    length: length - RECORD_HEADER,
  }
  return {
    name: 'TLS record',
    text: `${contentTypeName(type)}${inner}, ${length} bytes`,
    offset,
    length,
    children: [
      { name: 'Content type', text: contentTypeName(type), offset, length: 1 },
      { name: 'Legacy record version', text: versionName(version), offset: offset + 1, length: 2 },
      { name: 'Length', text: `${length - RECORD_HEADER} bytes`, offset: offset + 3, length: 2 },
      fragment,
    ],
  }
}

/** An alert (RFC 8446 6); offsets count from the first byte of the plaintext. */
export const alertFields = ({ level, description, name }: AlertEvent): DissectedField[] => [
  { name: 'Level', text: `${alertLevelName(level)} (${level})`, offset: 0, length: 1 },
  { name: 'Description', text: `${name} (${description})`, offset: 1, length: 1 },
]
