import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { actionOf, SHORTCUTS } from '../../renderer/shortcuts.ts'

/** An element that lies in what matches one of `kinds`. */
class FakeElement {
  private readonly kinds: string[]
  constructor(...kinds: string[]) {
    this.kinds = kinds
  }
  closest(selector: string): this | null {
    return selector.split(', ').some((part) => this.kinds.includes(part)) ? this : null
  }
}

beforeEach(() => vi.stubGlobal('Element', FakeElement))
afterEach(() => vi.unstubAllGlobals())

const press = (key: string, on = new FakeElement('body'), more: Partial<KeyboardEvent> = {}) =>
  actionOf({ key, target: on, ...more } as unknown as KeyboardEvent)?.action

describe('the keyboard', () => {
  it('has one meaning for each key', () => {
    const keys = SHORTCUTS.flatMap(({ keys }) => [...keys])
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('obeys keys, capital or not', () => {
    expect(press(' ')).toBe('toggle')
    expect(press('M')).toBe('mark')
    expect(press('3')).toBe('pane')
    expect(press('q')).toBeUndefined()
  })

  it('leaves the browser its own', () => {
    for (const held of ['ctrlKey', 'metaKey', 'altKey'] as const)
      expect(press('f', undefined, { [held]: true })).toBeUndefined()
    expect(press('m', undefined, { isComposing: true })).toBeUndefined()
  })

  it('is silent where one types, and in menus and dialogs', () => {
    for (const kind of ['input', '[role="menu"]', '[role="dialog"]'])
      expect(press('x', new FakeElement(kind))).toBeUndefined()
  })

  it('leaves the space bar to what it presses, and the other keys to themselves', () => {
    expect(press(' ', new FakeElement('button:not([aria-current])'))).toBeUndefined()
    expect(press(' ', new FakeElement('[role="slider"]'))).toBeUndefined()
    expect(press('x', new FakeElement('button'))).toBe('stop')
  })
})
