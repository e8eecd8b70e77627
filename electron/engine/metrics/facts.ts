/**
 * One reading of a recording: what the metrics need to know, lane by lane. Costs a byte a packet and a few numbers
 * a connection, so that a run of a million packets is as easy as one of ten.
 */
import { laneOfName } from '../../../shared/trace/store.ts'
import type { EventName } from '../../../shared/trace/events.ts'
import { FIN } from '../../protocol/wire/tcp.ts'
import type { RecordingReader, TraceEvent } from '../recording/types.ts'
import { ABOVE_TCP, isAboveTcp, logAboveTcp } from './above-tcp.ts'
import { ARQ_LOG_EVENTS, isArqLogEvent, type ArqLogEvent } from './arq-end.ts'
import { blockingOf } from './blocking.ts'
import { FRAGMENT_LOG_EVENTS, isFragmentLogEvent } from './fragment-log.ts'
import { visitsOf } from './journey.ts'
import { LaneFacts } from './lane-facts.ts'
import { isLifeLogEvent, LIFE_LOG_EVENTS } from './life-log.ts'
import { isLookupEvent, LOOKUP_EVENTS } from './lookup-log.ts'
import { isMqttEvent, MQTT_EVENTS } from './mqtt-log.ts'
import { PacketFlags } from './packet-flags.ts'
import { isPathMtuEvent, PATH_MTU_EVENTS } from './path-mtu.ts'
import { isProbeLogEvent, PROBE_LOG_EVENTS } from './probe-log.ts'
import { isQueueLogEvent, QUEUE_LOG_EVENTS } from './queue-log.ts'
import type { QuicEnd } from './quic-end.ts'
import { isSettled, steadyStart } from './steady.ts'
import type { TcpEnd } from './tcp-end.ts'
import { isOnTheWay, ON_THE_WAY, type WayEvent } from './way-log.ts'

export interface RunFacts {
  readonly lanes: ReadonlyMap<string, LaneFacts>
  /** Kinds of faults with their details, as words. */
  readonly faults: readonly string[]
  /** Paths of the settings that were changed while the run went on. */
  readonly changed: readonly string[]
  /** Time of the last event, microseconds. */
  readonly end: number
}

/** What the ends of QUIC connections say. */
const QUIC = [
  'transport:packet_sent',
  'transport:packet_received',
  'transport:parameters_set',
  'recovery:packets_acked',
  'recovery:packet_lost',
  'recovery:rtt_sampled',
  'recovery:metrics_updated',
  'recovery:congestion_state_changed',
  'recovery:timer_expired',
  'recovery:stall_changed',
  'connectivity:connection_state_changed',
  'connectivity:connection_closed',
  'connectivity:path_state_changed',
  'connectivity:path_changed',
] as const satisfies readonly EventName[]

const READ = [
  'sim:node_added',
  'tcp:segment_sent',
  'tcp:segment_received',
  'tcp:segment_refused',
  'tcp:state_changed',
  'tcp:metrics_updated',
  'tcp:rtt_sampled',
  'tcp:recovery_undone',
  'tcp:loss_probe_sent',
  'tcp:duplicate_reported',
  'tcp:rtt_discarded',
  'tcp:congestion_state_changed',
  'tcp:congestion_notified',
  'tcp:timer_expired',
  'tcp:data_read',
  'tcp:data_written',
  'tcp:queues_changed',
  'tcp:stall_changed',
  'tcp:connection_closed',
  'tcp:option_negotiated',
  'tcp:syn_cookie',
  ...QUIC,
  'udp:datagram_sent',
  'udp:datagram_received',
  'ip:packet_rejected',
  'link:packet_enqueued',
  'link:packet_dropped',
  'link:packet_delivered',
  'link:packet_duplicated',
  'link:packet_corrupted',
  'link:packet_reordered',
  'app:started',
  'app:finished',
  'sim:fault',
  'sim:knob_changed',
  ...ON_THE_WAY,
  ...PROBE_LOG_EVENTS,
  ...LIFE_LOG_EVENTS,
  ...QUEUE_LOG_EVENTS,
  ...FRAGMENT_LOG_EVENTS,
  ...PATH_MTU_EVENTS,
  ...ARQ_LOG_EVENTS,
  ...LOOKUP_EVENTS,
  ...MQTT_EVENTS,
  ...ABOVE_TCP,
] as const satisfies readonly EventName[]

