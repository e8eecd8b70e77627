import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { connect, createServer } from 'node:net'
import { Lab } from '../../../electron/engine/lab.ts'
const lab = () => {
  const dir = mkdtempSync(join(tmpdir(), 'rexmit-'))
  const l = new Lab({ recordings: dir })
  const messages: any[] = []
  let id = 0
  const waiting = new Map<number, (m: any) => void>()
  const w = l.connect({
    post: (m: any) => {
      messages.push(m)
      if (m.type === 'reply') waiting.get(m.id)?.(m)
      if (m.type === 'batch') void w.receive({ type: 'ack', run: m.run, number: m.number })
    },
  })
  const ask = (command: any) =>
    new Promise<any>((resolve) => {
      const n = ++id
      waiting.set(n, resolve)
      void w.receive({ id: n, command })
    })
  return { l, ask, messages }
}
it('live', async () => {
  const { l, ask, messages } = lab()
  const r = await ask({ type: 'run.start', experiment: 'tcp-bulk', driver: 'live', set: { loss: '0.5%' } })
  console.log(r.ok, r.error, r.result?.state)
  await ask({ type: 'run.watch', run: r.result.run })
  const t = performance.now()
  const run = (l as any).runs.get(r.result.run)
  await run.ended
  console.log('live took', performance.now() - t, run.info.state, run.info.error)
  await new Promise((r) => setTimeout(r, 50))
  console.log(
    messages.filter((m) => m.type === 'batch').length,
    run.reader.trace.count,
    messages.filter((m) => m.type === 'summary').length,
    run.summary.faults,
  )
  console.log([...run.reader.events(['app:finished', 'sim:fault'])].map((e: any) => e.data))
  await l.close()
})
it('gateway', async () => {
  const { l, ask } = lab()
  const target = createServer({ allowHalfOpen: true }, (s) => {
    s.pipe(s)
  })
  await new Promise<void>((r) => target.listen(0, '127.0.0.1', r))
  const r = await ask({
    type: 'gateway.start',
    listen: 0,
    host: '127.0.0.1',
    port: (target.address() as any).port,
  })
  console.log(r.ok, r.error, r.result?.gateway)
  const port = Number(r.result.gateway.listen.split(':')[1])
  const c = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const data = Buffer.alloc(10e6, 7)
  c.end(data)
  let n = 0
  const t = performance.now()
  await new Promise<void>((res, rej) => {
    c.on('data', (d) => {
      n += d.length
    })
    c.on('end', () => res())
    c.on('error', rej)
  })
  console.log('echoed', n, performance.now() - t)
  expect(n).toBe(1e7)
  target.close()
  await l.close()
})
