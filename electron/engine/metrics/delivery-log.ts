/** What became of the messages of a lane's applications, by their own account. */
import type { EventData } from '../../../shared/trace/events.ts'

/** What applications tell of messages. */
export const DELIVERY_EVENTS = ['app:message_sent', 'app:message_received'] as const

/** Messages that belong together, with numbers of their own. */
interface Channel {
  sent: number
  /** Hosts that got any. */
  readonly receivers: Set<string>
}

/** How a message came that is whole. */
interface Delivery {
  /** 1 for the first time. */
  readonly copy: number
  /** One with a higher number was here before. */
  readonly late: boolean
  /** Since it was sent, in microseconds; -1: unknown. */
  readonly delay: number
  /** It was not meant for this receiver when it was sent: a message that a broker has retained. */
  readonly unasked?: boolean
}

export class DeliveryLog {
  sent = 0
  /** Different messages; of one that goes to several receivers each counts. */
  delivered = 0
  /** Copies beyond the first. */
  duplicated = 0
  outOfOrder = 0
  /** Of first copies, in microseconds. */
  readonly delays: number[] = []
  /** What was taken for a message and is none, by what it is instead. */
  readonly wrong = new Map<string, number>()
  private intendedDeliveries = 0
  private unaskedDeliveries = 0
  private readonly channels = new Map<string, Channel>()

  get seen(): boolean {
    return this.sent > 0
  }

  /** Pairs of a message and someone who is to get it. What is sent on a channel is for all who get anything from it, or for one. */
  get intended(): number {
    let intended = this.intendedDeliveries
    for (const { sent, receivers } of this.channels.values()) intended += sent * Math.max(1, receivers.size)
    return intended
  }

  /** Intended, and never delivered whole. */
  get lost(): number {
    return this.intended - (this.delivered - this.unaskedDeliveries)
  }

  get wrongs(): number {
    let sum = 0
    for (const count of this.wrong.values()) sum += count
    return sum
  }

  onSent({ channel }: EventData<'app:message_sent'>): void {
    this.sent++
    this.channel(channel).sent++
  }

  onReceived(node: string, { channel, wrong, ...delivery }: EventData<'app:message_received'>): void {
    this.channel(channel).receivers.add(node)
    if (wrong === '') this.onDelivery(delivery)
    else this.wrong.set(wrong, (this.wrong.get(wrong) ?? 0) + 1)
  }

  /** A message was sent that is for so many receivers, whoever they are. */
  onIntended(receivers: number): void {
    this.sent++
    this.intendedDeliveries += receivers
  }

  onDelivery({ copy, late, delay, unasked = false }: Delivery): void {
    if (copy > 1) {
      this.duplicated++
      return
    }
    this.delivered++
    if (unasked) this.unaskedDeliveries++
    if (late) this.outOfOrder++
    if (delay >= 0) this.delays.push(delay)
  }

  private channel(name: string): Channel {
    let channel = this.channels.get(name)
    if (channel === undefined) this.channels.set(name, (channel = { sent: 0, receivers: new Set() }))
    return channel
  }
}
