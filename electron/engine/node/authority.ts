/** The laboratory's certificate authority: made once at start, its keys stay in memory (DESIGN 9). */
import type { CertificateFault } from '../../../shared/tls.ts'

/** PEM texts, as Node's `tls` takes them. */
export interface Identity {
  /** The leaf and then what is sent with it. */
  readonly chain: string
  readonly key: string
}

export interface Authority {
  /** The root that clients trust. */
  readonly root: string
  /** A server's certificate for `names`, with what is to be wrong with it. The same question has the same answer. */
  identity(of: {
    readonly names: readonly string[]
    readonly key: 'rsa' | 'p256'
    readonly fault: CertificateFault
  }): Promise<Identity>
}
