// What StartOS calls to configure hello-world. Yours: written once, no update touches it.
// StartOS runs this file as it is: a plain ES module without imports. Each function returns { result } or { error }.

// The settings are kept as JSON in the data volume. The entrypoint may read them there.
const settingsFile = { volumeId: "main", path: "start9/config.json" };

// What can be set. StartOS draws a form from this; every name here is one key of the settings.
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

export function getConfig(effects) {
  return answer(async () => ({ config: await readSettings(effects), spec }));
}

export function setConfig(effects, settings) {
  return answer(async () => {
    await readSettings(effects); // A damaged file is not ours to overwrite.
    await effects.createDir({ volumeId: settingsFile.volumeId, path: "start9" });
    await effects.writeFile({ ...settingsFile, toWrite: JSON.stringify(settings, null, 2) });
    // Services that must run now, and their health checks: { bitcoind: ["synced"] }.
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

// Called when another version is installed. A service that is not configured is not started afterwards.
export function migration(effects) {
  return answer(async () => ({ configured: (await readSettings(effects)) !== null }));
}
