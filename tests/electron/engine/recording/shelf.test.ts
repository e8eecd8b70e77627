import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Shelf } from '../../../../electron/engine/recording/shelf.ts'
import { temporaryFolder } from '../../../support/runs.ts'

/** A recording that another process left: its number is beyond what any system gives out. */
function orphan(shelf: string, stamp: string, bytes = 10, owner = '99999999'): string {
  const path = join(shelf, `run-${stamp}-1-0`)
  mkdirSync(path)
  writeFileSync(join(path, 'owner'), owner)
  writeFileSync(join(path, 'trace.bin'), Buffer.alloc(bytes))
  return path
}

describe('the shelf of recordings', () => {
  it('takes over what nobody writes any more, and leaves what a living process writes', () => {
    const folder = temporaryFolder()
    const dead = orphan(folder, '20260101000000')
    orphan(folder, '20260101000001', 10, String(process.ppid))
    mkdirSync(join(folder, 'holiday-pictures'))
    const shelf = new Shelf(folder)
    const own = shelf.make()
    expect(shelf.adopt()).toEqual([dead])
    expect(own).not.toBe(dead)
  })

  it('takes over what an engine of the same process left when it died', () => {
    const folder = temporaryFolder()
    const left = new Shelf(folder).make()
    expect(new Shelf(folder).adopt()).toEqual([left])
  })

  it('makes room by removing the oldest, and never what is being written', () => {
    const folder = temporaryFolder()
    const [oldest, older] = ['20200101000000', '20210101000000'].map((stamp) => orphan(folder, stamp, 600))
    const shelf = new Shelf(folder, 1_000)
    const removed: string[] = []
    shelf.onRemoved = (path) => removed.push(path)
    const running = shelf.make()
    expect(removed).toEqual([oldest])
    expect(existsSync(older)).toBe(true)
    writeFileSync(join(running, 'trace.bin'), Buffer.alloc(2_000))
    shelf.make()
    expect(removed).toEqual([oldest, older])
    expect(existsSync(running)).toBe(true)
    shelf.finish(running)
    shelf.make()
    expect(existsSync(running)).toBe(false)
  })
})