type Read = TraceEvent<(typeof READ)[number]>
type QuicEvent = TraceEvent<(typeof QUIC)[number]>

const QUIC_NAMES: ReadonlySet<string> = new Set(QUIC)
const isOfQuic = (event: Read): event is QuicEvent => QUIC_NAMES.has(event.name)

/** Phases of congestion control in which a loss is being repaired. */
const LOSS_PHASES = new Set(['recovery', 'loss'])

/** Packets with payload of TCP, or with bytes of streams of QUIC. */
const DATA = 1
/** Made by the network. */
const COPY = 2

class Collector {
  readonly lanes = new Map<string, LaneFacts>()
  readonly faults: string[] = []
  readonly changed: string[] = []
  end = 0
  private readonly packets = new PacketFlags()

  take(event: Read): void {
    this.end = event.t
    if (event.name === 'sim:fault') {
      const { what, detail, count } = event.data
      this.faults.push(`${what}: ${detail} (${count})`)
    } else if (event.name === 'sim:knob_changed') this.changed.push(event.data.path)
    else if (event.name.startsWith('tcp:')) this.takeTcp(event)
    else if (isOfQuic(event)) this.takeQuic(event)
    else if (isArqLogEvent(event)) this.takeArq(event)
    else if (isOnTheWay(event)) this.takeWay(event)
    else if (isProbeLogEvent(event)) this.lane(event.node).probes.take(event)
    else if (isLifeLogEvent(event)) this.lane(event.node).lives.takeProgram(event)
    else if (isQueueLogEvent(event)) this.lane(event.node).queues.take(event)
    else if (isFragmentLogEvent(event)) this.lane(event.node).fragments.take(event)
    else if (isLookupEvent(event)) this.lane(event.node).lookups.take(event)
    else if (isMqttEvent(event)) this.lane(event.node).mqtt.take(event)
    else if (isAboveTcp(event)) logAboveTcp(this.lane(event.node), event)
    else this.takeRest(event)
  }

  private lane(node: string): LaneFacts {
    const id = laneOfName(node)
    let lane = this.lanes.get(id)
    if (!lane) this.lanes.set(id, (lane = new LaneFacts(id)))
    return lane
  }

  private takeTcp(event: Read): void {
    const { t, node, flow: name } = event
    const lane = this.lane(node)
    if (event.name === 'tcp:queues_changed') {
      const { syn_queue, accept_queue, dropped } = event.data
      lane.onQueues(t, syn_queue, accept_queue, dropped)
      return
    }
    if (event.name === 'tcp:syn_cookie') lane.onSynCookie(event.data.what)
    if (name === '') return
    lane.lives.takeTcp(event)
    if (isPathMtuEvent(event)) return lane.pathMtu.take(event)
    const flow = lane.tcpFlow(name)
    const end = flow.end(node)
    switch (event.name) {
      case 'tcp:segment_sent':
        flow.lastPacket = t
        lane.packetBytes += event.data.size
        lane.way.onSegmentSent(event.pkt, event.data.flags)
        if (event.data.payload > 0) this.packets.set(event.pkt, DATA)
        else if (!flow.open && !(event.data.flags & FIN)) flow.handshakeSegments++
        return end.onSent(t, event.data)
      case 'tcp:segment_received':
        flow.lastPacket = t
        lane.way.onSegmentReceived(event.pkt)
        lane.messages.onArrival(t, event.pkt)
        return end.onReceived(t, event.data, (this.packets.get(event.pkt) & COPY) !== 0)
      case 'tcp:state_changed':
        // The segment that opens the server may carry data already: then it is the third of the handshake.
        if (event.data.to === 'ESTABLISHED' && this.packets.get(event.pkt) & DATA) flow.handshakeSegments++
        return end.onState(t, event.data.to)
      case 'tcp:metrics_updated':
        lane.pathMtu.onAcknowledged(t, node, name, event.data.acked)
        end.recoveryLog.onEstimate(event.data.smoothed_rtt, event.data.rto, lane.roundTripNow)
        return end.onMetrics(t, event.data)
      case 'tcp:congestion_state_changed':
        end.onCongestionState(t, event.data)
        end.recoveryLog.onPhase(t, event.data.from, event.data.to)
        if (isSettled(end) && LOSS_PHASES.has(event.data.from) && !LOSS_PHASES.has(event.data.to))
          lane.steady ??= steadyStart(t, lane, flow)
        return
      case 'tcp:timer_expired':
        if (event.data.timer === 'retransmit') lane.pathMtu.onTimeout(node, name)
        return end.onTimer(event.data.timer)
      case 'tcp:data_read':
        // What TLS reads to get ready is not the application's.
        if (!lane.tls.isSecuring(node, name)) lane.onDelivery(t, node)
        flow.writes.onRead(t, node, event.data.bytes)
        return end.onRead(t, event.data.bytes)
      case 'tcp:data_written':
        return flow.writes.onWritten(t, node, event.data.bytes)
      default:
        return takeTcpEnd(end, event)
    }
  }

