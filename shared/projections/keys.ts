/**
 * Where the keys of each TLS connection come from: what the handshake shows in the open, what the key log gives away, and
 * which records the keys protect (RFC 8446 7, RFC 5246 8.1 and 6.3, RFC 7627).
 */
import { findField, parseFields, type DissectedField } from '../dissection.ts'
import { bytesOfHex, hexOfBytes } from '../hex.ts'
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import type { QuicTransfer } from './quic-packets.ts'
import { sideOf, type TlsSide } from './tls.ts'

/** Keys of one side, and the records that they protect. Values are hexadecimal. */
export interface RecordKeys {
  readonly from: TlsSide
  readonly epoch: string
  readonly generation: number
  /** Of the secret in the key log. */
  readonly label: string
  readonly secret: string
  readonly key: string
  readonly iv: string
  readonly t: number
  readonly pkt: number
  /** Of the first record under them, in the TCP stream of this side. */
  readonly offset: number
  readonly records: number
  /** The records are QUIC packets, and `offset` is the number of the first. */
  readonly isQuic?: boolean
  readonly bytes: number
}

/** All values are hexadecimal, empty where they are not known. */
export interface KeySchedule {
  readonly flow: number
  readonly lane: string
  /** Such as `TLS 1.3`; empty before the ServerHello. */
  readonly version: string
  readonly cipherSuite: string
  readonly clientRandom: string
  readonly serverRandom: string
  /** Group of the key exchange, empty for RSA. */
  readonly group: string
  /** The public halves of an (EC)DHE exchange. */
  readonly clientShare: string
  readonly serverShare: string
  /** RSA: the premaster secret as it crossed. */
  readonly encryptedPremaster: string
  /** Offered by the client and taken by the server (RFC 7627). */
  readonly extendedMasterSecret: boolean
  /** A secret of an earlier connection went in: PSK in TLS 1.3, the old master secret in TLS 1.2. */
  readonly resumed: boolean
  /** Names of the messages whose hash is the session hash: ClientHello to ClientKeyExchange (RFC 7627 3). */
  readonly sessionHashOver: readonly string[]
  readonly keys: readonly RecordKeys[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
interface Schedule extends Mutable<KeySchedule> {
  readonly sessionHashOver: string[]
  readonly keys: Mutable<RecordKeys>[]
  readonly offered: { extendedMasterSecret: boolean; shares: Map<string, string> }
  exchanged: boolean
}

/** A handshake message as the recording has it. */
interface Message {
  readonly name: string
  readonly from: TlsSide
  readonly bytes: Uint8Array
  readonly fields: readonly DissectedField[]
}

export class KeySchedules {
  /** By the number of the flow's name, in the order of their ClientHello. */
  readonly flows = new Map<number, KeySchedule>()
  /** Lines of the key log: label and secret by client random. */
  private readonly logged = new Map<string, Map<string, string>>()
  private readonly cursor = new Cursor(
    'security:handshake_message',
    'security:key_updated',
    'security:record',
    'security:secret_logged',
  )

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      if (name === 'security:secret_logged') return this.log(store.text(table.columns.line.data[row]))
      const from = sideOf(store.text(table.columns.from.data[row]))
      if (from === undefined) return
      const schedule = this.open(store, table, row)
      if (name === 'security:handshake_message') onMessage(schedule, messageAt(store, table, row, from))
      else if (name === 'security:key_updated') onKeys(schedule, store, table, row, from)
      else onRecord(schedule, store, table, row, from)
    })
  }

  /** A secret of the connection from the key log (RFC 9850), such as `EXPORTER_SECRET`; empty: not known. */
  secret({ clientRandom }: KeySchedule, label: string): string {
    return this.logged.get(clientRandom)?.get(label) ?? ''
  }

  private log(line: string): void {
    const [label, random, secret] = line.trim().split(/\s+/)
    if (secret === undefined) return
    const key = random.toLowerCase()
    const known = this.logged.get(key)
    if (known) known.set(label, secret.toLowerCase())
    else this.logged.set(key, new Map([[label, secret.toLowerCase()]]))
  }

  private open(store: TraceStore, table: EventTable, row: number): Schedule {
    const flow = table.flow.data[row]
    const known = this.flows.get(flow) as Schedule | undefined
    if (known) return known
    const made: Schedule = {
      flow,
      lane: store.laneOf(table.node.data[row]),
      version: '',
      cipherSuite: '',
      clientRandom: '',
      serverRandom: '',
      group: '',
      clientShare: '',
      serverShare: '',
      encryptedPremaster: '',
      extendedMasterSecret: false,
      resumed: false,
      sessionHashOver: [],
      keys: [],
      offered: { extendedMasterSecret: false, shares: new Map() },
      exchanged: false,
    }
    this.flows.set(flow, made)
    return made
  }
}

function messageAt(store: TraceStore, table: EventTable, row: number, from: TlsSide): Message {
  const { columns } = table
  return {
    name: store.text(columns.name.data[row]),
    from,
    bytes: bytesOfHex(store.text(columns.bytes.data[row])),
    fields: parseFields(store.text(columns.fields.data[row])),
  }
}

/** The random of a hello: after type, length and version (RFC 8446 4.1.2). */
const randomOf = ({ bytes }: Message): string => hexOfBytes(bytes.subarray(6, 38))

/** The content of a vector whose length takes `prefix` bytes. */
const vectorOf = ({ bytes }: Message, field: DissectedField | undefined, prefix: number): string =>
  field === undefined ? '' : hexOfBytes(bytes.subarray(field.offset + prefix, field.offset + field.length))

