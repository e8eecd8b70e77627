/** The link options as options of a command, and back: those that were given, in words that the contract reads. */
import { readFileSync } from 'node:fs'
import { Option, type Command } from 'commander'
import { failure, success, type Result } from '../../../shared/errors.ts'
import { LINK_OPTIONS, parseLinkOptions, type LinkOption } from '../../../shared/link-options.ts'
import type { LinkInput, LinkSpec } from '../../../shared/link.ts'
import { systemError } from './status.ts'

const DIRECTIONS = ['', '-up', '-down'] as const

/** A name as commander keeps it: `loss-up` becomes `lossUp`. */
const camel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** A switch comes without a text. */
const collect = (text: string | undefined, before: string[] = []): string[] => [...before, text ?? '']

/** Adds all link options; those for one direction work and stay out of the help, which says so once. */
export function addLinkOptions(command: Command): Command {
  command.optionsGroup('Link (each also with -up, towards the server, or -down):')
  for (const { name, argument, help } of LINK_OPTIONS)
    for (const direction of DIRECTIONS) {
      const option = new Option(`--${name}${direction} ${argument}`.trim(), help.en).argParser(collect)
      if (direction !== '') option.hideHelp()
      command.addOption(option)
    }
  return command
}

/** Everything that was given to an option: texts, or nothing but its being there. */
const given = (value: unknown): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : ['']

function contents({ name, file }: LinkOption, text: string): Result<string> {
  if (file !== true) return success(text)
  try {
    return success(readFileSync(text, 'utf8'))
  } catch (error) {
    const field = `--${name}`
    const problem = systemError(error) ?? (error as Error).message
    return failure({
      code: 'invalid',
      message: `${field}: ${problem}`,
      field,
      value: text,
      allowed: 'a file',
    })
  }
}

/** The link options among the values that commander has read; undefined: there is none. */
export function readLinkOptions(
  values: Readonly<Record<string, unknown>>,
  base: LinkInput = {},
): Result<LinkSpec | undefined> {
  const pairs: [string, string][] = []
  for (const option of LINK_OPTIONS)
    for (const direction of DIRECTIONS)
      for (const text of given(values[camel(option.name + direction)])) {
        const read = contents(option, text)
        if (!read.ok) return read
        pairs.push([option.name + direction, read.value])
      }
  if (pairs.length === 0) return success(undefined)
  const link = parseLinkOptions(pairs, base)
  if (link.ok) return link
  const { option, value, allowed } = link.error
  return failure({
    code: 'invalid',
    message: `${option}: ${value} is not ${allowed}`,
    field: option,
    value,
    allowed,
  })
}
