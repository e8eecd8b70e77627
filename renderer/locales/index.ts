/** Every text of the window. The locales have the same keys: the compiler and a test hold that. */
import enHttp from './en/http-views.ts'
import enMessages from './en/message-views.ts'
import enNetwork from './en/network-views.ts'
import enQuic from './en/quic-views.ts'
import enShell from './en/shell.ts'
import enTcpIp from './en/tcp-ip-views.ts'
import enTls from './en/tls-views.ts'
import enViews from './en/views.ts'
import zhHttp from './zh/http-views.ts'
import zhMessages from './zh/message-views.ts'
import zhNetwork from './zh/network-views.ts'
import zhQuic from './zh/quic-views.ts'
import zhShell from './zh/shell.ts'
import zhTcpIp from './zh/tcp-ip-views.ts'
import zhTls from './zh/tls-views.ts'
import zhViews from './zh/views.ts'

export const messages = {
  en: {
    ...enShell,
    view: { ...enViews.view, ...enHttp, ...enTls, ...enQuic, ...enMessages, ...enNetwork, ...enTcpIp },
  },
  zh: {
    ...zhShell,
    view: { ...zhViews.view, ...zhHttp, ...zhTls, ...zhQuic, ...zhMessages, ...zhNetwork, ...zhTcpIp },
  },
}
