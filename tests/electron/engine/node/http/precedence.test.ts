/** Who goes first among the responses of a connection (RFC 9218). */
import { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Precedence, urgencyOf } from '../../../../../electron/engine/node/http/precedence.ts'

describe('the urgency of a priority field', () => {
  it.each([
    ['u=0', 0],
    ['u=7, i', 7],
    ['i, u=1', 1],
    ['u=2;x=1', 2],
    ['i', 3],
    ['', 3],
    [undefined, 3],
    ['u=8', 3],
    ['u=-1', 3],
    ['u=12', 3],
    ['xu=1', 3],
  ])('%s is %d', (field, urgency) => {
    expect(urgencyOf(field)).toBe(urgency)
  })
})

describe('responses', () => {
  function connection() {
    const precedence = new Precedence()
    const begun: string[] = []
    const enter = (name: string, urgency: number) => {
      const sender = new EventEmitter()
      precedence.enter(urgency, sender, () => begun.push(name))
      return () => sender.emit('close')
    }
    return { begun, enter }
  }

  it('that come together begin with the most urgent one, whenever it came; the others wait until it is sent', async () => {
    const { begun, enter } = connection()
    enter('picture', 3)
    enter('advertisement', 6)
    const sent = enter('style', 0)
    await turn()
    expect(begun).toEqual(['style'])
    sent()
    expect(begun).toEqual(['style', 'picture'])
  })

  it('of one urgency share the connection, in their order', async () => {
    const { begun, enter } = connection()
    for (const name of ['one', 'two', 'three']) enter(name, 3)
    await turn()
    expect(begun).toEqual(['one', 'two', 'three'])
  })

  it('that have begun are not interrupted, and a more urgent one does not wait for them', async () => {
    const { begun, enter } = connection()
    enter('picture', 3)
    await turn()
    enter('style', 0)
    await turn()
    expect(begun).toEqual(['picture', 'style'])
  })

  it('that nobody wants any more hold nobody up', async () => {
    const { begun, enter } = connection()
    const giveUp = enter('style', 0)
    enter('picture', 3)
    giveUp()
    await turn()
    expect(begun).toEqual(['picture'])
  })

  it('wait for all of the more urgent ones', async () => {
    const { begun, enter } = connection()
    const first = enter('style', 1)
    const second = enter('script', 1)
    enter('picture', 3)
    await turn()
    first()
    expect(begun).toEqual(['style', 'script'])
    second()
    expect(begun).toEqual(['style', 'script', 'picture'])
  })
})
