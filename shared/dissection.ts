/** The decoded fields of a packet, for the packet table and the view of its bytes. */
export interface DissectedField {
  /** Standard term of the field, such as `Acknowledgment number`. */
  readonly name: string
  /** Its value in words. */
  readonly text: string
  /** Where it lies in the packet, in bytes. */
  readonly offset: number
  readonly length: number
  /** What is wrong with it. */
  readonly problem?: string
  readonly children?: readonly DissectedField[]
}

export interface Dissection {
  /** One line, as a packet table shows it. */
  readonly summary: string
  /** The layers, outermost first. */
  readonly layers: readonly DissectedField[]
}
