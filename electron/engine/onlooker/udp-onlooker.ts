/** What leaves a host over UDP and is DNS, told by its ports. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Host } from '../../protocol/ip/host.ts'
import { flowName } from '../../protocol/wire/address.ts'
import { tellDns } from './dns-text.ts'
import type { Side } from '../../protocol/wire/side.ts'

/** The bit of a message's third byte that makes it a response (RFC 1035 4.1.1). */
const QR = 0x80

/** Tells `trace` of the DNS messages that leave `host`. `isDns`: whether a server may be at this port. */
export function watchDns(host: Host, trace: Trace, isDns: (port: number) => boolean): void {
  host.overhearUdp(({ fromPort, to, payload }, pkt) => {
    const [toServer, fromServer] = [isDns(to.port), isDns(fromPort)]
    if (!toServer && !fromServer) return
    const isResponse = toServer && fromServer ? (payload[2] & QR) !== 0 : fromServer
    const from: Side = isResponse ? 'server' : 'client'
    const flow = flowName(host.address, fromPort, to.address, to.port)
    tellDns(trace.scope({ flow }), payload, { from, over: 'udp' }, pkt)
  })
}