  private takeQuic(event: QuicEvent): void {
    const { t, node, flow: name } = event
    if (name === '') return
    const lane = this.lane(node)
    const flow = lane.quicFlow(name)
    const end = flow.end(node)
    switch (event.name) {
      case 'transport:packet_sent':
        flow.lastPacket = t
        if (event.data.level === 'initial') lane.datagrams.onInitialPacket(node, name)
        if (end.onSent(t, event.pkt, event.data)) this.packets.set(event.pkt, DATA)
        return
      case 'transport:packet_received': {
        flow.lastPacket = t
        const peer = flow.ends.find((other) => other !== end)
        if (event.data.level === 'handshake') lane.datagrams.onHandshakePacket(node, name)
        if (peer !== undefined && end.onReceived(t, event.data, peer)) lane.onDelivery(t, node)
        return
      }
      case 'connectivity:connection_state_changed':
        return end.onConnectionState(t, event.data.to)
      case 'connectivity:connection_closed':
        if (event.data.by === 'version_negotiation') end.versionsNegotiated++
        return
      case 'connectivity:path_state_changed':
        if (event.data.state === 'validated' && event.data.path > 0) end.pathsValidated++
        return
      case 'connectivity:path_changed':
        end.pathChanges++
        return
      case 'transport:parameters_set':
        return end.onParameters(event.data)
      default:
        return takeRecovery(end, event)
    }
  }

  private takeArq(event: ArqLogEvent): void {
    const flow = this.lane(event.node).arqFlow(event.flow)
    flow.lastPacket = event.t
    if (event.name === 'arq:packet_sent' && event.data.kind === 'data') this.packets.set(event.pkt, DATA)
    flow.take(event)
  }

  private takeWay(event: WayEvent): void {
    const lane = this.lane(event.node)
    lane.way.take(event)
    if (event.name === 'ip:packet_forwarded') lane.probes.onForwarded(event.node, event.pkt, event.data)
    if (event.name === 'ip:packet_discarded' && this.packets.get(event.pkt) & DATA) lane.dataSegmentsLost++
  }

