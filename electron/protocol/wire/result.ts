/** What a decoder gives: the value, or where and why the bytes are not one (DESIGN 3, rule 6). */
export type Decoded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError }

/** Why bytes are not what they should be. */
export interface WireError {
  /** The format that was being read: `ethernet`, `arp`, `ipv4`, `tcp`, `udp`, `icmp`, `tls`, `http1`, `h2` or `hpack`. */
  readonly layer: string
  /** A fixed word a program can compare, such as `truncated`, `bad_checksum`, `bad_length`. */
  readonly reason: string
  /** The byte of the given buffer, or of the stream, at which it was found. */
  readonly offset: number
}

export const decoded = <T>(value: T): Decoded<T> => ({ ok: true, value })

export const malformed = (layer: string, reason: string, offset: number): Decoded<never> => ({
  ok: false,
  error: { layer, reason, offset },
})
