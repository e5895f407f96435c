// Functions that StartOS calls to configure hello-world. This file is yours: no update touches it.
// StartOS runs this file as it is, so it must be a plain ES module without imports. Each function returns { result } or { error }.

// The settings are stored as JSON in the data volume, where the entrypoint can read them.
const settingsFile = { volumeId: "main", path: "start9/config.json" };

// The settings. StartOS shows a form with these; every name is a key of the settings.
const spec = {
  greeting: {
    type: "string",
    name: "Greeting",
    description: "The text that visitors see first.",
    nullable: false,
    default: "Hello from your server!",
    copyable: false,
    masked: false,
  },
};

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

export function getConfig(effects) {
  return answer(async () => ({ config: await readSettings(effects), spec }));
}

export function setConfig(effects, settings) {
  return answer(async () => {
    await readSettings(effects); // Don't overwrite a damaged file.
    await effects.createDir({ volumeId: settingsFile.volumeId, path: "start9" });
    await effects.writeFile({ ...settingsFile, toWrite: JSON.stringify(settings, null, 2) });
    // Services that must be running, with their health checks, e.g. { bitcoind: ["synced"] }.
    return { "depends-on": {} };
  });
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
  return answer(async () => ({ configured: (await readSettings(effects)) !== null }));
}
