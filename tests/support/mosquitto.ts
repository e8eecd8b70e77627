/** The programs of Eclipse Mosquitto, as processes: a broker, publishers and subscribers. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { findMosquitto } from './tools.ts'

export interface MqttOptions {
  readonly port: number
  readonly version?: 'mqttv31' | 'mqttv311' | 'mqttv5'
  readonly qos?: 0 | 1 | 2
  readonly id?: string
}

const commonOf = ({ port, version = 'mqttv311', qos = 0, id }: MqttOptions): string[] => [
  ...['-h', '127.0.0.1', '-p', String(port), '-V', version, '-q', String(qos)],
  ...(id === undefined ? [] : ['-i', id]),
]

function start(
  program: 'mosquitto' | 'mosquitto_pub' | 'mosquitto_sub',
  args: readonly string[],
): ChildProcess {
  const child = spawn(findMosquitto(program)!, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function textOf(child: ChildProcess): Promise<{ status: number | null; text: string }> {
  let text = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (data: Buffer) => (text += data.toString()))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, text }
}

/** A broker on 127.0.0.1; returns its port. */
export async function mosquitto(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  start('mosquitto', ['-p', String(port)])
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isThere) return port
    if (tries === 400) throw new Error('mosquitto does not listen')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Publishes these payloads, one message each; resolves with its exit status and what it said. */
export function mosquittoPub(
  options: MqttOptions & { readonly topic: string; readonly retain?: boolean },
  payloads: readonly string[],
): Promise<{ status: number | null; text: string }> {
  const { topic, retain = false } = options
  const child = start('mosquitto_pub', [...commonOf(options), '-t', topic, '-l', ...(retain ? ['-r'] : [])])
  child.stdin!.end(payloads.map((payload) => `${payload}\n`).join(''))
  return textOf(child)
}

/** Subscribes to a filter until `count` messages have come; resolves with them, each as `qos payload`. */
export async function mosquittoSub(
  options: MqttOptions & { readonly filter: string },
  count: number,
): Promise<string[]> {
  const { filter } = options
  const args = [...commonOf(options), '-t', filter, '-C', String(count), '-W', '60', '-F', '%q %p']
  const { status, text } = await textOf(start('mosquitto_sub', args))
  if (status !== 0) throw new Error(`mosquitto_sub ended with exit status ${status}: ${text}`)
  return text.trimEnd().split('\n')
}
