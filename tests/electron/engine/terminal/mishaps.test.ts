/** What `rexmit host`, `link` and `gateway` say at their end of what went wrong. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runHost } from '../../../../electron/engine/outsider.ts'
import { MISHAPS, mishaps } from '../../../../electron/engine/terminal/mishaps.ts'
import { temporaryFolder } from '../../../support/runs.ts'

describe('mishaps', () => {
  it('counts the datagrams that a host ignored, by reason', async () => {
    const begun = await runHost(
      { wire: { listen: 0 }, address: '10.77.0.2' },
      { id: 1, directory: join(temporaryFolder(), 'run') },
    )
    if (!begun.ok) throw new Error(begun.error.message)
    const { run, ports } = begun.value
    onTestFinished(() => run.close())
    const socket = createSocket('udp4')
    onTestFinished(() => void socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    for (const bytes of [Buffer.from('short'), Buffer.from('short too'), Buffer.alloc(40, 0x65)])
      socket.send(bytes, ports[0], '127.0.0.1')
    await expect.poll(() => [...run.reader.events(['wire:datagram_ignored'])].length).toBe(3)
    await run.stop()
    const [first, second, ...rest] = mishaps(run.reader.events(MISHAPS))
    expect(first).toMatch(/^2 × datagram ignored: truncated$/)
    expect(second).toMatch(/^1 × datagram ignored: \w+$/)
    expect(rest).toEqual([])
  })

  it('leaves out what ended well, and what a program did not want to have any more', () => {
    const finished = (error: string) =>
      ({
        seq: 0,
        t: 0,
        node: 'gateway/server',
        flow: '',
        pkt: 0,
        name: 'app:finished',
        data: { bytes: 0, sha256: '', error },
      }) as never
    const events = [finished(''), finished('ECONNREFUSED'), finished('ECONNREFUSED'), finished('EPIPE')]
    expect(mishaps(events)).toEqual(['2 × connection broken off at gateway/server: ECONNREFUSED'])
  })
})
