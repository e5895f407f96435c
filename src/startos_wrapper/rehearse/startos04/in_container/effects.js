// What a package asks StartOS for: its effects, recorded. S/effects/
'use strict'

const { execFile, execFileSync } = require('child_process')
const { randomUUID } = require('crypto')
const fs = require('fs')
const path = require('path')
const { promisify } = require('util')

const run = promisify(execFile)
const ROOT = '/media/startos'
const START_CONTAINER = path.join(__dirname, 'start_container.py')
// Where a subcontainer's files may stay, if the usual place can't hold them.
const MEMORY = '/run/rehearsal'
const OS_IP = '10.0.3.1'

// A part of the package's life. Leaving it ends what was begun in it.
class Context {
  constructor() {
    this.children = new Map()
    this.leaving = []
    this.isLeft = false
  }

  child(name) {
    this.children.get(name)?.leave()
    const child = new Context()
    this.children.set(name, child)
    return child
  }

  leave() {
    if (this.isLeft) return
    this.isLeft = true
    for (const child of this.children.values()) child.leave()
    for (const each of this.leaving) each()
  }
}

// What StartOS keeps about a service. `kept` outlives the package's process.
class Server {
  constructor(id, kept) {
    this.id = id
    this.kept = {
      dataVersion: null, actions: {}, tasks: {}, bindings: {}, ranges: [], interfaces: {}, dependencies: [], notifications: [],
      ...kept,
    }
    this.health = {}
    this.calls = []
    this.unknown = new Set()
    this.unshown = new Set()
    this.subcontainers = new Map()
    this.written = {}
    this.certificates = new Map()
    this.watchers = new Map()
    this.started = null
    this.restarts = 0
    this.restart = async () => null
    this.shutdown = async () => null
    this.actionInput = async () => null
    this.runAction = async () => null
  }

  record(name, options) {
    this.calls.push([name, plain(options)])
  }

  watch(topic, options) {
    if (typeof options?.callback !== 'function') return
    const known = this.watchers.get(topic) ?? []
    this.watchers.set(topic, [...known, options.callback])
  }

  // StartOS calls each callback once. S/effects/callbacks.rs
  changed(topic) {
    const known = this.watchers.get(topic) ?? []
    this.watchers.delete(topic)
    for (const each of known) Promise.resolve().then(() => each()).catch(console.error)
  }

  host(hostId) {
    const bound = Object.values(this.kept.bindings).filter(each => each.id === hostId)
    if (!bound.length) return null
    const bindings = Object.fromEntries(bound.map(each => [each.internalPort, this.binding(each)]))
    return { bindings, bindingRanges: [], publicDomains: {}, privateDomains: {}, portForwards: [] }
  }

  binding(options) {
    const net = ports(options)
    const hostname = `${this.id}.rehearsal.local`
    const available = []
    if (net.assignedPort !== null) available.push(address(hostname, net.assignedPort, false))
    if (net.assignedSslPort !== null) available.push(address(hostname, net.assignedSslPort, true))
    const interfaces = Object.fromEntries(
      Object.values(this.kept.interfaces)
        .filter(each => each.addressInfo.hostId === options.id && each.addressInfo.internalPort === options.internalPort)
        .map(each => [each.id, each]),
    )
    return { enabled: true, options, net, addresses: { enabled: [], disabled: [], guaWan: [], available }, interfaces }
  }

  certificate(hostnames, algorithm) {
    const key = JSON.stringify([hostnames, algorithm])
    if (!this.certificates.has(key)) this.certificates.set(key, certificate(hostnames, algorithm))
    return this.certificates.get(key)
  }

  // --- Subcontainers ---------------------------------------------------------------------------------------------

  async createFs(imageId, name) {
    const image = `${ROOT}/images/${imageId}`
    if (!fs.existsSync(image)) throw new Error(`image ${imageId} not found`)
    const guid = randomUUID()
    const root = `${ROOT}/subcontainers/${guid}`
    fs.mkdirSync(root, { recursive: true })
    const upper = await this.mountImage(image, root, guid)
    this.subcontainers.set(guid, { root, upper, imageId, name: name ?? null })
    return [root, guid]
  }

