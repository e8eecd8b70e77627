/** How the window is laid out: the panes of each experiment, the widths of the sides, which sections are open. */
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowReactive, watch } from 'vue'
import type { ViewId } from '../../shared/experiment.ts'
import {
  closeView,
  defaultStage,
  findPane,
  panesOf,
  parseStage,
  resize,
  showView,
  splitPane,
  type Direction,
  type Node,
} from '../stage.ts'
import { readStored, writeStored } from '../storage.ts'
import { useWorkbench } from './workbench.ts'

const STAGES_KEY = 'rexmit.stages'
const FRAME_KEY = 'rexmit.frame'

/** Size of the text that the sizes below are meant for; a theme with larger text has wider sides. */
export const BASE_TEXT_SIZE = 13

/** CSS pixels at that size of text: as wide as the sides may be drawn, and as they are at first. */
export const SIDE_WIDTHS = { left: [180, 224, 360], right: [280, 328, 480] } as const
export const TIMELINE_HEIGHTS = [64, 96, 260] as const

const sizeIn = (stored: unknown, [min, first, max]: readonly [number, number, number]): number =>
  typeof stored === 'number' && stored >= min && stored <= max ? stored : first

export const useLayout = defineStore('layout', () => {
  const workbench = useWorkbench()
  const stored = readStored(FRAME_KEY)

  const left = ref(sizeIn(stored.left, SIDE_WIDTHS.left))
  const right = ref(sizeIn(stored.right, SIDE_WIDTHS.right))
  const timeline = ref(sizeIn(stored.timeline, TIMELINE_HEIGHTS))
  /** Sections of the right side that the user has closed or opened against their own default. */
  const sections = reactive<Record<string, boolean>>({})
  for (const [id, open] of Object.entries(readStored(`${FRAME_KEY}.sections`)))
    if (typeof open === 'boolean') sections[id] = open

  const stages = shallowReactive(new Map<string, Node>())
  for (const [id, value] of Object.entries(readStored(STAGES_KEY))) {
    const node = parseStage(value)
    if (node) stages.set(id, node)
  }

  /** Default panes once made, so that they keep their ids. Not reactive: it follows from the experiment alone. */
  const initial = new Map<string, Node>()
  /** The panes of the open experiment. */
  const stage = computed<Node>({
    get() {
      const { id, views } = workbench.experiment
      const own = stages.get(id) ?? initial.get(id)
      if (own) return own
      const fresh = defaultStage(views)
      initial.set(id, fresh)
      return fresh
    },
    set(next) {
      stages.set(workbench.experiment.id, next)
    },
  })

  const maximised = ref<number | null>(null)
  const focused = ref<number | null>(null)
  const maximisedPane = computed(() =>
    maximised.value === null ? undefined : findPane(stage.value, maximised.value),
  )

  function show(pane: number, view: ViewId): void {
    stage.value = showView(stage.value, pane, view)
  }

  /** Brings a view to the front, wherever it is. */
  function reveal(view: ViewId): void {
    const pane = panesOf(stage.value).find(({ tabs }) => tabs.includes(view))
    if (pane) show(pane.id, view)
  }

  function close(pane: number, view: ViewId): void {
    stage.value = closeView(stage.value, pane, view)
  }

  function split(pane: number, view: ViewId, direction: Direction): void {
    stage.value = splitPane(stage.value, pane, view, direction)
    maximised.value = null
  }

  function setSizes(branch: number, sizes: readonly number[]): void {
    stage.value = resize(stage.value, branch, sizes)
  }

  function maximise(pane: number | null): void {
    maximised.value = maximised.value === pane ? null : pane
  }

  /** The n-th pane, from 0, takes the focus of the keyboard's commands. */
  function focus(index: number): void {
    focused.value = panesOf(stage.value)[index]?.id ?? focused.value
  }

  function resetStage(): void {
    stages.delete(workbench.experiment.id)
    initial.delete(workbench.experiment.id)
    maximised.value = null
  }

  watch(
    () => workbench.experiment.id,
    () => (maximised.value = null),
  )
  watch([left, right, timeline], () =>
    writeStored(FRAME_KEY, { left: left.value, right: right.value, timeline: timeline.value }),
  )
  watch(sections, () => writeStored(`${FRAME_KEY}.sections`, { ...sections }))
  watch(stages, () => writeStored(STAGES_KEY, Object.fromEntries(stages)))

  return {
    left,
    right,
    timeline,
    sections,
    stage,
    maximised,
    maximisedPane,
    focused,
    show,
    reveal,
    close,
    split,
    setSizes,
    maximise,
    focus,
    resetStage,
  }
})
