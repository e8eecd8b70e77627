/** The controls of a run: how the next one is started, and how the present one goes on. */
import { defineStore } from 'pinia'
import { computed, reactive, ref } from 'vue'
import type { DriverName } from '../../shared/commands.ts'
import type { Json } from '../../shared/experiment.ts'
import { gatewayCommand, gatewayLink, GATEWAY_VIEWS, type GatewayForm } from '../gateway.ts'
import { useLayout } from './layout.ts'
import { useSession } from './session.ts'
import { useWorkbench } from './workbench.ts'

/** Lab seconds a wall second that the pace control offers; null: as fast as it goes. */
export const PACES: readonly (number | null)[] = [0.001, 0.01, 0.1, 0.25, 0.5, 1, 2, 10, 100, null]

/** The slowest clock there is: a run that is stepped from its beginning starts with it. */
const CREEP = 0.000_01

export type StepKind = 'packet' | 'event' | 'time'

export const useTransport = defineStore('transport', () => {
  const session = useSession()
  const workbench = useWorkbench()
  const layout = useLayout()

  const driver = ref<DriverName>('live')
  const pace = ref<number | null>(1)
  const seed = ref(1)
  /** The next gateway. */
  const gateway = reactive<GatewayForm>({
    listen: 0,
    target: 'own',
    protocol: 'tcp',
    host: '127.0.0.1',
    port: 8080,
  })
  const starting = ref(false)

  /** The driver of the run on show, or of the next one. */
  const isVirtual = computed(() =>
    workbench.run && workbench.running ? workbench.run.driver === 'virtual' : driver.value === 'virtual',
  )
  const isPaused = computed(() => session.frozen || workbench.run?.state === 'paused')
  const canStep = computed(() =>
    isVirtual.value && !workbench.isGateway ? !workbench.running || isPaused.value : false,
  )

  async function run(withPace = pace.value): Promise<boolean> {
    if (starting.value) return false
    starting.value = true
    try {
      return (workbench.isGateway ? await startGateway() : await startExperiment(withPace)) !== undefined
    } finally {
      starting.value = false
    }
  }

  function startExperiment(withPace: number | null): ReturnType<typeof session.start> {
    const { experiment, isFromFile, changes } = workbench
    return session.start({
      experiment: isFromFile ? { ...experiment } : experiment.id,
      set: { ...changes },
      seed: seed.value,
      driver: driver.value,
      pace: driver.value === 'virtual' ? withPace : null,
    })
  }

  async function startGateway(): ReturnType<typeof session.startGateway> {
    const values = new Map<string, Json>()
    for (const knob of workbench.experiment.knobs)
      for (const path of knob.paths) values.set(path, workbench.valueOf(knob))
    const link = gatewayLink(values)
    const opened = await session.startGateway({ ...gatewayCommand(gateway), link, seed: seed.value })
    for (const view of opened ? GATEWAY_VIEWS[gateway.target] : []) layout.reveal(view)
    return opened
  }

  /** Run, pause or go on: whatever comes next. */
  async function toggle(): Promise<void> {
    if (!workbench.running) await run()
    else if (isPaused.value) await session.goOn()
    else await session.pause()
  }

  /** Steps a paused run; without one, starts one that stands still at its beginning and steps that. */
  async function step(by: StepKind): Promise<void> {
    if (!canStep.value) return
    if (!workbench.running) {
      if (!(await run(CREEP))) return
      await session.pause()
      await session.setPace(pace.value)
    }
    await session.step(by)
  }

  async function setPace(next: number | null): Promise<void> {
    pace.value = next
    if (workbench.running && workbench.run?.driver === 'virtual') await session.setPace(next)
  }

  /** One notch faster (1) or slower (-1). */
  function shiftPace(by: 1 | -1): Promise<void> {
    const at = PACES.indexOf(pace.value) + by
    return setPace(PACES[Math.min(Math.max(at, 0), PACES.length - 1)])
  }

  function newSeed(): void {
    seed.value = Math.floor(Math.random() * 10_000)
  }

  return {
    driver,
    pace,
    seed,
    gateway,
    starting,
    isVirtual,
    isPaused,
    canStep,
    run,
    toggle,
    step,
    setPace,
    shiftPace,
    newSeed,
  }
})
