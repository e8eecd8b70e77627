/** One run: an experiment or a gateway, its world, its driver and its recording, from start to end. */
import type { RunInfo, RunState } from '../../shared/commands.ts'
import { failure, success, type Result } from '../../shared/errors.ts'
import type { Setup } from '../../shared/experiment.ts'
import type { Summary } from '../../shared/summary.ts'
import type { Micros } from '../../shared/units.ts'
import type { Rng } from '../protocol/random.ts'
import { LiveDriver, type OutsidePort } from './drivers/live.ts'
import { VirtualDriver, type StepBy } from './drivers/virtual.ts'
import { summarize } from './metrics/summarize.ts'
import { laboratoryAuthority } from './node/authority.ts'
import { PROGRAMS, isProgram, type ProgramTable } from './node/programs.ts'
import { Programs } from './node/surroundings.ts'
import type { RunPlan } from './plan.ts'
import { writeMeta, writeSummary } from './recording/meta.ts'
import { Recorder, type RecorderOptions } from './recording/recorder.ts'
import { Recording } from './recording/recording.ts'
import type { RecordingMeta } from './recording/types.ts'
import { Scene } from './scene.ts'
import { applyChanges, laneSetup, pathsOf, valueAt, type Changes } from './settings.ts'
import { Timeline } from './timeline.ts'

/** A batch about every so often, while there is anything to tell (DESIGN 6). */
const BATCH_MS = 33

/** Settings that can be changed while a run goes on; the rest is its topology. */
const CHANGEABLE =
  /^(links\.[^.]+\.(up|down)\.|hosts\.[^.]+\.((tcp|quic)\.|address$|power$)|switches\.[^.]+\.aging$|routers\.[^.]+\.routes$|apps\.[^.]+\.(rate|bytes|acceptDelay|readSize|closeDelay|reply|writeSize)$)/

/** What others want to know of a run. */
export interface RunObserver {
  onBatch(run: Run): void
  onChange(run: Run): void
  onSummary(run: Run, summary: Summary): void
}

const NOBODY: RunObserver = {
  onBatch: () => undefined,
  onChange: () => undefined,
  onSummary: () => undefined,
}

export interface RunOptions extends RecorderOptions {
  readonly id: number
  readonly observer?: RunObserver
  /** Adds what no lane describes; returns the ports that other programs are attached to. Live only. */
  readonly attach?: (scene: Scene) => readonly OutsidePort[]
  /** The programs that there are; else those that are built in. */
  readonly programs?: ProgramTable
  /** What programs draw their keys from, instead of the seed. */
  readonly rng?: Rng
}

export class Run {
  readonly id: number
  readonly plan: RunPlan
  readonly directory: string
  readonly scene: Scene
  readonly recorder: Recorder
  readonly reader: Recording
  readonly driver: VirtualDriver | LiveDriver
  /** Resolves when the run has ended in whatever way, its recording complete. */
  readonly ended: Promise<void>
  summary: Summary | undefined
  private state: RunState = 'paused'
  private error: string | undefined
  private setup: Setup
  /** What steps have set in single lanes. */
  private laneChanges: ReadonlyMap<string, Changes> = new Map()
  private readonly programTable: ProgramTable
  private readonly programRng: Rng | undefined
  private programs: Programs | undefined
  /** What a gateway says of itself. */
  private gateway: () => RunInfo['gateway'] = () => undefined
  private readonly observer: RunObserver
  private readonly startedAt = new Date().toISOString()
  private batchTimer: NodeJS.Timeout | undefined
  private markEnded!: () => void
  private summarizes = true
  private endedAt: number | undefined

