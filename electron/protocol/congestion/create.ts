import type { CongestionControlName } from '../../../shared/tcp.ts'
import { Cubic } from './cubic.ts'
import type { CongestionControl, CongestionOptions } from './interface.ts'
import { NewReno } from './newreno.ts'
import { NoCongestionControl } from './none.ts'

/** A fresh congestion control by its name in the settings. */
export function createCongestionControl(
  name: CongestionControlName,
  options: CongestionOptions,
): CongestionControl {
  if (name === 'cubic') return new Cubic(options)
  return name === 'newreno' ? new NewReno(options) : new NoCongestionControl()
}
