// Runs an export of a wrapper's scripts/embassy.js in Deno or Node.js, as StartOS's engine does. scripts.py starts it
// without any permission. Standard input has a line of JSON with what to run, then an answer to each effect. Standard
// output has a line for each effect, and at the end the result. core/js-engine/src/artifacts/loadModule.js

// What runs in the script's own realm. Node.js compiles it there from its text, so it uses nothing from outside.
function inner(send, init) {
  "use strict";
  const { parse, stringify } = JSON;
  const pending = new Map();
  let count = 0;

  const fail = (name) => { throw new Error(`Missing required parameter ${name}`); };
  const op = (name, ...args) =>
    new Promise((resolve, reject) => {
      count += 1;
      const text = stringify({ id: count, op: name, args: args.map((each) => (each === undefined ? null : each)) });
      pending.set(count, { resolve, reject });
      send(text);
    });
  const date = (value) => (value ? new Date(value) : value);

  const writeFile = ({ path = fail("path"), volumeId = fail("volumeId"), toWrite = fail("toWrite") } = fail("options")) =>
    op("write_file", volumeId, path, toWrite);
  const readFile = ({ volumeId = fail("volumeId"), path = fail("path") } = fail("options")) =>
    op("read_file", volumeId, path);
  const log = (level) => (text = fail("whatToTrace")) => op(`log_${level}`, text);
  // StartOS offers these effects, but not what they call.
  const absent = async (name) => { throw new TypeError(`${name} is not a function`); };

  const effects = {
    writeFile,
    readFile,
    chmod: async ({ volumeId = fail("volumeId"), path = fail("path"), mode = fail("mode") } = fail("options")) =>
      op("chmod", volumeId, path, mode),
    chown: async ({ volumeId = fail("volumeId"), path = fail("path"), uid = fail("uid") } = fail("options")) =>
      op("chown", volumeId, path, uid),
    writeJsonFile: ({ volumeId = fail("volumeId"), path = fail("path"), toWrite = fail("toWrite") } = fail("options")) =>
      writeFile({ volumeId, path, toWrite: stringify(toWrite) }),
    readJsonFile: async ({ volumeId = fail("volumeId"), path = fail("path") } = fail("options")) =>
      parse(await readFile({ volumeId, path })),
    error: log("error"),
    warn: log("warn"),
    debug: log("debug"),
    trace: log("trace"),
    info: log("info"),
    isSandboxed: () => init.isSandboxed,
    fetch: async (url = fail("url"), options = null) => {
      const { body, ...response } = await op("fetch", url, options);
      const text = Promise.resolve(body);
      return { ...response, text: () => text, json: () => text.then((each) => parse(each)) };
    },
    removeFile: ({ volumeId = fail("volumeId"), path = fail("path") } = fail("options")) =>
      op("remove_file", volumeId, path),
    createDir: ({ volumeId = fail("volumeId"), path = fail("path") } = fail("options")) =>
      op("create_dir", volumeId, path),
    readDir: ({ volumeId = fail("volumeId"), path = fail("path") } = fail("options")) => op("read_dir", volumeId, path),
    removeDir: ({ volumeId = fail("volumeId"), path = fail("path") } = fail("options")) =>
      op("remove_dir", volumeId, path),
    metadata: async ({ volumeId = fail("volumeId"), path = fail("path") } = fail("options")) => {
      const found = await op("metadata", volumeId, path);
      return {
        ...found, modified: date(found.modified), created: date(found.created), accessed: date(found.accessed),
      };
    },
    rename: ({
      srcVolume = fail("srcVolume"),
      // In StartOS, a misspelling makes this another error.
      dstVolume = (() => { throw new ReferenceError("requirePapram is not defined"); })(),
      srcPath = fail("srcPath"),
      dstPath = fail("dstPath"),
    } = fail("options")) => op("rename", srcVolume, srcPath, dstVolume, dstPath),
    runCommand: async ({ command = fail("command") } = fail("options")) => absent("start_command"),
    runDaemon: ({ command = fail("command") } = fail("options")) => {
      const processId = absent("start_command");
      return { processId, wait: async () => processId, term: async () => processId };
    },
    signalGroup: async ({ gid = fail("gid"), signal = fail("signal") } = fail("gid and signal")) =>
      absent("signal_group"),
    sleep: (timeMs = fail("timeMs")) => op("sleep", timeMs),
    runRsync: ({
      srcVolume = fail("srcVolume"), dstVolume = fail("dstVolume"), srcPath = fail("srcPath"),
      dstPath = fail("dstPath"), options = fail("options"),
    } = fail("options")) => {
      const id = op("rsync", srcVolume, srcPath, dstVolume, dstPath, options);
      let waiting = null;
      return {
        id: async () => id,
        wait: async () => (waiting = waiting || op("rsync_wait", await id)),
        progress: async () => op("rsync_progress", await id),
      };
    },
    diskUsage: async ({ volumeId = fail("volumeId"), path = fail("path") } = { volumeId: null, path: null }) => {
      const [used, total] = await op("disk_usage", volumeId, path);
      return { used, total };
    },
  };

  const describe = (error) => {
    try {
      if (error instanceof Error) {
        const place = /embassy\.js:\d+:\d+|(?:blob|data):[^\s)]*?:(\d+:\d+)/.exec(String(error.stack));
        const at = place ? (place[1] ? `embassy.js:${place[1]}` : place[0]) : "";
        return `Uncaught (in promise) ${error}${at && `\n    at ${at}`}`;
      }
      return `Uncaught (in promise) ${error}`;
    } catch {
      return "Uncaught (in promise)";
    }
  };

  let answer = null;
  let failure = null;
  return {
    describe,
    isIdle: () => pending.size === 0,
    answer: () => answer,
    failure: () => failure,
    reply: (text) => {
      const { id, result, error } = parse(text);
      const waiting = pending.get(id);
      pending.delete(id);
      if (waiting) error === undefined ? waiting.resolve(result) : waiting.reject(new Error(error));
    },
    // The caller goes on when nothing is pending, whether the function has returned or not.
    run: (module) => {
      (async () => {
        let found = module;
        for (const key of init.export.substring(1).split("/")) {
          if (found == null) break;
          found = found[key];
        }
        if (typeof found !== "function") throw new Error(`Expecting ${init.export} to be a function`);
        const returned = await found(effects, init.input, ...init.args);
        answer = stringify(returned === undefined ? null : returned, (_, each) => (each === undefined ? null : each));
      })().catch((error) => { failure = describe(error); });
    },
  };
}

