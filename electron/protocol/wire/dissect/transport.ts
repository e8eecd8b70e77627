/** What a transport's dissector gives back. */
import type { DissectedField } from '../../../../shared/dissection.ts'

export interface TransportLayer {
  /** The header; with an ICMP error those of the quoted packet, too. */
  readonly layers: readonly DissectedField[]
  readonly ports: { readonly source: number; readonly destination: number } | undefined
  /** What a packet table says of it behind protocol and addresses. */
  readonly words: string
  /** What follows and is nobody's here. */
  readonly payloadStart: number
  readonly payloadEnd: number
}
