/** `rexmit web`: says where the folder is served, and what a client needs to trust it. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { failure, success, type Result } from '../../../shared/errors.ts'
import type { Identity } from '../node/authority.ts'
import { certificatesIn } from '../node/certificate-walk.ts'
import { schemesOf } from '../node/signatures.ts'
import { startWeb, type WebOptions, type WebServer } from '../web.ts'
import { attend, ENDS, type AttendedOptions } from './attended.ts'
import type { Output } from './output.ts'
import { systemError, type ExitStatus } from './status.ts'

export interface WebCommand extends Omit<WebOptions, 'identity'>, AttendedOptions {
  /** Files in PEM; both or neither. */
  readonly cert: string | undefined
  readonly key: string | undefined
}

export function web({ cert, key, ...options }: WebCommand, output: Output): Promise<ExitStatus> {
  return attend(
    async (runOptions) => {
      const identity = readIdentity(cert, key)
      if (!identity.ok) return identity
      const given = identity.value
      const begun = await startWeb({ ...options, ...(given && { identity: given }) }, runOptions)
      if (!begun.ok) return begun
      const folder = options.out ?? dirname(runOptions.directory)
      return success({ run: begun.value.run, where: describe(begun.value, options.root, folder) })
    },
    options,
    output,
  )
}

/** SHA-256 of the key of a certificate, as Chromium's list of exceptions has it. */
const keyHash = (certificate: X509Certificate): string =>
  createHash('sha256')
    .update(certificate.publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64')

function describe({ port, root, identity }: WebServer, folder: string, place: string): string[] {
  const url = `https://localhost:${port}/`
  const lines = [`${url} serves ${folder} through the link, by HTTP/1.1, HTTP/2 and HTTP/3. ${ENDS}`]
  if (root !== undefined) {
    const file = resolve(place, 'ca.pem')
    writeFileSync(file, root)
    lines.push(`Certificate authority: ${file} (SHA-256 ${new X509Certificate(root).fingerprint256})`)
    lines.push(`curl --cacert ${file} ${url}`)
  }
  const hash = keyHash(certificatesIn(identity.chain)[0])
  lines.push(
    [
      `chromium --origin-to-force-quic-on=localhost:${port}`,
      `--ignore-certificate-errors-spki-list=${hash}`,
      `--host-resolver-rules="MAP localhost 127.0.0.1" ${url}`,
    ].join(' '),
  )
  return lines
}

/** The user's own certificate with its chain, and its key; undefined: there is none. */
export function readIdentity(cert?: string, key?: string): Result<Identity | undefined> {
  if (cert === undefined && key === undefined) return success(undefined)
  if (cert === undefined) return wrong('--cert', '', 'a file; --key comes with --cert')
  if (key === undefined) return wrong('--key', '', 'a file; --cert comes with --key')
  const chain = read('--cert', cert)
  if (!chain.ok) return chain
  const secret = read('--key', key)
  if (!secret.ok) return secret
  const [leaf] = attempt(() => certificatesIn(chain.value)) ?? []
  if (leaf === undefined) return wrong('--cert', cert, 'a certificate chain in PEM, the leaf first')
  const privateKey = attempt(() => createPrivateKey(secret.value))
  if (privateKey === undefined) return wrong('--key', key, 'a private key in PEM, without a password')
  if (schemesOf(privateKey).length === 0) return wrong('--key', key, 'an RSA, P-256 or Ed25519 key')
  if (!leaf.checkPrivateKey(privateKey)) return wrong('--key', key, `the key of the certificate in ${cert}`)
  return success({ chain: chain.value, key: secret.value })
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** The text of a file that an option names. */
export function read(option: string, file: string): Result<string> {
  try {
    return success(readFileSync(file, 'utf8'))
  } catch (error) {
    const message = `${option}: ${systemError(error) ?? (error as Error).message}`
    return failure({ code: 'invalid', message, field: option, value: file, allowed: 'a file' })
  }
}

const wrong = (field: string, value: string, allowed: string): Result<never> =>
  failure({
    code: 'invalid',
    message: `${field}: ${value === '' ? 'is missing' : `${value} is not ${allowed}`}`,
    field,
    value,
    allowed,
  })
