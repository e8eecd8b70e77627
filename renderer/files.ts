/** Experiment files of the user: untrusted input, read as text and held to the schema. */
import type { useNotices } from './stores/notices.ts'
import type { useWorkbench } from './stores/workbench.ts'

/** Bytes; an experiment file that is larger is none. */
const LARGEST_FILE = 4 << 20

/** Opens an experiment file, or says what is wrong with it. */
export async function openExperimentFile(
  file: File,
  workbench: ReturnType<typeof useWorkbench>,
  notices: ReturnType<typeof useNotices>,
): Promise<void> {
  const params = { name: file.name }
  if (file.size > LARGEST_FILE) {
    const allowed = `at most ${LARGEST_FILE} B`
    notices.add({ kind: 'error', title: 'notice.file', params, input: { value: `${file.size} B`, allowed } })
    return
  }
  const result = await notices.attempt(async () => workbench.openFile(await file.text()))
  if (!result) return
  if (result.ok) {
    notices.add({ kind: 'done', title: 'notice.opened', params })
    return
  }
  const { message, field, value, allowed } = result.error
  notices.add({
    kind: 'error',
    title: 'notice.file',
    params,
    detail: message,
    input: { field, value, allowed },
  })
}
