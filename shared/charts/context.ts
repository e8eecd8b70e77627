/** What every chart is given beside its own projection, and which lanes and flows it shows. */
import type { Changes } from '../projections/changes.ts'
import type { Losses } from '../projections/losses.ts'
import { senderOf, type Flow, type FlowEnd, type TraceStore } from '../trace/store.ts'
import { word, type Language } from './texts.ts'
import type { ChartTheme } from './theme.ts'

/** Lab time in microseconds. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

export interface ChartLane {
  readonly id: string
  readonly label: string
}

export interface ChartContext {
  readonly store: TraceStore
  readonly language: Language
  readonly theme: ChartTheme
  /** Size of the picture in CSS pixels. */
  readonly width: number
  readonly height: number
  readonly range: TimeRange
  /** The lanes to show; empty: all that the trace has. */
  readonly lanes: readonly ChartLane[]
  /** The flow that was chosen, by name; null: in each lane the one that carries most. */
  readonly flow: string | null
  /** Both are up to date with the store. */
  readonly losses: Losses
  readonly changes: Changes
}

/** One lane of a chart: the flow on show there, and the end of it that sends. */
export interface LaneView {
  readonly id: string
  readonly label: string
  readonly flow: Flow
  readonly sender: FlowEnd
}

/** A run has no more lanes (`shared/experiment.ts`); a damaged recording might. */
const MOST_LANES = 8

/** From the start to the end of the trace, or a first second while there is nothing. */
export const wholeRange = (store: TraceStore): TimeRange => ({ from: 0, to: store.end > 0 ? store.end : 1e6 })

/** The lanes to show, those that have carried a segment. */
export function laneViews(context: ChartContext): LaneView[] {
  const { store } = context
  const byLane = new Map<string, Flow[]>()
  for (const flow of store.flows.values()) {
    const flows = byLane.get(flow.lane)
    if (flows) flows.push(flow)
    else byLane.set(flow.lane, [flow])
  }
  const lanes = context.lanes.length > 0 ? context.lanes : [...byLane.keys()].map((id) => ({ id, label: id }))
  const views: LaneView[] = []
  for (const { id, label } of lanes.slice(0, MOST_LANES)) {
    const flows = byLane.get(id)
    if (!flows) continue
    const chosen = flows.find((flow) => flow.name === context.flow)
    const flow = chosen ?? busiest(flows)
    const name = lanes.length === 1 ? '' : label
    views.push({ id, label: labelOf(context, name, flow, flows.length), flow, sender: senderOf(flow) })
  }
  return views
}

const bytesOf = (flow: Flow): number => flow.ends.reduce((sum, end) => sum + end.bytes, 0)

function busiest(flows: readonly Flow[]): Flow {
  return flows.reduce((most, flow) => (bytesOf(flow) > bytesOf(most) ? flow : most))
}

/** Names the flow only where there is a choice. */
function labelOf({ language, flow: chosen }: ChartContext, label: string, flow: Flow, count: number): string {
  if (count === 1) return label
  const name = chosen === flow.name ? flow.name : word(language, 'busiest', { flow: flow.name, count })
  return label === '' ? name : `${label}  ${name}`
}
