/** `rexmit gateway`: where it listens, where it leads, and what a client has to be told. */
import { BUILT_IN_TARGETS, type BuiltInTarget, type GatewayInfo } from '../../../shared/commands.ts'
import { failure, success, type Result } from '../../../shared/errors.ts'
import { clientLines } from '../../../shared/gateway-clients.ts'
import { BUILT_IN } from '../built-in-targets.ts'
import { startGateway } from '../gateway.ts'
import { planGateway, type GatewayOptions } from '../gateway-plan.ts'
import { attend, ENDS, type AttendedOptions, type Begin } from './attended.ts'
import type { Output } from './output.ts'
import type { ExitStatus } from './status.ts'

export function gateway(options: GatewayOptions & AttendedOptions, output: Output): Promise<ExitStatus> {
  const begin: Begin = async (runOptions) => {
    const plan = planGateway(options)
    if (!plan.ok) return plan
    const { run, started } = startGateway(plan.value, runOptions)
    await started
    return success({ run, where: gatewayLines(run.info.gateway!) })
  }
  return attend(begin, options, output)
}

/** Where it listens and leads, and how programs that many have are led to it. */
export function gatewayLines(info: GatewayInfo): string[] {
  const what = isBuiltIn(info.to) ? `the ${info.to} server in the lab` : info.to
  const over = info.protocol === 'udp' ? ' over UDP' : ''
  return [`${info.listen} leads through the link to ${what}${over}. ${ENDS}`, ...clientLines(info)]
}

const isBuiltIn = (to: string): to is BuiltInTarget => (BUILT_IN_TARGETS as readonly string[]).includes(to)

/** Reads `127.0.0.1:PORT`: nothing listens beyond loopback (DESIGN 9). */
export function parseListen(text: string): Result<number> {
  const port = /^(?:127\.0\.0\.1|localhost):(\d{1,5})$/.exec(text)?.[1]
  return port !== undefined && Number(port) <= 65_535
    ? success(Number(port))
    : wrong('--listen', text, '127.0.0.1:PORT, where port 0 is any free one')
}

/** Reads `HOST:PORT`, a numeric IPv6 host in brackets, or the name of a server in the lab. */
export function parseTarget(
  text: string,
  isUdp: boolean,
): Result<Required<Pick<GatewayOptions, 'to' | 'protocol'>>> {
  if (isBuiltIn(text)) {
    const { protocol } = BUILT_IN[text]
    if (isUdp && protocol !== 'udp') return wrong('--udp', text, 'a target over UDP: HOST:PORT or dns')
    return success({ to: text, protocol })
  }
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,255})):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port < 1 || port > 65_535)
    return wrong(
      '--to',
      text,
      `HOST:PORT such as 127.0.0.1:8080 or [::1]:8080, or ${BUILT_IN_TARGETS.join(', ')}`,
    )
  return success({ to: { host: match[1] ?? match[2], port }, protocol: isUdp ? 'udp' : 'tcp' })
}

const wrong = (field: string, value: string, allowed: string): Result<never> =>
  failure({ code: 'invalid', message: `${field}: ${value} is not ${allowed}`, field, value, allowed })
