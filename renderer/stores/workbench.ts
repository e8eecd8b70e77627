/** The experiment that is open, and how its knobs stand. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef, watch } from 'vue'
import * as v from 'valibot'
import type { RunInfo } from '../../shared/commands.ts'
import { failure, fromIssues, success, type Result } from '../../shared/errors.ts'
import { CHAPTERS, Experiment, VIEW_IDS, type Json, type Knob } from '../../shared/experiment.ts'
import { EXPERIMENTS } from '../../shared/experiments/index.ts'
import { GATEWAY } from '../gateway.ts'
import { isSame, knobValue } from '../knobs.ts'
import { isActive, useSession } from './session.ts'

/** Milliseconds between two commands of one knob; each is an event of the trace and a mark on every chart. */
const KNOB_INTERVAL = 100

/** Reads an experiment file; what is wrong with it is named by field, value and what is allowed. */
export function parseExperiment(text: string): Result<Experiment> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return failure({ code: 'invalid', message: `JSON: ${(error as Error).message}` })
  }
  const parsed = v.safeParse(Experiment, value)
  return parsed.success ? success(parsed.output) : failure(fromIssues(parsed.issues))
}

/** An experiment that is known by a run of it alone, such as one from a file, after a reload of the page. */
function fromRun(info: RunInfo): Experiment {
  const { experiment: id, title, setup } = info
  const lanes = info.lanes.map(({ id, label }) => ({ id, label, set: {} }))
  const none = { narrative: [], rfcs: [], standards: [], steps: [], knobs: [], expectations: [] }
  const views = [...VIEW_IDS]
  return { id, title, setup, lanes, views, ...none, question: title, chapter: 'own-client', duration: 1 }
}

function matches(experiment: Experiment, words: readonly string[]): boolean {
  const { id, title, question, rfcs, standards } = experiment
  const numbers = rfcs.map((rfc) => `rfc${rfc.number}`)
  const text = [id, title.en, title.zh, question.en, question.zh, ...numbers, ...standards]
    .join(' ')
    .toLowerCase()
  return words.every((word) => text.includes(word))
}

