import { MessageChannelMain, type MessagePortMain, type WebContents } from 'electron'
import { type EngineNotice, PORT_MESSAGE } from '../../shared/carrier.ts'

/** The channel on which the preload hears of crashes and restarts of the engine. */
export const ENGINE_CHANNEL = 'rexmit:engine'

/** Makes a channel, hands one end to the page, and returns the other, for the engine. */
export function sendPort(page: WebContents): MessagePortMain {
  const { port1, port2 } = new MessageChannelMain()
  page.postMessage(PORT_MESSAGE, null, [port2])
  return port1
}

export function sendNotice(page: WebContents, notice: EngineNotice): void {
  page.send(ENGINE_CHANNEL, notice)
}
