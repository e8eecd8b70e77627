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
import { ConnectionEnd } from './connection-end.ts'
import { LinkFacts } from './link-facts.ts'
import { TimeMean } from './mean.ts'
import { MessageLog } from './message-log.ts'
import { PacketFlags } from './packet-flags.ts'
import { RequestLog } from './request-log.ts'
import { isSettled, steadyStart, type SteadyStart } from './steady.ts'
import { TlsLog } from './tls-log.ts'

/** A connection: its ends in the order in which they first sent, and the segments of its opening. */
export class FlowFacts {
  readonly name: string
  readonly ends: ConnectionEnd[] = []
  /** Segments without data or FIN sent before both ends were established, and the one with data that did it. */
  handshakeSegments = 0
  /** Last packet sent or received, by either end. */
  lastPacket = 0

  constructor(name: string) {
    this.name = name
  }

  end(node: string): ConnectionEnd {
    let end = this.ends.find((candidate) => candidate.node === node)
    if (!end) this.ends.push((end = new ConnectionEnd(node, this.name)))
    return end
  }

  get open(): boolean {
    return this.ends.length === 2 && this.ends.every((end) => end.established !== null)
  }

  /** The end that sent more payload; the one that spoke first if neither did. */
  get sender(): ConnectionEnd {
    return this.ends.reduce((most, end) => (end.sentBytes > most.sentBytes ? end : most))
  }

  get receiver(): ConnectionEnd | undefined {
    const { sender } = this
    return this.ends.find((end) => end !== sender)
  }
}

/** What an application moved. */
export interface Moved {
  readonly node: string
  readonly bytes: number
  readonly sha256: string
  readonly error: string
}

export class LaneFacts {
  readonly id: string
  readonly flows = new Map<string, FlowFacts>()
  readonly links = new Map<string, LinkFacts>()
  readonly finished: Moved[] = []
  readonly requests = new RequestLog()
  readonly messages = new MessageLog()
  readonly tls = new TlsLog()
  /** undefined: nothing here has streams. */
  blocking: BlockingTotals | undefined
  started = 0
  /** Data segments that did not reach their connection: died on a link, or were refused as damaged. */
  dataSegmentsLost = 0
  packetsRejected = 0
  synQueueMax = 0
  acceptQueueMax = 0
  connectionsTurnedAway = 0
  /** Half-open connections over time, and how many there were in all. */
  readonly synQueue = new TimeMean()
  synQueueEntries = 0
  steady: SteadyStart | undefined
  private synQueueLength = 0

  constructor(id: string) {
    this.id = id
  }

  flow(name: string): FlowFacts {
    let flow = this.flows.get(name)
    if (!flow) this.flows.set(name, (flow = new FlowFacts(name)))
    return flow
  }

  link(node: string): LinkFacts {
    let link = this.links.get(node)
    if (!link) this.links.set(node, (link = new LinkFacts()))
    return link
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

const READ = [
  'tcp:segment_sent',
  'tcp:segment_received',
  'tcp:state_changed',
  'tcp:metrics_updated',
  'tcp:rtt_sampled',
  'tcp:congestion_state_changed',
  'tcp:timer_expired',
  'tcp:data_read',
  'tcp:queues_changed',
  'tcp:stall_changed',
  'tcp:connection_closed',
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
  ...ABOVE_TCP,
] as const satisfies readonly EventName[]

type Read = TraceEvent<(typeof READ)[number]>

/** Phases of congestion control in which a loss is being repaired. */
const LOSS_PHASES = new Set(['recovery', 'loss'])

/** Packets with TCP payload. */
const DATA = 1

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
    if (name === '') return
    const flow = lane.flow(name)
    const end = flow.end(node)
    switch (event.name) {
      case 'tcp:segment_sent':
        flow.lastPacket = t
        if (event.data.payload > 0) this.packets.set(event.pkt, DATA)
        else if (!flow.open && !(event.data.flags & FIN)) flow.handshakeSegments++
        return end.onSent(t, event.data)
      case 'tcp:segment_received':
        flow.lastPacket = t
        lane.messages.onArrival(t, event.pkt)
        return end.onReceived(event.data)
      case 'tcp:state_changed':
        // The segment that opens the server may carry data already: then it is the third of the handshake.
        if (event.data.to === 'ESTABLISHED' && this.packets.get(event.pkt) & DATA) flow.handshakeSegments++
        return end.onState(t, event.data.to)
      case 'tcp:metrics_updated':
        return end.onMetrics(t, event.data)
      case 'tcp:rtt_sampled':
        return end.rtt.add(event.data.rtt)
      case 'tcp:congestion_state_changed':
        end.onCongestionState(t, event.data)
        if (isSettled(end) && LOSS_PHASES.has(event.data.from) && !LOSS_PHASES.has(event.data.to))
          lane.steady ??= steadyStart(t, lane, flow)
        return
      case 'tcp:timer_expired':
        return end.onTimer(event.data.timer)
      case 'tcp:data_read':
        return end.onRead(t, event.data.bytes)
      case 'tcp:stall_changed':
        return end.onStall(t, event.data.cause)
      case 'tcp:connection_closed':
        end.error = event.data.error
    }
  }

  private takeRest(event: Read): void {
    const { node, pkt } = event
    const lane = this.lane(node)
    const isData = (this.packets.get(pkt) & DATA) !== 0
    switch (event.name) {
      case 'link:packet_enqueued': {
        const direction = lane.link(node).direction(event.data.direction)
        direction.queueMax = Math.max(direction.queueMax, event.data.queue_bytes)
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
        break
      }
      case 'link:packet_duplicated':
        lane.link(node).direction(event.data.direction).duplicated++
        if (isData) this.packets.set(event.data.copy, DATA)
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

/** Reads all events of a recording once, and those of one with streams once more. */
export function collectFacts(reader: RecordingReader): RunFacts {
  const collector = new Collector()
  for (const event of reader.events(READ)) collector.take(event)
  const lanes = [...collector.lanes.values()]
  if (lanes.some(({ messages }) => messages.seen))
    for (const [id, totals] of blockingOf(reader)) collector.lanes.get(id)!.blocking = totals
  return collector
}
