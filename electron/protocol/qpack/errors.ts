/** What ends a connection over QPACK (RFC 9204 6): the code, and the rule in words. */
export const QPACK_ERROR = {
  QPACK_DECOMPRESSION_FAILED: 0x200,
  QPACK_ENCODER_STREAM_ERROR: 0x201,
  QPACK_DECODER_STREAM_ERROR: 0x202,
} as const
export type QpackErrorName = keyof typeof QPACK_ERROR

export interface QpackError {
  readonly code: QpackErrorName
  /** With the clause, such as `9204 3.2.3: a capacity of 5000, 4096 are allowed`. */
  readonly reason: string
}

export const qpackError = (code: QpackErrorName, reason: string): QpackError => ({ code, reason })
