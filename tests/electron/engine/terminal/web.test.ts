/** What `rexmit web` makes of a certificate and a key of the user's own. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { laboratoryAuthority, type Identity } from '../../../../electron/engine/node/authority.ts'
import { readIdentity } from '../../../../electron/engine/terminal/web.ts'
import { temporaryFolder } from '../../../support/runs.ts'

let identity: Identity
beforeAll(async () => {
  const authority = await laboratoryAuthority()
  identity = await authority.identity({ names: ['localhost'], key: 'p256', fault: 'none' })
})

const keyOf = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** Reads the two texts from files; an absent one is not given. */
function identityOf(cert: string | undefined, key: string | undefined) {
  const folder = temporaryFolder()
  const write = (name: string, text: string | undefined): string | undefined => {
    if (text !== undefined) writeFileSync(join(folder, name), text)
    return text === undefined ? undefined : join(folder, name)
  }
  return readIdentity(write('cert.pem', cert), write('key.pem', key))
}

test('a chain and its key are taken as they are', () => {
  expect(identityOf(identity.chain, identity.key)).toEqual({ ok: true, value: identity })
})

test('without either the laboratory has one', () => {
  expect(identityOf(undefined, undefined)).toEqual({ ok: true, value: undefined })
})

describe('is refused', () => {
  const encrypted = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
    .toString()

  test.each<[string, () => ReturnType<typeof identityOf>, string, RegExp]>([
    ['a certificate without a key', () => identityOf(identity.chain, undefined), '--key', /is missing/],
    ['a key without a certificate', () => identityOf(undefined, identity.key), '--cert', /is missing/],
    ['no certificate', () => identityOf('text', identity.key), '--cert', /not a certificate chain in PEM/],
    [
      'a damaged certificate',
      () => identityOf(identity.chain.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), identity.key),
      '--cert',
      /not a certificate chain in PEM/,
    ],
    ['no key', () => identityOf(identity.chain, 'text'), '--key', /not a private key in PEM/],
    ['a key with a password', () => identityOf(identity.chain, encrypted), '--key', /without a password/],
    [
      "another certificate's key",
      () => identityOf(identity.chain, keyOf('P-256')),
      '--key',
      /not the key of/,
    ],
    [
      'a kind of key that we can not sign with',
      () => identityOf(identity.chain, keyOf('P-384')),
      '--key',
      /RSA, P-256 or Ed25519/,
    ],
    ['a file that is not there', () => readIdentity('nowhere.pem', 'nowhere.pem'), '--cert', /no such file/],
  ])('%s', (_, read, field, words) => {
    const result = read()
    expect(result).toMatchObject({ ok: false, error: { field } })
    expect(result.ok ? '' : result.error.message).toMatch(words)
  })
})
