/** DNS over TCP: each message has its length in two bytes before it (RFC 7766 8, RFC 1035 4.2.2). */

const PREFIX = 2

export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(PREFIX + message.length)
  bytes.writeUInt16BE(message.length)
  bytes.set(message, PREFIX)
  return bytes
}

/** Takes a byte stream apart into messages. */
export class Unframer {
  private rest = Buffer.alloc(0)

  /** The messages that these bytes complete, in order. */
  take(bytes: Uint8Array): Buffer[] {
    this.rest = Buffer.concat([this.rest, bytes])
    const messages: Buffer[] = []
    while (this.rest.length >= PREFIX) {
      const end = PREFIX + this.rest.readUInt16BE()
      if (this.rest.length < end) break
      messages.push(this.rest.subarray(PREFIX, end))
      this.rest = this.rest.subarray(end)
    }
    return messages
  }
}
