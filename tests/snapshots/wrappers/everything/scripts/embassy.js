// Functions that StartOS calls for tide-tables. This file is yours: no update touches it.
// StartOS runs this file as it is, so it must be a plain ES module without imports. Each function returns { result } or { error }.

// The settings are stored as JSON in the data volume, where the entrypoint can read them.
const settingsFile = { volumeId: "main", path: "start9/config.json" };

// Returns the settings, or null if there are none yet. Throws if the file is damaged.
async function readSettings(effects) {
  let text;
  try {
    text = await effects.readFile(settingsFile);
  } catch {
    return null; // There's no file.
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${settingsFile.path} in the volume ${settingsFile.volumeId} is damaged: it isn't JSON`);
  }
}

// Runs a function and returns its error to StartOS as readable text.
async function answer(work) {
  try {
    return { result: await work() };
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

// What people see under Properties.
export function properties(effects) {
  return answer(async () => {
    const settings = await readSettings(effects);
    if (settings === null) return { version: 2, data: {} };
    const data = {
      Greeting: {
        type: "string",
        value: String(settings.greeting),
        description: "The text that visitors see first.",
        copyable: true,
        masked: false,
        qr: false,
      },
    };
    return { version: 2, data };
  });
}

// Called when another version is installed. StartOS doesn't start a service that isn't configured.
export function migration(effects) {
  return answer(async () => ({ configured: true }));
}

// Health checks: null is healthy, an error says what's wrong. `age` is the time since the service started, in milliseconds.
export const health = {
  "synced": (effects, age) => answer(async () => missing("health check synced")),
};

// Actions, with the input from their form. StartOS shows the result:
// { version: "0", message: "Done.", value: null, copyable: false, qr: false }
export const action = {
  "import": (effects, input) => answer(async () => missing("action import")),
};

// Dependencies: `check` returns null if their config is fine, `autoConfigure` returns it with the changes that it needs.
export const dependencies = {
  "lnd": {
    check: (effects, configuration) => answer(async () => null),
    autoConfigure: (effects, configuration) => answer(async () => configuration),
  },
};

// Replace this. It fails, so that nobody mistakes it for finished code.
function missing(what) {
  throw new Error(`scripts/embassy.js: the ${what} isn't implemented yet`);
}
