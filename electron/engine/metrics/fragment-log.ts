/** Fragments of the packets of one lane: who made how many, and what became of the datagrams (RFC 791 3.2). */
import type { EventName } from '../../../shared/trace/events.ts'
import type { TraceEvent } from '../recording/types.ts'
import type { LaneFacts } from './lane-facts.ts'

export const FRAGMENT_LOG_EVENTS = [
  'ip:fragment_sent',
  'ip:packet_fragmented',
  'link:packet_fragmented',
  'ip:reassembly_finished',
  'ip:reassembly_abandoned',
] as const satisfies readonly EventName[]

type FragmentLogEvent = TraceEvent<(typeof FRAGMENT_LOG_EVENTS)[number]>

const NAMES: ReadonlySet<string> = new Set(FRAGMENT_LOG_EVENTS)
export const isFragmentLogEvent = (event: { readonly name: EventName }): event is FragmentLogEvent =>
  NAMES.has(event.name)

export class FragmentLog {
  made = 0
  madeOnTheWay = 0
  reassembled = 0
  abandoned = 0

  take(event: FragmentLogEvent): void {
    switch (event.name) {
      case 'ip:fragment_sent':
        this.made++
        return
      case 'ip:packet_fragmented':
      case 'link:packet_fragmented':
        this.made += event.data.count
        this.madeOnTheWay += event.data.count
        return
      case 'ip:reassembly_finished':
        this.reassembled++
        return
      case 'ip:reassembly_abandoned':
        this.abandoned++
    }
  }
}

export const FRAGMENT_METRICS = {
  /** Fragments that hosts sent and that routers and links made of what was too long for the next network. */
  fragments: ({ fragments }: LaneFacts) => fragments.made,
  fragments_on_the_way: ({ fragments }: LaneFacts) => fragments.madeOnTheWay,
  /** Datagrams that hosts put together, and that they gave up: out of time, or with fragments that contradict each other. */
  reassemblies: ({ fragments }: LaneFacts) => fragments.reassembled,
  reassemblies_failed: ({ fragments }: LaneFacts) => fragments.abandoned,
} as const
