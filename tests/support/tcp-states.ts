/** Packet scripts that begin in a given state, with nothing under way. */
import { expect } from 'vitest'
import type { TcpSettingsInput, TcpState } from '../../shared/tcp.ts'
import { Script } from './tcp-script.ts'

/** Of a connection that we opened. Both ends' next bytes are 1, or 2 behind a FIN. */
export function scriptIn(state: TcpState, settings: TcpSettingsInput = {}): Script {
  const s = state === 'SYN-RECEIVED' ? halfOpen(settings) : Script.connected(settings)
  WAYS[state]?.(s)
  s.quiet()
  s.events()
  expect(s.connection.state).toBe(state)
  return s
}

/** SYN-RECEIVED out of LISTEN: the peer has opened. */
export function scriptInPassiveSynReceived(settings: TcpSettingsInput = {}): Script {
  const s = new Script(settings)
  s.listen()
  s.inject('S', { options: { mss: 1460 } }).expect('S.', { seq: 0, ack: 1 })
  return s
}

/** SYN-RECEIVED out of SYN-SENT: both have opened at once. */
function halfOpen(settings: TcpSettingsInput): Script {
  const s = new Script(settings)
  s.connect()
  s.expect('S')
  return s.inject('S', { options: { mss: 1460 } }).expect('S.', { seq: 0, ack: 1 })
}

const close = (s: Script): Script => {
  s.connection.shutdown(s.now)
  return s.expect('F.')
}

const halfClosed = (s: Script): Script => {
  s.inject('F.')
  s.untilSent()
  return s.expect('.', { ack: 2 })
}

const WAYS: Partial<Record<TcpState, (s: Script) => void>> = {
  'FIN-WAIT-1': close,
  'FIN-WAIT-2': (s) => close(s).inject('.', { ack: 2 }),
  'CLOSE-WAIT': halfClosed,
  CLOSING: (s) => close(s).inject('F.', { ack: 1 }).expect('.', { ack: 2 }),
  'LAST-ACK': (s) => close(halfClosed(s)),
  'TIME-WAIT': (s) => close(s).inject('F.', { ack: 2 }).expect('.', { ack: 2 }),
}

export const SYNCHRONIZED: readonly TcpState[] = [
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
]
/** The peer has closed its direction. */
export const AFTER_FIN: readonly TcpState[] = ['CLOSE-WAIT', 'CLOSING', 'LAST-ACK', 'TIME-WAIT']