  // Show the image with a layer for what is written, as StartOS does. If the disk can't hold a layer, use memory, or
  // else copy the image.
  async mountImage(image, root, guid) {
    for (const base of [`${ROOT}/overlays`, MEMORY]) {
      const [upper, work] = [`${base}/${guid}/upper`, `${base}/${guid}/work`]
      try {
        for (const each of [upper, work]) fs.mkdirSync(each, { recursive: true })
        await run('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${image},upperdir=${upper},workdir=${work}`, root])
        return upper
      } catch (error) {
        fs.rmSync(`${base}/${guid}`, { recursive: true, force: true })
      }
    }
    await run('cp', ['-a', `${image}/.`, root])
    return null
  }

  async destroyFs(guid) {
    const found = this.subcontainers.get(guid)
    if (!found) return
    this.subcontainers.delete(guid)
    if (found.upper) this.written[found.name ?? found.imageId] = written(found.upper)
    await run('python3', ['-c', KILL_FIRST, path.dirname(START_CONTAINER), found.root]).catch(console.error)
    await run('umount', ['--recursive', '--lazy', found.root]).catch(() => null)
    fs.rmSync(found.upper ? path.dirname(found.upper) : found.root, { recursive: true, force: true })
    fs.rmSync(found.root, { recursive: true, force: true })
  }
}

const KILL_FIRST =
  'import sys, pathlib; sys.path.insert(0, sys.argv[1]); import start_container as s; s.kill_first(pathlib.Path(sys.argv[2]))'

// Return the paths of the files in a layer, without what the SDK itself writes.
function written(upper) {
  const found = []
  const walk = folder => {
    for (const each of fs.readdirSync(path.join(upper, folder), { withFileTypes: true })) {
      const name = `${folder}/${each.name}`
      if (each.isDirectory()) walk(name)
      else if (!each.isCharacterDevice() && found.length < 1000) found.push(name)
    }
  }
  walk('')
  return found.filter(each => each !== '/etc/resolv.conf').sort()
}

function plain(value) {
  const text = JSON.stringify(value, (_, each) => (typeof each === 'function' ? undefined : each))
  return text === undefined ? null : JSON.parse(text)
}

// Which ports a server has for a binding, if nothing else has them. net/host/binding.rs
function ports(options) {
  const hasPlain = !options.secure?.ssl || !options.addSsl
  const isSecure = options.secure !== null && options.secure !== undefined
  return {
    assignedPort: hasPlain && (isSecure ? !options.secure.ssl : true) ? options.preferredExternalPort : null,
    assignedSslPort: options.addSsl?.preferredExternalPort ?? (options.secure?.ssl ? options.preferredExternalPort : null),
  }
}

function address(hostname, port, ssl) {
  return { ssl, public: false, hostname, port, metadata: { kind: 'private-domain', gateways: ['rehearsal'] } }
}

// Return a certificate of an authority that nobody trusts, thrice, as the chain, and its key.
function certificate(hostnames, algorithm) {
  const folder = fs.mkdtempSync('/tmp/certificate-')
  try {
    const names = hostnames.map(each => (/^[0-9.]+$|:/.test(each) ? `IP:${each}` : `DNS:${each}`)).join(',')
    const key = algorithm === 'ed25519' ? ['ed25519'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    const out = ['-keyout', `${folder}/key`, '-out', `${folder}/cert`]
    const more = ['-subj', '/CN=rehearsal', ...(names ? ['-addext', `subjectAltName=${names}`] : [])]
    execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '365', '-newkey', ...key, ...out, ...more], { stdio: 'ignore' })
    const read = name => fs.readFileSync(`${folder}/${name}`, 'utf8')
    return { chain: [read('cert'), read('cert'), read('cert')], key: read('key') }
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

// Whether each value that a task accepts is among an action's values. S/service/action.rs, util/serde.rs
function isPartOf(part, whole) {
  if (Array.isArray(part)) return Array.isArray(whole) && part.every(each => whole.some(other => isPartOf(each, other)))
  if (part && typeof part === 'object')
    return !!whole && typeof whole === 'object' && Object.entries(part).every(([key, each]) => isPartOf(each, whole[key]))
  return part === whole
}

// Return the effects for a part of the package's life.
function makeEffects(server, context, eventId = null, constRetry = undefined) {
  const own = options => !options?.packageId || options.packageId === server.id
  const { kept } = server
  // What another package is asked for has no answer here.
  const onlyOwn = (what, found, other = null) => options => {
    if (own(options)) return found(options)
    server.unshown.add(`${what} of the package ${options.packageId}`)
    return other
  }
  const answers = {
    clearCallbacks: () => null,
    restart: () => server.restart(),
    shutdown: () => server.shutdown(),
    getStatus: onlyOwn('the status', () => ({
      health: server.health, error: null, started: server.started, desired: { main: server.started ? 'running' : 'stopped' },
    })),
    setMainStatus: () => null,
    setDependencies: ({ dependencies }) => void (kept.dependencies = plain(dependencies)),
    getDependencies: () => kept.dependencies,
    checkDependencies: ({ packageIds } = {}) =>
      (packageIds ?? kept.dependencies.map(each => each.id)).map(packageId => ({
        packageId, title: null, installedVersion: null, satisfies: [], isRunning: false, tasks: {}, healthChecks: {},
      })),
    mount: ({ location, target }) => {
      const source = `${ROOT}/dependencies/${target.packageId}/${target.volumeId}/${target.subpath ?? ''}`
      fs.mkdirSync(source, { recursive: true })
      execFileSync('mount', ['--bind', source, location])
      if (target.readonly) execFileSync('mount', ['-o', 'remount,bind,ro', location])
      server.unshown.add(`the data of the package ${target.packageId}: its volume ${target.volumeId} is an empty folder`)
      return location
    },
    getInstalledPackages: () => [server.id],
    getServiceManifest: onlyOwn('the manifest', () => plain(server.manifest)),
    setBackupProgress: () => null,
    setInitProgress: () => null,
    setHealth: ({ id, ...result }) => void (server.health[id] = plain(result)),
    bind: options => {
      kept.bindings[`${options.id}:${options.internalPort}`] = plain(options)
      server.changed('host')
    },
    bindRange: options => void kept.ranges.push(plain(options)),
    clearBindings: ({ except }) => {
      const isKept = each => except.some(other => other.id === each.id && other.internalPort === each.internalPort)
      kept.bindings = Object.fromEntries(Object.entries(kept.bindings).filter(([, each]) => isKept(each)))
    },
    getServicePortForward: onlyOwn('a port', ({ hostId, internalPort }) => {
      const found = kept.bindings[`${hostId}:${internalPort}`]
      if (!found) throw new Error(`host ${hostId} has no binding of port ${internalPort}`)
      return ports(found)
    }),
    getHostInfo: onlyOwn('the addresses', options => {
      server.watch('host', options)
      return server.host(options.hostId)
    }),
    getContainerIp: onlyOwn('the address', () => server.ip ?? '127.0.0.1', OS_IP),
    getOsIp: () => OS_IP,
    getOutboundGateway: () => 'rehearsal',
    exportServiceInterface: options => {
      kept.interfaces[options.id] = plain(options)
      server.changed('interface')
    },
    exportRangeServiceInterface: options => void (kept.interfaces[options.id] = plain(options)),
    getServiceInterface: onlyOwn('an interface', options => {
      server.watch('interface', options)
      return kept.interfaces[options.serviceInterfaceId] ?? null
    }),
    listServiceInterfaces: onlyOwn('the interfaces', options => {
      server.watch('interface', options)
      return kept.interfaces
    }, {}),
    clearServiceInterfaces: ({ except }) => {
      for (const id of Object.keys(kept.interfaces)) if (!except.includes(id)) delete kept.interfaces[id]
    },
    getSslCertificate: ({ hostnames, algorithm }) => server.certificate(hostnames, algorithm ?? 'ecdsa').chain,
    getSslKey: ({ hostnames, algorithm }) => server.certificate(hostnames, algorithm ?? 'ecdsa').key,
    setDataVersion: ({ version }) => void (kept.dataVersion = version),
    getDataVersion: () => kept.dataVersion,
    getSystemSmtp: () => void server.unshown.add('the SMTP account of the server') ?? null,
  }
  const groups = {
    action: {
      export: ({ id, metadata }) => void (kept.actions[id] = plain(metadata)),
      clear: ({ except }) => {
        for (const id of Object.keys(kept.actions)) if (!except.includes(id)) delete kept.actions[id]
      },
      getInput: onlyOwn('the form of an action', ({ actionId }) => server.actionInput(actionId, eventId)),
      run: onlyOwn('an action', ({ actionId, input }) => server.runAction(actionId, input, eventId)),
      createTask: async ({ replayId, ...task }) => {
        let active = true
        if (task.when?.condition === 'input-not-matches') {
          if (!task.input) throw new Error('input-not-matches trigger requires an input')
          const known = own(task) && kept.actions[task.actionId]
          const value = known ? (await server.actionInput(task.actionId, eventId))?.value : null
          if (value && task.input.accept.some(each => isPartOf(each, value))) {
            if (task.when.once) return
            active = false
          }
        }
        kept.tasks[replayId] = { active, task: plain(task) }
      },
      clearTasks: ({ only, except }) => {
        for (const id of Object.keys(kept.tasks))
          if (only ? only.includes(id) : !except.includes(id)) delete kept.tasks[id]
      },
    },
    notification: { create: options => void kept.notifications.push(plain(options)) },
    subcontainer: {
      createFs: ({ imageId, name }) => server.createFs(imageId, name),
      destroyFs: ({ guid }) => server.destroyFs(guid),
    },
  }
  const asked = (name, answer) => async options => {
    server.record(name, options)
    return (await answer(options)) ?? null
  }
  const asGroup = (name, answers) =>
    new Proxy(
      Object.fromEntries(Object.entries(answers).map(([key, answer]) => [key, asked(`${name}.${key}`, answer)])),
      { get: (found, key) => (key === 'then' || typeof key === 'symbol' ? undefined : found[key] ?? unknown(`${name}.${key}`)) },
    )
  const unknown = name => {
    const answer = async options => {
      server.record(name, options)
      server.unknown.add(name)
      return null
    }
    return new Proxy(answer, {
      get: (_, key) => (key === 'then' || typeof key === 'symbol' ? undefined : unknown(`${name}.${key}`)),
    })
  }
  const effects = {
    eventId,
    constRetry,
    child: name => makeEffects(server, context.child(name), eventId, effects.constRetry),
    onLeaveContext: each => void (context.isLeft ? each() : context.leaving.push(each)),
    get isInContext() {
      return !context.isLeft
    },
    ...Object.fromEntries(Object.entries(answers).map(([key, answer]) => [key, asked(key, answer)])),
    ...Object.fromEntries(Object.entries(groups).map(([key, group]) => [key, asGroup(key, group)])),
  }
  return new Proxy(effects, {
    get: (found, key) => (key in found || key === 'then' || typeof key === 'symbol' ? found[key] : unknown(String(key))),
  })
}

// Note that an action ran: its tasks are done. S/service/action.rs:update_tasks
async function rechecked(server, actionId, wasRun, eventId) {
  for (const [id, entry] of Object.entries(server.kept.tasks)) {
    const { task } = entry
    if (task.actionId !== actionId || (task.packageId && task.packageId !== server.id)) continue
    if (!task.when) {
      if (wasRun) delete server.kept.tasks[id]
      continue
    }
    const value = (await server.actionInput(actionId, eventId).catch(() => null))?.value
    const fits = value && task.input?.accept.some(each => isPartOf(each, value))
    if (fits && task.when.once && wasRun) delete server.kept.tasks[id]
    else entry.active = !fits
  }
}

module.exports = { Context, Server, makeEffects, rechecked, ROOT }
