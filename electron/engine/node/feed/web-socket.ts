/** What both ends of a WebSocket have in common: their options for `ws`, how they tell of themselves, and their clock. */
import type { WebSocket } from 'ws'
import type { Trace } from '../../../../shared/trace/sink.ts'
import type { Cancel, Surroundings } from '../program.ts'

/** How long the peer has to close its side, in lab time. `ws` has a timer for that by the wall clock, which is put off. */
const CLOSING_TIME = 30_000_000
const NEVER_MS = 0x7fff_ffff

/** No compression: what a frame weighs is to be what it says. No message of a feed is longer than the limit. */
export const WS_OPTIONS = {
  perMessageDeflate: false,
  maxPayload: 1_048_576,
  closeTimeout: NEVER_MS,
} as const

/** Tells where it is, from opening on (`ws:state`); `trace`: undefined when nothing more is to be told. */
export function tellStates(socket: WebSocket, trace: () => Trace | undefined): void {
  const tell = (state: string, code = 0, reason = ''): void =>
    trace()?.emit('ws:state', { state, code, reason })
  const isOpen = socket.readyState === socket.OPEN
  if (isOpen) tell('open')
  else {
    tell('connecting')
    socket.once('open', () => tell('open'))
  }
  // What the peer did wrong; `ws` closes with the code for it (RFC 6455 7.4.1).
  socket.on('error', ({ message }) => tell('closing', 0, message))
  socket.once('close', (code, reason) => tell('closed', code, reason.toString()))
}

/**
 * Breaks the connection off if it is not gone long after it began to close (RFC 6455 7.1.1 leaves the time open), because of an error
 * or because of us: returns how to close it.
 */
export function guardClosing(socket: WebSocket, lab: Surroundings): (code: number) => void {
  let timer: Cancel | undefined
  const watch = (): void => {
    timer ??= lab.after(CLOSING_TIME, () => socket.terminate())
  }
  socket.on('error', watch)
  socket.once('close', () => timer?.())
  return (code) => {
    watch()
    socket.close(code)
  }
}
