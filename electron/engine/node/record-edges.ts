/**
 * Where TLS records end, so that OpenSSL is not asked in vain with each segment: of application data it gives nothing out
 * before a record is whole and found authentic (RFC 8446 5.2, RFC 5246 6.2.3). Anything else it gets as it comes.
 */
import { read16 } from '../../protocol/wire/bytes.ts'
import { ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE } from '../../protocol/wire/tls/names.ts'
import { RECORD_HEADER } from '../../protocol/wire/tls/record-reader.ts'
import type { Patience } from '../sockets.ts'

/** A longer record is refused by its header (RFC 8446 5.2); TLS 1.2 would allow more. */
const LONGEST = (1 << 14) + 256
/** Stands in all application data, whatever the version is (RFC 8446 5.1). */
const VERSION = 0x0303

const IN_THE_OPEN = new Set([CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE])

export class RecordEdges implements Patience {
  private readonly header = new Uint8Array(RECORD_HEADER)
  private headerLength = 0
  /** What is still to come of the record that has begun, its header aside. */
  private missing = 0
  private isData = false
  /** No record that we know begins here: whoever reads is to say what it is. */
  private isLost = false

  isWorthTelling(bytes: Uint8Array): boolean {
    let isWorth = false
    for (let at = 0; at < bytes.length && !this.isLost;) {
      if (this.missing === 0) {
        this.header[this.headerLength++] = bytes[at++]
        if (this.headerLength === RECORD_HEADER) this.onHeader()
      } else {
        const used = Math.min(this.missing, bytes.length - at)
        this.missing -= used
        at += used
      }
      isWorth ||= this.headerLength === 0 && (this.missing === 0 || !this.isData)
    }
    return isWorth || this.isLost
  }

  private onHeader(): void {
    const { header } = this
    const [type] = header
    this.headerLength = 0
    this.missing = read16(header, 3)
    this.isData = type === APPLICATION_DATA && read16(header, 1) === VERSION
    this.isLost = this.missing > LONGEST || !(this.isData || IN_THE_OPEN.has(type))
  }
}
