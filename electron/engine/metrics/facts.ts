/**
 * One reading of a recording: what the metrics need to know, lane by lane. Costs a byte a packet and a few numbers
 * a connection, so that a run of a million packets is as easy as one of ten.
 */
import type { BlockingTotals } from '../../../shared/projections/blocking.ts'
import { laneOfName } from '../../../shared/trace/store.ts'
import type { EventName } from '../../../shared/trace/events.ts'
import { FIN } from '../../protocol/wire/tcp.ts'
import type { RecordingReader, TraceEvent } from '../recording/types.ts'
import { ABOVE_TCP, isAboveTcp, logAboveTcp } from './above-tcp.ts'
import { blockingOf } from './blocking.ts'
import { ArqFlow, ARQ_LOG_EVENTS, isArqLogEvent, type ArqLogEvent } from './arq-end.ts'
import { CallLog } from './call-log.ts'
import { DatagramLog } from './datagram-log.ts'
import { DeliveryLog } from './delivery-log.ts'
import { QuicFlow, TcpFlow, type FlowFacts } from './flow-facts.ts'
import { visitsOf, type Visit } from './journey.ts'
import { LinkFacts } from './link-facts.ts'
import { FRAGMENT_LOG_EVENTS, FragmentLog, isFragmentLogEvent } from './fragment-log.ts'
import { isLifeLogEvent, LIFE_LOG_EVENTS, LifeLog } from './life-log.ts'
import { isLookupEvent, LOOKUP_EVENTS, LookupLog } from './lookup-log.ts'
import { TimeMean } from './mean.ts'
import { MessageLog } from './message-log.ts'
import { PacketFlags } from './packet-flags.ts'
import { isProbeLogEvent, PROBE_LOG_EVENTS, ProbeLog } from './probe-log.ts'
import { isQueueLogEvent, QUEUE_LOG_EVENTS, QueueLog } from './queue-log.ts'
import { isPathMtuEvent, PATH_MTU_EVENTS, PathMtuLog } from './path-mtu.ts'
import type { QuicEnd } from './quic-end.ts'
import { RequestLog } from './request-log.ts'
import { isSettled, steadyStart, type SteadyStart } from './steady.ts'
import { Pauses } from './stream-bytes.ts'
import { TlsLog } from './tls-log.ts'
import { isMqttEvent, MQTT_EVENTS, MqttLog } from './mqtt-log.ts'
import { isOnTheWay, ON_THE_WAY, WayLog, type WayEvent } from './way-log.ts'

/** What an application moved. */
export interface Moved {
  readonly node: string
  readonly bytes: number
  readonly sha256: string
  readonly error: string
}

export class LaneFacts {
  readonly id: string
  /** By name; a TCP and a QUIC connection may have the same. */
  readonly tcp = new Map<string, TcpFlow>()
  readonly quic = new Map<string, QuicFlow>()
  /** Transfers over UDP, by name. */
  readonly arq = new Map<string, ArqFlow>()
  readonly datagrams = new DatagramLog()
  readonly links = new Map<string, LinkFacts>()
  readonly finished: Moved[] = []
  readonly requests = new RequestLog()
  readonly messages = new MessageLog()
  readonly tls = new TlsLog()
  readonly way = new WayLog()
  readonly probes = new ProbeLog()
  readonly fragments = new FragmentLog()
  readonly queues = new QueueLog()
  readonly pathMtu = new PathMtuLog()
  readonly lookups = new LookupLog()
  readonly lives = new LifeLog()
  /** In order; none where no names are looked up. */
  visits: readonly Visit[] = []
  readonly deliveries = new DeliveryLog()
  readonly mqtt = new MqttLog(this.deliveries)
  readonly calls = new CallLog()
  /** Of all IP packets with TCP or UDP in them that the hosts sent. */
  packetBytes = 0
  /** undefined: nothing here has streams. */
  blocking: BlockingTotals | undefined
  started = 0
  /** Data segments that did not reach their connection: died on a link or at a router, or were refused as damaged. */
  dataSegmentsLost = 0
  packetsRejected = 0
  synQueueMax = 0
  acceptQueueMax = 0
  connectionsTurnedAway = 0
  /** Half-open connections over time, and how many there were in all. */
  readonly synQueue = new TimeMean()
  synQueueEntries = 0
  steady: SteadyStart | undefined
  /** What became of SYN cookies, and how often. */
  readonly synCookies = new Map<string, number>()
  private synQueueLength = 0

