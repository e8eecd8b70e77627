/** `rexmit fetch`: one request to a real server through the link. */
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { success, type Result } from '../../../shared/errors.ts'
import { planFetch, startFetch, type FetchOptions, type FetchPlan } from '../fetch.ts'
import { certificatesIn } from '../node/certificate-walk.ts'
import type { Hearer } from '../node/http/client.ts'
import type { Failure } from '../node/http/transport.ts'
import type { AttendedOptions } from './attended.ts'
import { describeFiles, writeFiles } from './files.ts'
import { listenForInterrupt } from './interrupt.ts'
import { printable, type Output } from './output.ts'
import { EXIT, refuse, systemError, type ExitStatus } from './status.ts'
import { read } from './web.ts'
import { withWorkplace } from './workplace.ts'

export interface FetchCommand extends Omit<FetchOptions, 'roots'>, AttendedOptions {
  /** A file in PEM. */
  readonly ca: string | undefined
}

/** Exit status: 0 an answer came whole, whatever its status; 1 none did; 2 bad input; 130 Ctrl-C. */
export async function fetch(command: FetchCommand, output: Output): Promise<ExitStatus> {
  const roots = readRoots(command.ca)
  if (!roots.ok) return refuse(output, roots.error)
  const plan = planFetch({ ...command, ...(roots.value !== undefined && { roots: roots.value }) })
  if (!plan.ok) return refuse(output, plan.error)
  const interrupt = listenForInterrupt()
  try {
    if (command.out !== undefined) mkdirSync(command.out, { recursive: true })
    return await withWorkplace((folder) => perform(plan.value, command, folder, interrupt.requested, output))
  } catch (error) {
    const problem = systemError(error)
    if (problem === undefined) throw error
    output.note(`rexmit: ${printable(problem)}`)
    return EXIT.failed
  } finally {
    interrupt.release()
  }
}

function readRoots(ca: string | undefined): Result<string | undefined> {
  if (ca === undefined) return success(undefined)
  const text = read('--ca', ca)
  if (!text.ok) return text
  try {
    if (certificatesIn(text.value).length > 0) return text
  } catch {
    // Said below.
  }
  const allowed = 'a file with certificates in PEM'
  const message = `--ca: ${ca} is not ${allowed}`
  return { ok: false, error: { code: 'invalid', message, field: '--ca', value: ca, allowed } }
}

async function perform(
  plan: FetchPlan,
  command: FetchCommand,
  folder: string,
  interrupted: Promise<unknown>,
  output: Output,
): Promise<ExitStatus> {
  const body = new Body(command.out === undefined ? undefined : join(command.out, 'body'))
  const { run, started, problem } = startFetch(plan, { id: 1, directory: join(folder, 'run') }, body)
  try {
    await started
    const isInterrupted = await Promise.race([run.ended.then(() => false), interrupted.then(() => true)])
    await run.stop()
    const isWhole = report(body, command, run.info.now, problem(), output)
    if (command.out !== undefined) {
      const files = await writeFiles(run.reader, command.out, command)
      for (const line of describeFiles(command.out, [{ name: 'body' }, ...files]))
        output.note(printable(line))
    }
    if (isInterrupted) return EXIT.interrupted
    return isWhole ? EXIT.ok : EXIT.failed
  } finally {
    body.close()
    await run.stop()
    run.close()
  }
}

/** Says what came; returns whether it came whole. */
function report(
  body: Body,
  { version, url }: FetchCommand,
  now: number,
  problem: string | undefined,
  output: Output,
): boolean {
  if (body.isWhole) {
    output.line(`${version} ${body.status}, ${body.length} B in ${(now / 1e6).toFixed(3)} s`)
    output.line(`SHA-256 ${body.digest()}`)
    return true
  }
  const { code, message } = body.failure ?? { code: 'timeout', message: 'no whole answer came in time' }
  output.note(`rexmit: ${printable(url)}: ${printable(`${code}: ${message}`)}`)
  if (problem !== undefined) output.note(`  ${printable(problem)}`)
  return false
}

/** The answer as it comes, into a file if there is one. */
class Body implements Hearer {
  status = 0
  length = 0
  isWhole = false
  failure: Failure | undefined
  private readonly hash = createHash('sha256')
  private file: number | undefined

  constructor(path: string | undefined) {
    if (path !== undefined) this.file = openSync(path, 'w')
  }

  started(status: number): void {
    this.status = status
  }

  content(bytes: Uint8Array): void {
    this.hash.update(bytes)
    this.length += bytes.length
    // A system call may write less than it was given.
    for (let at = 0; this.file !== undefined && at < bytes.length;) at += writeSync(this.file, bytes, at)
  }

  finished(): void {
    this.isWhole = true
  }

  failed(failure: Failure): void {
    this.failure = failure
  }

  digest(): string {
    return this.hash.digest('hex')
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file)
    this.file = undefined
  }
}
