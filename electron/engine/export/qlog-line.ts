/** An event as it stands in a qlog file, without its time and the connection that it belongs to. */

/** The current draft, with `file_schema`, or what qvis reads, with `qlog_version`. */
export type QlogVersion = 'draft' | '0.3'

export interface Line {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
  /** The draft: which of several paths. */
  readonly tuple?: string
}
