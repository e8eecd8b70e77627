/**
 * Someone who records what crosses a host, knowing no key, and gets hold of the server's private key when all is over. With
 * RSA key exchange the secret of each connection lies in the recording, encrypted for that key; with (EC)DHE it was never
 * sent, and the key has only signed (RFC 5246 F.1.1.2, RFC 8446 E.1: forward secrecy).
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { EavesdropperApp } from '../../../shared/http.ts'
import type { Side } from '../../protocol/wire/side.ts'
import { readRecording, type Crossed } from './read-recording.ts'
import type { Identity } from './authority.ts'
import type { Program, Surroundings } from './program.ts'
import { identityOf } from './tls.ts'

/** The most that is kept of all connections together, in bytes. */
const MOST_KEPT = 256 * 1024 * 1024

export class Eavesdropper implements Program {
  private readonly setup: EavesdropperApp
  private readonly lab: Surroundings
  /** What crossed each connection, in the order in which it did at this host. */
  private readonly recordings = new Map<string, Crossed[]>()
  private kept = 0
  private identity: Promise<Identity> | undefined
  /** Recording is no reason for the run to go on; reading is. */
  private reading = false

  constructor(setup: EavesdropperApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
  }

  get done(): boolean {
    return !this.reading
  }

  start(): void {
    this.lab.overhear((flow, from, bytes) => this.keep(flow, from, bytes))
    const server = this.lab.setupOf(this.setup.server)
    if (server?.kind === 'http-server' && server.tls !== null)
      this.identity = this.lab.authority.identity(identityOf(server.host, server.tls))
  }

  conclude(): void {
    if (this.identity === undefined) return
    this.reading = true
    void this.lab
      .hold(this.identity)
      .then(({ key }) => this.read(createPrivateKey(key)))
      .finally(() => (this.reading = false))
  }

  stop(): void {
    this.recordings.clear()
  }

  private keep(flow: string, from: Side, bytes: Uint8Array): void {
    if (this.kept + bytes.length > MOST_KEPT) return
    this.kept += bytes.length
    const crossed = { from, bytes: bytes.slice() }
    const recording = this.recordings.get(flow)
    if (recording === undefined) this.recordings.set(flow, [crossed])
    else recording.push(crossed)
  }

  private read(key: KeyObject): void {
    for (const [flow, recording] of this.recordings) {
      const found = readRecording(recording, key)
      if (found !== undefined) this.lab.trace.scope({ flow }).emit('security:decryption_attempted', found)
    }
  }
}
