/** TLS records made by hand, protected ones of TLS 1.3 too: for what Node's endpoints can't be made to send. */
import { createCipheriv } from 'node:crypto'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { trafficKeys } from '../../electron/protocol/wire/tls/key-schedule.ts'

export const hexBytes = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))

export function record(type: number, fragment: Uint8Array, version = 0x0303): Uint8Array {
  const header = [type, version >>> 8, version & 0xff, fragment.length >>> 8, fragment.length & 0xff]
  return Uint8Array.from([...header, ...fragment])
}

/** A handshake message: type, length, body. */
export const message = (type: number, body: Uint8Array): Uint8Array =>
  Uint8Array.from([type, body.length >>> 16, (body.length >>> 8) & 0xff, body.length & 0xff, ...body])

/** Seals records of TLS_AES_128_GCM_SHA256 one after the other under a traffic secret. */
export class Sealer {
  private readonly key: Uint8Array
  private readonly iv: Uint8Array
  private sequence = 0

  constructor(secret: Uint8Array) {
    const { key, iv } = trafficKeys(nodeCrypto, 'sha256', secret, 16)
    this.key = key
    this.iv = iv
  }

  seal(type: number, content: Uint8Array, padding = 0): Uint8Array {
    const inner = Buffer.concat([content, Uint8Array.of(type), new Uint8Array(padding)])
    const nonce = Buffer.from(this.iv)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.sequence++) >>> 0, 8)
    const length = inner.length + 16
    const header = Uint8Array.of(23, 3, 3, length >>> 8, length & 0xff)
    const cipher = createCipheriv('aes-128-gcm', this.key, nonce)
    cipher.setAAD(header)
    const sealed = Buffer.concat([cipher.update(inner), cipher.final(), cipher.getAuthTag()])
    return Uint8Array.from(Buffer.concat([header, sealed]))
  }
}
