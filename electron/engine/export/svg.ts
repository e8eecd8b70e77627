/** The charts of a run as SVG files: the window's own charts, drawn by ECharts without a browser. */
import type { EChartsOption } from 'echarts'
import type { ViewId } from '../../../shared/experiment.ts'
import { wholeRange, type ChartContext } from '../../../shared/charts/context.ts'
import { arqChart } from '../../../shared/charts/arq.ts'
import { callsChart, callsHeight } from '../../../shared/charts/calls.ts'
import { deliveriesChart, deliveriesHeight } from '../../../shared/charts/deliveries.ts'
import { fragmentsChart, fragmentsHeight } from '../../../shared/charts/fragments.ts'
import { goodputChart } from '../../../shared/charts/goodput.ts'
import { headlineChart } from '../../../shared/charts/headline.ts'
import { heldChart } from '../../../shared/charts/held.ts'
import { listenerChart } from '../../../shared/charts/listener.ts'
import type { Chart } from '../../../shared/charts/picture.ts'
import { probesChart } from '../../../shared/charts/probes.ts'
import { queueChart } from '../../../shared/charts/queue.ts'
import { acksChart, NumbersRead } from '../../../shared/charts/acks.ts'
import { pathsChart, PathsRead } from '../../../shared/charts/paths.ts'
import { rttChart } from '../../../shared/charts/rtt.ts'
import { sequenceChart } from '../../../shared/charts/sequence.ts'
import { stallsChart } from '../../../shared/charts/stalls.ts'
import { statesChart } from '../../../shared/charts/states.ts'
import { streamsChart } from '../../../shared/charts/streams.ts'
import type { Language } from '../../../shared/charts/texts.ts'
import { LIGHT } from '../../../shared/charts/theme.ts'
import { waterfallChart, waterfallHeight } from '../../../shared/charts/waterfall.ts'
import { windowsChart } from '../../../shared/charts/windows.ts'
import { writesChart } from '../../../shared/charts/writes.ts'
import { Arq } from '../../../shared/projections/arq.ts'
import { Calls } from '../../../shared/projections/calls.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Fragments } from '../../../shared/projections/fragments.ts'
import { Goodput } from '../../../shared/projections/goodput.ts'
import { HeldBytes } from '../../../shared/projections/held-bytes.ts'
import { Listeners } from '../../../shared/projections/listeners.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { Messages } from '../../../shared/projections/messages.ts'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import { Probes } from '../../../shared/projections/probes.ts'
import { Queues } from '../../../shared/projections/queue.ts'
import { Rtt } from '../../../shared/projections/rtt.ts'
import { Sequence } from '../../../shared/projections/sequence.ts'
import { Stalls } from '../../../shared/projections/stalls.ts'
import { States } from '../../../shared/projections/states.ts'
import { Windows } from '../../../shared/projections/windows.ts'
import { Writes } from '../../../shared/projections/writes.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import type { RecordingReader } from '../recording/types.ts'

/** A picture for a page: as wide as a column of text, high enough for one lane, and so much more for each further. */
const WIDTH = 960
const HEIGHT = 320
const HEIGHT_OF_LANE = 200
/** A list of requests may be long. */
const MOST_HEIGHT = 20_000

interface Projection {
  update(store: TraceStore): void
}

interface Drawn {
  readonly chart: Chart
  /** Pixels that the picture is high. */
  readonly height: number
}

/** Reads the trace for a chart and draws it, as high as it needs to be if it knows. */
const reads =
  <P extends Projection>(
    make: () => P,
    draw: (projection: P, context: ChartContext) => Chart,
    heightOf = (_: P, { height }: ChartContext): number => height,
  ) =>
  (context: ChartContext): Drawn => {
    const projection = make()
    projection.update(context.store)
    const height = Math.min(MOST_HEIGHT, heightOf(projection, context))
    return { chart: draw(projection, { ...context, height }), height }
  }

/** All that the headline is drawn from. */
class Headline {
  readonly load = new PageLoad()
  readonly windows = new Windows()
  readonly stalls = new Stalls()

  update(store: TraceStore): void {
    for (const projection of [this.load, this.windows, this.stalls]) projection.update(store)
  }
}

/** Lanes stand side by side there, so that more of them need no more height. */
const HEADLINE_HEIGHT = 720

