import { BrowserWindow, dialog, ipcMain, type IpcMainInvokeEvent } from 'electron'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { FilesToSave } from '../../shared/carrier.ts'
import { fromIssues } from '../../shared/errors.ts'
import { originOf } from './page.ts'

export const SAVE_CHANNEL = 'rexmit:save'

/** The page of one of our own windows, at the top, and nothing inside it. */
export function isOwnPage(event: IpcMainInvokeEvent, origin: string): boolean {
  const frame = event.senderFrame
  return frame !== null && frame === event.sender.mainFrame && originOf(frame.url) === origin
}

/**
 * Lets the page save what it exported: one file under a name that the user chooses, several in a folder.
 * Rejects a sender that is not our page and a payload that does not validate.
 */
export function handleSaveFiles(origin: string): void {
  ipcMain.handle(SAVE_CHANNEL, async (event, payload: unknown): Promise<number> => {
    if (!isOwnPage(event, origin)) throw new Error('saving is not for this sender')
    const parsed = v.safeParse(FilesToSave, payload)
    if (!parsed.success) throw new Error(fromIssues(parsed.issues).message)
    const files = parsed.output
    const window = BrowserWindow.fromWebContents(event.sender)
    if (!window) return 0
    return files.length === 1 ? saveOne(window, files[0]) : saveAll(window, files)
  })
}

type FileToSave = v.InferOutput<typeof FilesToSave>[number]

async function saveOne(window: BrowserWindow, file: FileToSave): Promise<number> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, { defaultPath: basename(file.name) })
  if (canceled || !filePath) return 0
  await writeFile(filePath, file.bytes)
  return 1
}

async function saveAll(window: BrowserWindow, files: readonly FileToSave[]): Promise<number> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    properties: ['openDirectory', 'createDirectory'],
  })
  if (canceled || filePaths.length === 0) return 0
  for (const file of files) {
    const path = join(filePaths[0], file.name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, file.bytes)
  }
  return files.length
}
