import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { writeMeta } from '../../../../electron/engine/recording/meta.ts'
import { Recorder } from '../../../../electron/engine/recording/recorder.ts'
import { Recording } from '../../../../electron/engine/recording/recording.ts'
import type { RecordingMeta } from '../../../../electron/engine/recording/types.ts'
import type { SpoolOptions } from '../../../../electron/engine/recording/spool.ts'
import { createRun, temporaryFolder } from '../../../support/runs.ts'

function recorderIn(directory: string, spool?: SpoolOptions): Recorder {
  const recorder = new Recorder({ directory, spool })
  onTestFinished(() => recorder.close())
  return recorder
}

const meta: RecordingMeta = {
  info: {
    ...{
      run: 1,
      kind: 'experiment',
      experiment: 'x',
      title: { en: 'X', zh: 'X' },
      seed: 1,
      driver: 'virtual',
    },
    ...{ driver: 'virtual', pace: null, state: 'running', now: 0 },
    ...{ setup: { hosts: {}, links: {}, apps: {}, switches: {}, routers: {}, ethernet: false }, lanes: [] },
    recording: { bytes: 0, packets: 0, truncatedPackets: 0 },
  },
  set: {},
  startedAt: '2026-01-01T00:00:00Z',
}

const open = (directory: string): Recording => {
  const recording = Recording.open(directory)!
  onTestFinished(() => recording.close())
  return recording
}

const bytesOf = (n: number, length: number): Uint8Array => new Uint8Array(length).fill(n)

describe('a recorder', () => {
  it('stamps events with number, time, node, flow and the packet that is being handled', () => {
    const recorder = recorderIn(join(temporaryFolder(), 'r'))
    const trace = recorder.scope({ node: 'a/host' }).scope({ flow: 'f' })
    recorder.time = 12.5
    recorder.pkt = 3
    trace.emit('tcp:data_read', { bytes: 10 })
    trace.emit('tcp:data_read', { bytes: 20 }, 9)
    recorder.emit('sim:mark', { text: 'here' }, 0)
    const reader = Recording.of(
      recorder,
      () => meta,
      () => undefined,
    )
    expect([...reader.events()]).toEqual([
      { seq: 0, t: 12.5, node: 'a/host', flow: 'f', pkt: 3, name: 'tcp:data_read', data: { bytes: 10 } },
      { seq: 1, t: 12.5, node: 'a/host', flow: 'f', pkt: 9, name: 'tcp:data_read', data: { bytes: 20 } },
      { seq: 2, t: 12.5, node: '', flow: '', pkt: 0, name: 'sim:mark', data: { text: 'here' } },
    ])
    expect([...reader.events(['sim:mark'])].map(({ seq }) => seq)).toEqual([2])
  })

  it('says when there is something to write and when it was written', () => {
    const recorder = recorderIn(join(temporaryFolder(), 'r'))
    const calls: string[] = []
    recorder.onPending = () => calls.push('pending')
    recorder.onBatch = () => calls.push('batch')
    for (let i = 0; i < 3; i++) recorder.emit('sim:mark', { text: '' })
    recorder.flush()
    recorder.flush()
    recorder.emit('sim:mark', { text: '' })
    expect(calls).toEqual(['pending', 'batch', 'pending'])
  })

  it('cuts a batch by itself before it takes much memory', () => {
    const recorder = recorderIn(join(temporaryFolder(), 'r'))
    for (let i = 0; i < 40_000; i++) recorder.emit('sim:mark', { text: '' })
    expect(recorder.trace.count).toBe(2)
  })

  it('records nothing more once it is sealed', () => {
    const recorder = recorderIn(join(temporaryFolder(), 'r'))
    recorder.seal()
    recorder.emit('sim:mark', { text: 'late' })
    recorder.packet(1, bytesOf(1, 20))
    recorder.flush()
    expect(recorder.trace.count).toBe(0)
    expect(recorder.spool.packets).toBe(0)
  })
})

