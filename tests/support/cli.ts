/** The terminal's `rexmit` as a child process: the real entry, bundled as for the user. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, root } from '../../electron/setup.mjs'

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A `rexmit` that is running. */
export class Rexmit {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ended>
  private stdout = ''
  private stderr = ''
  private readonly waiting: (() => void)[] = []

  constructor(cli: string, args: readonly string[], cwd: string) {
    this.child = spawn(process.execPath, [cli, ...args], { cwd })
    this.child.stdout.on('data', (data: Buffer) => this.take(() => (this.stdout += data.toString())))
    this.child.stderr.on('data', (data: Buffer) => this.take(() => (this.stderr += data.toString())))
    this.ended = new Promise((resolve) =>
      this.child.on('close', (status) => {
        this.take(() => undefined)
        resolve({ status, stdout: this.stdout, stderr: this.stderr })
      }),
    )
  }

  /** Resolves with the match as soon as one of the streams has it; rejects when the program ends without. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (match) return match
      if (this.child.exitCode !== null) throw new Error(`ended without ${String(pattern)}: ${this.stderr}`)
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  /** Ctrl-C. */
  interrupt(): Promise<Ended> {
    this.child.kill('SIGINT')
    return this.ended
  }

  private take(add: () => void): void {
    add()
    for (const resume of this.waiting.splice(0)) resume()
  }
}

export interface BuiltCli {
  /** Starts it; what still runs at the end is killed. */
  start(...args: string[]): Rexmit
  run(...args: string[]): Promise<Ended>
  /** A folder of its own, in which it is started. */
  readonly folder: string
  remove(): void
}

/** The terminal's program, built if it is not yet, in a folder of its own, where a source that changes meanwhile leaves it alone. */
export async function buildCli(): Promise<BuiltCli> {
  await build()
  const folder = mkdtempSync(join(tmpdir(), 'rexmit-cli-'))
  const outDir = join(folder, 'dist')
  cpSync(join(root, 'dist/electron'), outDir, { recursive: true })
  const running = new Set<Rexmit>()
  const start = (...args: string[]): Rexmit => {
    const rexmit = new Rexmit(join(outDir, 'cli.js'), args, folder)
    running.add(rexmit)
    void rexmit.ended.then(() => running.delete(rexmit))
    return rexmit
  }
  return {
    folder,
    start,
    run: (...args) => start(...args).ended,
    remove() {
      for (const rexmit of running) rexmit.child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
