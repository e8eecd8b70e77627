import type { Micros } from '../../../shared/units.ts'
import { Fifo } from '../fifo.ts'
import type { Transit } from './transit.ts'

/** Whether `a` comes out before `b`. */
const isBefore = (a: Transit, b: Transit): boolean => a.due < b.due || (a.due === b.due && a.order < b.order)

/**
 * The packets between the two ends, by the time that they come out. Most links keep order, so packets that
 * come out behind all others stand in a ring; only those that overtake go to a heap.
 */
export class Flight {
  private readonly inOrder = new Fifo<Transit>()
  private overtaking: Transit[] = []
  private pushed = 0

  get size(): number {
    return this.inOrder.length + this.overtaking.length
  }

  push(transit: Transit): void {
    transit.order = this.pushed++
    const last = this.inOrder.last
    if (last === undefined || transit.due >= last.due) this.inOrder.push(transit)
    else this.siftUp(transit)
  }

  /** When the next packet comes out; infinity: none is here. */
  nextDue(): Micros {
    return this.next()?.due ?? (Infinity as Micros)
  }

  pop(): Transit | undefined {
    const next = this.next()
    if (next === undefined) return undefined
    if (next === this.inOrder.first) return this.inOrder.shift()
    const last = this.overtaking.pop() as Transit
    if (last !== next) this.siftDown(last)
    return next
  }

  take(id: number): Transit | undefined {
    const found = this.inOrder.take((transit) => transit.id === id)
    if (found !== undefined) return found
    const rest = this.overtaking
    const taken = rest.find((transit) => transit.id === id)
    if (taken === undefined) return undefined
    this.overtaking = []
    for (const transit of rest) if (transit !== taken) this.siftUp(transit)
    return taken
  }

  toArray(): Transit[] {
    return [...this.inOrder.toArray(), ...this.overtaking]
  }

  private next(): Transit | undefined {
    const first = this.inOrder.first
    if (this.overtaking.length === 0) return first
    const top = this.overtaking[0]
    return first === undefined || isBefore(top, first) ? top : first
  }

  private siftUp(transit: Transit): void {
    const heap = this.overtaking
    let i = heap.length
    heap.push(transit)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(transit, heap[parent])) break
      heap[i] = heap[parent]
      i = parent
    }
    heap[i] = transit
  }

  private siftDown(transit: Transit): void {
    const heap = this.overtaking
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], transit)) break
      heap[i] = heap[child]
      i = child
    }
    heap[i] = transit
  }
}
