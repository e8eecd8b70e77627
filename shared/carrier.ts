/** What the two carriers of the contract agree on with the page: names, frames, and the preload's functions. */
import * as v from 'valibot'
import type { ExportedFile } from './commands.ts'

/** Data of the page's `message` event that brings the engine's MessagePort (Electron). */
export const PORT_MESSAGE = 'rexmit:port'

/** Path of the WebSocket (browser). */
export const SOCKET_PATH = '/lab'

/** Bytes before a batch in a binary WebSocket frame: u32 run and u32 batch number, little-endian. */
export const FRAME_HEADER_BYTES = 8

/** In JSON, bytes stand as an object with this one key and base64 text. */
export const BYTES_KEY = '$bytes'

/** What happened to the engine, as its carrier saw it. */
export interface EngineNotice {
  readonly type: 'engine'
  readonly state: 'ready' | 'crashed'
  readonly detail: string
}

/** What the preload puts on `window.rexmit`. */
export interface PreloadApi {
  readonly carrier: 'electron'
  /** Tells of crashes and restarts of the engine; a restart is followed by a new port. */
  onEngine(callback: (notice: EngineNotice) => void): void
  /** Shows a dialog and writes the files where the user says; how many were written, 0 when cancelled. */
  saveFiles(files: readonly ExportedFile[]): Promise<number>
}

/** Files from the page, before the main process writes them. */
export const FilesToSave = v.pipe(
  v.array(
    v.strictObject({
      /** As an export names them: charts in a folder of theirs, nothing hidden, nothing elsewhere. */
      name: v.pipe(v.string(), v.regex(/^(?:charts\/)?\w[\w.-]{0,119}$/)),
      mime: v.string(),
      bytes: v.instance(Uint8Array),
      secret: v.optional(v.boolean()),
    }),
  ),
  v.minLength(1),
  v.maxLength(64),
)
