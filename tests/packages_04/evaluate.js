// Loads the bundle of a package for StartOS 0.4 and plays the steps of a job with it, with effects that only record.
//
// Run it with `unshare --mount`: it puts its own folders at /media/startos, where packages look for their volumes.
// Standard input is the job, standard output what was seen, both as JSON. See evaluate.py for their keys.
'use strict'

const childProcess = require('node:child_process')
const { EventEmitter } = require('node:events')
const fs = require('node:fs')
const files = require('node:fs/promises')
const path = require('node:path')
const { PassThrough, Writable } = require('node:stream')
const util = require('node:util')

const ROOT = '/media/startos'
const job = JSON.parse(fs.readFileSync(0, 'utf8'))
const logs = []
for (const level of ['log', 'info', 'debug', 'warn', 'error']) {
  console[level] = (...parts) => logs.push(`${level}: ${util.format(...parts)}`)
}

/** Mounts a tmpfs at /media, and the job's folders in it. */
function prepare() {
  const mount = (...parts) => {
    const done = childProcess.spawnSync('mount', parts, { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`mount ${parts.join(' ')}: ${done.stderr || done.error}`)
  }
  mount('-t', 'tmpfs', 'tmpfs', '/media')
  for (const name of ['volumes', 'assets', 'images', 'backup', 'rootfs']) {
    fs.mkdirSync(path.join(ROOT, name), { recursive: true })
  }
  mount('--bind', job.volumes, path.join(ROOT, 'volumes'))
  if (job.assets) mount('--bind', job.assets, path.join(ROOT, 'assets'))
}

/** What the package did since the start, and what StartOS would know of it now. */
const state = {
  dataVersion: job.dataVersion ?? null,
  bindings: [],
  interfaces: [],
  dependencies: null,
  actions: {},
  tasks: [],
}
/** What the current step did: effects, commands in containers, and what it asked the network for. */
let seen = { effects: [], commands: [], urls: [] }
let listening = new Set()
/** The mounts of each root file system, by the folder that stands for it. */
const mounted = new Map()

/** Finds the canned answer to a command in a container: by the whole command, by its program, or nothing. */
function answerTo(command) {
  const answers = { ...job.answers, ...seen.answers }
  return { exit: 0, stdout: '', stderr: '', ...(answers[command.join(' ')] ?? answers[path.basename(command[0] ?? '')]) }
}

/** A stand-in for a process that ends with a canned answer, or when it is killed if it has none. */
class Stand extends EventEmitter {
  constructor(answer, record) {
    super()
    this.pid = 1
    this.exitCode = this.signalCode = null
    this.stdout = new PassThrough()
    this.stderr = new PassThrough()
    const input = []
    this.stdin = new Writable({
      write(chunk, _encoding, done) {
        input.push(chunk)
        if (record) record.input = Buffer.concat(input).toString()
        done()
      },
    })
    if (answer) setTimeout(() => this.finish(answer), 2)
  }

  finish({ exit, stdout, stderr }) {
    this.stdout.end(stdout)
    this.stderr.end(stderr)
    // Only when what it printed was read.
    setImmediate(() =>
      setImmediate(() => {
        this.exitCode = exit
        this.emit('exit', exit, null)
        this.emit('close', exit, null)
      }),
    )
  }

  kill(signal = 'SIGTERM') {
    if (this.exitCode === null && this.signalCode === null) {
      this.signalCode = signal
      setImmediate(() => this.emit('exit', null, signal))
    }
    return true
  }
}

/** Stands in for start-container's commands on containers. */
function startContainer(parts) {
  const [, verb, ...rest] = parts
  const split = rest.findIndex(part => !part.startsWith('--'))
  const [rootfs, ...command] = rest.slice(split)
  if (verb === 'launch' && command.length === 0) {
    fs.mkdirSync(path.join(rootfs, 'proc', '1'), { recursive: true })
    return new Stand(null)
  }
  const options = rest.slice(0, split)
  const option = name => options.filter(o => o.startsWith(`--${name}=`)).map(o => o.slice(name.length + 3))
  const record = {
    command,
    image: path.basename(option('env-file')[0] ?? '', '.env'),
    user: option('user')[0] ?? null,
    env: option('env'),
    mounts: mounted.get(rootfs) ?? [],
    input: null,
  }
  seen.commands.push(record)
  return new Stand(answerTo(command), record)
}

const mountsOfBind = parts => {
  const option = name => parts[parts.indexOf(name) + 1]
  return { source: option('--source'), target: option('--target') }
}

/** Stands in for the programs that the SDK runs outside of containers. */
function replacePrograms() {
  const { spawn, execFile } = childProcess
  childProcess.spawn = (program, parts, options) => {
    if (program === 'start-container') return startContainer(parts)
    if (program === 'rsync') {
      const record = { command: [program, ...parts] }
      seen.commands.push(record)
      return new Stand(answerTo([program]), record)
    }
    return spawn(program, parts, options)
  }
  const replaced = async (program, parts) => {
    if (program === 'start-container' && parts[0] === 'bind-mount') {
      const { source, target } = mountsOfBind(parts)
      const [rootfs] = [...mounted.keys()].filter(folder => target.startsWith(`${folder}/`))
      mounted.get(rootfs)?.push({ source, mountpoint: target.slice(rootfs.length) })
      return { stdout: '', stderr: '' }
    }
    if (program === 'mount') return { stdout: '', stderr: '' }
    return util.promisify(execFile)(program, parts)
  }
  childProcess.execFile = (program, parts, ...rest) => {
    const done = rest.at(-1)
    replaced(program, parts).then(({ stdout, stderr }) => done(null, stdout, stderr), done)
  }
  childProcess.execFile[util.promisify.custom] = replaced
}

/** Lets only the ports of the current step listen, for checks by /proc/net and for requests. */
function replaceNetwork() {
  const { readFile } = files
  const table = () =>
    ['  sl  local_address rem_address   st']
      .concat([...listening].map((port, at) => `   ${at}: 00000000:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`))
      .join('\n')
  files.readFile = async (name, ...rest) => {
    if (!/^\/proc\/net\/(tcp|udp)6?$/.test(String(name))) return readFile(name, ...rest)
    return String(name) === '/proc/net/tcp' ? table() : '  sl  local_address rem_address   st\n'
  }
  globalThis.fetch = async address => {
    const url = new URL(typeof address === 'string' ? address : (address.url ?? String(address)))
    seen.urls.push(url.href)
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    if (!listening.has(port)) throw new TypeError('fetch failed')
    const status = job.status ?? 200
    return { status, ok: status < 400, text: async () => '', json: async () => ({}), headers: new Map(), body: null }
  }
}

/** Effects that record their calls. Each `child` shares what it records with the others. */
function effects(leave) {
  const record = (name, value) => (...parts) => {
    seen.effects.push([name, ...parts.map(part => JSON.parse(JSON.stringify(part ?? null, (_, v) => (typeof v === 'function' ? undefined : v))))])
    return typeof value === 'function' ? value(...parts) : value
  }
  const later = (name, value = null) => {
    const recorded = record(name, value)
    return async (...parts) => recorded(...parts)
  }
  const quiet = value => async (...parts) => (typeof value === 'function' ? value(...parts) : value)
  const keep = (list, same, item) => list.filter(old => !same(old)).concat([item])
  const made = { number: 0 }
  const make = () => ({
    eventId: leave.event,
    child: () => make(),
    get isInContext() {
      return leave.inside
    },
    onLeaveContext: done => leave.callbacks.push(done),
    clearCallbacks: quiet(null),
    action: {
      export: later('action.export', ({ id, metadata }) => ((state.actions[id] = metadata), null)),
      clear: later('action.clear', ({ except }) => {
        for (const id of Object.keys(state.actions)) if (!except.includes(id)) delete state.actions[id]
        return null
      }),
      getInput: later('action.getInput'),
      run: later('action.run'),
      createTask: later('action.createTask', task => {
        state.tasks = keep(state.tasks, old => old.replayId === task.replayId, task)
        return null
      }),
      clearTasks: later('action.clearTasks', ({ only, except }) => {
        state.tasks = state.tasks.filter(task => (only ? !only.includes(task.replayId) : except.includes(task.replayId)))
        return null
      }),
    },
    restart: later('restart'),
    shutdown: later('shutdown'),
    getStatus: quiet({ desired: { main: 'stopped' }, started: null, health: {} }),
    setMainStatus: later('setMainStatus'),
    setDependencies: later('setDependencies', ({ dependencies }) => ((state.dependencies = dependencies), null)),
    getDependencies: quiet([]),
    checkDependencies: quiet([]),
    mount: later('mount', ({ location, target }) => {
      const [rootfs] = [...mounted.keys()].filter(folder => location.startsWith(`${folder}/`))
      mounted.get(rootfs)?.push({ source: target, mountpoint: location.slice(rootfs.length) })
      return location
    }),
    getInstalledPackages: later('getInstalledPackages', () => job.installed ?? []),
    getServiceManifest: quiet(() => null),
    setBackupProgress: quiet(null),
    setInitProgress: quiet(null),
    setHealth: later('setHealth'),
    notification: { create: later('notification.create') },
    subcontainer: {
      createFs: later('subcontainer.createFs', ({ imageId, name }) => {
        const rootfs = path.join(ROOT, 'rootfs', `${imageId}-${name}-${leave.event}-${++made.number}`)
        fs.mkdirSync(rootfs, { recursive: true })
        mounted.set(rootfs, [])
        return [rootfs, path.basename(rootfs)]
      }),
      destroyFs: later('subcontainer.destroyFs'),
    },
    bind: later('bind', binding => {
      const same = old => old.id === binding.id && old.internalPort === binding.internalPort
      state.bindings = keep(state.bindings, same, binding)
      return null
    }),
    bindRange: later('bindRange'),
    getServicePortForward: quiet(null),
    clearBindings: later('clearBindings', ({ except }) => {
      state.bindings = state.bindings.filter(b => except.some(e => e.id === b.id && e.internalPort === b.internalPort))
      return null
    }),
    getHostInfo: quiet(null),
    getPrimaryUrl: quiet(null),
    getSystemSmtp: quiet(null),
    getContainerIp: quiet('10.0.3.2'),
    getOsIp: quiet('10.0.3.1'),
    getOutboundGateway: quiet('10.0.3.1'),
    exportServiceInterface: later('exportServiceInterface', one => {
      state.interfaces = keep(state.interfaces, old => old.id === one.id, one)
      return null
    }),
    exportRangeServiceInterface: later('exportRangeServiceInterface'),
    getServiceInterface: quiet(null),
    listServiceInterfaces: quiet({}),
    clearServiceInterfaces: later('clearServiceInterfaces', ({ except }) => {
      state.interfaces = state.interfaces.filter(one => except.includes(one.id))
      return null
    }),
    getSslCertificate: later('getSslCertificate', ['-- LEAF --\n', '-- INTERMEDIATE --\n', '-- ROOT --\n']),
    getSslKey: later('getSslKey', '-- KEY --\n'),
    getDataVersion: quiet(() => state.dataVersion),
    setDataVersion: later('setDataVersion', ({ version }) => ((state.dataVersion = version), null)),
    plugin: { url: { register: later('plugin.url.register'), exportUrl: later('plugin.url.exportUrl'), clearUrls: later('plugin.url.clearUrls') } },
  })
  return make()
}

const mountsOf = subcontainer => {
  if (!subcontainer) return null
  if (subcontainer.rootfs !== undefined && typeof subcontainer.rootfs === 'string') {
    return mounted.get(subcontainer.rootfs).map(({ source, mountpoint }) => ({ mountpoint, options: eagerOptions(source) }))
  }
  return subcontainer.mounts ? subcontainer.mounts.build() : []
}

/** Mounts of a container that exists already are known by their source only. */
function eagerOptions(source) {
  if (typeof source !== 'string') return { type: 'pointer', ...source }
  const [kind, ...rest] = path.relative(ROOT, source).split('/')
  if (kind === 'assets') return { type: 'assets', subpath: rest.join('/') || null }
  return { type: 'volume', volumeId: rest[0], subpath: rest.slice(1).join('/') || null }
}

const commandOf = exec => {
  if (!exec || 'fn' in exec) return { fn: true }
  const { command, env, cwd, user, sigtermTimeout, runAsInit } = exec
  const entrypoint = command && typeof command === 'object' && 'overridCmd' in command
  return {
    command: entrypoint ? { entrypoint: command.overridCmd ?? null } : command,
    env: env ?? {},
    cwd: cwd ?? null,
    user: user ?? null,
    sigtermTimeout: sigtermTimeout ?? null,
    runAsInit: runAsInit ?? false,
  }
}

const entryOf = entry => ({
  kind: entry.kind,
  id: entry.id,
  requires: entry.requires,
  image: entry.subcontainer?.imageId ?? null,
  mounts: mountsOf(entry.subcontainer),
  exec: entry.exec ? commandOf(entry.exec) : null,
  display: entry.ready?.display ?? null,
  gracePeriod: entry.ready?.gracePeriod ?? null,
})

/** What a step can do with the package. */
const PLAYS = {
  async init({ kind }, bundle, given) {
    await bundle.init({ effects: given, kind })
  },
  async uninit({ target }, bundle, given) {
    await bundle.uninit({ effects: given, target: target ?? null })
  },
  async main(_, bundle, given) {
    const chain = await bundle.main({ effects: given })
    const daemons = chain.entries ? chain : await chain.fn({ effects: given })
    PLAYS.entries = daemons.entries
    return daemons.entries.map(entryOf)
  },
  // The results of all checks of the last `main`.
  async ready(step) {
    listening = new Set(step.listening ?? [])
    seen.answers = step.answers
    const results = {}
    for (const { id, kind, ready } of PLAYS.entries) {
      if (kind === 'oneshot') continue
      try {
        results[id] = await ready.fn()
      } catch (error) {
        results[id] = { thrown: error.message ?? error }
      }
    }
    return results
  },
  async input({ action }, bundle, given) {
    const { spec, value } = await bundle.actions.get(action).getInput({ effects: given, prefill: null })
    return { spec, value }
  },
  async run({ action, input, answers }, bundle, given) {
    seen.answers = answers
    const found = bundle.actions.get(action)
    await found.getInput({ effects: given, prefill: null })
    return found.run({ effects: given, input: input ?? {} })
  },
  async backup(_, bundle, given) {
    await bundle.createBackup({ effects: given })
  },
}

async function play(bundle) {
  const played = []
  for (const [number, step] of (job.steps ?? []).entries()) {
    seen = { effects: [], commands: [], urls: [] }
    const leave = { inside: true, callbacks: [], event: `event-${number}` }
    const one = { name: step.name ?? step.do, error: null, result: null }
    try {
      one.result = (await PLAYS[step.do](step, bundle, effects(leave))) ?? null
    } catch (error) {
      one.error = String(error?.message ?? error)
    }
    Object.assign(one, { effects: seen.effects, commands: seen.commands, urls: seen.urls, state: JSON.parse(JSON.stringify(state)) })
    played.push(one)
    // Packages watch their files until their context ends.
    if (step.do !== 'main') {
      leave.inside = false
      for (const done of leave.callbacks) await done()
    }
  }
  return played
}

async function evaluate() {
  prepare()
  replacePrograms()
  replaceNetwork()
  const bundle = require(path.resolve(job.bundle))
  const manifest = JSON.parse(JSON.stringify(bundle.manifest))
  for (const id of manifest.volumes) fs.mkdirSync(path.join(ROOT, 'volumes', id), { recursive: true })
  return { exports: Object.keys(bundle).sort(), manifest, played: await play(bundle), state, logs }
}

const unhandled = []
process.on('unhandledRejection', error => unhandled.push(String(error?.stack ?? error)))
evaluate().then(
  result => finish({ ...result, unhandled }, 0),
  error => finish({ error: String(error?.stack ?? error), logs, unhandled }, 1),
)

function finish(result, code) {
  const plain = JSON.stringify(result, (_, value) => (typeof value === 'function' || typeof value === 'symbol' ? undefined : value))
  fs.writeSync(1, '')
  process.stdout.write(plain, () => process.exit(code))
}
