/**
 * A host or a link alone, with outsiders at the other ends of its wires: `rexmit host` and `rexmit link`. Each wire is
 * a UDP socket on 127.0.0.1 with one IPv4 packet a datagram (drivers/WIRE.md).
 */
import * as v from 'valibot'
import { failure, fromIssues, success, type Result } from '../../shared/errors.ts'
import { HostSetup } from '../../shared/experiment.ts'
import { LinkSpec, type LinkInput } from '../../shared/link.ts'
import type { TcpSettingsInput } from '../../shared/tcp.ts'
import { isSingleHost, parseAddress, parseEndpoint } from '../protocol/wire/address.ts'
import { chargen } from './apps/chargen.ts'
import { discard } from './apps/discard.ts'
import { echo } from './apps/echo.ts'
import { TcpService } from './apps/service.ts'
import { LiveDriver, type OutsidePort } from './drivers/live.ts'
import type { RunPlan } from './plan.ts'
import { Run, type RunOptions } from './run.ts'
import type { Scene } from './scene.ts'
import { applyChanges } from './settings.ts'

/** Where a wire ends here, and who is at its other end. */
export interface WireSpec {
  /** Port of ours on 127.0.0.1; 0: any free one. */
  readonly listen: number
  /** Port of the peer; absent: the first that sends a valid IPv4 packet. */
  readonly peer?: number
}

export interface HostOptions {
  readonly wire: WireSpec
  /** IPv4 address of the host, as text. */
  readonly address: string
  /** TCP ports of the services; absent: not offered. */
  readonly discard?: number
  readonly echo?: number
  readonly chargen?: number
  readonly tcp?: TcpSettingsInput
  /** Further settings by their path within the host, such as `tcp.rack`, as text. */
  readonly set?: Readonly<Record<string, string>>
  /** What lies between the host and its wire. */
  readonly link?: LinkInput
  readonly seed?: number
}

export interface LinkOptions {
  readonly a: WireSpec
  readonly b: WireSpec
  readonly link?: LinkInput
  readonly seed?: number
}

/** A run and the ports on 127.0.0.1 on which its wires end. */
export interface OutsiderRun {
  readonly run: Run
  readonly ports: readonly number[]
}

const SERVICES = { discard, echo, chargen } as const
const LOOPBACK = 0x7f00_0001
const NOTHING_ELSE = { apps: {}, switches: {}, routers: {}, ethernet: false }

/** Reads `udp:127.0.0.1:PORT[,peer=127.0.0.1:PORT]`. */
export function parseWire(text: string): Result<WireSpec> {
  const match = /^udp:([^,]+)(?:,peer=(.+))?$/.exec(text)
  const own = match ? parseEndpoint(match[1]) : undefined
  const peer = match?.[2] === undefined ? undefined : parseEndpoint(match[2])
  const strange = match?.[2] !== undefined && (peer?.address !== LOOPBACK || peer.port === 0)
  if (own?.address !== LOOPBACK || strange)
    return failure({
      code: 'invalid',
      message: `wire: ${text} is not udp:127.0.0.1:PORT[,peer=127.0.0.1:PORT]`,
      field: 'wire',
      value: text,
      allowed: 'udp:127.0.0.1:PORT[,peer=127.0.0.1:PORT]',
    })
  return success({ listen: own.port, ...(peer === undefined ? {} : { peer: peer.port }) })
}

/** Runs a host until its run is stopped. Rejects when the port is taken (`EADDRINUSE`). */
export async function runHost(options: HostOptions, runOptions: RunOptions): Promise<Result<OutsiderRun>> {
  const address = parseAddress(options.address)
  if (address === undefined || !isSingleHost(address))
    return invalid('address', options.address, 'the IPv4 address of one host such as 10.77.0.2')
  const host = v.safeParse(HostSetup, { role: 'server', tcp: options.tcp ?? {} })
  if (!host.success) return failure(fromIssues(host.issues))
  const link = v.safeParse(LinkSpec, options.link ?? {})
  if (!link.success) return failure(fromIssues(link.issues))
  const changes = Object.entries(options.set ?? {}).map(([path, value]) => [`hosts.host.${path}`, value])
  const changed = applyChanges(
    { ...NOTHING_ELSE, hosts: { host: host.output }, links: {} },
    Object.fromEntries(changes),
  )
  if (!changed.ok) return changed
  const setup = changed.value
  const attach = (scene: Scene): OutsidePort[] => {
    const placed = scene.addHost('host', address, setup.hosts.host)
    for (const [name, start] of Object.entries(SERVICES)) {
      const port = options[name as keyof typeof SERVICES]
      if (port === undefined) continue
      const trace = scene.traceOf('host')
      placed.station.add(new TcpService(placed.station, port, name, trace, start))
    }
    if (options.link === undefined) return [{ node: placed.node, port: 0, ...options.wire }]
    const between = scene.addLooseLink('link', 'link', link.output, 'host', 'wire')
    scene.world.connect(placed.node, 0, between.node, 0)
    return [{ node: between.node, port: 1, ...options.wire }]
  }
  return open(planOf('host', setup, options.seed), { ...runOptions, attach })
}

/** Runs a link between two outsiders until its run is stopped. */
export async function runLink(options: LinkOptions, runOptions: RunOptions): Promise<Result<OutsiderRun>> {
  const link = v.safeParse(LinkSpec, options.link ?? {})
  if (!link.success) return failure(fromIssues(link.issues))
  const setup = { ...NOTHING_ELSE, hosts: {}, links: { link: { a: 'a', b: 'b', ...link.output } } }
  const attach = (scene: Scene): OutsidePort[] => {
    const { node } = scene.addLooseLink('link', 'link', link.output, 'a', 'b')
    return [
      { node, port: 0, ...options.a },
      { node, port: 1, ...options.b },
    ]
  }
  return open(planOf('link', setup, options.seed), { ...runOptions, attach })
}

async function open(plan: RunPlan, options: RunOptions): Promise<Result<OutsiderRun>> {
  const run = new Run(plan, options)
  await run.start()
  return success({ run, ports: run.driver instanceof LiveDriver ? run.driver.outsidePorts() : [] })
}

const planOf = (name: string, setup: RunPlan['setup'], seed = 1): RunPlan => ({
  kind: 'experiment',
  name,
  title: { en: `rexmit ${name}`, zh: `rexmit ${name}` },
  setup,
  lanes: [],
  steps: [],
  knobs: [],
  set: {},
  seed,
  driver: 'live',
  pace: null,
  duration: Infinity,
})

const invalid = (field: string, value: string, allowed: string): Result<never> =>
  failure({ code: 'invalid', message: `${field}: ${value} is not ${allowed}`, field, value, allowed })
