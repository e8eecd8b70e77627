/** Programs that many have, and how they are led through a gateway: lines for a shell, which are as they are in every language. */
import type { GatewayInfo } from './commands.ts'

/** The port at the end of `host:port`. */
const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1)

/** Ports of servers, as IANA has them, or as they are used in testing. */
const MQTT_PORTS = ['1883']
const HTTP_PORTS = ['80', '3000', '5173', '8000', '8080', '8888']
const DNS_PORTS = ['53']

/** Which programs may want to come this way: those of the built-in server, or what the target's port lets one guess. */
export function clientLines({
  listen,
  to,
  protocol,
}: Pick<GatewayInfo, 'listen' | 'to' | 'protocol'>): string[] {
  const port = portOf(listen)
  const is = (name: string, ports: readonly string[]): boolean => to === name || ports.includes(portOf(to))
  if (protocol === 'udp')
    return is('dns', DNS_PORTS)
      ? [`dig @127.0.0.1 -p ${port} ${to === 'dns' ? 'www.rexmit.test' : 'example.com'}`]
      : []
  if (is('broker', MQTT_PORTS))
    return [
      `mosquitto_sub -h 127.0.0.1 -p ${port} -V mqttv311 -t 'lab/#' -q 1 -v`,
      `mosquitto_pub -h 127.0.0.1 -p ${port} -V mqttv311 -t lab/greeting -q 1 -m hello`,
    ]
  if (is('web', HTTP_PORTS)) {
    const url = `http://127.0.0.1:${port}/`
    return to === 'web' ? [url, `curl -o bytes ${url}bytes/1000000`] : [url, `curl ${url}`]
  }
  return []
}