export const useWorkbench = defineStore('workbench', () => {
  const session = useSession()

  /** Experiments from files; one with the id of an earlier one takes its place. */
  const opened = shallowRef<readonly Experiment[]>([])
  const experiment = shallowRef<Experiment>(EXPERIMENTS.find(({ id }) => id === 'tcp-bulk') ?? EXPERIMENTS[0])
  const query = ref('')
  /** Values of knobs that differ from the experiment's own, by experiment and knob. */
  const turned = shallowReactive(new Map<string, Readonly<Record<string, Json>>>())
  /** The learner's predictions, by experiment: the number of the choice. */
  const predictions = shallowReactive(new Map<string, number>())

  const isGateway = computed(() => experiment.value.id === GATEWAY.id)
  const isFromFile = computed(() => opened.value.includes(experiment.value))

  const chapters = computed(() => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean)
    const ids = new Set(opened.value.map(({ id }) => id))
    const all = [...EXPERIMENTS.filter(({ id }) => !ids.has(id)), ...opened.value, GATEWAY]
    const found = all.filter((candidate) => matches(candidate, words))
    return CHAPTERS.map((id) => ({
      id,
      experiments: found.filter((candidate) => candidate.chapter === id),
    })).filter((chapter) => chapter.experiments.length > 0)
  })

  /** The run on show, if it is one of the open experiment. */
  const run = computed(() => (session.run?.experiment === experiment.value.id ? session.run : null))
  const running = computed(() => isActive(run.value?.state))

  const changes = computed(() => turned.get(experiment.value.id) ?? {})
  const changed = (knob: Knob): boolean => Object.hasOwn(changes.value, knob.id)
  /** Values of live knobs that a step of the experiment has turned in the run on show; the next run begins without them. */
  const stepped = shallowReactive(new Map<string, Json>())
  const isStep = ({ paths }: Knob, value: Json): boolean =>
    experiment.value.steps.some(({ set }) =>
      paths.some((path) => Object.hasOwn(set, path) && isSame(set[path], value)),
    )
  const valueOf = (knob: Knob): Json => {
    if (stepped.has(knob.id)) return stepped.get(knob.id)!
    return changed(knob) ? changes.value[knob.id] : knobValue(knob, experiment.value.setup)
  }
  /** The knob stands otherwise than the run on show was set: it takes effect with the next. */
  const waitsForNextRun = (knob: Knob): boolean =>
    running.value && !knob.live && !isSame(valueOf(knob), knobValue(knob, run.value?.setup))

  /** Runs that were on show in this window; the others are of the past, and are opened by hand only. */
  const seen = new Set<number>()

  /** Opens an experiment, and the run of it that goes on or was last looked at, if there is one. */
  function open(next: Experiment): void {
    experiment.value = next
    if (session.run?.experiment === next.id) return
    const known = session.runs.filter((info) => info.experiment === next.id)
    const latest = known.find((info) => isActive(info.state)) ?? known.find(({ run }) => seen.has(run))
    void session.show(latest?.run ?? null)
  }

  /** Opens an experiment from a file. */
  function openFile(text: string): Result<Experiment> {
    const result = parseExperiment(text)
    if (result.ok) {
      opened.value = [...opened.value.filter(({ id }) => id !== result.value.id), result.value]
      open(result.value)
    }
    return result
  }

  /** A run came on show: its experiment is opened, and the knobs stand as they do in it, but for what its steps have turned. */
  function adopt(info: RunInfo): void {
    seen.add(info.run)
    stepped.clear()
    const all = [...opened.value, ...EXPERIMENTS, GATEWAY]
    if (experiment.value.id !== info.experiment)
      experiment.value = all.find(({ id }) => id === info.experiment) ?? fromRun(info)
    for (const knob of experiment.value.knobs) {
      const value = knobValue(knob, info.setup)
      const isOwn = isSame(value, knobValue(knob, experiment.value.setup))
      if (isOwn || !isStep(knob, value)) put(knob, value)
    }
  }

  function put(knob: Knob, value: Json): void {
    const { [knob.id]: _, ...others } = changes.value
    const own = isSame(value, knobValue(knob, experiment.value.setup))
    turned.set(experiment.value.id, own ? others : { ...others, [knob.id]: value })
  }

  /** Turns a knob: for the next run, and in the present one if it is live. */
  function turn(knob: Knob, value: Json): void {
    stepped.delete(knob.id)
    put(knob, value)
    if (knob.live && running.value) void send(knob, value)
  }

  function reset(knobs: readonly Knob[] = experiment.value.knobs): void {
    for (const knob of knobs) if (changed(knob)) turn(knob, knobValue(knob, experiment.value.setup))
  }

  const waiting = new Map<Knob, Json>()
  const busy = new Set<Knob>()

  /** Sends the latest value of a knob that is being turned, no faster than the engine and the eye can take it. */
  async function send(knob: Knob, value: Json): Promise<void> {
    waiting.set(knob, value)
    if (busy.has(knob)) return
    busy.add(knob)
    while (waiting.has(knob)) {
      const next = waiting.get(knob)!
      waiting.delete(knob)
      // A gateway knows no knobs, only paths.
      const names = isGateway.value ? knob.paths : [knob.id]
      for (const name of names) await session.set(name, next)
      await new Promise((resolve) => setTimeout(resolve, KNOB_INTERVAL))
    }
    busy.delete(knob)
    // Refused, or put right by the engine: the knob shows what is.
    if (running.value) put(knob, knobValue(knob, run.value?.setup))
  }

  watch(
    () => session.run?.run,
    () => session.run && adopt(session.run),
  )
  // A step of the experiment, or another window, turned a knob.
  watch(
    () => run.value?.setup,
    (now, before) => {
      if (!now || !before || !running.value) return
      for (const knob of experiment.value.knobs) {
        const value = knobValue(knob, now)
        if (busy.has(knob) || isSame(value, knobValue(knob, before))) continue
        if (!isStep(knob, value)) put(knob, value)
        else if (knob.live) stepped.set(knob.id, value)
      }
    },
  )
  watch(running, (goesOn) => {
    if (!goesOn) stepped.clear()
  })

  return {
    opened,
    experiment,
    query,
    chapters,
    isGateway,
    isFromFile,
    run,
    running,
    changes,
    changed,
    valueOf,
    waitsForNextRun,
    predictions,
    open,
    openFile,
    turn,
    reset,
  }
})
