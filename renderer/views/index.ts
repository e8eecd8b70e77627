/** All views by their name in an experiment. */
import { defineAsyncComponent, type Component } from 'vue'
import type { ViewId } from '../../shared/experiment.ts'

export interface View {
  /** Key of its title in the locale files. */
  readonly title: string
  readonly component: Component
}

/** Each is loaded when it is first shown; ECharts comes with the first chart. */
const view = (id: ViewId, load: () => Promise<{ default: Component }>): View => ({
  title: `view.${id}.title`,
  component: defineAsyncComponent({ loader: load, delay: 0 }),
})

export const VIEWS: Readonly<Record<ViewId, View>> = {
  topology: view('topology', () => import('./TopologyView.vue')),
  ladder: view('ladder', () => import('./LadderView.vue')),
  windows: view('windows', () => import('./WindowsView.vue')),
  rtt: view('rtt', () => import('./RttView.vue')),
  sequence: view('sequence', () => import('./SequenceView.vue')),
  goodput: view('goodput', () => import('./GoodputView.vue')),
  queue: view('queue', () => import('./QueueView.vue')),
  stalls: view('stalls', () => import('./StallsView.vue')),
  states: view('states', () => import('./StatesView.vue')),
  packets: view('packets', () => import('./PacketsView.vue')),
  layers: view('layers', () => import('./LayersView.vue')),
  waterfall: view('waterfall', () => import('./WaterfallView.vue')),
  streams: view('streams', () => import('./StreamsView.vue')),
  frames: view('frames', () => import('./FramesView.vue')),
  hpack: view('hpack', () => import('./HpackView.vue')),
  tls: view('tls', () => import('./TlsView.vue')),
  keys: view('keys', () => import('./KeysView.vue')),
  certificates: view('certificates', () => import('./CertificatesView.vue')),
  cache: view('cache', () => import('./CacheView.vue')),
  headline: view('headline', () => import('./HeadlineView.vue')),
  quic: view('quic', () => import('./QuicView.vue')),
  acks: view('acks', () => import('./AcksView.vue')),
  credit: view('credit', () => import('./CreditView.vue')),
  paths: view('paths', () => import('./PathsView.vue')),
  qpack: view('qpack', () => import('./QpackView.vue')),
  journey: view('journey', () => import('./JourneyView.vue')),
  mqtt: view('mqtt', () => import('./MqttView.vue')),
  pdus: view('pdus', () => import('./PdusView.vue')),
  deliveries: view('deliveries', () => import('./DeliveriesView.vue')),
  calls: view('calls', () => import('./CallsView.vue')),
  framing: view('framing', () => import('./FramingView.vue')),
  probes: view('probes', () => import('./ProbesView.vue')),
  routes: view('routes', () => import('./RoutesView.vue')),
  fragments: view('fragments', () => import('./FragmentsView.vue')),
  writes: view('writes', () => import('./WritesView.vue')),
  held: view('held', () => import('./HeldView.vue')),
  listener: view('listener', () => import('./ListenerView.vue')),
  arq: view('arq', () => import('./ArqView.vue')),
}

/** Fetches what the first chart needs and draws one unseen, when there is nothing else to do. */
const prepare = (): void => void import('../charts/prime.ts').then(({ prime }) => prime())
if ('requestIdleCallback' in globalThis) requestIdleCallback(prepare, { timeout: 3_000 })
