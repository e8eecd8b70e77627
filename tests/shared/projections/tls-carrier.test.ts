/** Messages of a handshake over QUIC and the packets that carried them. */
import { expect, test } from 'vitest'
import { carrierOf } from '../../../shared/projections/tls-carrier.ts'
import { TlsConversations } from '../../../shared/projections/tls.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const crypto = (offset: number, length: number) => ({ type: 'crypto', offset, length })

test('a message is in the packet of its level that has its last byte, not in another of the same datagram', () => {
  const maker = new TraceMaker().pair()
  const message = (
    pkt: number,
    from: string,
    name: string,
    offset: number,
    length: number,
    sealed: boolean,
  ) =>
    maker.add(
      pkt,
      'security:handshake_message',
      { from, name, offset, length, type: 0, protected: sealed, bytes: '', fields: '[]' },
      { node: from, flow: FLOW, pkt },
    )
  maker.quicSent(1, 1, C, { level: 'initial', number: 0, frames: [crypto(0, 200)] })
  message(1, C, 'client_hello', 0, 200, false)
  maker
    .quicSent(2, 2, S, { level: 'initial', number: 7, frames: [crypto(0, 90)] })
    .quicSent(2, 2, S, { level: 'handshake', number: 3, frames: [crypto(0, 800)] })
  message(2, S, 'server_hello', 0, 90, false)
  message(2, S, 'encrypted_extensions', 0, 80, true)
  // Its last byte came in another datagram than its first.
  maker.quicSent(3, 3, S, { level: 'handshake', number: 4, frames: [crypto(800, 400)] })
  message(3, S, 'certificate', 80, 1_000, true)
  maker.quicSent(4, 4, S, { number: 9, frames: [crypto(0, 100)] })
  message(4, S, 'new_session_ticket', 0, 100, true)
  // Of no packet that the trace has.
  message(5, S, 'finished', 1_080, 36, true)
  const store = maker.store()
  const conversations = new TlsConversations()
  conversations.update(store)
  const [{ steps }] = conversations.flows.values()
  const carriers = steps.map((step) => carrierOf(store, step))
  expect(carriers.map((packet) => packet && `${packet.level} ${packet.number} #${packet.pkt}`)).toEqual([
    'initial 0 #1',
    'initial 7 #2',
    'handshake 3 #2',
    'handshake 4 #3',
    '1rtt 9 #4',
    undefined,
  ])
})
