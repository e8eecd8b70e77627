/** All that is told of what a client loads: its requests, the bytes that carry them, and what these wait for. */
import type { TraceStore } from '../trace/store.ts'
import { Blocking } from './blocking.ts'
import { Layers } from './layers.ts'
import { Requests } from './requests.ts'

export class PageLoad {
  readonly layers = new Layers()
  readonly blocking = new Blocking(this.layers)
  readonly requests = new Requests()

  update(store: TraceStore): void {
    this.requests.update(store)
    this.blocking.update(store)
  }
}