// What ECMAScript defines. StartOS's engine has no other globals: no timers, no URL, no fetch.
const STANDARD = new Set(
  ("Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp " +
    "Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis JSON Math Intl " +
    "ArrayBuffer Atomics Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array " +
    "Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap WeakSet WeakRef Proxy Reflect " +
    "FinalizationRegistry decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite " +
    "isNaN SharedArrayBuffer WebAssembly").split(" "),
);
const SILENT = "globalThis.console = Object.fromEntries(" +
  "['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'].map((name) => [name, () => undefined]));" +
  // Dynamic imports are renamed to this.
  "globalThis.imp0rt = async () => { throw new TypeError('Embassy.js cannot import anything else'); };";

async function* lines(chunks) {
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop();
    yield* parts;
  }
}

async function serve(input, write, later, load, stop) {
  const init = JSON.parse((await input.next()).value);
  let api;
  const finish = (message) => { write(`${JSON.stringify(message)}\n`); stop(); };
  const failed = (error) => finish({ failed: api ? api.describe(error) : String(error) });
  // StartOS's engine ends when nothing is pending. In the second turn, rejections that nobody handles are known.
  const drain = () => later(() => later(() => {
    if (api.failure() !== null) finish({ failed: api.failure() });
    else if (api.isIdle()) finish({ done: api.answer() });
  }, 0), 0);
  const reply = (text) => { api.reply(text); drain(); };
  const send = (text) => {
    const { id, op, args } = JSON.parse(text);
    if (op === "sleep") later(() => reply(JSON.stringify({ id, result: null })), Number(args[0]) || 0);
    else write(`${text}\n`);
  };
  try {
    const loaded = await load(init, send, failed);
    api = loaded.api;
    const module = await loaded.module();
    api.run(module);
    drain();
  } catch (error) {
    failed(error);
    return;
  }
  for await (const line of input) reply(line);
}

if (typeof Deno === "object") {
  const { stdin, stdout, exit } = Deno;
  const { setTimeout, TextEncoder, TextDecoderStream, URL, Blob, addEventListener, JSON, Object } = globalThis;
  const encoder = new TextEncoder();
  const write = (text) => {
    for (let data = encoder.encode(text); data.length; ) data = data.subarray(stdout.writeSync(data));
  };
  const load = async (init, send, failed) => {
    addEventListener("unhandledrejection", (event) => { event.preventDefault(); failed(event.reason); });
    const url = URL.createObjectURL(new Blob([init.source], { type: "text/javascript" }));
    const evaluate = eval;
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      if (STANDARD.has(name)) continue;
      if (!Reflect.deleteProperty(globalThis, name)) globalThis[name] = undefined;
    }
    evaluate(SILENT);
    return { api: inner(send, init), module: () => import(url) };
  };
  serve(lines(stdin.readable.pipeThrough(new TextDecoderStream())), write, setTimeout, load, () => exit(0));
} else {
  const [vm, fs] = await Promise.all([import("node:vm"), import("node:fs")]);
  const { process, Buffer, setTimeout } = globalThis;
  process.stdin.setEncoding("utf8");
  const write = (text) => {
    for (let data = Buffer.from(text); data.length; ) {
      try {
        data = data.subarray(fs.writeSync(1, data));
      } catch (error) {
        if (error.code !== "EAGAIN") throw error;
      }
    }
  };
  const load = async (init, send, failed) => {
    process.on("unhandledRejection", failed);
    const context = vm.createContext(Object.create(null));
    vm.runInContext(SILENT, context);
    // An error of this realm would lead out of the script's.
    const refuse = vm.runInContext(
      "() => { throw new TypeError('Embassy.js cannot import anything else'); }", context,
    );
    const given = JSON.stringify(JSON.stringify({ ...init, source: "" }));
    const api = vm.runInContext(`(${inner})`, context)(send, vm.runInContext(`JSON.parse(${given})`, context));
    return {
      api,
      module: async () => {
        const module = new vm.SourceTextModule(init.source, {
          context, identifier: "file:///embassy.js", importModuleDynamically: refuse,
        });
        await module.link(refuse);
        await module.evaluate();
        return module.namespace;
      },
    };
  };
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!STANDARD.has(name)) Reflect.deleteProperty(globalThis, name);
  }
  serve(lines(process.stdin), write, setTimeout, load, () => process.exit(0));
}
