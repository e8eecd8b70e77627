/**
 * The recording on show. The `TraceStore` grows with every packet, so it is a plain object that Vue never looks
 * into; `version` is the only thing that tells of its growth, at most once a frame.
 */
import {
  computed,
  inject,
  shallowReadonly,
  shallowRef,
  triggerRef,
  type InjectionKey,
  type Ref,
  type ShallowRef,
} from 'vue'
import type { RunInfo } from '../../shared/commands.ts'
import { decodeBatch } from '../../shared/trace/batch.ts'
import { TraceStore, type StoreError } from '../../shared/trace/store.ts'
import { frames } from '../frame.ts'

/** What a view gets: it reads `store.value` when it draws, and draws when `version` or `store` change. */
export interface TraceHandle {
  /** Another object whenever another recording comes on show; the same one while it grows. Never reactive inside. */
  readonly store: Readonly<Ref<TraceStore>>
  /** Grows when the store has grown, at most once a frame. Starts anew with another store. */
  readonly version: Readonly<ShallowRef<number>>
  /**
   * More of the recording is to come: its run goes on, or has ended while its last batches are still on their way to this window.
   * False in the same frame in which the last of them is drawn.
   */
  readonly growing: Readonly<ShallowRef<boolean>>
  /** The run on show: its lanes, its set-up, its state and its lab time (`now`); null before the first. */
  readonly run: Readonly<Ref<RunInfo | null>>
}

/** The handle with its other side, for the shell alone. */
export class TraceFeed {
  private readonly store = shallowRef(new TraceStore())
  private readonly version = shallowRef(0)
  private readonly info = shallowRef<RunInfo | null>(null)
  private readonly growing = shallowRef(false)
  /** Batches that arrived while the display was frozen; null: not frozen. */
  private held: ArrayBuffer[] | null = null
  /** Number of the batch that comes next; a window that joins late receives the first one first. */
  private next = 0
  /** The engine has no more batches for us. */
  private isComplete = false

  readonly handle: TraceHandle = {
    // Computed, not the shallow ref itself: who watches one of those beside others is woken whenever any of them has been looked at
    // anew, even when all came to the same as before, and what was chosen in a view would be lost with every tick.
    store: computed(() => this.store.value),
    version: shallowReadonly(this.version),
    growing: shallowReadonly(this.growing),
    run: computed(() => this.info.value),
  }

  private readonly tick = (): void => {
    this.version.value++
  }

  private readonly settle = (): void => {
    this.growing.value = false
  }

  /** Puts another run on show, with an empty store until its batches come; null: none. */
  show(run: RunInfo | null): void {
    frames.cancel(this.tick)
    frames.cancel(this.settle)
    this.held = null
    this.next = 0
    this.isComplete = false
    this.info.value = run
    this.growing.value = run !== null
    this.store.value = new TraceStore()
    this.version.value = 0
    triggerRef(this.version)
  }

  /** What the engine says of the run on show. */
  update(run: RunInfo): void {
    if (run.run === this.info.value?.run) this.info.value = run
  }

  /** Takes batch `number` in. Batches seen before (after a reconnect) are passed over; a hole is an error. */
  take(number: number, data: ArrayBuffer): StoreError | undefined {
    if (number < this.next) return undefined
    if (number > this.next) return { reason: `batch ${number} where ${this.next} was due` }
    this.next++
    if (this.held) {
      this.held.push(data)
      return undefined
    }
    return this.append(data)
  }

  /** All batches of this run have come. */
  complete(run: number): void {
    if (run !== this.info.value?.run) return
    this.isComplete = true
    // After the tick of the last batch, if that is still due: the frame scheduler keeps the order.
    if (this.held === null) frames.request(this.settle)
  }

  get frozen(): boolean {
    return this.held !== null
  }

  /** Freezes the display (a live run goes on meanwhile, DESIGN 4.4), or shows all that came since. */
  freeze(frozen: boolean): StoreError | undefined {
    if (frozen) {
      this.held ??= []
      return undefined
    }
    const held = this.held ?? []
    this.held = null
    let error: StoreError | undefined
    for (const data of held) error ??= this.append(data)
    if (this.isComplete) frames.request(this.settle)
    return error
  }

  private append(data: ArrayBuffer): StoreError | undefined {
    const batch = decodeBatch(data)
    const error = 'reason' in batch ? batch : this.store.value.append(batch)
    frames.request(this.tick)
    return error
  }
}

export const FEED: InjectionKey<TraceFeed> = Symbol('feed')
export const TRACE: InjectionKey<TraceHandle> = Symbol('trace')

/** The recording on show, for a view. */
export function useTrace(): TraceHandle {
  const handle = inject(TRACE)
  if (!handle) throw new Error('no trace is provided above this component')
  return handle
}
