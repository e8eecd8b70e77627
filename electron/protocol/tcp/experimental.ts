/**
 * An option that nobody knows yet, to see what becomes of it on the way: kind 253 (RFC 4727 2.1) with the experiment's number
 * (RFC 6994 3). It says nothing but that it is there.
 */
import { read16, write16 } from '../wire/bytes.ts'
import { OPTION_EXPERIMENT, type TcpOptions } from '../wire/tcp.ts'
import type { ControlBlock } from './control-block.ts'

/** The laboratory's ExID; it is in no registry, and never leaves the laboratory. */
const EXPERIMENT = 0x5258

function option(): NonNullable<TcpOptions['unknown']> {
  const data = new Uint8Array(2)
  write16(data, 0, EXPERIMENT)
  return [{ kind: OPTION_EXPERIMENT, data }]
}

/**
 * For a SYN or SYN-ACK. One that has to be sent again goes without, as a Fast Open client does (RFC 7413): perhaps the option is why
 * nothing came back.
 */
export function experimentalOptions(block: ControlBlock): TcpOptions['unknown'] {
  const { state, offersExperiment } = block
  const isFirst = (state.name === 'SYN-SENT' || state.name === 'SYN-RECEIVED') && state.resent === 0
  return offersExperiment && isFirst ? option() : undefined
}

/** The peer's SYN is here: whether the option is in it, which decides about that of a SYN-ACK. */
export function learnExperiment(block: ControlBlock, { unknown = [] }: TcpOptions): void {
  if (!block.settings.experimentalOption) return
  const arrived = unknown.some(
    ({ kind, data }) => kind === OPTION_EXPERIMENT && data.length >= 2 && read16(data, 0) === EXPERIMENT,
  )
  block.offersExperiment = arrived
  block.trace.emit('tcp:option_negotiated', { kind: OPTION_EXPERIMENT, experiment: EXPERIMENT, arrived })
}
