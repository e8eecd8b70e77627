/** Reading a TLS conversation as a test wants it: all events, cut anyhow. */
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import type { Rng } from '../../electron/protocol/random.ts'
import { TlsDissector } from '../../electron/protocol/wire/tls/dissector.ts'
import type { Side } from '../../electron/protocol/wire/side.ts'
import type { TlsEvent } from '../../electron/protocol/wire/tls/events.ts'
import { KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import type { Crossed } from './tls-capture.ts'

export const keyLogOf = (text: string): KeyLog => {
  const log = new KeyLog()
  log.addText(text)
  return log
}

export const poll = (dissector: TlsDissector): TlsEvent[] => {
  const events: TlsEvent[] = []
  for (let event = dissector.pollEvent(); event !== undefined; event = dissector.pollEvent())
    events.push(event)
  return events
}

/** All that is found in these bytes, both ends ended. */
export function readTls(crossed: readonly Crossed[], keyLog: string): TlsEvent[] {
  const dissector = new TlsDissector(nodeCrypto, keyLogOf(keyLog))
  const events = crossed.flatMap(({ from, bytes }) => {
    dissector.handleBytes(from, bytes)
    return poll(dissector)
  })
  dissector.handleEnd('client')
  dissector.handleEnd('server')
  return [...events, ...poll(dissector)]
}

/** The same bytes in the same order, in other pieces. */
export function cut(crossed: readonly Crossed[], rng: Rng, most: number): Crossed[] {
  const pieces: Crossed[] = []
  for (const { from, bytes } of crossed) {
    let at = 0
    while (at < bytes.length) {
      const end = Math.min(at + 1 + rng.int(most), bytes.length)
      pieces.push({ from, bytes: bytes.slice(at, end) })
      at = end
    }
  }
  return pieces
}

export const of = <K extends TlsEvent['kind']>(events: readonly TlsEvent[], kind: K, from?: Side) =>
  events.filter(
    (event): event is Extract<TlsEvent, { kind: K }> =>
      event.kind === kind && (from === undefined || event.from === from),
  )

export const dataOf = (events: readonly TlsEvent[], from: Side): Buffer =>
  Buffer.concat(of(events, 'application_data', from).map(({ data }) => data))

/** The course of the handshake in words: `client client_hello`, `server change_cipher_spec` ... */
export const courseOf = (events: readonly TlsEvent[]): string[] =>
  events.flatMap((event) => {
    if (event.kind === 'handshake') return [`${event.from} ${event.message.type}`]
    if (event.kind === 'change_cipher_spec') return [`${event.from} change_cipher_spec`]
    if (event.kind === 'alert') return [`${event.from} alert ${event.name}`]
    return []
  })

/** What should not be there in an honest conversation. */
export const complaintsOf = (events: readonly TlsEvent[]): TlsEvent[] =>
  events.filter(({ kind }) => ['malformed', 'resumed', 'undecryptable'].includes(kind))
