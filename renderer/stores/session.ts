/** The engine as the window sees it: its runs, the one on show, and what can be asked of it. */
import { defineStore } from 'pinia'
import { computed, inject, ref, shallowRef, watch } from 'vue'
import { BRIDGE, CommandError, type News } from '../bridge.ts'
import type { CommandInput, ExportFormat, Results, RunInfo, RunState } from '../../shared/commands.ts'
import type { Json } from '../../shared/experiment.ts'
import type { Pdu } from '../../shared/projections/pdus.ts'
import type { Summary } from '../../shared/summary.ts'
import { useNotices } from './notices.ts'
import { useSelection } from './selection.ts'
import { FEED } from './trace.ts'

/** The engine ended in mid-run; kept until the user has decided. */
export interface Crash {
  readonly detail: string
  /** The run that was on show. */
  readonly run: RunInfo | null
  /** The engine is there again. */
  readonly ready: boolean
}

type StartInput = Omit<Extract<CommandInput, { type: 'run.start' }>, 'type'>
type GatewayInput = Omit<Extract<CommandInput, { type: 'gateway.start' }>, 'type'>
type ExportInput = Omit<Extract<CommandInput, { type: 'run.export' }>, 'type' | 'run' | 'format'>

/** Where a reload of the page finds the run that was on show. */
const RUN_KEY = 'rexmit.run'

export const isActive = (state: RunState | undefined): boolean => state === 'running' || state === 'paused'

