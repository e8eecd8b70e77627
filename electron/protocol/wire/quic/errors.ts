/** Transport error codes (RFC 9000 20.1). */
export const TRANSPORT_ERROR = {
  NO_ERROR: 0x00,
  INTERNAL_ERROR: 0x01,
  CONNECTION_REFUSED: 0x02,
  FLOW_CONTROL_ERROR: 0x03,
  STREAM_LIMIT_ERROR: 0x04,
  STREAM_STATE_ERROR: 0x05,
  FINAL_SIZE_ERROR: 0x06,
  FRAME_ENCODING_ERROR: 0x07,
  TRANSPORT_PARAMETER_ERROR: 0x08,
  CONNECTION_ID_LIMIT_ERROR: 0x09,
  PROTOCOL_VIOLATION: 0x0a,
  INVALID_TOKEN: 0x0b,
  APPLICATION_ERROR: 0x0c,
  CRYPTO_BUFFER_EXCEEDED: 0x0d,
  KEY_UPDATE_ERROR: 0x0e,
  AEAD_LIMIT_REACHED: 0x0f,
  NO_VIABLE_PATH: 0x10,
} as const
export type TransportErrorName = keyof typeof TRANSPORT_ERROR

/** 0x0100 to 0x01ff: an alert of TLS (RFC 9001 4.8). */
const CRYPTO_ERROR = 0x0100

export const cryptoError = (alert: number): number => CRYPTO_ERROR + alert

/** The name of a code, such as `FLOW_CONTROL_ERROR` or `CRYPTO_ERROR 0x28`. */
export function transportErrorName(code: number): string {
  const name = Object.entries(TRANSPORT_ERROR).find(([, number]) => number === code)?.[0]
  if (name !== undefined) return name
  if (code >= CRYPTO_ERROR && code < CRYPTO_ERROR + 256)
    return `CRYPTO_ERROR 0x${(code - CRYPTO_ERROR).toString(16).padStart(2, '0')}`
  return `0x${code.toString(16)}`
}