/** The views that are charts. */
const CHARTS: Partial<Record<ViewId, (context: ChartContext) => Drawn>> = {
  windows: reads(() => new Windows(), windowsChart),
  sequence: reads(() => new Sequence(), sequenceChart),
  rtt: reads(() => new Rtt(), rttChart),
  goodput: reads(() => new Goodput(), goodputChart),
  queue: reads(() => new Queues(), queueChart),
  stalls: reads(() => new Stalls(), stallsChart),
  states: reads(() => new States(), statesChart),
  acks: reads(
    () => new NumbersRead(),
    (read, context) => acksChart(read, context, { side: null, space: 'application' }),
  ),
  paths: reads(() => new PathsRead(), pathsChart),
  headline: reads(
    () => new Headline(),
    headlineChart,
    () => HEADLINE_HEIGHT,
  ),
  streams: reads(() => new PageLoad(), streamsChart),
  waterfall: reads(() => new PageLoad(), waterfallChart, waterfallHeight),
  calls: reads(() => new Calls(), callsChart, callsHeight),
  deliveries: reads(() => new Messages(), deliveriesChart, deliveriesHeight),
  probes: reads(() => new Probes(), probesChart),
  fragments: reads(() => new Fragments(), fragmentsChart, fragmentsHeight),
  writes: reads(() => new Writes(), writesChart),
  held: reads(() => new HeldBytes(), heldChart),
  listener: reads(() => new Listeners(), listenerChart),
  arq: reads(() => new Arq(), arqChart),
}

function contextOf(reader: RecordingReader, language: Language): ChartContext {
  const store = new TraceStore()
  for (const batch of reader.batches()) store.append(batch)
  const losses = new Losses()
  const changes = new Changes()
  losses.update(store)
  changes.update(store)
  const lanes = reader.meta.info.lanes.map(({ id, label }) => ({ id, label: label[language] }))
  const height = HEIGHT + HEIGHT_OF_LANE * Math.max(0, lanes.length - 1)
  const range = wholeRange(store)
  return {
    store,
    language,
    theme: LIGHT,
    width: WIDTH,
    height,
    range,
    lanes: lanes.length > 1 ? lanes : [],
    flow: null,
    losses,
    changes,
  }
}

/** Scripts whose letters are as wide as they are high. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g
/** Width of a letter as a share of its size, of the wider ones among the usual sans-serif fonts. */
const LETTER = 0.6

/**
 * About how wide a text is. Which font the file will be drawn with nobody knows here; by default ECharts reckons with a
 * narrow one, and texts would overlap.
 */
function measureText(text = '', font = ''): { width: number } {
  const size = Number(/([\d.]+)px/.exec(font)?.[1] ?? 12)
  const wide = text.match(WIDE)?.length ?? 0
  return { width: size * (wide + LETTER * (text.length - wide)) }
}

/** Drawing many points at once is for canvas; as SVG it fails where there is none. */
function forSvg(option: EChartsOption): EChartsOption {
  const series = [option.series ?? []].flat().map((one) => ({ ...one, large: false }))
  return { ...option, series } as EChartsOption
}

export interface ChartFile {
  readonly name: string
  readonly text: string
}

/** A file for each chart that the experiment opens; if it is a run of your own programs, for each chart that it has something for. */
export async function chartFiles(reader: RecordingReader, language: Language): Promise<ChartFile[]> {
  // A large package, and only this needs it.
  const { init, setPlatformAPI } = await import('echarts')
  setPlatformAPI({ measureText })
  const context = contextOf(reader, language)
  const asked = reader.meta.experiment?.views
  const views = asked ?? (Object.keys(CHARTS) as ViewId[])
  return views.flatMap((view) => {
    const draw = CHARTS[view]
    if (draw === undefined) return []
    const { width, theme } = context
    const drawn = draw(context)
    if (asked === undefined && drawn.chart.plots.length === 0) return []
    const chart = init(null, null, { renderer: 'svg', ssr: true, width, height: drawn.height })
    chart.setOption({ ...forSvg(drawn.chart.option), backgroundColor: theme.ground })
    const text = chart.renderToSVGString()
    chart.dispose()
    return [{ name: `charts/${view}.svg`, text }]
  })
}
