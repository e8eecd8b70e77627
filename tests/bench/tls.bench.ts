/** How fast TLS is dissected with its keys: a conversation's bytes, cut as TCP segments cut them. */
import { createRng } from '../../electron/protocol/random.ts'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { TlsDissector } from '../../electron/protocol/wire/tls/dissector.ts'
import { KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import { captureTls, type Crossed, type TlsCapture } from '../support/tls-capture.ts'
import { createCertificates } from '../support/tls-certificates.ts'

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal?: string
  readonly note: string
}

const DATA = 8_000_000
const SEGMENT = 1448
const ROUNDS = 5

function segments(crossed: readonly Crossed[]): Crossed[] {
  return crossed.flatMap(({ from, bytes }) =>
    Array.from({ length: Math.ceil(bytes.length / SEGMENT) }, (_, i) => ({
      from,
      bytes: bytes.subarray(i * SEGMENT, (i + 1) * SEGMENT),
    })),
  )
}

/** Megabytes a second: the best of several rounds, since other programs only ever slow one down. */
function measure({ crossed, keyLog }: TlsCapture): number {
  const log = new KeyLog()
  log.addText(keyLog)
  const pieces = segments(crossed)
  const size = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const dissector = new TlsDissector(nodeCrypto, log)
    let data = 0
    const start = process.hrtime.bigint()
    for (const { from, bytes } of pieces) {
      dissector.handleBytes(from, bytes)
      for (let event = dissector.pollEvent(); event !== undefined; event = dissector.pollEvent())
        if (event.kind === 'application_data') data += event.data.length
    }
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e9)
    if (keyLog !== '' && data !== 2 * DATA) throw new Error(`${data} bytes of data`)
  }
  return Math.round(size / best / 1e6)
}

export default async function run(): Promise<Figure[]> {
  const certificates = await createCertificates()
  const data = createRng(1).bytes(DATA)
  const capture = (ciphers: string, maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
    captureTls({ certificates, data, client: { ciphers, maxVersion }, server: { ciphers } })
  const v13 = await capture('TLS_AES_128_GCM_SHA256', 'TLSv1.3')
  const figure = (name: string, from: TlsCapture, note: string): Figure => ({
    name: `tls/${name}`,
    value: measure(from),
    unit: 'MB/s',
    goal: '>= 50',
    note,
  })
  return [
    figure('1.3 AES-128-GCM', v13, 'decrypted, segments of 1,448 bytes'),
    figure('1.3 without keys', { ...v13, keyLog: '' }, 'records only'),
    figure('1.2 AES-256-GCM', await capture('ECDHE-RSA-AES256-GCM-SHA384', 'TLSv1.2'), 'decrypted'),
    figure('1.3 ChaCha20-Poly1305', await capture('TLS_CHACHA20_POLY1305_SHA256', 'TLSv1.3'), 'decrypted'),
    figure('1.2 AES-256-CBC', await capture('ECDHE-RSA-AES256-SHA384', 'TLSv1.2'), 'decrypted, MAC over it'),
  ]
}
