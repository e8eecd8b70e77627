/** Menus and dialogs that a key can open as well as a click. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useChrome = defineStore('chrome', () => {
  const menu = ref<'export' | 'mark' | 'help' | null>(null)
  return { menu }
})
