/** The TCP of this machine's kernel at one end of a laboratory's wire, by a TUN device (`tun-relay.py`). */
import { spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { findOnPath } from './tools.ts'

/** What is missing for it, or undefined. Making the device is tried once, for nothing else tells whether one may. */
export async function missingForKernelTcp(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'TUN devices are tried on Linux only'
  if (findOnPath('python3') === undefined) return 'python3 is not on this machine'
  const relay = startRelay('10.77.15.1/24')
  relay.child.stdin.end()
  const { status, text } = await relay.ended
  return status === 0 ? undefined : text.trim()
}

/** A kernel's end of a wire. */
export interface KernelEnd {
  /** On 127.0.0.1: where the other end sends its packets. */
  readonly port: number
  /** Names the peer, from whom alone packets are taken. */
  attach(port: number): void
}

/** Makes the device with this address and prefix, until the test has finished. */
export async function kernelEnd(address: string): Promise<KernelEnd> {
  const { child, says } = startRelay(address)
  onTestFinished(() => void child.kill('SIGKILL'))
  const [, port] = await says(/is on udp:127\.0\.0\.1:(\d+)/)
  return { port: Number(port), attach: (peer) => void child.stdin.write(`${peer}\n`) }
}

function startRelay(address: string) {
  const child = spawn('python3', ['tests/support/tun-relay.py', address])
  let text = ''
  const listeners = new Set<() => void>()
  const ended = new Promise<{ status: number | null; text: string }>((resolve) =>
    child.on('close', (status) => {
      for (const listener of listeners) listener()
      resolve({ status, text })
    }),
  )
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      text += data.toString()
      for (const listener of listeners) listener()
    })
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(text)
        if (match !== null) resolve(match)
        else if (child.exitCode !== null) reject(new Error(text))
      }
      listeners.add(look)
      look()
    })
  return { child, ended, says }
}
