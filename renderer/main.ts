/** Where the window begins. */
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { BRIDGE, connect } from './bridge.ts'
import { i18n } from './i18n.ts'
import { FEED, TRACE, TraceFeed } from './stores/trace.ts'
import './styles/tokens.css'
import './styles/base.css'
import './styles/views.css'

const bridge = connect()
const feed = new TraceFeed()

createApp(App)
  .use(createPinia())
  .use(i18n)
  .provide(BRIDGE, bridge)
  .provide(FEED, feed)
  .provide(TRACE, feed.handle)
  .mount('#app')