  constructor(plan: RunPlan, options: RunOptions) {
    this.plan = plan
    this.id = options.id
    this.directory = options.directory
    this.observer = options.observer ?? NOBODY
    this.setup = plan.setup
    this.programTable = options.programs ?? PROGRAMS
    this.programRng = options.rng
    this.ended = new Promise((resolve) => (this.markEnded = resolve))
    this.recorder = new Recorder(options)
    this.scene = new Scene(this.recorder, this.recorder, plan.seed)
    this.recorder.onSecret = (line) => this.scene.onlookers.addSecret(line)
    for (const lane of plan.lanes) this.scene.addLane(lane, must(laneSetup(plan.setup, lane)))
    if (plan.steps.length > 0)
      this.scene.world.add('timeline', new Timeline(plan.steps, (now, step) => this.applyStep(now, step)))
    this.driver = this.createDriver(options)
    this.reader = Recording.of(
      this.recorder,
      () => this.meta,
      () => this.summary,
    )
  }

  get isOver(): boolean {
    return this.state !== 'running' && this.state !== 'paused'
  }

  get info(): RunInfo {
    const { plan, recorder } = this
    const gateway = this.gateway()
    return {
      run: this.id,
      kind: plan.kind,
      experiment: plan.name,
      title: plan.title,
      seed: plan.seed,
      driver: plan.driver,
      pace: this.driver instanceof VirtualDriver ? this.driver.pace : null,
      state: this.state,
      now: this.endedAt ?? this.driver.now(),
      ...(this.error === undefined ? {} : { error: this.error }),
      setup: this.setup,
      lanes: plan.lanes,
      ...(gateway && { gateway }),
      recording: {
        bytes: recorder.trace.bytes + recorder.spool.bytes,
        packets: recorder.spool.packets,
        truncatedPackets: recorder.spool.truncated,
      },
    }
  }

  get meta(): RecordingMeta {
    const { experiment, set } = this.plan
    return { info: this.info, ...(experiment && { experiment }), set, startedAt: this.startedAt }
  }

  // --- its course -----------------------------------------------------------------------------------------

  /**
   * Runs a virtual experiment to its end within the call; `summarize: false` leaves the summary out. Programs that live in
   * Node need the event loop: a run that has any is for `start`.
   */
  runToEnd({ summarize = true } = {}): void {
    this.summarizes = summarize
    if (!(this.driver instanceof VirtualDriver)) throw new Error('a live run takes its time')
    if (this.hasPrograms)
      throw new Error('programs in Node need the event loop: start the run and await its end')
    this.state = 'running'
    writeMeta(this.directory, this.meta)
    this.driver.runToEnd()
  }

  /** Starts it; `gateway` tells where a gateway listens, and of its visitors. Rejects when sockets cannot be had. */
  async start(gateway?: () => RunInfo['gateway']): Promise<void> {
    if (gateway !== undefined) this.gateway = gateway
    try {
      if (this.hasPrograms) await this.createPrograms()
      if (this.driver instanceof LiveDriver) await this.driver.open()
      this.state = 'running'
      writeMeta(this.directory, this.meta)
      this.recorder.onPending = () => (this.batchTimer ??= setTimeout(this.flushBatch, BATCH_MS))
      this.recorder.onBatch = () => this.observer.onBatch(this)
      // What the scene had to say while it was built.
      this.recorder.flush()
    } catch (error) {
      await this.fail(error)
      throw error
    }
    this.driver.start()
    this.programs?.start()
    this.changed()
  }

  pause(): Result<null> {
    if (!(this.driver instanceof VirtualDriver)) return this.refuse('a live run cannot be paused')
    if (this.state !== 'running') return this.refuse(`the run is ${this.state}, not running`)
    this.driver.pause()
    this.state = 'paused'
    this.changed()
    return success(null)
  }

  resume(): Result<null> {
    if (!(this.driver instanceof VirtualDriver) || this.state !== 'paused')
      return this.refuse(`the run is ${this.state}, not paused`)
    this.state = 'running'
    this.driver.resume()
    this.changed()
    return success(null)
  }

