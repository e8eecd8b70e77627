/**
 * Whether the TLS library of this process can do what a setting asks: OpenSSL in Node, BoringSSL in Electron, and not the same
 * versions everywhere. It is found out by doing it: one handshake in memory, with the very settings.
 */
import { duplexPair } from 'node:stream'
import { connect, createServer } from 'node:tls'
import type { TlsServerSettings } from '../../../shared/tls.ts'
import { TlsDissector } from '../../protocol/wire/tls/dissector.ts'
import { KeyLog } from '../../protocol/wire/tls/key-log.ts'
import { nodeCrypto } from '../node-crypto.ts'
import type { Authority } from './authority.ts'
import { contextOptions, type TlsSettings } from './tls-options.ts'

/** RFC 7627 5.1. */
const EXTENDED_MASTER_SECRET = 23

const LIBRARY = `OpenSSL ${process.versions.openssl}`

/** The settings that not every library has, by the field that asks for it. */
type Doubtful = Pick<TlsSettings, 'version' | 'keyExchange' | 'groups' | 'extendedMasterSecret'>

const answers = new Map<string, Promise<string | undefined>>()

/** What is wrong with these settings here, as `field: what`; undefined: nothing. Asked of the library once each. */
export function whyUnsupported(settings: TlsSettings, authority: Authority): Promise<string | undefined> {
  const { version, keyExchange, groups, extendedMasterSecret } = settings
  const doubtful = { version, keyExchange, groups, extendedMasterSecret }
  const question = JSON.stringify(doubtful)
  const known = answers.get(question) ?? tryOut(doubtful, authority)
  answers.set(question, known)
  return known
}

async function tryOut(doubtful: Doubtful, authority: Authority): Promise<string | undefined> {
  const clientHello = await handshake(doubtful, authority)
  if (clientHello instanceof Error) return `${fieldOf(doubtful)} (${LIBRARY}: ${clientHello.message})`
  const { version, extendedMasterSecret } = doubtful
  if (version === '1.2' && !extendedMasterSecret && clientHello.includes(EXTENDED_MASTER_SECRET))
    return `extendedMasterSecret: ${LIBRARY} cannot do without it`
  return undefined
}

/** The field that is to blame when a handshake with nothing else remarkable fails. */
function fieldOf({ version, keyExchange, groups }: Doubtful): string {
  if (version === '1.2' && keyExchange === 'rsa') return 'keyExchange: rsa is not to be had'
  return `groups: ${groups} is not to be had with TLS ${version}`
}

/** Does one handshake in memory; gives the types of the client's extensions, or why it failed. */
async function handshake(doubtful: Doubtful, authority: Authority): Promise<number[] | Error> {
  const settings: TlsServerSettings = {
    ...doubtful,
    resumption: false,
    certificate: 'rsa',
    certificateFault: 'none',
    earlyData: 'refuse',
  }
  const { chain: cert, key } = await authority.identity({ names: ['server.lab'], key: 'rsa', fault: 'none' })
  const [near, far] = duplexPair()
  const dissector = new TlsDissector(nodeCrypto, new KeyLog())
  far.on('data', (bytes: Buffer) => dissector.handleBytes('client', bytes))
  try {
    const server = createServer({ ...contextOptions(settings), cert, key })
    const options = {
      ...contextOptions(settings),
      socket: near,
      servername: 'server.lab',
      ca: authority.root,
    }
    await new Promise<void>((resolve, reject) => {
      server.on('tlsClientError', reject)
      server.emit('connection', far)
      connect(options, resolve).on('error', reject)
    })
  } catch (error) {
    return error as Error
  } finally {
    near.destroy()
    far.destroy()
  }
  for (let event = dissector.pollEvent(); event !== undefined; event = dissector.pollEvent())
    if (event.kind === 'handshake' && event.message.type === 'client_hello')
      return event.message.extensions.map(({ type }) => type)
  return []
}
