// Runs a package's JavaScript as StartOS's container-runtime does, and answers requests, a line of JSON each.
// Usage: node runtime.js BUNDLE, with requests on descriptor 4 and answers on descriptor 3.
// A request is {"id": 1, "method": NAME, "params": {...}}, its answer {"id": 1, "result": ...} or {"id": 1, "error": TEXT}.
'use strict'

const childProcess = require('child_process')
const { randomUUID } = require('crypto')
const fs = require('fs')
const promises = require('fs/promises')
const os = require('os')
const path = require('path')
const readline = require('readline')
const { Context, Server, makeEffects, rechecked, ROOT } = require('./effects.js')

const FIRST_PROCESS = /^\/media\/startos\/subcontainers\/[^/]+\/proc\/1$/
const MOST_SECONDS_FOR_FIRST = 20
const LISTENS = '0A'
const problems = []
const commands = []
const copies = []
let server
let abi
let main = null
let root

// As on StartOS: a rejection is logged, and an exception ends Node.js.
process.on('unhandledRejection', error => {
  if (error?.muteUnhandled) return
  console.error('Unhandled promise rejection', error)
  problems.push(text(error))
})

function text(error) {
  return String(error?.message ?? error)
}

// --- What is different here -------------------------------------------------------------------------------------------

// The SDK waits a tenth of a second for the first process of a subcontainer. Ours is slower than StartOS's.
const stat = promises.stat
promises.stat = async (file, ...more) => {
  if (!FIRST_PROCESS.test(file)) return stat(file, ...more)
  for (let left = MOST_SECONDS_FOR_FIRST * 50; left > 0; left--) {
    try {
      return await stat(file, ...more)
    } catch {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  return stat(file, ...more)
}

// Each command in a subcontainer is recorded, and how it ended.
const spawn = childProcess.spawn
childProcess.spawn = (file, words, options) => {
  const child = spawn(file, words, options)
  if (file === 'start-container' && words[0] === 'subcontainer') record(child, words, options)
  if (file === 'rsync') recordCopy(words)
  return child
}

function record(child, words, options) {
  const folder = `${ROOT}/subcontainers/`
  const at = words.findIndex(each => String(each).startsWith(folder))
  if (at < 0 || at === words.length - 1) return
  const found = server?.subcontainers.get(words[at].slice(folder.length))
  const entry = {
    command: words.slice(at + 1),
    options: words.slice(2, at).filter(each => !each.startsWith('--env-file=')),
    subcontainer: found?.name ?? null,
    imageId: found?.imageId ?? null,
    // The SDK only says what standard input and output are for daemons.
    isDaemon: options?.stdio !== undefined,
    isFirst: words[1] === 'launch',
    code: null,
    signal: null,
    isKilled: false,
    isStopping: false,
    seconds: null,
  }
  const began = Date.now()
  const kill = child.kill.bind(child)
  child.kill = signal => {
    const number = signal ?? 'SIGTERM'
    if (number === 'SIGKILL' && child.exitCode === null && child.signalCode === null) entry.isKilled = true
    entry.isStopping = true
    return kill(number)
  }
  child.on('exit', (code, signal) => Object.assign(entry, { code, signal, seconds: (Date.now() - began) / 1000 }))
  commands.push(entry)
  if (commands.length > 2000) commands.splice(0, 1000)
}

// What a backup copies, and what it leaves out.
function recordCopy(words) {
  const [from, to] = words.slice(-2)
  const excludes = words.filter(each => each.startsWith('--exclude=')).map(each => each.slice('--exclude='.length))
  if (to.startsWith(`${ROOT}/backup/`)) copies.push({ from, to, excludes })
}

// --- The life of a package -------------------------------------------------------------------------------------------

function effectsFor(context, eventId = randomUUID()) {
  return makeEffects(server, context, eventId)
}

function stopMain() {
  root.children.get('main')?.leave()
  root.children.delete('main')
}

const methods = {
  async load({ bundle, kept }) {
    abi = require(path.resolve(bundle))
    const manifest = abi.manifest
    if (!manifest?.id) throw new Error('the bundle exports no manifest')
    server = new Server(manifest.id, kept)
    server.manifest = manifest
    server.ip = Object.values(os.networkInterfaces()).flat().find(each => each.family === 'IPv4' && !each.internal)?.address
    server.restart = async () => {
      server.restarts += 1
      Promise.resolve().then(methods.stop).then(methods.start).catch(error => problems.push(`restart: ${text(error)}`))
      return null
    }
    server.shutdown = async () => void Promise.resolve().then(methods.stop).catch(error => problems.push(text(error)))
    server.actionInput = (id, eventId) => actionInput(id, eventId ?? randomUUID())
    server.runAction = (id, input, eventId) => runAction(id, input, eventId ?? randomUUID())
    root = new Context()
    return { manifest: JSON.parse(JSON.stringify(manifest)), exports: Object.keys(abi).sort() }
  },

  async init({ kind }) {
    await abi.init({ effects: effectsFor(root.child('init')), kind })
    for (const id of Object.keys(server.kept.actions)) await rechecked(server, id, false, randomUUID())
    return methods.state()
  },

  async uninit({ target }) {
    await methods.stop()
    await abi.uninit({ effects: effectsFor(new Context()), target: target === null ? null : version(target) })
    root.leave()
    return methods.state()
  },

  async start() {
    if (main) return null
    const effects = effectsFor(root.child('main'), null)
    effects.constRetry = once(() => {
      if (effects.isInContext) effects.restart()
    })
    const chain = await abi.main({ effects })
    main = { chain, built: null }
    server.health = {}
    server.started = new Date().toISOString()
    main.built = await chain.build()
    return null
  },

  async stop() {
    stopMain()
    const running = main
    main = null
    try {
      await running?.built?.term()
    } finally {
      server.started = null
    }
    return null
  },

  async backup() {
    await abi.createBackup({ effects: effectsFor(new Context()) })
    return null
  },

  async input({ action, prefill }) {
    return actionInput(action, randomUUID(), prefill ?? null)
  },

  async run({ action, input }) {
    const eventId = randomUUID()
    if (server.kept.actions[action]?.hasInput) await actionInput(action, eventId)
    return runAction(action, input, eventId)
  },

  async state() {
    return {
      kept: server.kept,
      health: server.health,
      daemons: daemons(),
      commands,
      copies,
      calls: server.calls,
      unknown: [...server.unknown],
      unshown: [...server.unshown],
      subcontainers: [...server.subcontainers].map(([guid, each]) => ({ guid, ...each })),
      written: server.written,
      restarts: server.restarts,
      problems,
      listeners: listeners(),
      ip: server.ip ?? null,
      isRunning: main !== null,
    }
  },

  // What is needed all the time, in few bytes.
  async glance() {
    return { daemons: daemons(), health: server.health, listeners: listeners(), restarts: server.restarts, problems, crashes: crashes() }
  },
}

async function actionInput(id, eventId, prefill = null) {
  const action = abi.actions.get(id)
  if (!action) throw new Error(`Action ${id} not found`)
  return action.getInput({ effects: effectsFor(root, eventId), prefill })
}

async function runAction(id, input, eventId) {
  const action = abi.actions.get(id)
  if (!action) throw new Error(`Action ${id} not found`)
  const metadata = server.kept.actions[id]
  if (metadata?.visibility?.disabled) throw new Error(`action ${id} is disabled: ${metadata.visibility.disabled}`)
  if (metadata?.allowedStatuses === 'only-running' && !main) throw new Error(`service is not in allowed status for ${id}`)
  if (metadata?.allowedStatuses === 'only-stopped' && main) throw new Error(`service is not in allowed status for ${id}`)
  const result = await action.run({ effects: effectsFor(root, eventId), input: input ?? null })
  await rechecked(server, id, true, eventId)
  return result ?? null
}

// Return what the SDK's version graph asks of a version. Its own class is inside the bundle, and not exported.
function version(target) {
  const [, flavor, upstream, downstream] = /^(?:#([a-z]+):)?([^:]+):([^:]+)$/.exec(target) ?? []
  if (!upstream) throw new Error(`${target} is not a version`)
  const part = given => {
    const [number, prerelease] = given.split(/-(.*)/)
    const words = prerelease ? prerelease.split('.').map(each => (/^[0-9]+$/.test(each) ? Number(each) : each)) : []
    return { number: number.split('.').map(Number), prerelease: words }
  }
  const satisfies = range => range.satisfiedBy({ flavor: flavor ?? null, upstream: part(upstream), downstream: part(downstream) })
  return { flavor: flavor ?? null, upstream: part(upstream), downstream: part(downstream), satisfies, toString: () => target }
}

function healthDaemons() {
  const chain = main?.chain
  if (!chain) return []
  if (Array.isArray(chain.healthDaemons)) return chain.healthDaemons
  return [...(chain.running?.values() ?? [])].map(each => each.healthDaemon)
}

function daemons() {
  const entries = main?.chain?.entries ?? []
  return healthDaemons().map(each => {
    const entry = entries.find(other => other.id === each.id)
    return {
      id: each.id,
      kind: entry?.kind ?? (each.daemon ? 'daemon' : 'health'),
      display: typeof each.ready === 'object' ? each.ready.display ?? null : null,
      result: each.health?.result ?? null,
      message: each.health?.message ?? null,
    }
  })
}

// Daemons that ended although nobody asked them to.
function crashes() {
  return commands.filter(each => each.isDaemon && each.seconds !== null && !each.isStopping && each.code !== 0)
}

function listeners() {
  const found = []
  for (const file of ['tcp', 'tcp6']) {
    let lines = []
    try {
      lines = fs.readFileSync(`/proc/net/${file}`, 'utf8').trim().split('\n').slice(1)
    } catch {
      continue
    }
    for (const line of lines) {
      const fields = line.trim().split(/\s+/)
      const [address, port] = fields[1].split(':')
      if (fields[3] === LISTENS) found.push({ port: parseInt(port, 16), isLocal: isLocal(address), file })
    }
  }
  return found
}

function isLocal(digits) {
  return digits.length === 8 ? digits.endsWith('7F') : digits === '00000000000000000000000001000000'
}

function once(each) {
  let done = false
  return () => {
    if (!done) {
      done = true
      return each()
    }
  }
}

// --- Requests ----------------------------------------------------------------------------------------------------------

function answer(id, content) {
  fs.writeSync(3, JSON.stringify({ id, ...content }) + '\n')
}

async function serve(line) {
  const { id, method, params } = JSON.parse(line)
  try {
    answer(id, { result: (await methods[method](params ?? {})) ?? null })
  } catch (error) {
    answer(id, { error: text(error), stack: String(error?.stack ?? '').split('\n').slice(1, 8).join('\n') })
  }
}

readline
  .createInterface({ input: fs.createReadStream(null, { fd: 4 }) })
  .on('line', serve)
  .on('close', () => process.exit(0))
