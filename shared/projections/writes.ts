/**
 * What became of each write of an application: when its last byte left, was acknowledged and was read at the far end, and what it
 * waited for at the sender (RFC 9293 3.7.4, Nagle; 3.8.6.3, delayed acknowledgments).
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { ACK } from '../tcp-flags.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Unwrapper } from './unwrapper.ts'

export interface Write {
  /** From 1, of this end of this connection. */
  readonly number: number
  readonly t: number
  readonly bytes: number
  /** Bytes that this end had written with it. */
  readonly end: number
  /** When its last byte left for the first time, was acknowledged, and was read at the far end; infinite until then. */
  sent: number
  acked: number
  read: number
  /** The packet that carried its last byte first; 0: none yet. */
  pkt: number
  /** How long Nagle's rule held data back between the write and that packet. */
  nagle: number
  /** The far end's timer of delayed acknowledgments ran out while Nagle's rule held. */
  delayedAck: boolean
}

/** A question and its answer, as the application that asked tells of them. */
export interface Round {
  readonly number: number
  /** When it began to write the question. */
  readonly t: number
  /** Until all of the answer was there. */
  readonly time: number
  readonly node: number
}

/** The writes of one end of a connection. */
export interface WriterEnd {
  readonly writes: Write[]
  /** How many of them, from the first on, were read: their delays are final. */
  delivered: number
}

interface Account extends WriterEnd {
  written: number
  /** Of the writes, from the first on. */
  left: number
  acknowledged: number
  delivered: number
  /** Bytes that the far end has read. */
  taken: number
  readonly unwrap: Unwrapper
  /** Time under Nagle's rule so far, and since when it holds; infinite: it does not. */
  nagle: number
  nagleSince: number
  /** How often the far end's timer ran out, now and when each write that waits was made. */
  expiries: number
  readonly expiriesAt: number[]
}

const EVENTS = [
  'tcp:data_written',
  'tcp:segment_sent',
  'tcp:segment_received',
  'tcp:data_read',
  'tcp:stall_changed',
  'tcp:timer_expired',
  'app:answered',
] as const

export class Writes {
  /** In the order of the answers. */
  readonly rounds: Round[] = []
  private readonly accounts = new EndMap<Account>(() => ({
    writes: [],
    written: 0,
    left: 0,
    acknowledged: 0,
    delivered: 0,
    taken: 0,
    unwrap: new Unwrapper(),
    nagle: 0,
    nagleSince: Infinity,
    expiries: 0,
    expiriesAt: [],
  }))
  /** The ends of each connection. */
  private readonly flows = new Map<number, { readonly node: number; readonly account: Account }[]>()
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  /** By flow and the node that writes. */
  get ends(): Pick<EndMap<WriterEnd>, 'get' | 'all'> {
    return this.accounts
  }

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const t = table.t.data[row]
      if (name === 'app:answered') {
        const [number, time] = [table.columns.round.data[row], table.columns.time.data[row]]
        return void this.rounds.push({ number, t: t - time, time, node: table.node.data[row] })
      }
      const own = this.open(table.flow.data[row], table.node.data[row])
      switch (name) {
        case 'tcp:data_written':
          return write(own, t, table.columns.bytes.data[row])
        case 'tcp:segment_sent':
          return onSent(own, t, table, row)
        case 'tcp:segment_received':
          return onAcknowledged(store, own, t, table.pkt.data[row])
        case 'tcp:data_read': {
          const far = this.farOf(table, row)
          return far && onRead(far, t, table.columns.bytes.data[row])
        }
        case 'tcp:stall_changed':
          return onStall(own, t, store.text(table.columns.cause.data[row]) === 'nagle')
        case 'tcp:timer_expired': {
          const far = this.farOf(table, row)
          if (far && store.text(table.columns.timer.data[row]) === 'delayed_ack') far.expiries++
        }
      }
    })
  }

  private open(flow: number, node: number): Account {
    const known = this.accounts.get(flow, node)
    if (known) return known
    const account = this.accounts.open(flow, node)
    const ends = this.flows.get(flow)
    if (ends) ends.push({ node, account })
    else this.flows.set(flow, [{ node, account }])
    return account
  }

  /** The other end of the connection. */
  private farOf(table: EventTable, row: number): Account | undefined {
    return this.flows.get(table.flow.data[row])?.find(({ node }) => node !== table.node.data[row])?.account
  }
}

function write(own: Account, t: number, bytes: number): void {
  if (bytes === 0) return
  own.written += bytes
  const open = {
    sent: Infinity,
    acked: Infinity,
    read: Infinity,
    pkt: 0,
    nagle: own.nagle,
    delayedAck: false,
  }
  own.writes.push({ number: own.writes.length + 1, t, bytes, end: own.written, ...open })
  own.expiriesAt.push(own.expiries)
}

function onSent(own: Account, t: number, { columns, pkt }: EventTable, row: number): void {
  const from = own.unwrap.relative(columns.seq.data[row])
  const to = from + columns.payload.data[row]
  own.unwrap.advance(to)
  // The SYN is byte 0.
  for (; own.left < own.writes.length && own.writes[own.left].end <= to - 1; own.left++) {
    const one = own.writes[own.left]
    one.sent = t
    one.pkt = pkt.data[row]
    one.nagle = own.nagle + Math.max(0, t - own.nagleSince) - one.nagle
    one.delayedAck = one.nagle > 0 && own.expiries > own.expiriesAt[own.left]
  }
}

function onStall(own: Account, t: number, isNagle: boolean): void {
  if (isNagle === own.nagleSince < Infinity) return
  if (isNagle) own.nagleSince = t
  else {
    own.nagle += t - own.nagleSince
    own.nagleSince = Infinity
  }
}

function onAcknowledged(store: TraceStore, own: Account, t: number, pkt: number): void {
  const row = store.sentRow(pkt)
  const { columns } = store.table('tcp:segment_sent')
  if (row < 0 || (columns.flags.data[row] & ACK) === 0) return
  const acked = own.unwrap.relative(columns.ack.data[row]) - 1
  for (; own.acknowledged < own.left && own.writes[own.acknowledged].end <= acked; own.acknowledged++)
    own.writes[own.acknowledged].acked = t
}

function onRead(far: Account, t: number, bytes: number): void {
  far.taken += bytes
  for (; far.delivered < far.writes.length && far.writes[far.delivered].end <= far.taken; far.delivered++)
    far.writes[far.delivered].read = t
}
