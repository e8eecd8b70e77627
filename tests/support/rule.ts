import { it } from 'vitest'

/**
 * A test of one rule of a standard. The table in the README of `electron/protocol/tcp/` is made of these calls
 * (`npm run rules`), so RFC, clause and text are literals.
 *
 * @param clause as the RFC numbers it, such as `3.10.7.4 first` or `5.3`
 * @param text what the rule says, in short words
 */
export function rule(rfc: number, clause: string, text: string, test: () => void | Promise<void>): void {
  it(`RFC ${rfc} ${clause}: ${text}`, test)
}

/**
 * Says in the same table that a rule of a standard is not implemented, and why not. There is nothing to test.
 *
 * @param why what makes the lack bearable, in short words
 */
rule.not = (_rfc: number, _clause: string, _text: string, _why: string): void => undefined
