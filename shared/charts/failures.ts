/** Why a request failed, in a sentence; the trace and the exports keep the code, and what the endpoint itself said of it. */
import type { Language } from './texts.ts'

const SENTENCES: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  timeout: { en: 'no answer in the time that the client waits', zh: '在客户端的等待时间内没有应答' },
  bad_content: { en: 'the content is not what its encoding makes', zh: '内容与声明的编码不符' },
  ECONNREFUSED: { en: 'no program listens there', zh: '那里没有程序在监听' },
  ECONNRESET: { en: 'the connection broke before the response was whole', zh: '响应还没收完，连接就断了' },
  ECONNABORTED: { en: 'this side gave the connection up', zh: '本端放弃了连接' },
  ETIMEDOUT: { en: 'TCP gave up: nothing was acknowledged any more', zh: '一直得不到确认，TCP 放弃了连接' },
  EPIPE: { en: 'the other side had closed already', zh: '对方已经关闭了连接' },
  ERR_QUIC_IDLE_TIMEOUT: {
    en: 'QUIC gave up: nothing came from the other side any more',
    zh: '一直收不到对方的包，QUIC 放弃了连接',
  },
  ERR_QUIC_STATELESS_RESET: {
    en: 'the other side has forgotten the connection (stateless reset)',
    zh: '对方已经不认识这个连接（无状态重置）',
  },
  ERR_QUIC_VERSION_NEGOTIATION: { en: 'no version of QUIC in common', zh: '双方没有共同的 QUIC 版本' },
  NO_VIABLE_PATH: { en: 'no path to the other side is left', zh: '没有一条通向对方的路径可用' },
  H3_NO_ERROR: { en: 'the connection was closed in good order', zh: '连接被正常关闭' },
  H3_REQUEST_CANCELLED: { en: 'the exchange was given up', zh: '这次请求被放弃' },
  H3_REQUEST_REJECTED: { en: 'the server has not looked at the request', zh: '服务器没有处理这个请求' },
  H3_EXCESSIVE_LOAD: { en: 'more than the other side is ready to take', zh: '超出了对方愿意接受的量' },
  ERR_HTTP2_STREAM_ERROR: { en: 'the stream was reset (RST_STREAM)', zh: '流被重置（RST_STREAM）' },
  ERR_HTTP2_SESSION_ERROR: { en: 'the connection was ended (GOAWAY)', zh: '连接被终止（GOAWAY）' },
  CERT_SIGNATURE_FAILURE: {
    en: 'the signature of a certificate does not fit its bytes',
    zh: '证书的签名与内容不符',
  },
  CERT_HAS_EXPIRED: { en: 'a certificate has expired', zh: '证书已过有效期' },
  CERT_NOT_YET_VALID: { en: 'a certificate is not valid yet', zh: '证书尚未生效' },
  ERR_TLS_CERT_ALTNAME_INVALID: { en: 'the certificate is of another host', zh: '证书属于另一台主机' },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    en: 'the chain does not lead to a root that is trusted',
    zh: '证书链没有通向受信任的根',
  },
  SELF_SIGNED_CERT_IN_CHAIN: { en: 'the root of the chain is not trusted', zh: '证书链的根不受信任' },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    en: 'an intermediate certificate is missing',
    zh: '缺少中间证书，无法验证签名',
  },
}

/** The sentence for an error of `http:request_failed`; of a code that is not known, what came with it. */
export function failureText(language: Language, error: string, message: string): string {
  return Object.hasOwn(SENTENCES, error) ? SENTENCES[error][language] : message
}
