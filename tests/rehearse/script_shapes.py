"""Scripts in the shape of those that real wrappers bundle: the SDK's helpers, minified names, and an export at the end."""

# Bundlers keep what libraries try out, and what they do without.
_PRELUDE = """
// deno-fmt-ignore-file
// This code was bundled using `deno bundle` and it's not recommended to edit it manually
const { Deno: Deno1 } = globalThis;
const noColor = typeof Deno1?.noColor === "boolean" ? Deno1.noColor : true;
const isWindows = globalThis.Deno?.build?.os === "windows" || globalThis.navigator?.appVersion?.includes?.("Win");
"""

# As compat.getConfig, setConfig, properties, migrations and checkWebUrl of the SDK work: on files in the volume, with errors
# as results.
_HELPERS = r"""
class Mismatch extends Error { constructor(at, wanted, given) { super(`Failed type: ${at}(${wanted}) given input ${given}`); } }
const text = (at) => ({ unsafeCast(v) { if (typeof v !== "string") throw new Mismatch(at, "string", JSON.stringify(v)); return v; } });
const unquoted = (s) => s.startsWith('"') ? JSON.parse(s) : s === "true" ? true : s === "false" ? false : s === "null" || s === "" ? null : isNaN(s) ? s : Number(s);
const parse = (s) => Object.fromEntries(s.split("\n").filter(Boolean).map((l) => { const [, k, v] = l.match(/^([^:]+):\s*(.*)$/); return [k, unquoted(v)]; }));
const stringify = (o) => Object.entries(o).map(([k, v]) => `${k}: ${JSON.stringify(v)}\n`).join("");
const exists = (effects, props) => effects.metadata(props).then((_) => true, (_) => false);
const file = { volumeId: "main", path: "start9/config.yaml" };
const getConfig = (spec) => async (effects) => {
  const config = await effects.readFile(file).then(parse).catch((e) => { effects.info(`Got error ${e} while trying to read the config`); return undefined; });
  return { result: { config, spec } };
};
const setConfig = async (effects, newConfig, dependsOn = {}) => {
  if (!(await exists(effects, { path: "start9", volumeId: "main" }))) await effects.createDir({ path: "start9", volumeId: "main" });
  await effects.writeFile({ ...file, toWrite: stringify(newConfig) });
  return { result: { signal: "SIGTERM", "depends-on": dependsOn } };
};
const properties = async (effects) => {
  if (!(await exists(effects, file))) return { result: { version: 2, data: { "Not Ready": { type: "string", value: "Could not find properties.", qr: false, copyable: false, masked: false, description: "Not yet" } } } };
  const user = text('["user"]').unsafeCast(parse(await effects.readFile(file)).user);
  return { result: { version: 2, data: { User: { type: "string", value: user, qr: false, copyable: true, masked: true, description: null } } } };
};
const fromMapping = (steps, current) => async (effects, version, direction) => {
  if (direction !== "from" && direction !== "to") return { error: 'Must specify arg "from" or "to".' };
  let configured = await exists(effects, file);
  for (const [at, step] of Object.entries(steps).sort()) if (version < at && at <= current) configured = await step(effects, configured);
  return { result: { configured } };
};
const errorCode = (code, error) => ({ "error-code": [code, error] });
const checkWebUrl = (url) => async (effects, duration) => {
  if (duration <= 5000) return errorCode(60, "Starting");
  return await effects.fetch(url).then((_) => ({ result: null })).catch((e) => { effects.warn(`Error while fetching URL: ${url}`); effects.error(JSON.stringify(e)); effects.error(e.toString()); return { error: `Error while fetching URL: ${url}` }; });
};
"""


def bundle(id: str, port: int, version: str) -> str:
    """Return embassy.js of a service that is configured by its script, and whose page is at a port.

    Its migration to `version` adds the key `level` to the stored config.
    """
    return f"""{_PRELUDE}{_HELPERS}
const spec = {{
  "tor-address": {{ type: "pointer", subtype: "package", "package-id": "{id}", target: "tor-address", interface: "main", name: "Tor", description: "T" }},
  user: {{ type: "string", name: "User", nullable: false, copyable: true, masked: false, default: "me" }},
  level: {{ type: "number", name: "Level", nullable: false, range: "[1,9]", integral: true, default: 3 }},
}};
const mod = {{ main: checkWebUrl("http://{id}.embassy:{port}/") }};
const migration = fromMapping({{
  "{version}": async (effects, configured) => {{
    if (configured) {{ const old = parse(await effects.readFile(file)); await effects.writeFile({{ ...file, toWrite: stringify({{ ...old, level: 5 }}) }}); }}
    return configured;
  }},
}}, "{version}");
const get = getConfig(spec);
const set = async (effects, input) => {{ text('["user"]').unsafeCast(input.user); return await setConfig(effects, input); }};
export {{ get as getConfig, set as setConfig, properties as properties, migration as migration, mod as health }};
"""
