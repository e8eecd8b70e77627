import { describe, expect, test } from 'vitest'
import { rowsOf } from '../../../renderer/views/tls/rows.ts'
import { errorKeys, messageName, stepName } from '../../../renderer/views/tls/words.ts'
import type { TlsSide, TlsStep, TlsStepKind } from '../../../shared/projections/tls.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import { messages } from '../../../renderer/locales/index.ts'

const step = (from: TlsSide, name: string, t: number, kind: TlsStepKind = 'handshake'): TlsStep => ({
  kind,
  from,
  t,
  pkt: 1,
  offset: 0,
  length: 10,
  records: 1,
  name,
  protected: false,
  row: 0,
  level: 0,
})

describe('the rows of the handshake ladder', () => {
  const tls12 = [
    step('client', 'client_hello', 0),
    step('server', 'server_hello', 25),
    step('server', 'server_hello_done', 26),
    step('client', 'client_key_exchange', 51),
    step('server', 'finished', 76),
    step('client', 'application_data', 101, 'application_data'),
    step('server', 'application_data', 126, 'application_data'),
    step('client', 'close_notify', 151, 'alert'),
  ]
  const rows = rowsOf(new TraceStore(), tls12)

  test('have a pause between flights, and only there', () => {
    expect(rows.map((row) => (row.kind === 'pause' ? row.span : row.step.name))).toEqual([
      'client_hello',
      25,
      'server_hello',
      'server_hello_done',
      25,
      'client_key_exchange',
      25,
      'finished',
      25,
      'application_data',
      25,
      'application_data',
      25,
      'close_notify',
    ])
  })

  test('count the round trips of the handshake, not those after it', () => {
    const counts = rows.flatMap((row) => (row.kind === 'pause' ? [row.roundTrip] : []))
    expect(counts).toEqual([0, 1, 0, 2, 0, 0])
  })

  test('number the steps through', () => {
    const numbers = rows.flatMap((row) => (row.kind === 'step' ? [row.index] : []))
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })
})

describe('names', () => {
  test.each([
    ['client_hello', 'ClientHello'],
    ['server_hello_done', 'ServerHelloDone'],
    ['finished', 'Finished'],
  ])('%s is %s', (name, shown) => expect(messageName(name)).toBe(shown))

  test('alerts keep theirs; what is no message is said in the language of the window', () => {
    expect(stepName({ kind: 'alert', name: 'unknown_ca' })).toBe('unknown_ca')
    expect(stepName({ kind: 'change_cipher_spec', name: 'change_cipher_spec' })).toBe('ChangeCipherSpec')
    expect(stepName({ kind: 'sealed', name: 'sealed' })).toBe('')
  })

  test('an error of the library is explained as the alert or the check that it stands for', () => {
    expect(errorKeys('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')[0]).toBe('view.tls.alert.protocol_version')
    expect(errorKeys('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE')[0]).toBe('view.tls.alert.handshake_failure')
    expect(errorKeys('CERT_HAS_EXPIRED')).toEqual([
      'view.certificates.code.CERT_HAS_EXPIRED',
      'view.tls.error.CERT_HAS_EXPIRED',
    ])
  })

  test('every alert of RFC 8446 6 is explained', () => {
    const rfc8446 =
      'close_notify unexpected_message bad_record_mac record_overflow handshake_failure bad_certificate ' +
      'unsupported_certificate certificate_revoked certificate_expired certificate_unknown illegal_parameter unknown_ca ' +
      'access_denied decode_error decrypt_error protocol_version insufficient_security internal_error ' +
      'inappropriate_fallback user_canceled missing_extension unsupported_extension unrecognized_name ' +
      'bad_certificate_status_response unknown_psk_identity certificate_required no_application_protocol'
    for (const name of rfc8446.split(' ')) expect(messages.en.view.tls.alert, name).toHaveProperty(name)
  })
})
