/** All experiments, chapter by chapter. */
import * as v from 'valibot'
import { Experiment } from '../experiment.ts'
import { bufferbloat } from './bufferbloat.ts'
import { certificates } from './certificates.ts'
import { forwardSecrecy } from './forward-secrecy.ts'
import { framing } from './framing.ts'
import { httpCache } from './http-cache.ts'
import { httpCompression } from './http-compression.ts'
import { httpCookies } from './http-cookies.ts'
import { httpKeepalive } from './http-keepalive.ts'
import { httpMethods } from './http-methods.ts'
import { httpRequests } from './http-requests.ts'
import { http2Frames } from './http2-frames.ts'
import { http2Hpack } from './http2-hpack.ts'
import { httpVersions } from './http-versions.ts'
import { ipFragmentation } from './ip-fragmentation.ts'
import { ipRouting } from './ip-routing.ts'
import { mqttPackets } from './mqtt-packets.ts'
import { mqttConnect } from './mqtt-connect.ts'
import { mqttQos } from './mqtt-qos.ts'
import { mqttPubsub } from './mqtt-pubsub.ts'
import { mqttOffline } from './mqtt-offline.ts'
import { mqttWill } from './mqtt-will.ts'
import { mqttKeepalive } from './mqtt-keepalive.ts'
import { mqttVsHttp } from './mqtt-vs-http.ts'
import { qpack } from './qpack.ts'
import { quic0Rtt } from './quic-0rtt.ts'
import { quicBlocked } from './quic-blocked.ts'
import { quicHandshake } from './quic-handshake.ts'
import { quicLoss } from './quic-loss.ts'
import { quicMigration } from './quic-migration.ts'
import { quicStreams } from './quic-streams.ts'
import { reliableUdp } from './reliable-udp.ts'
import { rpc } from './rpc.ts'
import { setupLatency } from './setup-latency.ts'
import { tcpBulk } from './tcp-bulk.ts'
import { tcpFlowControl } from './tcp-flow-control.ts'
import { tcpClose } from './tcp-close.ts'
import { tcpHandshake } from './tcp-handshake.ts'
import { tcpHol } from './tcp-hol.ts'
import { tcpKeepalive } from './tcp-keepalive.ts'
import { tcpNagle } from './tcp-nagle.ts'
import { tcpOssification } from './tcp-ossification.ts'
import { tcpQueues } from './tcp-queues.ts'
import { tcpReorder } from './tcp-reorder.ts'
import { tcpRto } from './tcp-rto.ts'
import { tcpSack } from './tcp-sack.ts'
import { tcpTimeWait } from './tcp-time-wait.ts'
import { tcpWhyThree } from './tcp-why-three.ts'
import { tcpWrap } from './tcp-wrap.ts'
import { tcpVsUdp } from './tcp-vs-udp.ts'
import { tls12Ecdhe } from './tls12-ecdhe.ts'
import { tls12Rsa } from './tls12-rsa.ts'
import { tls13 } from './tls13.ts'
import { websocket } from './websocket.ts'
import { urlJourney } from './url-journey.ts'

/** The built-in experiments with every default filled in. One that breaks the schema is a bug of ours and throws. */
export const EXPERIMENTS: readonly Experiment[] = [
  tcpHandshake,
  tcpWhyThree,
  tcpQueues,
  tcpClose,
  tcpTimeWait,
  tcpWrap,
  tcpKeepalive,
  tcpOssification,
  tcpBulk,
  tcpRto,
  tcpSack,
  tcpReorder,
  bufferbloat,
  tcpFlowControl,
  tcpNagle,
  tcpHol,
  urlJourney,
  ipRouting,
  ipFragmentation,
  tcpVsUdp,
  framing,
  reliableUdp,
  httpRequests,
  httpMethods,
  httpCookies,
  httpKeepalive,
  httpCache,
  httpCompression,
  http2Hpack,
  http2Frames,
  httpVersions,
  websocket,
  rpc,
  tls12Rsa,
  tls12Ecdhe,
  tls13,
  forwardSecrecy,
  certificates,
  setupLatency,
  quicHandshake,
  quic0Rtt,
  quicLoss,
  quicStreams,
  quicMigration,
  quicBlocked,
  qpack,
  mqttPackets,
  mqttConnect,
  mqttQos,
  mqttPubsub,
  mqttOffline,
  mqttWill,
  mqttKeepalive,
  mqttVsHttp,
].map((input) => v.parse(Experiment, input))

/** The built-in experiment of this id. */
export const findExperiment = (id: string): Experiment | undefined =>
  EXPERIMENTS.find((experiment) => experiment.id === id)
