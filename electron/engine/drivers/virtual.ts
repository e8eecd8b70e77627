/**
 * Simulated time: jumps from one event to the next (DESIGN 4.3). As fast as it goes, paced (so many lab seconds a
 * wall second), or paused and stepped. It works in slices of some milliseconds, so that commands are heard between.
 *
 * Endpoints that live in Node cannot be jumped over: while any are there, the clock stands still until the event
 * loop has gone round several times without anything being read or written (`settle`).
 */
import { performance } from 'node:perf_hooks'
import { after, type Micros } from '../../../shared/units.ts'
import type { World, WorldNode } from '../world.ts'
import type { Driver, DriverHooks, Outside } from './driver.ts'

/** Wall time of a slice. */
const SLICE_MS = 10
/** Reading the clock costs as much as a small event: once in so many. */
const STEPS_A_LOOK = 64
/** Turns of the event loop without activity after which Node's endpoints count as settled. */
const QUIET_TURNS = 8

export type StepBy = 'event' | 'packet' | 'time'

export class VirtualDriver implements Driver {
  readonly outside: Outside = { ends: 0, activity: 0, holds: 0 }
  private readonly world: World
  private readonly hooks: DriverHooks
  private time = 0
  /** Lab seconds a wall second; null: as fast as it goes. */
  pace: number | null
  private state: 'idle' | 'running' | 'paused' | 'ended' = 'idle'
  /** A pair of wall and lab time from which pacing counts. */
  private wallOrigin = 0
  private labOrigin = 0
  private timer: NodeJS.Timeout | undefined
  private immediate: NodeJS.Immediate | undefined
  private activitySeen = 0
  private quietTurns = 0

  constructor(world: World, hooks: DriverHooks, pace: number | null = null) {
    this.world = world
    this.hooks = hooks
    this.pace = pace
  }

  now(): Micros {
    return this.time as Micros
  }

  get isPaused(): boolean {
    return this.state === 'paused'
  }

  start(): void {
    this.begin()
    this.state = 'running'
    this.setOrigin()
    this.schedule(0)
  }

  /** Runs to the end within the call. For runs without endpoints in Node. */
  runToEnd(): void {
    this.begin()
    this.state = 'running'
    this.guard(() => {
      while (this.state === 'running') this.advance(Infinity)
    })
  }

  pause(): void {
    if (this.state !== 'running') return
    this.state = 'paused'
    this.unschedule()
  }

  resume(): void {
    if (this.state !== 'paused') return
    this.state = 'running'
    this.setOrigin()
    this.schedule(0)
  }

  setPace(pace: number | null): void {
    this.pace = pace
    this.setOrigin()
    if (this.state === 'running') this.schedule(0)
  }

  /** Goes on by one event, up to and with the next arrival of a packet, or by `span`. Only while paused. */
  step(by: StepBy, span: number): void {
    if (this.state !== 'paused') return
    this.guard(() => {
      if (by === 'time') {
        const until = Math.min(this.time + span, this.hooks.duration)
        while (this.isPaused && this.world.nextAt() <= until) this.advance(until)
        if (this.isPaused) this.time = Math.max(this.time, until)
        return
      }
      for (;;) {
        const arrives = this.world.packetIsNext
        const happened = this.advance(Infinity)
        if (!happened || !this.isPaused || by === 'event' || arrives) return
      }
    })
  }

  act<T>(node: WorldNode, action: (now: Micros) => T): T {
    const result = this.world.act(this.now(), node, action)
    this.wake()
    return result
  }

  wake(): void {
    if (this.state === 'running') this.schedule(0)
  }

  stop(): Promise<void> {
    this.state = 'ended'
    this.unschedule()
    return Promise.resolve()
  }

  private begin(): void {
    if (this.state === 'idle') this.world.begin()
  }

  /** Does the next thing if it is due by `until`; returns whether there was one. */
  private advance(until: number): boolean {
    if (this.hooks.isOver()) return this.end()
    const next = this.world.nextAt()
    // With endpoints in Node, something may yet come from outside.
    if (next === Infinity && this.outside.ends === 0) return this.end()
    if (next > this.hooks.duration) {
      if (until >= this.hooks.duration) {
        this.time = this.hooks.duration
        return this.end()
      }
      return false
    }
    if (next > until || next === Infinity) return false
    this.time = Math.max(this.time, next)
    this.world.step(this.now())
    return true
  }

  private end(): false {
    this.state = 'ended'
    this.unschedule()
    this.hooks.onEnd()
    return false
  }

  /** A bug in a core ends this run, not the engine. */
  private guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.state = 'ended'
      this.unschedule()
      this.hooks.onEnd(error)
    }
  }

  private setOrigin(): void {
    this.wallOrigin = performance.now()
    this.labOrigin = this.time
  }

  /** How far lab time may have come by now. */
  private target(): number {
    if (this.pace === null) return Infinity
    return this.labOrigin + (performance.now() - this.wallOrigin) * 1000 * this.pace
  }

  private schedule(delay: number): void {
    this.unschedule()
    if (delay > 0) this.timer = setTimeout(this.slice, delay)
    else this.immediate = setImmediate(this.slice)
  }

  private unschedule(): void {
    clearTimeout(this.timer)
    clearImmediate(this.immediate)
  }

  private readonly slice = (): void => {
    if (!this.hasSettled()) return this.schedule(0)
    this.guard(() => this.runSlice())
  }

  private hasSettled(): boolean {
    if (this.outside.holds > 0) return false
    if (this.outside.ends === 0 && this.outside.activity === this.activitySeen) return true
    if (this.outside.activity !== this.activitySeen) {
      this.activitySeen = this.outside.activity
      this.quietTurns = 0
    } else this.quietTurns++
    return this.quietTurns >= QUIET_TURNS
  }

  private runSlice(): void {
    const end = performance.now() + SLICE_MS
    let target = this.target()
    for (let steps = 1; this.state === 'running'; steps++) {
      if (this.outside.activity !== this.activitySeen) return this.schedule(0)
      if (!this.advance(target)) break
      if (steps % STEPS_A_LOOK === 0) {
        if (performance.now() > end) return this.schedule(0)
        target = this.target()
      }
    }
    if (this.state === 'running') this.waitForNext()
  }

  /** Nothing is due: sleeps until something is. Without a next thing, whoever acts from outside wakes us. */
  private waitForNext(): void {
    if (this.pace === null) return
    const target = this.target()
    const next = Math.min(this.world.nextAt(), this.hooks.duration)
    // The display wants to see time go by even where nothing happens.
    if (this.time < target && target < next) this.time = after(this.now(), target - this.time)
    if (next === Infinity) return
    const wait = (next - this.target()) / 1000 / this.pace
    this.schedule(Math.min(Math.max(Math.ceil(wait), 1), 100))
  }
}