  /** Hosts that are clients, and the pauses in what applications got. */
  readonly clients = new Set<string>()
  readonly pauses = new Map<string, Pauses>()

  constructor(id: string) {
    this.id = id
  }

  get flows(): readonly FlowFacts[] {
    return [...this.tcp.values(), ...this.quic.values()]
  }

  /** All that move bytes reliably. */
  get transfers(): readonly FlowFacts[] {
    return [...this.flows, ...this.arq.values()]
  }

  arqFlow(name: string): ArqFlow {
    let flow = this.arq.get(name)
    if (!flow) this.arq.set(name, (flow = new ArqFlow(name)))
    return flow
  }

  tcpFlow(name: string): TcpFlow {
    let flow = this.tcp.get(name)
    if (!flow) this.tcp.set(name, (flow = new TcpFlow(name)))
    return flow
  }

  quicFlow(name: string): QuicFlow {
    let flow = this.quic.get(name)
    if (!flow) this.quic.set(name, (flow = new QuicFlow(name)))
    return flow
  }

  /** Bytes came within reach of an application. */
  onDelivery(t: number, node: string): void {
    let pauses = this.pauses.get(node)
    if (pauses === undefined) this.pauses.set(node, (pauses = new Pauses()))
    pauses.at(t)
  }

  link(node: string): LinkFacts {
    let link = this.links.get(node)
    if (!link) this.links.set(node, (link = new LinkFacts()))
    return link
  }

  /** What the packets that came out last took there and back, in microseconds; null: nothing has yet, or there are several links. */
  get roundTripNow(): number | null {
    if (this.links.size !== 1) return null
    let sum = 0
    for (const { directions } of this.links.values())
      for (const { lastDelay } of directions) sum += lastDelay ?? NaN
    return Number.isNaN(sum) ? null : sum
  }

  onSynCookie(what: string): void {
    this.synCookies.set(what, (this.synCookies.get(what) ?? 0) + 1)
  }

  onQueues(t: number, synQueue: number, acceptQueue: number, turnedAway: number): void {
    this.synQueue.set(t, synQueue)
    this.synQueueEntries += Math.max(0, synQueue - this.synQueueLength)
    this.synQueueLength = synQueue
    this.synQueueMax = Math.max(this.synQueueMax, synQueue)
    this.acceptQueueMax = Math.max(this.acceptQueueMax, acceptQueue)
    this.connectionsTurnedAway = Math.max(this.connectionsTurnedAway, turnedAway)
  }
}

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
      case 'tcp:syn_cookie':
        if (event.data.what === 'accepted') end.cookieReturned = t
        return
      case 'tcp:rtt_sampled':
        return end.rtt.add(event.data.rtt)
      case 'tcp:congestion_state_changed':
        end.onCongestionState(t, event.data)
        end.recoveryLog.onPhase(t, event.data.from, event.data.to)
        if (isSettled(end) && LOSS_PHASES.has(event.data.from) && !LOSS_PHASES.has(event.data.to))
          lane.steady ??= steadyStart(t, lane, flow)
        return
      case 'tcp:congestion_notified':
        if (event.data.reduced) end.ecnReductions++
        return
      case 'tcp:timer_expired':
        if (event.data.timer === 'retransmit') lane.pathMtu.onTimeout(node, name)
        return end.onTimer(event.data.timer)
      case 'tcp:recovery_undone':
        end.recoveryLog.undone++
        return
      case 'tcp:loss_probe_sent':
        end.recoveryLog.lossProbes++
        return
      case 'tcp:duplicate_reported':
        end.recoveryLog.duplicatesReported++
        return
      case 'tcp:rtt_discarded':
        end.rttDiscarded++
        return
      case 'tcp:data_read':
        // What TLS reads to get ready is not the application's.
        if (!lane.tls.isSecuring(node, name)) lane.onDelivery(t, node)
        flow.writes.onRead(t, node, event.data.bytes)
        return end.onRead(t, event.data.bytes)
      case 'tcp:data_written':
        return flow.writes.onWritten(t, node, event.data.bytes)
      case 'tcp:stall_changed':
        return end.onStall(t, event.data.cause)
      case 'tcp:option_negotiated':
        end.optionArrived = event.data.arrived
        return
      case 'tcp:connection_closed':
        return end.onClosed(t, event.data.error)
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
