/** Global set-up of the interop tests. */
import { findCurl, findMosquitto, findTshark, requireTool } from './tools.ts'

export default function setup(): void {
  requireTool('tshark', findTshark(), 'tests that have it read captures are')
  requireTool('curl', findCurl(), 'tests of the gateway with it are')
  for (const name of ['mosquitto', 'mosquitto_pub', 'mosquitto_sub'] as const)
    requireTool(name, findMosquitto(name), 'tests of MQTT through the gateway with it are')
}
