/** SETTINGS (RFC 9114 7.2.4): pairs of numbers on the wire, named limits for us. */
import { Cursor } from '../wire/quic/cursor.ts'
import { MAX_EXACT } from '../wire/quic/varint.ts'
import { violation, type Http3Violation } from './errors.ts'

export interface Setting {
  readonly id: number
  readonly value: number
}

export interface Http3Settings {
  /** SETTINGS_QPACK_MAX_TABLE_CAPACITY (RFC 9204 5). */
  readonly qpackMaxTableCapacity: number
  /** SETTINGS_QPACK_BLOCKED_STREAMS (RFC 9204 5). */
  readonly qpackBlockedStreams: number
  /** SETTINGS_MAX_FIELD_SECTION_SIZE, counted as in RFC 9114 4.2.2; Infinity: not said. */
  readonly maxFieldSectionSize: number
}

/** What holds until SETTINGS have come (RFC 9114 7.2.4.2). */
export const INITIAL_SETTINGS: Http3Settings = {
  qpackMaxTableCapacity: 0,
  qpackBlockedStreams: 0,
  maxFieldSectionSize: Infinity,
}

const IDS: Record<keyof Http3Settings, number> = {
  qpackMaxTableCapacity: 0x01,
  maxFieldSectionSize: 0x06,
  qpackBlockedStreams: 0x07,
}
const NAMES = new Map(Object.entries(IDS).map(([name, id]) => [id, name as keyof Http3Settings]))

/** HTTP/2's that have no counterpart (RFC 9114 7.2.4.1, 11.2.2). */
const FORBIDDEN = new Set([0x00, 0x02, 0x03, 0x04, 0x05])

/** Numbers that mean nothing and are to be ignored, in frames, settings and stream types alike (RFC 9114 7.2.8). */
export const reservedNumber = (n: number): number => 0x1f * n + 0x21
export const isReserved = (number: number): boolean => number >= 0x21 && (number - 0x21) % 0x1f === 0

/** As pairs; what is at its initial value is left out. */
export const settingsList = (settings: Http3Settings): Setting[] =>
  (Object.keys(IDS) as (keyof Http3Settings)[])
    .filter((name) => settings[name] !== INITIAL_SETTINGS[name])
    .map((name) => ({ id: IDS[name], value: settings[name] }))

/** The payload of a SETTINGS frame. */
export function decodeSettings(payload: Uint8Array): Setting[] | Http3Violation {
  const cursor = new Cursor(payload)
  const settings: Setting[] = []
  const seen = new Set<number>()
  while (cursor.left > 0) {
    const id = cursor.varint()
    const value = cursor.varint()
    if (cursor.failed) break
    if (FORBIDDEN.has(id))
      return violation('H3_SETTINGS_ERROR', `9114 7.2.4.1: setting 0x${id.toString(16)} is HTTP/2's`)
    // Above 2^53 numbers are inexact: two of them may look the same.
    if (seen.has(id) && id <= MAX_EXACT)
      return violation('H3_SETTINGS_ERROR', `9114 7.2.4: setting 0x${id.toString(16)} is there twice`)
    seen.add(id)
    settings.push({ id, value })
  }
  return cursor.failed ? violation('H3_FRAME_ERROR', '9114 7.1: SETTINGS end inside a setting') : settings
}

/** What a peer's settings mean; those that nobody knows are ignored. */
export function settingsOf(list: readonly Setting[]): Http3Settings {
  const settings: { -readonly [K in keyof Http3Settings]: number } = { ...INITIAL_SETTINGS }
  for (const { id, value } of list) {
    const name = NAMES.get(id)
    if (name !== undefined) settings[name] = value
  }
  return settings
}
