/** The key exchange messages of TLS 1.2 (RFC 5246 7.4.3 and 7.4.7, RFC 8422 5.4 and 5.7), whose form the suite decides. */
import { readSignature } from './authentication.ts'
import { keyExchangeOf } from './cipher-suites.ts'
import type { FieldReader } from './field-reader.ts'
import type { HandshakeContext, HandshakeMessage, ServerKeyParameters } from './messages.ts'
import { groupName } from './names.ts'

/** ECCurveType named_curve (RFC 8422 5.4); the explicit ones are forbidden. */
const NAMED_CURVE = 3

function readEcdheParameters(reader: FieldReader): ServerKeyParameters {
  const curveType = reader.number('Curve type', 1, (type) =>
    type === NAMED_CURVE ? 'named_curve' : String(type),
  )
  if (curveType !== NAMED_CURVE) {
    reader.reject('bad_curve_type', 'not a named curve')
    return { kind: 'unknown', data: reader.rest('Bytes') }
  }
  const group = reader.number('Named curve', 2, groupName)
  return { kind: 'ECDHE', group, publicKey: reader.vector('Public key', 1) }
}

export function readServerKeyExchange(reader: FieldReader, context: HandshakeContext): HandshakeMessage {
  const type = 'server_key_exchange'
  switch (keyExchangeOf(context.cipherSuite)) {
    case 'ECDHE': {
      const parameters = readEcdheParameters(reader)
      if (parameters.kind === 'unknown') return { type, parameters }
      return { type, parameters, signed: readSignature(reader, context.version) }
    }
    case 'DHE': {
      const p = reader.vector('Prime p', 2)
      const g = reader.vector('Generator g', 2)
      const publicKey = reader.vector('Public value', 2)
      return {
        type,
        parameters: { kind: 'DHE', p, g, publicKey },
        signed: readSignature(reader, context.version),
      }
    }
    default:
      return { type, parameters: { kind: 'unknown', data: reader.rest('Bytes') } }
  }
}

export function readClientKeyExchange(reader: FieldReader, context: HandshakeContext): HandshakeMessage {
  const type = 'client_key_exchange'
  const kind = keyExchangeOf(context.cipherSuite)
  switch (kind) {
    case 'RSA':
      return { type, kind, exchange: reader.vector('Encrypted premaster secret', 2) }
    case 'ECDHE':
      return { type, kind, exchange: reader.vector('Public key', 1) }
    case 'DHE':
      return { type, kind, exchange: reader.vector('Public value', 2) }
    default:
      return { type, kind, exchange: reader.rest('Bytes') }
  }
}
