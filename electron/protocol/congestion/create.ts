import type { CongestionControlName } from '../../../shared/tcp.ts'
import { Bbr } from './bbr.ts'
import { Bbr1 } from './bbr1.ts'
import { Cubic } from './cubic.ts'
import type { CongestionControl, CongestionOptions } from './interface.ts'
import { NewReno } from './newreno.ts'
import { NoCongestionControl } from './none.ts'

/** A fresh congestion control by its name in the settings. */
export function createCongestionControl(
  name: CongestionControlName,
  options: CongestionOptions,
): CongestionControl {
  switch (name) {
    case 'cubic':
      return new Cubic(options)
    case 'newreno':
      return new NewReno(options)
    case 'bbr':
      return new Bbr(options)
    case 'bbr1':
      return new Bbr1(options)
    case 'none':
      return new NoCongestionControl()
  }
}
