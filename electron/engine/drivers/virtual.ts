/**
 * Simulated time: jumps from one event to the next (DESIGN 4.3). As fast as it goes, paced (so many lab seconds a
 * wall second), or paused and stepped. It works in slices of some milliseconds, so that commands are heard between.
 *
 * Programs that live in Node cannot be jumped over: whenever they were told something, the clock stands still until the
 * event loop has gone round several times without their doing anything. A step of the world of which they hear nothing,
 * such as an ACK that moves no byte of theirs, costs nothing.
 */
import { performance } from 'node:perf_hooks'
import { after, type Micros } from '../../../shared/units.ts'
import type { World, WorldNode } from '../world.ts'
import type { Driver, DriverHooks } from './driver.ts'
import { Outside } from './outside.ts'

/** Wall time of a slice. */
const SLICE_MS = 10
/** Reading the clock costs as much as a small event: once in so many. */
const STEPS_A_LOOK = 64
/**
 * Turns of the event loop without activity after which programs have come to rest. Node hands things on by the turn: a
 * stream over a `Duplex` acknowledges a write with `setImmediate`, and so does nghttp2 when it has something to send. The
 * most that was seen between two things that a program did is one silent turn, with Aedes and MQTT.js two. More would not make
 * a run more repeatable, since turns, unlike milliseconds, are the same each time; fewer would have answers go out too late.
 */
const QUIET_TURNS = 4

export type StepBy = 'event' | 'packet' | 'time'

export class VirtualDriver implements Driver {
  readonly outside = new Outside(() => this.wake())
  private readonly world: World
  private stepping = false
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
  private quietTurns = QUIET_TURNS

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

  /**
   * Goes on by one event, up to and with the next arrival of a packet, or by `span`, and resolves when programs have come to
   * rest after it; at once where there are none. Only while paused, and not within another step.
   */
  async step(by: StepBy, span: number): Promise<void> {
    if (!this.isPaused || this.stepping) return
    this.stepping = true
    try {
      const until = by === 'time' ? Math.min(this.time + span, this.hooks.duration) : Infinity
      for (let last = false; !last;) {
        await this.settle()
        if (!this.isPaused) return
        last = by === 'event' || (by === 'packet' && this.world.packetIsNext)
        if (!this.advance(until)) break
      }
      await this.settle()
      if (this.isPaused && by === 'time') this.time = Math.max(this.time, until)
    } catch (error) {
      this.fail(error)
    } finally {
      this.stepping = false
    }
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
    // They were told that it is over, and may have something to say to that.
    if (this.outside.hasStories && !this.world.packetIsNext) return true
    const next = this.world.nextAt()
    // Programs have no time but the lab's: nothing can come any more, unless the run is open to other programs' connections.
    if (next === Infinity && (this.outside.ends === 0 || this.hooks.duration < Infinity)) return this.end()
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
      this.fail(error)
    }
  }

  private fail(error: unknown): void {
    this.state = 'ended'
    this.unschedule()
    this.hooks.onEnd(error)
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
    // Programs wake us with each thing that they do: the next turn is soon enough for all of it.
    if (delay === 0 && this.immediate !== undefined) return
    this.unschedule()
    if (delay > 0) this.timer = setTimeout(this.slice, delay)
    else this.immediate = setImmediate(this.slice)
  }

  private unschedule(): void {
    clearTimeout(this.timer)
    clearImmediate(this.immediate)
    this.immediate = undefined
  }

  private readonly slice = (): void => {
    this.immediate = undefined
    this.guard(() => {
      if (this.hasSettled()) this.runSlice()
      // When a hold is over, we are woken.
      else if (!this.outside.isHeld) this.schedule(0)
    })
  }

  /** Whether the world may go on: programs have heard all, and have come to rest. */
  private get isAtRest(): boolean {
    const { outside } = this
    // What arrives at the same moment is told of together.
    if (outside.hasStories && !this.world.packetIsNext) return false
    return !outside.isHeld && outside.activity === this.activitySeen && this.quietTurns >= QUIET_TURNS
  }

  /** To be asked after each step, then once a turn of the event loop until it is true; tells programs what there is to tell. */
  private hasSettled(): boolean {
    if (this.isAtRest) return true
    const { outside } = this
    const isQuiet = !outside.isHeld && outside.activity === this.activitySeen
    const hadStories = outside.hasStories
    if (outside.tell() || !isQuiet) this.quietTurns = 0
    // What no program has heard of is no reason to wait for them, nor is it a turn of theirs.
    else if (!hadStories) this.quietTurns++
    this.activitySeen = outside.activity
    return this.isAtRest
  }

  /** Resolves when programs have come to rest; without a turn of the event loop if they are at rest. */
  private async settle(): Promise<void> {
    while (!this.hasSettled()) await new Promise((resolve) => setImmediate(resolve))
  }

  private runSlice(): void {
    const end = performance.now() + SLICE_MS
    let target = this.target()
    for (let steps = 1; this.state === 'running'; steps++) {
      if (!this.hasSettled()) return this.schedule(0)
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
