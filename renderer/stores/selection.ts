/**
 * What the user looks at: what is selected in one view is selected in all (DESIGN 10). Small, and reactive;
 * each field is replaced as a whole.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { PduEvent } from '../../shared/projections/pdus.ts'

/** A span of lab time in microseconds. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/**
 * What is selected above TCP: a side of an exchange by its connection, or a record, handshake message or frame by its row
 * in `security:record`, `security:handshake_message` or `http:frame`; or a QUIC packet, of which a datagram may hold several, by
 * its row in `transport:packet_sent`; or a message of another protocol by the event that tells of it and the row there.
 */
export type SelectedItem =
  | { readonly kind: 'exchange'; readonly flow: string; readonly exchange: number }
  | { readonly kind: 'record' | 'handshake' | 'frame' | 'quic'; readonly row: number }
  | { readonly kind: 'pdu'; readonly event: PduEvent; readonly row: number }

/** No view zooms in further, in microseconds. */
const SHORTEST_RANGE = 1

export const useSelection = defineStore('selection', () => {
  /** The packet whose fields and bytes are shown. */
  const pkt = ref<number | null>(null)
  /** What was selected above TCP; `pkt` is then a packet that carries it. Null: the packet alone. */
  const item = shallowRef<SelectedItem | null>(null)
  /** The connection; null: all. */
  const flow = ref<string | null>(null)
  /** The moment that was clicked or scrubbed to; null: the newest. Microseconds of lab time. */
  const cursor = ref<number | null>(null)
  /** The moment under the pointer, drawn as a hair line in every view. Microseconds of lab time. */
  const hover = ref<number | null>(null)
  /** The zoom of all time axes; null: from the start to now, and growing. */
  const range = shallowRef<TimeRange | null>(null)
  /** Ids of the lanes that are switched off in the legends. */
  const hiddenLanes = shallowRef<ReadonlySet<string>>(new Set())
  /** The lane that views of one lane (ladder, packets, topology) show; null: the first. */
  const lane = ref<string | null>(null)

  function selectPacket(number: number | null, at?: { readonly t?: number; readonly lane?: string }): void {
    pkt.value = number
    item.value = null
    if (at?.t !== undefined) cursor.value = at.t
    if (at?.lane !== undefined) lane.value = at.lane
  }

  /** Selects something above TCP, and the packet that carries it (null: none is known). */
  function selectItem(
    chosen: SelectedItem,
    carrier: number | null,
    at?: { readonly t?: number; readonly lane?: string },
  ): void {
    selectPacket(carrier, at)
    item.value = chosen
    if (chosen.kind === 'exchange') flow.value = chosen.flow
  }

  /** Zooms all views; a range that is turned round or shorter than a microsecond is put right. */
  function zoom(to: TimeRange | null): void {
    if (to === null) {
      range.value = null
      return
    }
    const from = Math.max(0, Math.min(to.from, to.to))
    range.value = { from, to: Math.max(from + SHORTEST_RANGE, to.from, to.to) }
  }

  function toggleLane(id: string): void {
    const next = new Set(hiddenLanes.value)
    if (!next.delete(id)) next.add(id)
    hiddenLanes.value = next
  }

  const isShown = computed(() => (id: string) => !hiddenLanes.value.has(id))

  /** Nothing is selected any more; the zoom and the lanes stay. */
  function clear(): void {
    pkt.value = flow.value = cursor.value = hover.value = item.value = null
  }

  /** Another run comes on show: nothing of the last one is selected, its lanes may be others. */
  function reset(): void {
    clear()
    lane.value = null
    range.value = null
    hiddenLanes.value = new Set()
  }

  return {
    pkt,
    item,
    flow,
    cursor,
    hover,
    range,
    hiddenLanes,
    lane,
    selectPacket,
    selectItem,
    zoom,
    toggleLane,
    isShown,
    clear,
    reset,
  }
})
