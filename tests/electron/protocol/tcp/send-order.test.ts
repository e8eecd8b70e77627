/** The segments on their way by the time of their last sending: against a sorted array, whatever happens. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Scoreboard } from '../../../../electron/protocol/tcp/scoreboard.ts'
import { SendOrder } from '../../../../electron/protocol/tcp/send-order.ts'

const numRuns = process.env.REXMIT_FULL === '1' ? 5_000 : 300

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ do: 'send' as const, n: 0 }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sack' as const), n: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), n: fc.nat(50) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'resend' as const, n: 0 }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ack' as const), n: fc.nat(8) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('split' as const), n: fc.integer({ min: 3, max: 10 }) }),
  },
)

const listed = (order: SendOrder): number[] => {
  const list: number[] = []
  for (let index = order.after(-1); index >= 0; index = order.after(index)) list.push(index)
  return list
}

describe('the order of sending', () => {
  it('is that of the last sending of all that is on its way, and of nothing else', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const board = new Scoreboard()
        /** By position of the first octet: when it was sent last, and whether it is on its way. */
        const model = new Map<number, { at: number; away: boolean; sacked: boolean }>()
        let una = 0
        let nxt = 0
        let now = 0
        const indexOf = (position: number) => {
          for (let index = board.headIndex; ; index++) if (board.position(index) === position) return index
        }
        for (const { do: what, n } of steps) {
          now++
          const keys = [...model.keys()]
          const key = keys[n % Math.max(keys.length, 1)]
          if (what === 'send') {
            board.push(nxt, 10, now)
            model.set(nxt, { at: now, away: true, sacked: false })
            nxt += 10
          } else if (what === 'sack' && key !== undefined && key > una && !model.get(key)!.sacked) {
            const length = board.length(indexOf(key))
            board.markSacked(key, key + length)
            Object.assign(model.get(key)!, { away: false, sacked: true })
          } else if (
            what === 'lose' &&
            key !== undefined &&
            !model.get(key)!.sacked &&
            model.get(key)!.away
          ) {
            board.markSendingLost(indexOf(key), 'rack')
            model.get(key)!.away = false
          } else if (what === 'resend') {
            const index = board.nextLost()
            if (index < 0) continue
            model.set(board.position(index), { at: now, away: true, sacked: false })
            board.resent(index, now)
          } else if (what === 'ack' && keys.length > 0) {
            const to = keys[Math.min(n, keys.length - 1)]
            board.acknowledge(to)
            for (const position of keys) if (position < to) model.delete(position)
            una = to
          } else if (what === 'split') {
            const old = keys.map((position) => [position, board.length(indexOf(position))] as const)
            board.split(n)
            for (const [position, length] of old)
              for (let cut = n; cut < length; cut += n) model.set(position + cut, { ...model.get(position)! })
            const sorted = [...model].sort(([a], [b]) => a - b)
            model.clear()
            for (const [position, state] of sorted) model.set(position, state)
          }
          const expected = [...model]
            .filter(([, { away }]) => away)
            .sort(([p, a], [q, b]) => a.at - b.at || p - q)
            .map(([position]) => position)
          expect(listed(board.order).map((index) => board.position(index))).toEqual(expected)
        }
      }),
      { numRuns, seed: 21 },
    )
  })

  it('moves the mark of what was overtaken back when that segment leaves', () => {
    const order = new SendOrder(8)
    for (const index of [0, 1, 2]) order.sent(index, index)
    order.overtaken = 1
    order.sent(1, 5)
    expect([order.overtaken, listed(order)]).toEqual([0, [0, 2, 1]])
    order.remove(0)
    expect([order.overtaken, order.oldest]).toEqual([-1, 2])
  })
})
