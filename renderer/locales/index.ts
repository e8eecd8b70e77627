/** Every text of the window. The locales have the same keys: the compiler and a test hold that. */
import enShell from './en/shell.ts'
import enViews from './en/views.ts'
import zhShell from './zh/shell.ts'
import zhViews from './zh/views.ts'

export const messages = {
  en: { ...enShell, ...enViews },
  zh: { ...zhShell, ...zhViews },
}
