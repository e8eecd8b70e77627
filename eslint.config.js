/**
 * Lint: what the compiler cannot hold. The layers are held by tests/architecture, the form by Prettier.
 */
import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import ts from 'typescript-eslint'

/** The cores and the contract: no clock, no randomness of their own, nothing of Node or of the browser (DESIGN 2, 3). */
const pure = ['shared/**/*.ts', 'electron/protocol/**/*.ts']

/** Names that exist in Node or in a browser and not in the language itself. */
const outside = Object.keys({ ...globals.node, ...globals.browser }).filter(
  (name) => !(name in globals.es2021) && name !== 'name',
)

/** A promise that nobody waits for loses its error. These two need types, so they run only where promises are. */
const promises = {
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
}

export default defineConfig(
  { ignores: ['dist/', 'release/', 'coverage/', 'out/', 'bench-out/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ts.configs.strict,
  // Its rules would look through every file; components are .vue files here.
  vue.configs['flat/recommended'].map((config) => ({ files: ['**/*.vue'], ...config })),
  {
    rules: {
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          ignoreRestSiblings: true,
          caughtErrors: 'none',
        },
      ],
      // An index that was just checked is safe; `noUncheckedIndexedAccess` is off for the same reason.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: { 'vue/multi-word-component-names': 'off', 'vue/no-v-html': 'error' },
  },
  { files: ['renderer/**'], languageOptions: { globals: globals.browser }, rules: { 'no-undef': 'off' } },
  {
    files: pure,
    rules: {
      'no-restricted-globals': ['error', ...outside, 'Date'],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness is injected: Env.rng.' },
        { object: 'globalThis', property: 'Date', message: 'Time is an argument: now.' },
      ],
    },
  },
  {
    files: ['electron/**/*.ts', 'renderer/**/*.ts'],
    ignores: pure,
    languageOptions: { parserOptions: { projectService: true } },
    rules: promises,
  },
  {
    // Programs of the terminal, and tests, talk on the console; the rest reports by its return values.
    files: ['**/*.mjs', 'tests/**', 'electron/cli.ts', 'electron/cli/**', '*.config.*'],
    languageOptions: { globals: globals.node },
    rules: { 'no-console': 'off' },
  },
  { files: ['tests/**'], rules: { '@typescript-eslint/no-empty-function': 'off' } },
  prettier,
)