  /** Steps a paused virtual run; resolves when what it set off in programs has come to rest. */
  async step(by: StepBy, span: number): Promise<Result<null>> {
    if (!(this.driver instanceof VirtualDriver) || this.state !== 'paused')
      return this.refuse(`the run is ${this.state}; only a paused virtual run can be stepped`)
    await this.driver.step(by, span)
    this.guard(() => this.recorder.flush())
    this.changed()
    return success(null)
  }

  setPace(pace: number | null): Result<null> {
    if (!(this.driver instanceof VirtualDriver)) return this.refuse('a live run goes by the wall clock')
    if (this.isOver) return this.refuse(`the run is ${this.state}`)
    this.driver.setPace(pace)
    this.changed()
    return success(null)
  }

  /** Ends it by hand; nothing happens if it has ended. */
  async stop(): Promise<void> {
    if (!this.isOver) this.finish('stopped')
    await this.ended
  }

  /** Ends it because something broke. */
  async fail(error: unknown): Promise<void> {
    if (!this.isOver) this.finish('failed', error)
    await this.ended
  }

  /** What it says of itself has changed. */
  noteChange(): void {
    this.changed()
  }

  /** Closes the files; the recording stays on the disk. */
  close(): void {
    this.reader.close()
  }

  // --- what can be done to it -----------------------------------------------------------------------------

  /** Turns a knob, by its id or by a path of the set-up. */
  set(name: string, value: unknown): Result<null> {
    if (this.isOver) return this.refuse(`the run is ${this.state}`)
    const valid = applyChanges(this.setup, { [name]: value }, this.plan.knobs)
    if (!valid.ok) return valid
    const paths = pathsOf(this.plan.knobs, name)
    const fixed = this.plan.knobs.some(
      (knob) => !knob.live && knob.paths.some((path) => paths.includes(path)),
    )
    if (fixed || !paths.every((path) => CHANGEABLE.test(path)))
      return this.refuse(`${name} can only be set before the run`, name)
    const changed = this.change({ [name]: value })
    this.driver.wake()
    return changed
  }

  mark(text: string): Result<null> {
    if (this.isOver) return this.refuse(`the run is ${this.state}`)
    this.scene.world.stamp(this.driver.now())
    this.recorder.emit('sim:mark', { text })
    return success(null)
  }

  /** Drops a packet that is on a link now; false: it is not, any more. */
  drop(pkt: number): Result<boolean> {
    if (this.isOver) return this.refuse(`the run is ${this.state}`)
    for (const lane of this.scene.lanes)
      for (const { node, link } of lane.links.values())
        if (this.driver.act(node, (now) => link.dropInFlight(now, pkt))) return success(true)
    return success(false)
  }

  private applyStep(now: Micros, { text, set, lanes }: RunPlan['steps'][number]): void {
    if (text !== undefined) this.recorder.emit('sim:mark', { text: text.en })
    // A step was checked with the experiment; what the user changed since may not agree with it.
    if (Object.keys(set).length === 0) return
    const result = lanes === undefined ? this.change(set, now) : this.changeLanes(lanes, set, now)
    if (!result.ok) this.recorder.emit('sim:mark', { text: result.error.message })
  }

  private change(changes: Readonly<Record<string, unknown>>, now = this.driver.now()): Result<null> {
    const { plan, scene, recorder } = this
    const setup = applyChanges(this.setup, changes, plan.knobs)
    if (!setup.ok) return setup
    const lanes = this.laneSetups(setup.value, this.laneChanges)
    if (!lanes.ok) return lanes
    const before = this.setup
    this.setup = setup.value
    scene.world.stamp(now)
    for (const name of Object.keys(changes)) {
      for (const path of pathsOf(plan.knobs, name)) {
        const from = JSON.stringify(valueAt(before, path)) ?? ''
        const to = JSON.stringify(valueAt(setup.value, path)) ?? ''
        if (from !== to) recorder.emit('sim:knob_changed', { path, from, to })
      }
    }
    this.configure(now, lanes.value)
    return success(null)
  }