export const useSession = defineStore('session', () => {
  const bridge = inject(BRIDGE)!
  const feed = inject(FEED)!
  const notices = useNotices()
  const selection = useSelection()

  const runs = shallowRef<readonly RunInfo[]>([])
  const summaries = shallowRef<ReadonlyMap<number, Summary>>(new Map())
  const crash = shallowRef<Crash | null>(null)
  /** The display stands still while the live run on show goes on. */
  const frozen = ref(false)
  let synchronising = false

  const run = feed.handle.run
  const summary = computed(() => (run.value && summaries.value.get(run.value.run)) ?? null)
  const active = computed(() => isActive(run.value?.state))

  function note(info: RunInfo): RunInfo {
    const others = runs.value.filter((known) => known.run !== info.run)
    runs.value = [...others, info].sort((a, b) => b.run - a.run)
    feed.update(info)
    return info
  }

  function onMessage(message: News): void {
    if (message.type === 'run') note(message.info)
    else if (message.type === 'summary')
      summaries.value = new Map(summaries.value).set(message.run, message.summary)
    else if (message.type === 'complete') feed.complete(message.run)
    else if (message.state === 'crashed')
      crash.value = { detail: message.detail, run: run.value, ready: false }
    else {
      if (crash.value) crash.value = { ...crash.value, ready: true }
      void synchronise()
    }
  }

  /**
   * After the carrier opened, or the engine came back: its runs, and the one on show goes on. The carrier's opening
   * and the engine's being ready are told apart and in either order; one is enough.
   */
  async function synchronise(): Promise<void> {
    if (synchronising || bridge.state.value.phase !== 'open') return
    synchronising = true
    const list = await notices.attempt(() => bridge.send({ type: 'run.list' }))
    synchronising = false
    if (!list) return
    runs.value = [...list].sort((a, b) => b.run - a.run)
    const known = find(run.value) ?? runs.value.find((info) => isActive(info.state))
    if (known) await show(known.run)
  }

  /**
   * The run that was on show, by its number if it is still the same run: an engine that was started anew numbers
   * anew, and gives what is left of it as a recording. Before the first run, what this tab showed before a reload.
   */
  function find(shown: RunInfo | null): RunInfo | undefined {
    if (!shown) return runs.value.find((info) => info.run === Number(sessionStorage.getItem(RUN_KEY)))
    const same = runs.value.filter(
      (info) =>
        info.experiment === shown.experiment && info.seed === shown.seed && info.driver === shown.driver,
    )
    return same.find((info) => info.run === shown.run) ?? same.find((info) => info.state === 'recovered')
  }

  /** Puts a run on show; null: none. Its batches come from the first one on, also after a reconnect. */
  async function show(number: number | null): Promise<void> {
    const info = runs.value.find((known) => known.run === number) ?? null
    const before = run.value
    if (before?.run !== info?.run) {
      if (before) void bridge.send({ type: 'run.unwatch', run: before.run }).catch(() => undefined)
      feed.show(info)
      frozen.value = false
      selection.reset()
    }
    sessionStorage.setItem(RUN_KEY, String(info?.run ?? ''))
    if (!info) return
    const answer = await notices.attempt(() => bridge.send({ type: 'run.watch', run: info.run }))
    if (answer) note(answer)
  }

  /** Starts an experiment or a gateway and puts it on show. */
  async function start(input: StartInput): Promise<RunInfo | undefined> {
    return begin(() => bridge.send({ type: 'run.start', ...input }))
  }

  async function startGateway(input: GatewayInput): Promise<RunInfo | undefined> {
    return begin(() => bridge.send({ type: 'gateway.start', ...input }))
  }

  async function begin(send: () => Promise<RunInfo>): Promise<RunInfo | undefined> {
    const info = await notices.attempt(send)
    if (!info) return undefined
    crash.value = null
    note(info)
    await show(info.run)
    return info
  }

  /** A command to the run on show that answers with the run. */
  async function tell(
    command: (run: number) => Extract<CommandInput, { run: number }> & { type: RunCommand },
  ): Promise<boolean> {
    const info = run.value
    if (!info) return false
    const answer = await notices.attempt(() => askRun(command(info.run)))
    if (answer) note(answer)
    return answer !== undefined && answer !== null
  }

  /** Null when the run has ended while the command was on its way: nothing is wrong then, and nothing to do. */
  async function askRun(command: Extract<CommandInput, { run: number }> & { type: RunCommand }) {
    try {
      return await bridge.send(command)
    } catch (error) {
      const isLate = error instanceof CommandError && error.error.code === 'wrong_state'
      if (isLate && !isActive(run.value?.state)) return null
      throw error
    }
  }

  /** A virtual run stops its clock; of a live run only the display stands still (DESIGN 4.4). */
  async function pause(): Promise<void> {
    if (run.value?.driver === 'live') freeze(true)
    else await tell((number) => ({ type: 'run.pause', run: number }))
  }

  async function goOn(): Promise<void> {
    if (frozen.value) freeze(false)
    else await tell((number) => ({ type: 'run.resume', run: number }))
  }

  async function stop(): Promise<void> {
    freeze(false)
    await tell((number) => ({ type: 'run.stop', run: number }))
  }

  /** Ends a run that need not be on show. */
  async function stopRun(number: number): Promise<void> {
    if (number === run.value?.run) return stop()
    const answer = await notices.attempt(() => askRun({ type: 'run.stop', run: number }))
    if (answer) note(answer)
  }

  const step = (by: 'event' | 'packet' | 'time'): Promise<boolean> =>
    tell((number) => ({ type: 'run.step', run: number, by }))

  const setPace = (pace: number | null): Promise<boolean> =>
    tell((number) => ({ type: 'run.pace', run: number, pace }))

  /** Turns a knob of the run on show: by its id, or by a path of the set-up. */
  const set = (name: string, value: Json): Promise<boolean> =>
    tell((number) => ({ type: 'run.set', run: number, name, value }))

  async function mark(text: string): Promise<void> {
    const info = run.value
    if (info) await notices.attempt(() => bridge.send({ type: 'run.mark', run: info.run, text }))
  }

  /** Drops a packet that is on a link now; false when it was too late. */
  async function drop(pkt: number): Promise<boolean> {
    const info = run.value
    if (!info) return false
    const answer = await notices.attempt(() => bridge.send({ type: 'run.drop', run: info.run, pkt }))
    return answer?.dropped ?? false
  }

  /** Bytes and decoded fields of a packet of the run on show. Rejects with a `CommandError`. */
  function readPacket(pkt: number): Promise<Results['packet.read']> {
    return bridge.send({ type: 'packet.read', run: run.value?.run ?? 0, pkt })
  }

  /** The fields of a message of MQTT, DNS, WebSocket, gRPC or ARP. Rejects with a `CommandError`. */
  function dissect({
    protocol,
    hex,
    version,
  }: Pick<Pdu, 'protocol' | 'hex' | 'version'>): Promise<Results['pdu.dissect']> {
    return bridge.send({ type: 'pdu.dissect', protocol, hex, version })
  }

  /** The QUIC packets of a datagram as far as the recording has their keys; none of others. */
  function openPackets(pkt: number): Promise<Results['packet.open']> {
    return bridge.send({ type: 'packet.open', run: run.value?.run ?? 0, pkt })
  }

  async function forget(number: number): Promise<void> {
    const done = await notices.attempt(() => bridge.send({ type: 'run.forget', run: number }))
    if (done === undefined) return
    runs.value = runs.value.filter((known) => known.run !== number)
    if (run.value?.run === number) await show(null)
  }

  /** Exports a run and gives the files to the user. */
  async function exportRun(number: number, format: ExportFormat, options: ExportInput = {}): Promise<void> {
    const files = await notices.attempt(() =>
      bridge.send({ type: 'run.export', run: number, format, ...options }),
    )
    if (!files) return
    if (files.length === 0) {
      notices.add({ kind: 'done', title: 'notice.exported_nothing' })
      return
    }
    const saved = await notices.attempt(() => bridge.save(files))
    if (!saved) return
    const names = files.map((file) => file.name).join(', ')
    const secret = files.some((file) => file.secret)
    notices.add({
      kind: 'done',
      title: secret ? 'notice.exported_secret' : 'notice.exported',
      params: { names },
    })
  }

  function freeze(on: boolean): void {
    frozen.value = on
    const error = feed.freeze(on)
    if (error) notices.add({ kind: 'error', title: 'notice.damaged', detail: error.reason })
  }

  bridge.onMessage(onMessage)
  bridge.onBatch((batch) => {
    if (batch.run !== run.value?.run) return
    const error = feed.take(batch.number, batch.data)
    if (error) notices.add({ kind: 'error', title: 'notice.damaged', detail: error.reason })
  })
  watch(bridge.state, (state) => void (state.phase === 'open' && synchronise()), { immediate: true })

  return {
    connection: bridge.state,
    reopen: bridge.reopen,
    runs,
    run,
    summary,
    active,
    crash,
    frozen,
    show,
    start,
    startGateway,
    pause,
    goOn,
    stop,
    stopRun,
    step,
    setPace,
    set,
    mark,
    drop,
    readPacket,
    dissect,
    openPackets,
    forget,
    exportRun,
  }
})

type RunCommand = {
  [T in keyof Results]: Results[T] extends RunInfo ? T : never
}[keyof Results]
