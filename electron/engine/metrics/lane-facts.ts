/** What is known of one lane of a run: its connections, links and applications, and what the logs say of each. */
import type { BlockingTotals } from '../../../shared/projections/blocking.ts'
import { ArqFlow } from './arq-end.ts'
import { CallLog } from './call-log.ts'
import { DatagramLog } from './datagram-log.ts'
import { DeliveryLog } from './delivery-log.ts'
import { QuicFlow, TcpFlow, type FlowFacts } from './flow-facts.ts'
import { FragmentLog } from './fragment-log.ts'
import type { Visit } from './journey.ts'
import { LifeLog } from './life-log.ts'
import { LinkFacts } from './link-facts.ts'
import { LookupLog } from './lookup-log.ts'
import { TimeMean } from './mean.ts'
import { MessageLog } from './message-log.ts'
import { MqttLog } from './mqtt-log.ts'
import { PathMtuLog } from './path-mtu.ts'
import { ProbeLog } from './probe-log.ts'
import { QueueLog } from './queue-log.ts'
import { RequestLog } from './request-log.ts'
import type { SteadyStart } from './steady.ts'
import { Pauses } from './stream-bytes.ts'
import { TlsLog } from './tls-log.ts'
import { WayLog } from './way-log.ts'

/** What an application moved. */
interface Moved {
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
