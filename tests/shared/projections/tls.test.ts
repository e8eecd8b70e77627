/** The course of real handshakes of Node's TLS, as the ladder shows it. */
import { beforeAll, describe, expect, test } from 'vitest'
import { arrivalOf } from '../../../shared/projections/arrival.ts'
import {
  flightsOf,
  roundTrips,
  TlsConversations,
  type TlsConversation,
} from '../../../shared/projections/tls.ts'
import { captureTls, type TlsCapture } from '../../support/tls-capture.ts'
import { createCertificates, type TestCertificates } from '../../support/tls-certificates.ts'
import { DELAY, TlsTracer } from '../../support/tls-trace.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import type * as tls from 'node:tls'

let certificates: TestCertificates
beforeAll(async () => void (certificates = await createCertificates()))

const data = new TextEncoder().encode('what nobody else shall read')
const versions = (version: 'TLSv1.2' | 'TLSv1.3') => ({ minVersion: version, maxVersion: version })
const capture = (client: tls.ConnectionOptions, server: tls.TlsOptions = {}): Promise<TlsCapture> =>
  captureTls({ certificates, data, client, server })

function traced({ crossed, keyLog }: TlsCapture, withKeys = true): TraceStore {
  const maker = new TraceMaker().pair()
  new TlsTracer(maker, withKeys ? { keyLog } : {}).trace(crossed)
  return maker.store()
}

function conversationOf(store: TraceStore): TlsConversation {
  const projection = new TlsConversations()
  projection.update(store)
  const [conversation] = projection.flows.values()
  return conversation
}

const courseOf = ({ steps }: TlsConversation): string[] =>
  steps.map(({ from, name, protected: sealed }) => `${from} ${name}${sealed ? ' *' : ''}`)

describe('a handshake of TLS 1.3', () => {
  test('takes one round trip; all after the ServerHello is encrypted', async () => {
    const conversation = conversationOf(traced(await capture(versions('TLSv1.3'))))
    expect(
      courseOf(conversation).filter((step) => !/new_session_ticket|alert|close_notify/.test(step)),
    ).toEqual([
      'client client_hello',
      'server server_hello',
      'server change_cipher_spec',
      'server encrypted_extensions *',
      'server certificate *',
      'server certificate_verify *',
      'server finished *',
      'client change_cipher_spec',
      'client finished *',
      'client application_data *',
      'server application_data *',
    ])
    const flights = flightsOf(conversation.steps)
    expect(flights.slice(0, 3).map(({ from, steps }) => [from, steps[0].name])).toEqual([
      ['client', 'client_hello'],
      ['server', 'server_hello'],
      ['client', 'change_cipher_spec'],
    ])
    expect(roundTrips(flights)).toBe(1)
    expect(conversation.data).toEqual({ client: data.length, server: data.length })
  })

  test('without the key log stays closed: the records are counted and put together', async () => {
    const conversation = conversationOf(traced(await capture(versions('TLSv1.3')), false))
    expect(courseOf(conversation).slice(0, 4)).toEqual([
      'client client_hello',
      'server server_hello',
      'server change_cipher_spec',
      'server sealed *',
    ])
    const [sealed] = conversation.steps.filter(({ kind }) => kind === 'sealed')
    expect(sealed.records).toBeGreaterThanOrEqual(4)
    expect(conversation.data).toEqual({ client: 0, server: 0 })
  })
})

describe('a handshake of TLS 1.2', () => {
  test('takes two round trips before the client may send', async () => {
    const conversation = conversationOf(traced(await capture(versions('TLSv1.2'))))
    expect(courseOf(conversation).slice(0, 12)).toEqual([
      'client client_hello',
      'server server_hello',
      'server certificate',
      'server server_key_exchange',
      'server server_hello_done',
      'client client_key_exchange',
      'client change_cipher_spec',
      'client finished *',
      'server new_session_ticket',
      'server change_cipher_spec',
      'server finished *',
      'client application_data *',
    ])
    expect(roundTrips(flightsOf(conversation.steps))).toBe(2)
  })

  test('that the server will not have ends with an alert of its', async () => {
    const broken = await capture(versions('TLSv1.2'), versions('TLSv1.3'))
    const { steps } = conversationOf(traced(broken))
    expect(steps.at(-1)).toMatchObject({ kind: 'alert', from: 'server', name: 'protocol_version', level: 2 })
    expect(steps.at(-1)!.length).toBe(7)
  })
})

