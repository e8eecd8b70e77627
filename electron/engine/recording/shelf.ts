/**
 * The directory in which recordings stand, one folder each. A folder holds the number of the process that writes
 * it (`owner`); when that process is gone, or its engine died and a new one took its place in the same process, the
 * recording is an orphan: it is shown as recovered and can be exported and forgotten.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** Together, recordings of the past may take this much. */
const MOST_BYTES = 8 * 1024 ** 3
const FOLDER = /^run-[0-9]{14}-[0-9]+-[0-9]+$/

/** A folder of one's own below the system's temporary one, which users may share. */
export const defaultShelf = (): string =>
  join(tmpdir(), `rexmit-recordings-${userInfo().username.replace(/[^A-Za-z0-9._-]+/g, '_')}`)

let made = 0

export class Shelf {
  readonly directory: string
  private readonly mostBytes: number
  /** Folders that this engine writes; never removed to make room. */
  private readonly running = new Set<string>()
  /** Told of each folder that was removed to make room. */
  onRemoved: (path: string) => void = () => undefined

  constructor(directory = defaultShelf(), mostBytes = MOST_BYTES) {
    this.directory = directory
    this.mostBytes = mostBytes
    // Packets of the user's own programs may stand there.
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** A new, empty folder for one run. */
  make(): string {
    this.makeRoom()
    const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
    const path = join(this.directory, `run-${stamp}-${process.pid}-${made++}`)
    mkdirSync(path)
    writeFileSync(join(path, 'owner'), String(process.pid))
    this.running.add(path)
    return path
  }

  /** Takes over the recordings that nobody writes any more, oldest first. Once, when an engine starts. */
  adopt(): string[] {
    const orphans = this.folders().filter((path) => !this.running.has(path) && isOrphan(path))
    for (const path of orphans) writeFileSync(join(path, 'owner'), String(process.pid))
    return orphans
  }

  /** A recording is complete; it stays on the disk until it has to make room. */
  finish(path: string): void {
    this.running.delete(path)
  }

  remove(path: string): void {
    this.running.delete(path)
    rmSync(path, { recursive: true, force: true })
  }

  /** Removes the oldest recordings that nobody writes until the rest is within bounds. */
  private makeRoom(): void {
    const sizes = this.folders().map((path) => ({ path, bytes: sizeOf(path) }))
    let total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { path, bytes } of sizes) {
      if (total <= this.mostBytes) return
      if (this.running.has(path) || !isOrphan(path)) continue
      this.remove(path)
      this.onRemoved(path)
      total -= bytes
    }
  }

  /** Oldest first: the name begins with the time. */
  private folders(): string[] {
    return readdirSync(this.directory)
      .filter((name) => FOLDER.test(name))
      .sort()
      .map((name) => join(this.directory, name))
  }
}

/** Bytes of the files of a folder. */
export function sizeOf(path: string): number {
  try {
    return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
  } catch {
    return 0
  }
}

/**
 * Nobody writes it: its process is gone, or is this one (whose engine knows what it writes, see `running`). A number
 * that was given to another process since makes us wait for that one's end, no more.
 */
function isOrphan(path: string): boolean {
  let owner: number
  try {
    owner = Number(readFileSync(join(path, 'owner'), 'utf8'))
  } catch {
    return true
  }
  if (!Number.isInteger(owner) || owner <= 0 || owner === process.pid) return true
  try {
    process.kill(owner, 0)
    return false
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code !== 'EPERM'
  }
}
