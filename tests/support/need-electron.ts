/**
 * Global set-up of the tests that need the Electron runtime. A missing one is never a failure here, not in CI either:
 * npm brings no runtime. The job that is there for these tests fetches it and sets REXMIT_ELECTRON=1.
 */
import { findElectron } from './tools.ts'

export default function setup(): void {
  if (findElectron() !== undefined) return
  if (process.env.REXMIT_ELECTRON === '1') throw new Error('The Electron runtime is not here.')
  console.log('The Electron runtime is not on this machine: tests of the desktop window are skipped.')
}
