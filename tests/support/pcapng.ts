/** Reads pcapng as a stranger would: by the draft alone, and strictly. */

export interface PcapngPacket {
  /** Nanoseconds since 1970, `if_tsoffset` included. */
  readonly time: bigint
  readonly bytes: Uint8Array
  readonly length: number
  readonly comments: readonly string[]
  /** 1: inbound, 2: outbound. */
  readonly direction: number
  /** Name of its interface. */
  readonly interfaceName: string
}

export interface PcapngInterface {
  readonly name: string
  readonly description: string
  readonly linkType: number
  readonly snapLength: number
  /** Seconds to add to its packets' times. */
  readonly offset: bigint
}

export interface PcapngFile {
  readonly application: string
  readonly comment: string
  readonly interfaces: readonly PcapngInterface[]
  /** Key logs of TLS, each before the packets that follow it. */
  readonly keyLogs: readonly string[]
  readonly packets: readonly PcapngPacket[]
}

interface Block {
  readonly type: number
  readonly body: DataView
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`not pcapng: ${what}`)
}

function* blocks(bytes: Uint8Array): Generator<Block> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at < bytes.length) {
    const length = view.getUint32(at + 4, true)
    check(
      length % 4 === 0 && length >= 12 && at + length <= bytes.length,
      `block of ${length} bytes at ${at}`,
    )
    check(view.getUint32(at + length - 4, true) === length, `lengths of the block at ${at} differ`)
    yield {
      type: view.getUint32(at, true),
      body: new DataView(bytes.buffer, bytes.byteOffset + at + 8, length - 12),
    }
    at += length
  }
}

function options(body: DataView, start: number): [number, Uint8Array][] {
  const list: [number, Uint8Array][] = []
  if (start === body.byteLength) return list
  for (let at = start; ;) {
    const code = body.getUint16(at, true)
    const length = body.getUint16(at + 2, true)
    if (code === 0) {
      check(length === 0 && at + 4 === body.byteLength, 'something follows the end of the options')
      return list
    }
    list.push([code, new Uint8Array(body.buffer, body.byteOffset + at + 4, length)])
    at += 4 + ((length + 3) & ~3)
  }
}

const option = (list: [number, Uint8Array][], code: number) => list.find(([c]) => c === code)?.[1]

function readInterface({ body }: Block): PcapngInterface {
  const list = options(body, 8)
  check(option(list, 9)?.[0] === 9, 'nanoseconds')
  const offset = option(list, 14)
  return {
    name: text(option(list, 2)),
    description: text(option(list, 3)),
    linkType: body.getUint16(0, true),
    snapLength: body.getUint32(4, true),
    offset: offset ? new DataView(offset.buffer, offset.byteOffset, 8).getBigInt64(0, true) : 0n,
  }
}

function readPacket({ type, body }: Block, interfaces: readonly PcapngInterface[]): PcapngPacket {
  check(type === 6, 'enhanced packet')
  const at = interfaces[body.getUint32(0, true)]
  check(at !== undefined, 'interface of a packet')
  const captured = body.getUint32(12, true)
  const list = options(body, 20 + ((captured + 3) & ~3))
  const time = (BigInt(body.getUint32(4, true)) << 32n) | BigInt(body.getUint32(8, true))
  return {
    time: time + at.offset * 1_000_000_000n,
    bytes: new Uint8Array(body.buffer, body.byteOffset + 20, captured),
    length: body.getUint32(16, true),
    comments: list.filter(([code]) => code === 1).map(([, value]) => text(value)),
    direction: option(list, 2)![0],
    interfaceName: at.name,
  }
}

function readSecrets({ body }: Block): string {
  check(body.getUint32(0, true) === 0x544c534b, 'secrets of TLS')
  const length = body.getUint32(4, true)
  check(8 + ((length + 3) & ~3) === body.byteLength, 'length of the secrets')
  return text(new Uint8Array(body.buffer, body.byteOffset + 8, length))
}

export function readPcapng(bytes: Uint8Array): PcapngFile {
  const [section, ...rest] = blocks(bytes)
  check(section.type === 0x0a0d0d0a && section.body.getUint32(0, true) === 0x1a2b3c4d, 'section header')
  check(section.body.getUint16(4, true) === 1 && section.body.getUint16(6, true) === 0, 'version 1.0')
  const list = options(section.body, 16)
  const interfaces = rest.filter(({ type }) => type === 1).map(readInterface)
  const secrets = rest.filter(({ type }) => type === 10)
  // Both before the first packet.
  const head = interfaces.length + secrets.length
  check(
    rest.slice(0, head).every(({ type }) => type !== 6),
    'a packet before interfaces or secrets',
  )
  return {
    application: text(option(list, 4)),
    comment: text(option(list, 1)),
    interfaces,
    keyLogs: secrets.map(readSecrets),
    packets: rest.slice(head).map((block) => readPacket(block, interfaces)),
  }
}