const extension = (fields: readonly DissectedField[], name: string): DissectedField | undefined =>
  findField(fields, `Extension ${name}`)

/** The key shares of a hello by the name of their group (RFC 8446 4.2.8). */
function sharesOf(message: Message): Map<string, string> {
  const shares = new Map<string, string>()
  const visit = (fields: readonly DissectedField[]): void =>
    fields.forEach(({ children, ...field }, i) => {
      const group = fields[i - 1] as DissectedField | undefined
      if (field.name === 'Key exchange' && group?.name === 'Group')
        shares.set(group.text, vectorOf(message, field, 2))
      visit(children ?? [])
    })
  visit(extension(message.fields, 'key_share')?.children ?? [])
  return shares
}

function onMessage(schedule: Schedule, message: Message): void {
  const { name, fields } = message
  if (!schedule.exchanged) schedule.sessionHashOver.push(name)
  if (name === 'client_hello') {
    schedule.clientRandom = randomOf(message)
    schedule.offered.extendedMasterSecret = extension(fields, 'extended_master_secret') !== undefined
    schedule.offered.shares = sharesOf(message)
  } else if (name === 'server_hello') onServerHello(schedule, message)
  else if (name === 'server_key_exchange') {
    schedule.group = findField(fields, 'Named curve')?.text ?? ''
    schedule.serverShare = vectorOf(message, findField(fields, 'Public key'), 1)
  } else if (name === 'client_key_exchange') {
    schedule.exchanged = true
    schedule.clientShare = vectorOf(message, findField(fields, 'Public key'), 1)
    schedule.encryptedPremaster = vectorOf(message, findField(fields, 'Encrypted premaster secret'), 2)
  } else if (name === 'finished' && schedule.version !== 'TLS 1.3') {
    schedule.resumed = !schedule.exchanged
  }
}

function onServerHello(schedule: Schedule, message: Message): void {
  const { fields } = message
  const { offered } = schedule
  schedule.serverRandom = randomOf(message)
  schedule.version =
    (findField(fields, 'Selected version') ?? findField(fields, 'Legacy version'))?.text ?? ''
  schedule.cipherSuite = findField(fields, 'Cipher suite')?.text ?? ''
  schedule.extendedMasterSecret =
    offered.extendedMasterSecret && extension(fields, 'extended_master_secret') !== undefined
  schedule.resumed = extension(fields, 'pre_shared_key') !== undefined
  const [[group, share] = ['', '']] = sharesOf(message)
  schedule.group = group
  schedule.serverShare = share
  schedule.clientShare = offered.shares.get(group) ?? ''
}

function onKeys({ keys }: Schedule, store: TraceStore, table: EventTable, row: number, from: TlsSide): void {
  const { columns } = table
  const text = (field: string): string => store.text(columns[field].data[row])
  keys.push({
    from,
    epoch: text('epoch'),
    generation: columns.generation.data[row],
    label: text('label'),
    secret: text('secret'),
    key: text('key'),
    iv: text('iv'),
    t: table.t.data[row],
    pkt: table.pkt.data[row],
    offset: columns.offset.data[row],
    records: 0,
    bytes: 0,
  })
}

/** Keys are told of before the first record under them. */
function onRecord(
  { keys }: Schedule,
  store: TraceStore,
  table: EventTable,
  row: number,
  from: TlsSide,
): void {
  const { columns } = table
  if (columns.protected.data[row] !== 1 || store.text(columns.problem.data[row]) !== '') return
  const offset = columns.offset.data[row]
  const own = keys.filter((one) => one.from === from && one.offset <= offset).at(-1)
  if (!own) return
  own.records++
  own.bytes += columns.length.data[row]
}

/** Levels of QUIC's keys by the epochs of TLS (RFC 9001 4). */
const LEVELS: Readonly<Record<string, string>> = {
  early: '0rtt',
  handshake: 'handshake',
  application: '1rtt',
}

/** Keys of a QUIC connection with the packets that they protect; `all`: the keys of both sides. */
export function withPackets(
  connection: QuicTransfer,
  all: readonly RecordKeys[],
  keys: RecordKeys,
): RecordKeys {
  const next = all.find(
    ({ from, epoch, generation }) =>
      from === keys.from && epoch === keys.epoch && generation === keys.generation + 1,
  )
  const packets = connection.packets.filter(
    ({ end, level, number }) =>
      end.side === keys.from &&
      level === LEVELS[keys.epoch] &&
      number >= keys.offset &&
      number < (next?.offset ?? Infinity),
  )
  const bytes = packets.reduce((sum, { size }) => sum + size, 0)
  return { ...keys, records: packets.length, bytes, isQuic: true }
}

export type KeyExchange = 'RSA' | 'DHE' | 'ECDHE' | 'PSK' | ''

/** How the two sides came to a common secret. The name of a suite of TLS 1.2 tells; TLS 1.3 has (EC)DHE or PSK alone. */
export function exchangeOf({ version, cipherSuite, group }: KeySchedule): KeyExchange {
  if (version === 'TLS 1.3') return group === '' ? 'PSK' : group.startsWith('ffdhe') ? 'DHE' : 'ECDHE'
  const name = /^TLS_(RSA|DHE|ECDHE)_/.exec(cipherSuite)?.[1]
  return (name as KeyExchange | undefined) ?? ''
}
