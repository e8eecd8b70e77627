/** The servers in the lab that a gateway can lead to, as applications of its far host. */
import type { BuiltInTarget } from '../../shared/commands.ts'
import type { SetupInput } from '../../shared/experiment.ts'

export interface BuiltIn {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly app: SetupInput['apps'][string]
}

const host = 'server'
const HOUR = 3_600_000_000

/** Addresses of documentation (RFC 5737, RFC 3849), so that nobody takes an answer for a real one. */
const RECORDS = [
  { name: 'rexmit.test', type: 'A', value: '192.0.2.1' },
  { name: 'rexmit.test', type: 'AAAA', value: '2001:db8::1' },
  { name: 'rexmit.test', type: 'MX', value: '10 mail.rexmit.test' },
  { name: 'rexmit.test', type: 'TXT', value: 'a server of the laboratory' },
  { name: 'mail.rexmit.test', type: 'A', value: '192.0.2.2' },
  { name: 'www.rexmit.test', type: 'CNAME', value: 'rexmit.test' },
  // More than a datagram holds: the answer is truncated, and is to be had over TCP.
  { name: 'many.rexmit.test', type: 'A', value: '192.0.2.10', times: 100 },
] as const

export const BUILT_IN: Readonly<Record<BuiltInTarget, BuiltIn>> = {
  broker: { protocol: 'tcp', port: 1883, app: { kind: 'mqtt-broker', host, port: 1883 } },
  web: {
    protocol: 'tcp',
    port: 80,
    // What it has is a site of its own (`node/http/welcome-site.ts`).
    app: { kind: 'http-server', host, port: 80, versions: ['http/1.1'], keepAlive: HOUR, resources: {} },
  },
  dns: { protocol: 'udp', port: 53, app: { kind: 'dns-server', host, port: 53, records: [...RECORDS] } },
}
