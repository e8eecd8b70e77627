/** The only bridge from the sandboxed page to Electron: two named functions and the engine's port. */
import { contextBridge, ipcRenderer } from 'electron'
import { type EngineNotice, PORT_MESSAGE, type PreloadApi } from '../shared/carrier.ts'

const api: PreloadApi = {
  carrier: 'electron',
  onEngine(callback) {
    ipcRenderer.on('rexmit:engine', (_event, notice: EngineNotice) => callback(notice))
  },
  saveFiles: (files) => ipcRenderer.invoke('rexmit:save', files) as Promise<number>,
}
contextBridge.exposeInMainWorld('rexmit', api)

// A port cannot cross the context bridge; it goes to the page as a message to itself. The page may not be
// listening yet when it comes, so it is kept until the page has loaded.
const loaded = new Promise<void>((resolve) => {
  window.addEventListener('load', () => resolve(), { once: true })
})
ipcRenderer.on(PORT_MESSAGE, (event) => {
  void loaded.then(() =>
    window.postMessage(PORT_MESSAGE, window.location.origin, event.ports as MessagePort[]),
  )
})
