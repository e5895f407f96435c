// Lints every package below this folder with the rules of start-sdk, as its lint.mjs does with one package.
// One TypeScript project for all of them takes a fraction of what one each takes.
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const root = process.cwd()
const load = name => import(pathToFileURL(path.join(root, 'node_modules', '@start9labs', 'start-sdk', name)).href)
const { default: rules } = await load('eslint.config.base.mjs')
const { ESLint } = await load('node_modules/eslint/lib/api.js')
const linter = new ESLint({
  cwd: root,
  overrideConfigFile: true,
  overrideConfig: rules.map(one => ({
    ...one,
    files: one.files && ['*/startos/**/*.ts'],
    languageOptions: one.languageOptions && {
      ...one.languageOptions,
      parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: root },
    },
  })),
})
const results = await linter.lintFiles(['*/startos/**/*.ts'])
console.log(`${results.length} files`)
for (const { filePath, messages } of results) {
  for (const { line, message } of messages) console.log(`${path.relative(root, filePath)}:${line}: ${message}`)
}
