// A starter that counts its visitors. Replace it with your own service.
import { once } from 'node:events';
import { open, readFile, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

export const DEFAULT_GREETING = 'Hello from your server!';
const LONGEST_HEADER = 16 * 1024;
const PATIENCE = 5000;

/** Counts visits, and stores the number in a file if there's a folder for it. */
export class Counter {
  #path;
  #visits;
  // Visits are stored one after the other.
  #last = Promise.resolve();

  constructor(path, visits) {
    this.#path = path;
    this.#visits = visits;
  }

  /** Reads the number from an earlier run. A damaged file is an error, because we mustn't overwrite it. */
  static async open(folder) {
    if (!folder) return new Counter('', 0);
    const path = join(folder, 'visits');
    const refuse = (error) => {
      throw new Error(`DATA_DIR=${folder}: ${error.message}`);
    };
    const text = await readFile(path, 'utf8').catch((error) => (error.code === 'ENOENT' ? '0' : refuse(error)));
    // 15 digits, so that counting on stays exact.
    if (!/^\d{1,15}\n?$/.test(text)) throw new Error(`${path} does not hold a number: repair it or move it away`);
    const counter = new Counter(path, Number(text));
    // Check now, not on the first visit, that the folder is writable.
    await counter.#save(Number(text)).catch(refuse);
    return counter;
  }

  add() {
    const added = this.#last.then(async () => {
      await this.#save(this.#visits + 1);
      this.#visits += 1;
      return this.#visits;
    });
    this.#last = added.catch(() => {});
    return added;
  }

  /** Replaces the file in one step, so that a crash leaves the old number or the new one. */
  async #save(visits) {
    if (!this.#path) return;
    const file = await open(`${this.#path}.new`, 'w');
    try {
      await file.writeFile(`${visits}\n`);
      // Before the rename, or a power cut could leave an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#path}.new`, this.#path);
  }
}

/** Returns the setting, or else the text of an asset, if there is one. */
async function greeting(assets) {
  if (process.env.SETTING_GREETING) return process.env.SETTING_GREETING;
  if (!assets) return DEFAULT_GREETING;
  try {
    return (await readFile(join(assets, 'greeting.txt'), 'utf8')).trim();
  } catch (error) {
    if (error.code !== 'ENOENT') console.error(error.message);
    return DEFAULT_GREETING;
  }
}

const escape = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt()};`);

const page = (text, visits) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello</title>
<body style="font-family: sans-serif; text-align: center; margin: 20vh 1em">
<h1>${escape(text)}</h1>
<p>Visits: ${visits}</p>
`;

/** Returns a server that isn't listening yet. */
export function newServer(counter, assets) {
  // Without these, a client that never finishes would stay connected forever.
  const limits = {
    maxHeaderSize: LONGEST_HEADER,
    headersTimeout: PATIENCE,
    requestTimeout: 2 * PATIENCE,
    connectionsCheckingInterval: 1000,
  };
  const server = createServer(limits, async (request, response) => {
    const answer = (status, body, type = 'text/plain') => {
      response.writeHead(status, { 'Content-Type': `${type}; charset=utf-8`, 'Content-Length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? '' : body);
    };
    // After the end, a connection that stays open would hold it up.
    if (!server.listening) response.setHeader('Connection', 'close');
    const [path] = request.url.split('?');
    if (path !== '/' && path !== '/health') return answer(404, 'not found\n');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return answer(405, 'method not allowed\n');
    }
    if (path === '/health') return answer(200, 'ok\n');
    if (request.method === 'HEAD') return answer(200, '', 'text/html');
    try {
      const visits = await counter.add();
      return answer(200, page(await greeting(assets), visits), 'text/html');
    } catch (error) {
      console.error(error.message);
      return answer(500, 'the visit could not be stored\n');
    }
  });
  return server.setTimeout(2 * PATIENCE);
}

/** Answers until `signal` aborts, then lets requests in flight finish. */
export async function serve(server, signal) {
  if (!signal.aborted) await once(signal, 'abort');
  const closed = once(server, 'close');
  server.close();
  // A client that isn't done by then has had its time.
  const limit = setTimeout(() => server.closeAllConnections(), PATIENCE);
  await closed;
  clearTimeout(limit);
}

export async function run(signal) {
  const { PORT: text = '', DATA_DIR: folder, ASSETS_DIR: assets } = process.env;
  const port = Number(text || '8080');
  if (!/^\d*$/.test(text) || port > 65535) throw new Error(`PORT=${JSON.stringify(text)} is not a port`);
  const counter = await Counter.open(folder);
  const place = folder || 'memory';
  if (port === 0) {
    console.error(`started without a web page, visits in ${place}`);
    // A timer, because waiting for a signal doesn't keep Node.js running.
    const waiting = setInterval(() => {}, 2 ** 30);
    if (!signal.aborted) await once(signal, 'abort');
    clearInterval(waiting);
    return;
  }
  const server = newServer(counter, assets);
  server.listen(port);
  await once(server, 'listening').catch((error) => {
    throw new Error(`port ${port}: ${error.message}`);
  });
  console.error(`listening on port ${port}, visits in ${place}`);
  await serve(server, signal);
}
