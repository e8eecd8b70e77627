/** The laboratory's certificate authority: made when it is first needed, its keys stay in memory (DESIGN 9). */
import type { CertificateFault } from '../../../shared/tls.ts'

/** PEM texts, as Node's `tls` takes them. */
export interface Identity {
  /** The leaf and then what is sent with it. */
  readonly chain: string
  readonly key: string
}

export interface Authority {
  /** The root that clients trust, or several, one after the other. */
  readonly root: string
  /** A server's certificate for `names`, with what is to be wrong with it. The same question has the same answer. */
  identity(of: {
    readonly names: readonly string[]
    readonly key: 'rsa' | 'p256'
    readonly fault: CertificateFault
  }): Promise<Identity>
}

let made: Promise<Authority> | undefined

/** The authority of this process. What makes it is loaded with the first call: most runs need no certificate. */
export function laboratoryAuthority(): Promise<Authority> {
  made ??= import('./issuer.ts').then(({ createAuthority }) => createAuthority())
  return made
}
