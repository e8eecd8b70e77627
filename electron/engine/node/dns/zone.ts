/** What a server knows, and what it answers from that (RFC 1034 4.3.2, for one zone without delegations or wildcards). */
import { isIPv6 } from 'node:net'
import type { Answer, SoaData } from 'dns-packet'
import type { DnsRecord } from '../../../../shared/dns.ts'
import { formatAddress, parseAddress, type Ipv4Address } from '../../../protocol/wire/address.ts'
import { canonical } from './message.ts'

/** The longest character-string (RFC 1035 3.3). */
const LONGEST_STRING = 255
const HOST_NAME = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?$/

export interface Found {
  readonly rcode: 'NOERROR' | 'NXDOMAIN'
  /** The chain of aliases and what stands at its end. */
  readonly answers: readonly Answer[]
  /** The SOA record that says for how long a no is good (RFC 2308 3). */
  readonly authorities: readonly Answer[]
}

/** What is wrong with the value of a record; undefined: nothing. `isHost`: whether the set-up has such a host. */
export function whyNoValue(
  { type, value }: DnsRecord,
  isHost: (name: string) => boolean,
): string | undefined {
  const isName = (text: string | undefined): boolean => text !== undefined && HOST_NAME.test(text)
  switch (type) {
    case 'A':
      return isHost(value) || parseAddress(value) !== undefined ? undefined : 'a host or an IPv4 address'
    case 'AAAA':
      return isIPv6(value) ? undefined : 'an IPv6 address'
    case 'CNAME':
    case 'NS':
      return isName(value) ? undefined : 'a name'
    case 'MX':
      return /^\d{1,4} \S+$/.test(value) && isName(value.split(' ')[1])
        ? undefined
        : 'a preference and a name'
    case 'SOA':
      return /^\S+ \S+( \d{1,9}){5}$/.test(value) && value.split(' ').slice(0, 2).every(isName)
        ? undefined
        : 'two names and five numbers: serial, refresh, retry, expire, minimum'
    case 'TXT':
      return undefined
  }
}

export class Zone {
  private readonly records: readonly DnsRecord[]
  private readonly addressOf: (host: string) => Ipv4Address | undefined

  /** `addressOf`: of a host of the lane, where it is now. */
  constructor(records: readonly DnsRecord[], addressOf: (host: string) => Ipv4Address | undefined) {
    this.records = records
    this.addressOf = addressOf
  }

  /** The answer to a question, aliases followed as far as this zone knows them. */
  find(question: string, type: string): Found {
    const answers: Answer[] = []
    const passed = new Set<string>()
    let name = canonical(question)
    for (;;) {
      const here = this.records.filter((record) => record.name === name)
      const fitting = here.filter((record) => record.type === type)
      const alias = here.find((record) => record.type === 'CNAME')
      answers.push(...fitting.flatMap((record) => this.expand(record)))
      if (fitting.length > 0 || alias === undefined) {
        // A name with others below it exists, though it has nothing of its own (RFC 8020 2).
        const exists = here.length > 0 || this.records.some((record) => record.name.endsWith(`.${name}`))
        const authorities = fitting.length > 0 ? [] : this.startOfAuthority(name)
        return { rcode: exists ? 'NOERROR' : 'NXDOMAIN', answers, authorities }
      }
      answers.push(...this.expand(alias))
      passed.add(name)
      name = canonical(alias.value)
      // Aliases in a circle lead to nothing (RFC 1034 3.6.2).
      if (passed.has(name)) return { rcode: 'NOERROR', answers, authorities: [] }
    }
  }

  private startOfAuthority(name: string): Answer[] {
    const found = this.records.find(
      (record) => record.type === 'SOA' && (name === record.name || name.endsWith(`.${record.name}`)),
    )
    return found === undefined ? [] : this.expand(found)
  }

  private expand(record: DnsRecord): Answer[] {
    return Array.from({ length: record.times }, (_, i) => this.answerOf(record, i))
  }

  /** The record, or with `i` another of its kind. */
  private answerOf({ name, type, ttl, value }: DnsRecord, i: number): Answer {
    const common = { name, ttl, class: 'IN' } as const
    switch (type) {
      case 'A': {
        const first = parseAddress(value) ?? this.addressOf(value) ?? 0
        return { ...common, type, data: formatAddress((first + i) >>> 0) }
      }
      case 'AAAA':
        return { ...common, type, data: value }
      case 'CNAME':
      case 'NS':
        return { ...common, type, data: i === 0 ? value : `${i + 1}.${value}` }
      case 'MX': {
        const [preference, exchange] = value.split(' ')
        return { ...common, type, data: { preference: Number(preference) + i, exchange } }
      }
      case 'SOA':
        return { ...common, type, data: soaOf(value) }
      case 'TXT':
        return { ...common, type, data: stringsOf(i === 0 ? value : `${value} ${i + 1}`) }
    }
  }
}

function soaOf(value: string): SoaData {
  const [mname, rname, ...numbers] = value.split(' ')
  const [serial, refresh, retry, expire, minimum] = numbers.map(Number)
  return { mname, rname, serial, refresh, retry, expire, minimum }
}

/** A text in as many character-strings as it takes; an empty one is one, too. */
function stringsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text)
  const count = Math.max(1, Math.ceil(bytes.length / LONGEST_STRING))
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * LONGEST_STRING, (i + 1) * LONGEST_STRING))
}
