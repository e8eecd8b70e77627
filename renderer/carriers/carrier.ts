/** What carries messages between the window and the engine: a MessagePort (Electron) or a WebSocket (browser). */
import type { BatchAck, ExportedFile, Request } from '../../shared/commands.ts'

/** A batch as it came, before anything has looked into it. */
export interface BatchFrame {
  readonly run: number
  readonly number: number
  readonly data: ArrayBuffer
}

/**
 * - `connecting`: not yet open for the first time
 * - `open`: messages go both ways
 * - `lost`: was open or could not be opened, and is being tried again at `retryAt` (milliseconds of `performance.now`)
 * - `refused`: will not be tried again by itself; `detail` says why
 */
export type CarrierState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'open' }
  | { readonly phase: 'lost'; readonly attempt: number; readonly retryAt: number }
  | { readonly phase: 'refused'; readonly detail: 'no_token' | 'no_answer' }

/** Where a carrier puts what comes in. */
export interface CarrierEvents {
  /** Anything but a batch, not yet validated. */
  message(message: unknown): void
  batch(frame: BatchFrame): void
  state(state: CarrierState): void
}

export interface Carrier {
  readonly kind: 'electron' | 'browser'
  /** Sends if open, and says whether it did. */
  post(message: Request | BatchAck): boolean
  /** Opens it anew, at once: after a loss, a refusal, or an engine that stays down. */
  reopen(): void
  /** Gives files to the user: a dialog in Electron, downloads in a browser. How many were saved; 0: cancelled. */
  save(files: readonly ExportedFile[]): Promise<number>
}

export type OpenCarrier = (events: CarrierEvents) => Carrier
