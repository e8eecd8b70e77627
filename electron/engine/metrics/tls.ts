/**
 * Figures of TLS. Times are means over the connections whose handshake succeeded, at the client. null: nothing here was
 * encrypted, or no handshake yields the figure.
 */
import type { LaneFacts } from './lane-facts.ts'
import type { TcpFlow } from './flow-facts.ts'
import { Mean } from './mean.ts'
import { firstByteRoundTrips } from './page.ts'
import { inRoundTrips } from './path.ts'
import type { HandshakeEnd, TlsLog } from './tls-log.ts'

type Figure = (lane: LaneFacts) => number | null

const ofTls =
  (figure: (tls: TlsLog) => number | null): Figure =>
  ({ tls }) =>
    tls.seen ? figure(tls) : null

/** How the handshake of a connection over TCP ended at the end that opened it. */
function atClient(lane: LaneFacts, flow: TcpFlow): HandshakeEnd | undefined {
  return lane.tls.ends.get(flow.name)?.find(({ node }) => node === flow.client?.node)
}

/** Microseconds from ESTABLISHED at the client to the end of its TLS handshake; QUIC has both at once (`quic_handshake_time`). */
export function tlsHandshakeTime(lane: LaneFacts): number | null {
  const sum = new Mean()
  for (const flow of lane.tcp.values()) {
    const end = atClient(lane, flow)
    const established = flow.client?.established ?? null
    if (end !== undefined && end.error === '' && established !== null) sum.add(end.t - established)
  }
  return sum.value
}

/** The same in round trips of the path. */
export const tlsHandshakeRoundTrips: Figure = (lane) => inRoundTrips(lane, tlsHandshakeTime(lane))

/** Connections whose handshake failed, at either end. */
export const tlsFailed = ofTls(
  ({ ends }) => [...ends.values()].filter((both) => both.some(({ error }) => error !== '')).length,
)

/** Connections that took up an old session (RFC 5246 7.3, RFC 8446 2.2). */
export const tlsResumed = ofTls(
  ({ ends }) => [...ends.values()].filter((both) => both.some(({ resumed }) => resumed)).length,
)

/** Steps in the validation of certificates that did not hold. */
export const certificateChecksFailed = ofTls(({ failedChecks }) => failedChecks)

/** Bytes of application data that crossed in records of TLS, read with the keys of the endpoints. */
export const plaintextTotal = ofTls(({ hasRecords, plaintextBytes }) => (hasRecords ? plaintextBytes : null))

/** Of these, what was read with the server's private key and no more; null: nobody tried. */
export const plaintextRecovered = ofTls(({ recoveredBytes }) => recoveredBytes)

/**
 * Counterfactual: the first byte with False Start (RFC 7918), which sends the request together with the client's Finished
 * and so saves a round trip. Measured without it, less one. Only a full handshake of TLS 1.2 with an ephemeral key exchange
 * allows it (RFC 7918 3).
 */
export function falseStartFirstByteRoundTrips(lane: LaneFacts): number | null {
  const [first] = lane.tcp.values()
  const end = first && atClient(lane, first)
  if (end === undefined || end.version !== 'TLSv1.2' || end.resumed || end.group === '') return null
  const measured = firstByteRoundTrips(lane)
  return measured === null ? null : measured - 1
}
