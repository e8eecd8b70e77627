/** The same seed gives the same run, whatever else this machine and this process have to do (DESIGN 4.3). */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { mqttExperiment, SECOND, type MqttLab } from '../../../../support/mqtt-lab.ts'
import { createRun } from '../../../../support/runs.ts'

const loss = { rate: 0.03 }
const way = { delay: 10_000, rate: { limit: 2_000_000 }, loss }

/** Losses, cuts, offline queues, wills, all QoS: whatever could go in another order goes. */
const lab: MqttLab = {
  link: { up: way, down: way },
  duration: 120 * SECOND,
  clients: {
    ...Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [
        `sub-${i}`,
        {
          clean: i % 2 === 0,
          keepAlive: 5 * SECOND,
          will: { topic: `wills/${i}`, qos: 1 },
          subscribe: [
            { filter: 'a/#', qos: (i % 3) as 0 | 1 | 2 },
            { filter: 'wills/+', qos: 1 },
          ],
          cuts: [{ packet: 'PUBLISH', when: 'received', nth: 3 + i }],
          actions: [{ at: (10 + i) * SECOND, do: 'disconnect' }],
        },
      ]),
    ),
    ...Object.fromEntries(
      ([0, 1, 2] as const).map((qos) => [
        `pub-${qos}`,
        {
          clean: false,
          publish: [{ topic: `a/${qos}`, qos, times: 20, every: 200_000, retain: qos === 1 }],
          cuts: [{ packet: 'PUBLISH', when: 'sent', nth: 5 + qos }],
        },
      ]),
    ),
  },
}

const digestOf = async (seed: number): Promise<string> => {
  const run = createRun({ experiment: mqttExperiment(lab) as never, seed })
  await run.start()
  await run.ended
  if (run.info.error !== undefined) throw new Error(run.info.error)
  return createHash('sha256')
    .update(JSON.stringify([...run.reader.events()]))

    .digest('hex')
}

test('alone, beside others, and with a busy event loop', async () => {
  const first = await digestOf(7)
  const together = await Promise.all([digestOf(7), digestOf(8), digestOf(7)])
  expect(together[0]).toEqual(first)
  expect(together[2]).toEqual(first)
  expect(together[1]).not.toEqual(first)
  let isBusy = true
  const bother = (): void => {
    for (const end = performance.now() + Math.random() * 3; performance.now() < end;);
    if (isBusy) setTimeout(bother, Math.random() * 3)
  }
  bother()
  const disturbed = await digestOf(7)
  isBusy = false
  expect(disturbed).toEqual(first)
}, 60_000)
