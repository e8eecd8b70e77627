/** Names of TLS as its RFCs write them, from those of the trace. */
import type { TlsStep } from '../../../shared/projections/tls.ts'

/** What is not the message's name with each word begun by a capital (RFC 8446 4). */
const KINDS: Readonly<Partial<Record<TlsStep['kind'], string>>> = {
  change_cipher_spec: 'ChangeCipherSpec',
}

/** `ClientHello` for `client_hello`. */
export const messageName = (name: string): string =>
  name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/** What stands on the arrow, as far as it is a name; empty where words of the language are wanted. */
export function stepName({ kind, name }: Pick<TlsStep, 'kind' | 'name'>): string {
  if (kind === 'handshake') return messageName(name)
  if (kind === 'alert') return name
  return KINDS[kind] ?? ''
}

/** Keys of the sentences that may explain how a TLS library names a failure; the first that there is a text for counts. */
export function errorKeys(code: string): string[] {
  // OpenSSL's name of an alert that the peer has sent: ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION.
  const alert = /^ERR_SSL_(?:TLSV1|TLSV13|SSLV3|SSL\/TLS)_ALERT_([A-Z_]+)$/.exec(code)?.[1].toLowerCase()
  return [
    ...(alert === undefined ? [] : [`view.tls.alert.${alert}`]),
    `view.certificates.code.${code}`,
    `view.tls.error.${code}`,
  ]
}
