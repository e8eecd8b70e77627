/** The lane that views of a single lane show, and its nodes. */
import { computed, type ComputedRef } from 'vue'
import { senderOf, type Flow, type TraceNode, type TraceStore } from '../../shared/trace/store.ts'
import type { RunInfo } from '../../shared/commands.ts'
import { Network } from '../../shared/projections/network.ts'
import { projected } from '../charts/projected.ts'
import { usePreferences, type Locale } from '../stores/preferences.ts'
import { useSelection } from '../stores/selection.ts'
import { useTrace } from '../stores/trace.ts'

export interface LaneChoice {
  readonly value: string
  readonly label: string
}

/** The lanes of the run on show, and the one that is chosen (the first, as long as none is). */
export function useLane(): { readonly lanes: ComputedRef<LaneChoice[]>; readonly lane: ComputedRef<string> } {
  const trace = useTrace()
  const selection = useSelection()
  const preferences = usePreferences()
  const lanes = computed<LaneChoice[]>((before) => {
    // The version tells when the store has come to know its lanes.
    void trace.version.value
    const now = present(trace.store.value, trace.run.value?.lanes ?? [], preferences.locale)
    const isSame =
      before?.length === now.length &&
      before.every((one, i) => one.label === now[i].label && one.value === now[i].value)
    return isSame ? before : now
  })
  const lane = computed(() => {
    const chosen = lanes.value.find(({ value }) => value === selection.lane)
    return (chosen ?? lanes.value[0])?.value ?? ''
  })
  return { lanes, lane }
}

/** The lanes that the run announces and the trace has; then those that only the trace has. */
function present(store: TraceStore, announced: RunInfo['lanes'], locale: Locale): LaneChoice[] {
  const known = announced
    .filter(({ id }) => store.lanes.has(id))
    .map(({ id, label }) => ({ value: id, label: label[locale] }))
  const found = [...store.lanes].filter((id) => !known.some(({ value }) => value === id))
  return [...known, ...found.map((id) => ({ value: id, label: id }))]
}

export interface LaneNodes {
  readonly client: TraceNode | undefined
  readonly server: TraceNode | undefined
  /** The first link, as announced; between two hosts the only one. */
  readonly link: TraceNode | undefined
}

export function nodesOf(store: TraceStore, lane: string): LaneNodes {
  const { links, ends } = projected(store, Network).lane(lane)
  return { ...ends, link: links[0] as TraceNode | undefined }
}

/** The flow of a lane that is chosen, or the one that carries most. */
export function flowOf(store: TraceStore, lane: string, chosen: string | null): Flow | undefined {
  const flows = [...store.flows.values()].filter((flow) => flow.lane === lane)
  const bytes = (flow: Flow): number => senderOf(flow).bytes
  return (
    flows.find(({ name }) => name === chosen) ??
    flows.reduce<Flow | undefined>(
      (most, flow) => (!most || bytes(flow) > bytes(most) ? flow : most),
      undefined,
    )
  )
}

/** The name of a node without its lane. */
export const shortName = (name: string): string => name.slice(name.indexOf('/') + 1)