  private takeRest(event: Read): void {
    const { node, pkt } = event
    const lane = this.lane(node)
    const isData = (this.packets.get(pkt) & DATA) !== 0
    switch (event.name) {
      case 'sim:node_added':
        if (event.data.role === 'client') lane.clients.add(node)
        if (event.data.kind === 'link') lane.way.onLink(node, event.data.a, event.data.b)
        break
      case 'udp:datagram_sent':
        lane.packetBytes += event.data.size
        lane.datagrams.onSent(node, event.flow, event.data.payload)
        break
      case 'udp:datagram_received':
        lane.datagrams.onReceived(node, event.flow, event.data.payload)
        break
      case 'link:packet_enqueued': {
        const direction = lane.link(node).direction(event.data.direction)
        direction.queueMax = Math.max(direction.queueMax, event.data.queue_bytes)
        lane.queues.onEnqueued(event.t, node, event.data.direction, pkt)
        break
      }
      case 'link:packet_dropped':
        lane.link(node).direction(event.data.direction).drop(event.data.reason)
        if (isData) lane.dataSegmentsLost++
        break
      case 'link:packet_delivered': {
        const direction = lane.link(node).direction(event.data.direction)
        direction.delivered++
        direction.delay.add(event.data.delay)
        direction.lastDelay = event.data.delay
        break
      }
      case 'link:packet_duplicated':
        lane.link(node).direction(event.data.direction).duplicated++
        if (isData) this.packets.set(event.data.copy, DATA | COPY)
        break
      case 'link:packet_corrupted':
        lane.link(node).direction(event.data.direction).corrupted++
        break
      case 'link:packet_reordered':
        lane.link(node).direction(event.data.direction).reordered++
        break
      case 'ip:packet_rejected':
        lane.packetsRejected++
        // What no connection waits for any more is not a loss.
        if (isData && event.data.reason !== 'no_listener') lane.dataSegmentsLost++
        break
      case 'app:started':
        lane.started++
        break
      case 'app:finished':
        lane.finished.push({ node, ...event.data })
    }
  }
}

/** What concerns one end of a TCP connection and nothing else. */
function takeTcpEnd(end: TcpEnd, event: Read): void {
  const { t } = event
  switch (event.name) {
    case 'tcp:rtt_sampled':
      return end.rtt.add(event.data.rtt)
    case 'tcp:stall_changed':
      return end.onStall(t, event.data.cause)
    case 'tcp:connection_closed':
      return end.onClosed(t, event.data.error)
    case 'tcp:syn_cookie':
      if (event.data.what === 'accepted') end.cookieReturned = t
      break
    case 'tcp:option_negotiated':
      end.optionArrived = event.data.arrived
      break
    case 'tcp:congestion_notified':
      if (event.data.reduced) end.ecnReductions++
      break
    case 'tcp:recovery_undone':
      end.recoveryLog.undone++
      break
    case 'tcp:loss_probe_sent':
      end.recoveryLog.lossProbes++
      break
    case 'tcp:duplicate_reported':
      end.recoveryLog.duplicatesReported++
      break
    case 'tcp:rtt_discarded':
      end.rttDiscarded++
  }
}

/** What the sender of a QUIC connection says of its packets and its window. */
function takeRecovery(
  end: QuicEnd,
  event: Extract<QuicEvent, { readonly name: `recovery:${string}` }>,
): void {
  const { t } = event
  switch (event.name) {
    case 'recovery:packets_acked':
      return end.onAcked(event.data)
    case 'recovery:packet_lost':
      return end.onLost(event.data)
    case 'recovery:rtt_sampled':
      return end.rtt.add(event.data.rtt)
    case 'recovery:metrics_updated':
      return end.onMetrics(t, event.data)
    case 'recovery:congestion_state_changed':
      return end.onCongestionState(t, event.data)
    case 'recovery:timer_expired':
      return end.onTimer(event.data)
    case 'recovery:stall_changed':
      return end.onStall(t, event.data.cause)
  }
}

/** Reads all events of a recording once, and those of one with streams once more. */
export function collectFacts(reader: RecordingReader): RunFacts {
  const collector = new Collector()
  for (const event of reader.events(READ)) collector.take(event)
  const lanes = [...collector.lanes.values()]
  if (lanes.some(({ messages, quic }) => messages.seen || quic.size > 0))
    for (const [id, totals] of blockingOf(reader)) collector.lanes.get(id)!.blocking = totals
  if (lanes.some(({ lookups, requests }) => lookups.lookups > 0 && requests.seen))
    for (const [id, visits] of visitsOf(reader)) collector.lanes.get(id)!.visits = visits
  return collector
}
