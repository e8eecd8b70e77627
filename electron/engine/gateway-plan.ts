/** What a gateway is to be: the set-up of its lab, and where it leads. */
import * as v from 'valibot'
import type { CommandInput } from '../../shared/commands.ts'
import { failure, fromIssues, success, type Result } from '../../shared/errors.ts'
import { Setup } from '../../shared/experiment.ts'
import { BUILT_IN } from './built-in-targets.ts'
import { missingProgram, type RunPlan } from './plan.ts'
import { applyChanges } from './settings.ts'

const LANE = 'gateway'

export type GatewayOptions = Omit<Extract<CommandInput, { type: 'gateway.start' }>, 'type'>

export interface GatewayPlan extends RunPlan {
  readonly kind: 'gateway'
  readonly listen: number
  readonly protocol: 'tcp' | 'udp'
  readonly to: GatewayOptions['to']
  /** The port of the lab that it leads to: the target's own, so that analysers know the protocol by it. */
  readonly labPort: number
}

/**
 * TCP without Nagle, as the kernel's bytes come in pieces that are meant as they are; a short TIME-WAIT, as the ports
 * of one pair of hosts would run out otherwise; queues for as many clients as a kernel would let in.
 */
export const RELAY_TCP = { nagle: false, msl: 1_000_000, synBacklog: 4096, acceptBacklog: 4096 }

/** A host and a port in one text, a numeric IPv6 host in brackets. */
export const formatTarget = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** The set-up of a gateway: a client, a server, the link between them, and a built-in server if it leads to one. */
export function planGateway({
  listen,
  to,
  protocol = 'tcp',
  link,
  seed = 1,
}: GatewayOptions): Result<GatewayPlan> {
  const builtIn = typeof to === 'string' ? BUILT_IN[to] : undefined
  if (builtIn !== undefined && builtIn.protocol !== protocol) {
    const { protocol: allowed } = builtIn
    const message = `protocol: ${String(to)} is reached over ${allowed}, not ${protocol}`
    return failure({ code: 'invalid', message, field: 'protocol', value: protocol, allowed })
  }
  const parsed = v.safeParse(Setup, {
    hosts: { client: { role: 'client', tcp: RELAY_TCP }, server: { role: 'server', tcp: RELAY_TCP } },
    links: { link: { a: 'client', b: 'server', ...link } },
    apps: builtIn === undefined ? {} : { target: builtIn.app },
  })
  if (!parsed.success) return failure(fromIssues(parsed.issues))
  const setup = applyChanges(parsed.output, {})
  if (!setup.ok) return setup
  const missing = missingProgram(setup.value)
  if (missing !== undefined) return missing
  const name = typeof to === 'string' ? to : formatTarget(to)
  return success({
    kind: 'gateway',
    name: 'gateway',
    title: { en: `Gateway to ${name}`, zh: `通往 ${name} 的网关` },
    setup: setup.value,
    lanes: [{ id: LANE, label: { en: 'Gateway', zh: '网关' }, set: {} }],
    steps: [],
    knobs: [],
    set: {},
    seed,
    driver: 'live',
    pace: null,
    duration: Infinity,
    listen,
    protocol,
    to,
    labPort: typeof to === 'string' ? BUILT_IN[to].port : to.port,
  })
}
