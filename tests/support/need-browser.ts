/** Global set-up of the tests that drive the window in a browser. */
import { findChromium, requireTool } from './tools.ts'

export default function setup(): void {
  requireTool('Chromium', findChromium(), 'tests of the window in a browser are')
}
