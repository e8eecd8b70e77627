/** Global set-up of the interop tests. */
import { findCurl, findTshark, requireTool } from './tools.ts'

export default function setup(): void {
  requireTool('tshark', findTshark(), 'tests that have it read captures are')
  requireTool('curl', findCurl(), 'tests of the gateway with it are')
}
