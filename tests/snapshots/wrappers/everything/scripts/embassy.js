// What StartOS calls for tide-tables. Yours: written once, no update touches it.
// StartOS runs this file as it is: a plain ES module without imports. Each function returns { result } or { error }.

// The settings are kept as JSON in the data volume. The entrypoint may read them there.
const settingsFile = { volumeId: "main", path: "start9/config.json" };

// The settings, or null when nobody has chosen any yet. Throws when the file is damaged.
async function readSettings(effects) {
  let text;
  try {
    text = await effects.readFile(settingsFile);
  } catch {
    return null; // There is no file.
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${settingsFile.path} in the volume ${settingsFile.volumeId} is damaged: it is not JSON`);
  }
}

// Runs a function and hands its error to StartOS as text that people can read.
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

// Called when another version is installed. A service that is not configured is not started afterwards.
export function migration(effects) {
  return answer(async () => ({ configured: true }));
}

// Health checks: null is well, an error says what is wrong. `age` is how many milliseconds ago the service was started.
export const health = {
  "synced": (effects, age) => answer(async () => missing("health check synced")),
};

// What people run by hand, with what they put into the form. The result is shown to them:
// { version: "0", message: "Done.", value: null, copyable: false, qr: false }
export const action = {
  "import": (effects, input) => answer(async () => missing("action import")),
};

// Services that this one needs: null if their configuration will do; and their configuration, changed so that it does.
export const dependencies = {
  "lnd": {
    check: (effects, configuration) => answer(async () => null),
    autoConfigure: (effects, configuration) => answer(async () => configuration),
  },
};

// To be replaced: it fails aloud, so that nobody takes it for done.
function missing(what) {
  throw new Error(`scripts/embassy.js: the ${what} is not written yet`);
}
