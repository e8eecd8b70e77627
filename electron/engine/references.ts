/** What the schema of a set-up cannot say: that everything that is named is there, and nothing is taken twice. */
import type { Result } from '../../shared/errors.ts'
import type { Setup } from '../../shared/experiment.ts'
import { isLabApp } from './apps/create.ts'
import { invalid } from './invalid.ts'
import { checkNetwork } from './network-references.ts'
import { parseAddress } from '../protocol/wire/address.ts'
import { whyNoValue } from './node/dns/zone.ts'

/** The first reference that leads nowhere, or thing that is taken twice; undefined: the set-up is sound. */
export const checkReferences = (setup: Setup): Result<never> | undefined =>
  checkNetwork(setup) ?? checkApps(setup)

/** Whether the hosts of applications are there, and each port has one listener. */
function checkApps({ hosts, routers, apps }: Setup): Result<never> | undefined {
  const names = Object.keys(hosts).join(' or ')
  const isHost = (name: string): boolean => Object.hasOwn(hosts, name)
  const targets = new Set([...Object.keys(hosts), ...Object.keys(routers)])
  const isTarget = (to: string): boolean => targets.has(to) || parseAddress(to) !== undefined
  const taken = new Set<string>()
  for (const [id, app] of Object.entries(apps)) {
    if (!isHost(app.host)) return invalid(`apps.${id}.host`, app.host, `a host: ${names}`)
    if (hosts[app.host].power === 'off' && !isLabApp(app))
      return invalid(`hosts.${app.host}.power`, 'off', `on, which ${id} cannot do without`)
    const isProbe = app.kind === 'ping' || app.kind === 'traceroute'
    if (isProbe && !isTarget(app.to))
      return invalid(`apps.${id}.to`, app.to, `an address, a host or a router: ${[...targets].join(' or ')}`)
    if ('to' in app && !isProbe && !isHost(app.to))
      return invalid(`apps.${id}.to`, app.to, `a host: ${names}`)
    for (const [i, record] of (app.kind === 'dns-server' ? app.records : []).entries()) {
      const wanted = whyNoValue(record, isHost)
      if (wanted !== undefined) return invalid(`apps.${id}.records.${i}.value`, record.value, wanted)
    }
    const resolver = resolverOf(app)
    if (resolver !== undefined && !isHost(resolver.server))
      return invalid(`apps.${id}.resolver.server`, resolver.server, `a host: ${names}`)
    if (app.kind === 'eavesdropper' && apps[app.server]?.kind !== 'http-server')
      return invalid(`apps.${id}.server`, app.server, 'an HTTP server among the applications')
    if (
      (app.kind === 'http-client' && app.version === 'h3') ||
      (app.kind === 'http-server' && app.versions.includes('h3'))
    )
      if (app.tls === null) return invalid(`apps.${id}.tls`, null, 'TLS, which HTTP/3 is never without')
    const transport = listensOn(app)
    if (transport === undefined || !('port' in app)) continue
    const place = `${transport} ${app.host}:${app.port}`
    if (taken.has(place))
      return invalid(`apps.${id}.port`, app.port, 'a port that no other application listens on')
    taken.add(place)
  }
  return undefined
}

const resolverOf = (app: Setup['apps'][string]) =>
  app.kind === 'dns-client' ? app.resolver : app.kind === 'http-client' ? app.lookup?.resolver : undefined

/** Which ports an application waits on, and of what; undefined: none. A port of the two transports is not the same. */
function listensOn(app: Setup['apps'][string]): 'tcp' | 'udp' | undefined {
  if (app.kind === 'message-receiver') return app.over
  if (app.kind === 'arq-receiver') return 'udp'
  return LISTENERS.has(app.kind) || app.kind.endsWith('-server') ? 'tcp' : undefined
}
const LISTENERS: ReadonlySet<string> = new Set(['tcp-sink', 'tcp-answer', 'mqtt-broker'])