  /** A step that concerns some lanes only: what it sets stays theirs, on top of what is common. */
  private changeLanes(ids: readonly string[], set: Changes, now: Micros): Result<null> {
    const laneChanges = new Map(this.laneChanges)
    for (const id of ids) laneChanges.set(id, { ...laneChanges.get(id), ...set })
    const lanes = this.laneSetups(this.setup, laneChanges)
    if (!lanes.ok) return lanes
    this.laneChanges = laneChanges
    this.scene.world.stamp(now)
    this.configure(now, lanes.value)
    return success(null)
  }

  private laneSetups(setup: Setup, changes: ReadonlyMap<string, Changes>): Result<Setup[]> {
    const setups: Setup[] = []
    for (const lane of this.plan.lanes) {
      const own = laneSetup(setup, lane)
      if (!own.ok) return own
      const changed = applyChanges(own.value, changes.get(lane.id) ?? {})
      if (!changed.ok) return changed
      setups.push(changed.value)
    }
    return success(setups)
  }

  private configure(now: Micros, lanes: readonly Setup[]): void {
    for (const [i, lane] of lanes.entries()) {
      const placed = this.scene.lanes[i]
      this.programs?.configure(placed, lane)
      this.scene.configure(now, placed, lane)
    }
    this.changed()
  }

  private refuse(message: string, field?: string): Result<never> {
    return failure({ code: 'wrong_state', message, ...(field === undefined ? {} : { field }) })
  }

  // --- its end --------------------------------------------------------------------------------------------

  private get hasPrograms(): boolean {
    return this.scene.lanes.some(({ setup }) => Object.values(setup.apps).some(isProgram))
  }

  private async createPrograms(): Promise<void> {
    const { scene, driver, programTable: table, programRng: rng } = this
    const authority = await laboratoryAuthority()
    this.programs = new Programs({ scene, driver, authority, table, ...(rng && { rng }) })
    await this.programs.prepare()
  }

  private isSceneOver(): boolean {
    if (this.plan.duration === Infinity || !this.scene.isOver()) return false
    return this.programs?.conclude() ?? true
  }

  private createDriver(options: RunOptions): VirtualDriver | LiveDriver {
    const { plan, scene } = this
    const hooks = {
      isOver: () => this.isSceneOver(),
      duration: plan.duration,
      onEnd: (error?: unknown) => this.finish(error === undefined ? 'finished' : 'failed', error),
    }
    if (plan.driver === 'virtual') return new VirtualDriver(scene.world, hooks, plan.pace)
    return new LiveDriver(scene.world, hooks, {
      trace: this.recorder,
      nextPacketId: scene.numbers.next,
      outsiders: options.attach?.(scene) ?? [],
    })
  }

  private finish(state: RunState, error?: unknown): void {
    if (this.isOver) return
    this.endedAt = Math.max(this.recorder.time, Math.min(this.driver.now(), this.plan.duration))
    this.state = state
    if (error !== undefined) this.error = describe(error)
    clearTimeout(this.batchTimer)
    try {
      this.recorder.seal()
      if (this.summarizes) {
        this.summary = summarize(this.reader, this.scene.audit())
        writeSummary(this.directory, this.summary)
      }
    } catch (problem) {
      // The disk may be full: what is on it stays, and the run says what happened.
      this.state = 'failed'
      this.error ??= describe(problem)
    }
    try {
      writeMeta(this.directory, this.meta)
    } catch (problem) {
      this.error ??= describe(problem)
    }
    this.programs?.stop()
    void this.driver.stop().then(() => {
      this.changed()
      if (this.summary !== undefined) this.observer.onSummary(this, this.summary)
      this.markEnded()
    })
  }

  private readonly flushBatch = (): void => {
    this.batchTimer = undefined
    this.guard(() => this.recorder.flush())
  }

  private guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.finish('failed', error)
    }
  }

  private changed(): void {
    this.observer.onChange(this)
  }
}

/** What was validated before cannot fail now. */
function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
