/** A gateway for a test, closed and removed after it. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startGateway } from '../../electron/engine/gateway.ts'
import { planGateway, type GatewayOptions } from '../../electron/engine/gateway-plan.ts'
import type { Run } from '../../electron/engine/run.ts'
import { temporaryFolder } from './runs.ts'

/** Opens one on any free port; returns its run and its port on 127.0.0.1. */
export async function openGateway(
  options: Omit<GatewayOptions, 'listen'>,
): Promise<{ run: Run; port: number }> {
  const plan = planGateway({ listen: 0, ...options })
  if (!plan.ok) throw new Error(plan.error.message)
  const { run, started } = startGateway(plan.value, { id: 1, directory: join(temporaryFolder(), 'run') })
  await started
  onTestFinished(async () => {
    await run.stop()
    run.close()
  })
  return { run, port: Number(run.info.gateway!.listen.split(':')[1]) }
}
