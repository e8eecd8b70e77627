/** `npm run build`: installs what is missing and builds what is stale. */
import { setUpOrExit } from './setup.mjs'

await setUpOrExit()