describe('the arrival of a message', () => {
  test('is that of its packet', async () => {
    const store = traced(await capture(versions('TLSv1.3')))
    const [hello] = conversationOf(store).steps
    expect(arrivalOf(store, hello.pkt)).toEqual({ t: hello.t + DELAY, pkt: hello.pkt, lost: false })
  })

  const drop = { direction: 0, reason: 'listed', delay: 1 }
  const resent = () =>
    new TraceMaker()
      .sent(0, 1, 'client', { seq: 0xffff_ff00, payload: 500 })
      .add(1, 'link:packet_dropped', drop, { node: 'link', pkt: 1 })
      .sent(2, 2, 'client', { seq: 0xffff_ff00 + 500 - 2 ** 32, payload: 500 })
      .add(12, 'link:packet_delivered', { direction: 0, delay: 10 }, { node: 'link', pkt: 2 })

  test('that died is that of the segment sent again, over the wrap-around too', () => {
    const store = resent()
      .sent(200, 3, 'client', { seq: 0xffff_ff00, payload: 700, cause: 'rto' })
      .add(210, 'link:packet_delivered', { direction: 0, delay: 10 }, { node: 'link', pkt: 3 })
      .store()
    expect(arrivalOf(store, 1)).toEqual({ t: 210, pkt: 3, lost: true })
  })

  test('that died and was not sent again is not known, nor is that of one under way', () => {
    expect(arrivalOf(resent().store(), 1)).toEqual({ t: undefined, pkt: 1, lost: true })
    expect(arrivalOf(new TraceMaker().sent(0, 1, 'client', {}).store(), 1)).toEqual({
      t: undefined,
      pkt: 1,
      lost: false,
    })
  })
})

describe('the end of a handshake', () => {
  const finished = {
    version: 'TLSv1.3',
    cipher_suite: 'TLS_AES_256_GCM_SHA384',
    group: 'X25519',
    alpn: 'h2',
    resumed: false,
    error: '',
    message: '',
  }

  test('belongs to the side whose node tells of it, even before it has sent anything', () => {
    const store = new TraceMaker()
      .pair('a')
      .add(7, 'security:handshake_finished', finished, { node: 'a/client', flow: FLOW })
      .add(
        9,
        'security:handshake_finished',
        { ...finished, error: 'CERT_HAS_EXPIRED' },
        { node: 'a/server', flow: FLOW },
      )
      .store()
    const { outcomes, lane } = conversationOf(store)
    expect(lane).toBe('a')
    expect(outcomes.client).toMatchObject({
      t: 7,
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      alpn: 'h2',
      error: '',
    })
    expect(outcomes.server).toMatchObject({ t: 9, error: 'CERT_HAS_EXPIRED' })
  })

  test('events of neither side are passed over', () => {
    const store = new TraceMaker()
      .add(1, 'security:malformed', { from: 'nobody', offset: 0, length: 1, reason: 'x' }, { flow: FLOW })
      .add(
        2,
        'security:malformed',
        { from: 'server', offset: 5, length: 1, reason: 'bad_version' },
        { flow: FLOW },
      )
      .store()
    expect(conversationOf(store).gaps).toEqual([
      { t: 2, from: 'server', offset: 5, length: 1, reason: 'bad_version' },
    ])
  })
})

test('what an eavesdropper read of a connection afterwards stands with it', () => {
  const attempt = { total: 300, recovered: 280, reason: '', sample: 'GET / HTTP/1.1' }
  const store = new TraceMaker()
    .pair()
    .add(9, 'security:decryption_attempted', attempt, { flow: FLOW })
    .store()
  expect(conversationOf(store).broken).toEqual({ total: 300, recovered: 280, sample: 'GET / HTTP/1.1' })
})
