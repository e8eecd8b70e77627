/** How a command ends. */
import type { InputError } from '../../../shared/errors.ts'
import { printable, type Output } from './output.ts'

export const EXIT = {
  /** All went well, and all expectations hold. */
  ok: 0,
  /** An expectation does not hold, or the run broke off. */
  failed: 1,
  /** An option, a value, a file or a port that cannot be used. */
  badInput: 2,
  /** Ctrl-C: 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

/** Says what is wrong with the input: the field, the value, and what is allowed. */
export function refuse(output: Output, error: Pick<InputError, 'message' | 'allowed'>): ExitStatus {
  output.note(`rexmit: ${printable(error.message)}`)
  if (error.allowed !== undefined && !error.message.includes(error.allowed))
    output.note(`  allowed: ${printable(error.allowed)}`)
  return EXIT.badInput
}

/** What the system refused, in words; undefined when the error is not the system's. */
export function systemError(error: unknown): string | undefined {
  const { code, port, address, path, hostname, message } = error as NodeJS.ErrnoException & {
    port?: number
    address?: string
    hostname?: string
  }
  switch (code) {
    case 'EADDRINUSE':
      return port === undefined ? `the port is in use (${message})` : `port ${port} on ${address} is in use`
    case 'EACCES':
      return port === undefined
        ? `${path ?? 'a file'}: no permission`
        : `port ${port} needs rights that we do not have`
    case 'ENOENT':
      return `${path ?? 'a file'}: there is no such file`
    case 'ENOTDIR':
    case 'EEXIST':
      return `${path ?? 'a path'}: this is not a folder`
    case 'ENOTFOUND':
      return `${hostname ?? 'a host'}: this name has no address`
    case 'ENOSPC':
      return 'the disk is full'
    default:
      return code === undefined ? undefined : message
  }
}
