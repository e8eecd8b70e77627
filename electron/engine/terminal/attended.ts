/** Runs that end by Ctrl-C: a host, a link, a gateway (`gateway.ts`), a web server (`web.ts`). What was recorded is written then. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Language } from '../../../shared/charts/texts.ts'
import type { Result } from '../../../shared/errors.ts'
import type { ExportOptions } from '../export/export.ts'
import { runHost, runLink, type HostOptions, type LinkOptions } from '../outsider.ts'
import type { Run, RunOptions } from '../run.ts'
import { describeFiles, writeFiles } from './files.ts'
import { listenForInterrupt } from './interrupt.ts'
import { printable, type Output } from './output.ts'
import { MISHAPS, mishaps } from './mishaps.ts'
import { EXIT, refuse, systemError, type ExitStatus } from './status.ts'
import { withWorkplace } from './workplace.ts'

export interface AttendedOptions {
  /** Where to write the files at the end. */
  readonly out: string | undefined
  readonly language: Language
  readonly taps: ExportOptions['taps']
  readonly qlog: ExportOptions['qlog']
}

/** A run that has begun, and where it can be reached. */
interface Begun {
  readonly run: Run
  /** A line or several. */
  readonly where: readonly string[]
}

export type Begin = (options: RunOptions) => Promise<Result<Begun>>

export async function attend(begin: Begin, options: AttendedOptions, output: Output): Promise<ExitStatus> {
  const interrupt = listenForInterrupt()
  try {
    if (options.out !== undefined) mkdirSync(options.out, { recursive: true })
    return await withWorkplace(async (folder) => {
      const begun = await begin({ id: 1, directory: join(folder, 'run') })
      if (!begun.ok) return refuse(output, begun.error)
      const { run, where } = begun.value
      for (const line of where) output.line(printable(line))
      await Promise.race([run.ended, interrupt.requested])
      await run.stop()
      const status = await conclude(run, options, output)
      run.close()
      return status
    })
  } catch (error) {
    const problem = systemError(error)
    if (problem === undefined) throw error
    return refuse(output, { message: problem })
  } finally {
    interrupt.release()
  }
}

/** Ctrl-C is how these end, so it is a good end. */
async function conclude(run: Run, options: AttendedOptions, output: Output): Promise<ExitStatus> {
  const { info, reader } = run
  const { packets } = info.recording
  output.note(`${packets} packets in ${(info.now / 1e6).toFixed(1)} s`)
  for (const line of mishaps(reader.events(MISHAPS))) output.note(printable(line))
  for (const fault of run.summary?.faults ?? []) output.note(`rexmit: ${printable(fault)}`)
  if (options.out !== undefined) {
    const files = await writeFiles(reader, options.out, options)
    for (const line of describeFiles(options.out, files)) output.note(printable(line))
  }
  if (info.state !== 'failed') return EXIT.ok
  output.note(`rexmit: ${printable(info.error ?? 'the run broke off')}`)
  return EXIT.failed
}

export const ENDS = 'Ctrl-C ends it.'

/** `rexmit host` */
export function host(options: HostOptions & AttendedOptions, output: Output): Promise<ExitStatus> {
  const begin: Begin = async (runOptions) => {
    const begun = await runHost(options, runOptions)
    if (!begun.ok) return begun
    const { run, ports } = begun.value
    return {
      ok: true,
      value: { run, where: [`${options.address} is on udp:127.0.0.1:${ports[0]}. ${ENDS}`] },
    }
  }
  return attend(begin, options, output)
}

/** `rexmit link` */
export function link(options: LinkOptions & AttendedOptions, output: Output): Promise<ExitStatus> {
  const begin: Begin = async (runOptions) => {
    const begun = await runLink(options, runOptions)
    if (!begun.ok) return begun
    const { run, ports } = begun.value
    const where = ['a', 'b'].map((side, i) => `side ${side} is on udp:127.0.0.1:${ports[i]}`)
    return { ok: true, value: { run, where: [...where, ENDS] } }
  }
  return attend(begin, options, output)
}
