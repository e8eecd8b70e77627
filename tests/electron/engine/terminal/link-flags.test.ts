import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addLinkOptions, readLinkOptions } from '../../../../electron/engine/terminal/link-flags.ts'

/** What the words of a command line make of a link. */
function read(...words: string[]) {
  const command = addLinkOptions(new Command()).exitOverride()
  command.parse(words, { from: 'user' })
  const link = readLinkOptions(command.opts())
  if (!link.ok) throw new Error(link.error.message)
  return link.value
}

test('a switch needs no text, and counts for both directions or for one', () => {
  const both = read('--ecn', '--loss', '2%')!
  for (const direction of [both.up, both.down]) {
    expect(direction).toMatchObject({ markInsteadOfDrop: true, queue: { ecn: true }, loss: { rate: 0.02 } })
  }
  const one = read('--mtu-blackhole-up')!
  expect([one.up.blackHole, one.down.blackHole]).toEqual([true, false])
})

test('no option is no link', () => {
  expect(read()).toBeUndefined()
})
