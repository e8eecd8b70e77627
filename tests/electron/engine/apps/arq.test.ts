/** The programs that send and receive reliably over UDP, in a run. */
import { describe, expect, it } from 'vitest'
import { ARQ_SCHEMES, type ArqScheme } from '../../../../shared/arq.ts'
import type { SetupInput } from '../../../../shared/experiment.ts'
import { finishedRun, smallExperiment } from '../../../support/runs.ts'

const BYTES = 60_000

function setup(scheme: ArqScheme, up: object = {}, sender: object = {}): SetupInput {
  const rate = { limit: 10_000_000 }
  return {
    hosts: { client: { role: 'client' }, server: { role: 'server' } },
    links: {
      link: { a: 'client', b: 'server', up: { delay: 5_000, rate, ...up }, down: { delay: 5_000, rate } },
    },
    apps: {
      sender: {
        kind: 'arq-sender',
        host: 'client',
        to: 'server',
        port: 4712,
        scheme,
        bytes: BYTES,
        leastTimeout: 200_000,
        ...sender,
      },
      receiver: { kind: 'arq-receiver', host: 'server', port: 4712, scheme },
    },
  }
}

async function factsOf(given: SetupInput) {
  const run = await finishedRun({ experiment: smallExperiment({ setup: given }) as never })
  const finished = [...run.reader.events(['app:finished'])].map(({ node, data }) => ({ node, ...data }))
  return { run, finished, sent: [...run.reader.events(['arq:packet_sent'])] }
}

describe.each(ARQ_SCHEMES)('%s', (scheme) => {
  it('moves every byte under loss, reordering, duplication and corruption', async () => {
    const some = { rate: 0.05 }
    const { finished } = await factsOf(
      setup(scheme, { loss: some, reorder: some, duplicate: some, corrupt: some }),
    )
    expect(finished.map(({ bytes, error }) => [bytes, error])).toEqual([
      [BYTES, ''],
      [BYTES, ''],
    ])
    expect(finished[0].sha256).toBe(finished[1].sha256)
  })

  it('names the packet of each sending', async () => {
    const { sent } = await factsOf(setup(scheme))
    expect(sent.every(({ pkt }) => pkt > 0)).toBe(true)
    expect(new Set(sent.map(({ pkt }) => pkt)).size).toBe(sent.length)
  })
})

it('sends packets that are longer than the MTU in fragments', async () => {
  const { run, finished } = await factsOf(setup('go-back-n', {}, { payload: 8_000 }))
  expect(finished.every(({ error }) => error === '')).toBe(true)
  expect([...run.reader.events(['ip:fragment_sent'])].length).toBe(7 * 6 + 3)
})

it('gives up when nobody answers', async () => {
  const { finished } = await factsOf(setup('go-back-n', { loss: { rate: 1 } }, { retries: 3 }))
  expect(finished.map(({ error }) => error)).toEqual(['no_answer'])
})

it('gives up at once when nobody listens there (RFC 1122 4.1.3.3)', async () => {
  const { finished } = await factsOf(setup('go-back-n', {}, { port: 4713 }))
  expect(finished.map(({ error }) => error)).toEqual(['unreachable'])
})
