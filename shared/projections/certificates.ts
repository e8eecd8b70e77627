/** The certificate chain that each server showed, and what its client found when it checked it (RFC 5280 6.1). */
import { parseFields, type DissectedField } from '../dissection.ts'
import { bytesOfHex } from '../hex.ts'
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { readCertificate, type CertificateFields } from '../x509/certificate.ts'
import { Cursor } from './cursor.ts'

export interface ChainCheck {
  /** Such as `validity`. */
  readonly check: string
  readonly ok: boolean
  /** What was compared with what. */
  readonly detail: string
  /** OpenSSL's name for the failure; empty when it holds. */
  readonly code: string
}

/** A certificate of the chain. */
export interface ChainLink {
  /** 0: the server's own. */
  readonly depth: number
  readonly subject: string
  readonly issuer: string
  /** What it says of itself; undefined: it was not sent, the client has it already (or it cannot be read). */
  readonly sent: CertificateFields | undefined
  readonly checks: readonly ChainCheck[]
}

export interface CertificateChain {
  readonly flow: number
  readonly lane: string
  /** The packet that completed the Certificate message, 0: none. */
  readonly pkt: number
  readonly t: number
  /** The leaf first. */
  readonly links: readonly ChainLink[]
  /** Of the client's handshake: null while it goes on, else empty or the code of the library. */
  readonly error: string | null
  readonly message: string
}

interface Chain {
  readonly flow: number
  readonly lane: string
  pkt: number
  t: number
  sent: (CertificateFields | undefined)[]
  readonly checks: (ChainCheck & {
    readonly depth: number
    readonly subject: string
    readonly issuer: string
  })[]
  error: string | null
  message: string
}

/** A chain is no longer than this, whatever a recording says. */
const MOST_LINKS = 16

export class CertificateChains {
  private readonly chains = new Map<number, Chain>()
  private readonly cursor = new Cursor(
    'security:handshake_message',
    'security:certificate_checked',
    'security:handshake_finished',
  )

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const { columns } = table
      const text = (field: string): string => store.text(columns[field].data[row])
      if (name === 'security:handshake_message') {
        if (text('name') !== 'certificate' || text('from') !== 'server') return
        const chain = this.open(store, table, row)
        chain.pkt = table.pkt.data[row]
        chain.t = table.t.data[row]
        chain.sent = certificatesIn(bytesOfHex(text('bytes')), parseFields(text('fields')))
      } else if (name === 'security:certificate_checked') {
        const [check, detail, code] = [text('check'), text('detail'), text('code')]
        const [subject, issuer] = [text('subject'), text('issuer')]
        const depth = columns.depth.data[row]
        const ok = columns.ok.data[row] === 1
        this.open(store, table, row).checks.push({ depth, subject, issuer, check, ok, detail, code })
      } else if (store.nodes.get(table.node.data[row])?.role !== 'server') {
        const chain = this.chains.get(table.flow.data[row])
        if (chain) [chain.error, chain.message] = [text('error'), text('message')]
      }
    })
  }

  /** In the order in which the servers showed them. */
  all(): CertificateChain[] {
    return [...this.chains.values()].map(toChain)
  }

  of(flow: number): CertificateChain | undefined {
    const chain = this.chains.get(flow)
    return chain && toChain(chain)
  }

  private open(store: TraceStore, table: EventTable, row: number): Chain {
    const flow = table.flow.data[row]
    const known = this.chains.get(flow)
    if (known) return known
    const lane = store.laneOf(table.node.data[row])
    const made: Chain = { flow, lane, pkt: 0, t: 0, sent: [], checks: [], error: null, message: '' }
    this.chains.set(flow, made)
    return made
  }
}

/** Length of the length that stands before each certificate (RFC 8446 4.4.2). */
const PREFIX = 3

function certificatesIn(
  bytes: Uint8Array,
  fields: readonly DissectedField[],
): (CertificateFields | undefined)[] {
  return fields.flatMap(({ name, offset, length, children }) =>
    name === 'X.509 certificate (DER)'
      ? [readCertificate(bytes.subarray(offset + PREFIX, offset + length))]
      : certificatesIn(bytes, children ?? []),
  )
}

function toChain({ sent, checks, ...chain }: Chain): CertificateChain {
  const depths = checks.map(({ depth }) => depth + 1)
  const count = Math.min(MOST_LINKS, Math.max(sent.length, ...depths, 0))
  const links = Array.from({ length: count }, (_, depth): ChainLink => {
    const own = checks.filter((check) => check.depth === depth)
    const [first] = own as (typeof own)[number][] | []
    return {
      depth,
      subject: first?.subject ?? sent[depth]?.subject ?? '',
      issuer: first?.issuer ?? sent[depth]?.issuer ?? '',
      sent: sent[depth],
      checks: own.map(({ check, ok, detail, code }) => ({ check, ok, detail, code })),
    }
  })
  return { ...chain, links }
}
