/**
 * The window: `renderer/` to `dist/renderer/`.
 *
 * Paths are relative (`base: './'`), since the same files are served by the `app:` protocol and by the loopback
 * server. Nothing is inlined as a `data:` URL or a script, so that the CSP needs no `unsafe-inline`.
 */
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [vue()],
  define: {
    __INTLIFY_DROP_MESSAGE_COMPILER__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
  },
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    // Chromium of Electron 45, and the browsers of the last two years for the browser window.
    target: ['chrome120', 'firefox121', 'safari17'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Charts are the bulk of the window; a chunk of their own lets the frame be painted before them.
            { name: 'echarts', test: /node_modules[\\/](echarts|zrender)[\\/]/ },
            { name: 'vendor', test: /node_modules/ },
          ],
        },
      },
    },
  },
})