describe('the packets of a recording', () => {
  it('are kept once, when a node first gives them out, and again when a link has altered them', () => {
    const recorder = recorderIn(join(temporaryFolder(), 'r'))
    recorder.packet(1, bytesOf(1, 40))
    recorder.packet(1, bytesOf(1, 40))
    recorder.emit('link:packet_corrupted', { direction: 0, offset: 3, repaired: false }, 1)
    recorder.packet(1, bytesOf(9, 40))
    recorder.packet(1, bytesOf(7, 40))
    expect(recorder.spool.packets).toBe(1)
    expect(recorder.spool.read(1)).toEqual({ bytes: bytesOf(1, 40), length: 40 })
    expect(recorder.spool.read(1, true)).toEqual({ bytes: bytesOf(9, 40), length: 40 })
    expect(recorder.spool.read(2)).toBeUndefined()
    expect(recorder.spool.read(0)).toBeUndefined()
  })

  it('are cut at the snap length, and that is counted', () => {
    const spool = { snapLength: 64, limit: 1e6 }
    const recorder = recorderIn(join(temporaryFolder(), 'r'), spool)
    recorder.packet(1, bytesOf(1, 64))
    recorder.packet(2, bytesOf(2, 65))
    expect(recorder.spool.read(2)).toEqual({ bytes: bytesOf(2, 64), length: 65 })
    expect(recorder.spool.truncated).toBe(1)
  })

  it('never take more than the limit: first the payload goes, then all; nothing is silent', () => {
    const directory = join(temporaryFolder(), 'r')
    const recorder = recorderIn(directory, { snapLength: 65_535, limit: 40_000 })
    for (let pkt = 1; pkt <= 200; pkt++) recorder.packet(pkt, bytesOf(pkt, 1_500))
    recorder.flush()
    expect(readFileSync(join(directory, 'packets.bin')).length).toBeLessThanOrEqual(40_000)
    expect(recorder.spool.read(1)!.bytes).toHaveLength(1_500)
    expect(recorder.spool.read(30)).toEqual({ bytes: bytesOf(30, 128), length: 1_500 })
    expect(recorder.spool.read(200)).toBeUndefined()
    const whole = Array.from({ length: 200 }, (_, i) => recorder.spool.read(i + 1)?.bytes.length === 1_500)
    expect(recorder.spool.truncated).toBe(whole.filter((is) => !is).length)
    expect(recorder.spool.packets).toBe(200)
  })

  it('take less than 300 bytes of memory each', () => {
    const recorder = recorderIn(join(temporaryFolder(), 'r'))
    for (let pkt = 1; pkt <= 100_000; pkt++) recorder.packet(pkt, bytesOf(1, 20))
    expect(recorder.spool.indexBytes / 100_000).toBeLessThan(16)
  })
})

describe('what a crash leaves behind', () => {
  /** A recording of `batches` events in as many batches, and as many packets. */
  function torn(batches: number): string {
    const directory = join(temporaryFolder(), 'r')
    const recorder = recorderIn(directory)
    writeMeta(directory, meta)
    for (let i = 1; i <= batches; i++) {
      recorder.emit('sim:mark', { text: `event ${i}` })
      recorder.packet(i, bytesOf(i, 100))
      recorder.flush()
    }
    return directory
  }

  it('is read up to the last whole batch and packet', () => {
    const directory = torn(3)
    const trace = join(directory, 'trace.bin')
    const packets = join(directory, 'packets.bin')
    truncateSync(trace, readFileSync(trace).length - 1)
    truncateSync(packets, readFileSync(packets).length - 1)
    const recording = open(directory)
    expect([...recording.events()].map(({ data }) => data)).toEqual([
      { text: 'event 1' },
      { text: 'event 2' },
    ])
    expect(recording.packet(2)).toEqual({ bytes: bytesOf(2, 100), length: 100 })
    expect(recording.packet(3)).toBeUndefined()
  })

  it('is no recording without its description', () => {
    const directory = torn(1)
    writeFileSync(join(directory, 'meta.json'), '{"info":')
    expect(Recording.open(directory)).toBeUndefined()
  })

  it('never makes the reader fail, whatever the bytes', () => {
    const directory = torn(3)
    const files = ['trace.bin', 'packets.bin'].map((name) => join(directory, name))
    const originals = files.map((file) => readFileSync(file))
    const damage = fc.record({
      file: fc.nat(1),
      cut: fc.nat(),
      change: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
      more: fc.uint8Array({ maxLength: 40 }),
    })
    fc.assert(
      fc.property(damage, ({ file, cut, change, more }) => {
        for (const [i, path] of files.entries()) writeFileSync(path, originals[i])
        const bytes = Buffer.from(originals[file])
        for (const [at, value] of change) bytes[at % bytes.length] = value
        writeFileSync(files[file], bytes.subarray(0, bytes.length - (cut % bytes.length)))
        appendFileSync(files[file], more)
        const recording = Recording.open(directory)
        expect(recording).toBeDefined()
        for (const event of recording!.events()) expect(event.name).toBeTypeOf('string')
        for (let pkt = 0; pkt < 5; pkt++) {
          const packet = recording!.packet(pkt)
          if (packet !== undefined) expect(packet.bytes.length).toBeLessThanOrEqual(packet.length)
        }
        recording!.close()
      }),
      { numRuns: process.env.REXMIT_FULL === '1' ? 5_000 : 200 },
    )
  })
})

describe('a finished run', () => {
  it('reads the same from its files as while it was written', () => {
    const run = createRun()
    run.runToEnd()
    const fromDisk = open(run.directory)
    expect([...fromDisk.events()]).toEqual([...run.reader.events()])
    expect(fromDisk.meta).toEqual(JSON.parse(JSON.stringify(run.meta)))
    expect(fromDisk.summary).toEqual(JSON.parse(JSON.stringify(run.summary)))
    const sent = [...fromDisk.events(['tcp:segment_sent'])]
    expect(sent.length).toBeGreaterThan(50)
    for (const { pkt, data } of sent) expect(fromDisk.packet(pkt)).toMatchObject({ length: data.size })
  })
})
