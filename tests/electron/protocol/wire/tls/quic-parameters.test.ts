/** QUIC's transport parameters in a handshake message: each field with its place (RFC 9000 18, RFC 9001 8.2). */
import { expect, test } from 'vitest'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { decodeHandshake } from '../../../../../electron/protocol/wire/tls/handshake.ts'
import { findExtension } from '../../../../../electron/protocol/wire/tls/extensions.ts'
import {
  DEFAULT_PARAMETERS,
  encodeTransportParameters,
} from '../../../../../electron/protocol/wire/quic/transport-parameters.ts'
import type { DissectedField } from '../../../../../shared/dissection.ts'
import { join } from '../../../../support/cuts.ts'

const length16 = (length: number): Uint8Array => Uint8Array.of(length >> 8, length & 255)

/** EncryptedExtensions with nothing else in them. */
function message(parameters: Uint8Array): Uint8Array {
  const extension = join(Uint8Array.of(0, 57), length16(parameters.length), parameters)
  const body = join(length16(extension.length), extension)
  return join(Uint8Array.of(8, 0), length16(body.length), body)
}
const decode = (parameters: Uint8Array) =>
  decodeHandshake(message(parameters), { version: 0x0304, cipherSuite: 0 })

/** All fields, those inside of others, too. */
function* flat(fields: readonly DissectedField[]): Generator<DissectedField> {
  for (const field of fields) {
    yield field
    yield* flat(field.children ?? [])
  }
}

test('names, values and units', () => {
  const {
    message: decoded,
    fields,
    error,
  } = decode(
    join(
      encodeTransportParameters({
        ...DEFAULT_PARAMETERS,
        maxIdleTimeout: 30_000,
        initialMaxData: 1_048_576,
        disableActiveMigration: true,
        initialSourceConnectionId: Uint8Array.of(1, 2, 3, 4),
      }),
      // 27 + 31, to be ignored; and one that nobody knows.
      Uint8Array.of(0x3a, 1, 9, 0x39, 0),
    ),
  )
  expect(error).toBeUndefined()
  const all = [...flat(fields)]
  const texts = all.filter(({ name }) => name === 'Value').map(({ text }) => text)
  const names = all.filter(({ name }) => name === 'Identifier').map(({ text }) => text)
  expect(new Map(names.map((name, i) => [name, texts[i]]))).toEqual(
    new Map([
      ['max_idle_timeout', '30000 ms'],
      ['initial_max_data', '1048576 bytes'],
      ['initial_source_connection_id', '01 02 03 04'],
      ['disable_active_migration', 'empty'],
      ['reserved 0x3a', '09'],
      ['0x39', 'empty'],
    ]),
  )
  const { extensions } = decoded as Extract<typeof decoded, { type: 'encrypted_extensions' }>
  expect(findExtension(extensions, 'quic_transport_parameters')?.parameters).toHaveLength(6)
})

test('bytes that are none are said to be so, wherever they end', () => {
  const rng = createRng(2)
  const whole = encodeTransportParameters({
    ...DEFAULT_PARAMETERS,
    maxIdleTimeout: 30_000,
    initialMaxData: 77_777,
  })
  expect(decode(whole.subarray(0, -1)).error).toMatchObject({ reason: 'truncated' })
  for (let i = 0; i < 2_000; i++) {
    const parameters =
      i % 2 ? rng.bytes(rng.int(40)) : whole.map((byte) => (rng.int(6) ? byte : rng.int(256)))
    const bytes = message(parameters)
    for (const { offset, length } of flat(decode(parameters).fields))
      if (offset < 0 || length < 0 || offset + length > bytes.length) throw new Error(`${offset} ${length}`)
  }
})
