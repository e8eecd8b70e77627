/** The two ends by the name of their protocol. */
import type { ArqScheme } from '../../../shared/arq.ts'
import { GoBackNReceiver, GoBackNSender } from './go-back-n.ts'
import type { ArqReceiver, ArqReceiverOptions } from './receiver.ts'
import { SelectiveRepeatReceiver, SelectiveRepeatSender } from './selective-repeat.ts'
import type { ArqSender, ArqSenderOptions } from './sender.ts'

/** Of stop-and-wait the window is one packet, whatever was asked for. */
export function createArqSender(scheme: ArqScheme, options: ArqSenderOptions): ArqSender {
  if (scheme === 'selective-repeat') return new SelectiveRepeatSender(options)
  return new GoBackNSender(scheme === 'stop-and-wait' ? { ...options, window: 1 } : options)
}

/** Only a receiver of selective repeat keeps more than the packet that is next. */
export function createArqReceiver(scheme: ArqScheme, options: ArqReceiverOptions): ArqReceiver {
  if (scheme === 'selective-repeat') return new SelectiveRepeatReceiver(options)
  return new GoBackNReceiver({ ...options, window: 1 })
}
