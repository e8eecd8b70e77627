/** What the window has to tell: calm, precise, and gone when it is dismissed. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { CommandError, EngineGone } from '../bridge.ts'
import type { InputError } from '../../shared/errors.ts'

export type NoticeKind = 'error' | 'done'

export interface Notice {
  readonly id: number
  readonly kind: NoticeKind
  /** Key of its title in the locale files. */
  readonly title: string
  readonly params: Readonly<Record<string, string | number>>
  /** Words of the engine or of the browser, shown as they are. */
  readonly detail: string
  /** What was wrong with an input: where, what was given, what is allowed. */
  readonly input: Pick<InputError, 'field' | 'value' | 'allowed'>
}

/** Milliseconds that a notice of something done stays; errors stay until they are dismissed. */
const DONE_LIFETIME = 6_000
/** Older ones go when there are more. */
const MOST = 4

export const useNotices = defineStore('notices', () => {
  const list = shallowRef<readonly Notice[]>([])
  let lastId = 0

  function add(notice: Partial<Notice> & Pick<Notice, 'kind' | 'title'>): void {
    const entry: Notice = { params: {}, detail: '', input: {}, ...notice, id: ++lastId }
    // The same error again (a slider dragged against a limit) takes the place of the one before.
    const others = list.value.filter((old) => old.title !== entry.title || old.detail !== entry.detail)
    list.value = [...others, entry].slice(-MOST)
    if (entry.kind === 'done') setTimeout(() => dismiss(entry.id), DONE_LIFETIME)
  }

  function dismiss(id: number): void {
    list.value = list.value.filter((notice) => notice.id !== id)
  }

  function clear(): void {
    list.value = []
  }

  /** An error of a command or of a file that was opened. */
  function addError(error: InputError): void {
    const { field, value, allowed } = error
    add({
      kind: 'error',
      title: `error.${error.code}`,
      detail: error.message,
      input: { field, value, allowed },
    })
  }

  /**
   * Runs an action; what goes wrong becomes a notice, and the answer undefined. That the engine is gone is told once
   * for all (`ConnectionLine`, `CrashNotice`).
   */
  async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action()
    } catch (error) {
      if (error instanceof EngineGone) return undefined
      addError(
        error instanceof CommandError
          ? error.error
          : { code: 'failed', message: error instanceof Error ? error.message : String(error) },
      )
      return undefined
    }
  }

  return { list, add, addError, attempt, dismiss, clear }
})
