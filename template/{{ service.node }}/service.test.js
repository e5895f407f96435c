// Tests of the starter. Replace them with your own service's: node --test
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Counter, DEFAULT_GREETING, newServer, run, serve } from './service.js';

beforeEach(() => {
  for (const name of ['PORT', 'DATA_DIR', 'ASSETS_DIR', 'SETTING_GREETING']) delete process.env[name];
});

/** Returns a folder that is removed when the test ends. */
async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'service-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Starts the service. `stop` stops it and returns how many milliseconds that takes. */
async function start(t, data = '', assets = '') {
  const server = newServer(await Counter.open(data), assets);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const abort = new AbortController();
  const ended = serve(server, abort.signal);
  const { port } = server.address();
  const stop = async () => {
    const asked = performance.now();
    abort.abort();
    await ended;
    return performance.now() - asked;
  };
  t.after(() => {
    server.closeAllConnections();
    return stop();
  });
  const visit = async (method, path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  return { port, stop, visit };
}

/** Sends text and returns the answer. */
async function send(port, text) {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.on('error', () => {});
  socket.write(text);
  let answer = '';
  socket.on('data', (chunk) => { answer += chunk; });
  await once(socket, 'close');
  return answer;
}

test('visits are counted and survive a restart', async (t) => {
  const data = await folder(t);
  const first = await start(t, data);
  await first.visit('GET', '/');
  for (const [method, path] of [['GET', '/health'], ['GET', '/x'], ['HEAD', '/'], ['POST', '/']]) await first.visit(method, path);
  assert.match((await first.visit('GET', '/')).body, /Visits: 2/);
  const second = await start(t, data);
  assert.match((await second.visit('GET', '/')).body, /Visits: 3/);
  assert.deepEqual(await readdir(data), ['visits']);
});

test('visits at the same time are all counted', async (t) => {
  const { visit } = await start(t, await folder(t));
  const bodies = await Promise.all(Array.from({ length: 20 }, () => visit('GET', '/')));
  assert.equal(new Set(bodies.map(({ body }) => body)).size, 20);
});

test('a damaged file is refused and kept', async (t) => {
  const data = await folder(t);
  const path = join(data, 'visits');
  for (const damaged of ['', 'many', '-1', '1 2', '99999999999999999999']) {
    await writeFile(path, damaged);
    await assert.rejects(Counter.open(data), { message: `${path} does not hold a number: repair it or move it away` });
    assert.equal(await readFile(path, 'utf8'), damaged);
  }
});

test('a missing folder is refused', async (t) => {
  const missing = join(await folder(t), 'none');
  await assert.rejects(Counter.open(missing), (error) => error.message.includes(missing));
});

test('a visit that cannot be stored is not counted', async (t) => {
  const data = join(await folder(t), 'data');
  await mkdir(data);
  const { visit } = await start(t, data);
  await rm(data, { recursive: true });
  assert.equal((await visit('GET', '/')).status, 500);
  await mkdir(data);
  assert.match((await visit('GET', '/')).body, /Visits: 1/);
});

test('without a folder visits are counted in memory', async (t) => {
  const { visit } = await start(t);
  await visit('GET', '/');
  assert.match((await visit('GET', '/')).body, /Visits: 2/);
});

test('the asset is shown escaped', async (t) => {
  const assets = await folder(t);
  const { visit } = await start(t, '', assets);
  assert.ok((await visit('GET', '/')).body.includes(DEFAULT_GREETING));
  await writeFile(join(assets, 'greeting.txt'), '<b>Hi & "bye"</b>\n');
  assert.ok((await visit('GET', '/')).body.includes('<h1>&#60;b&#62;Hi &#38; &#34;bye&#34;&#60;/b&#62;</h1>'));
});

test('the setting is shown escaped and beats the asset', async (t) => {
  const assets = await folder(t);
  await writeFile(join(assets, 'greeting.txt'), 'asset');
  process.env.SETTING_GREETING = '<i>$(id)</i>';
  const { visit } = await start(t, '', assets);
  assert.ok((await visit('GET', '/')).body.includes('<h1>&#60;i&#62;$(id)&#60;/i&#62;</h1>'));
});

test('other paths and methods are refused', async (t) => {
  const { visit } = await start(t);
  const expected = {
    'GET /': 200, 'GET /?a=b': 200, 'HEAD /': 200, 'GET /health': 200, 'HEAD /health': 200, 'GET /x': 404, 'HEAD /x': 404,
    'GET /health/': 404, 'GET /visits': 404, 'POST /': 405, 'DELETE /health': 405,
  };
  for (const [request, status] of Object.entries(expected)) {
    assert.equal((await visit(...request.split(' '))).status, status, request);
  }
});

test('it stops when asked', async (t) => {
  const { port, stop, visit } = await start(t);
  assert.equal((await visit('GET', '/health')).body, 'ok\n');
  assert.ok((await stop()) < 5000);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/health`));
});

test('a request in flight is finished', async (t) => {
  const { port, stop, visit } = await start(t);
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.write('GET /health HT');
  // This has started for sure, because connections are accepted in order.
  await visit('GET', '/health');
  let answer = '';
  socket.on('data', (chunk) => { answer += chunk; });
  const closed = once(socket, 'close');
  const stopped = stop();
  await sleep(300);
  socket.write('TP/1.1\r\nHost: x\r\n\r\n');
  const took = await stopped;
  // It neither cut the request off nor waited for the limit.
  assert.ok(took > 200 && took < 5000, `${took}`);
  await closed;
  assert.match(answer, /\r\n\r\nok\n$/);
});

test('a bad request harms nobody', async (t) => {
  const { port, visit } = await start(t);
  const slow = connect(port, '127.0.0.1');
  slow.on('error', () => {});
  t.after(() => slow.destroy());
  slow.write('GET / HT');
  for (const request of ['nonsense\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`]) {
    assert.match(await send(port, request), /^HTTP\/1\.1 4|^$/);
  }
  assert.match((await visit('GET', '/')).body, /Visits: 1/);
});

test('a bad port is refused', async () => {
  for (const port of ['http', '-1', '65536', '80 80']) {
    process.env.PORT = port;
    await assert.rejects(run(AbortSignal.abort()), (error) => error.message.includes(port), port);
  }
});

test('a port in use is named', async (t) => {
  const { port } = await start(t);
  process.env.PORT = `${port}`;
  await assert.rejects(run(AbortSignal.abort()), (error) => error.message.includes(`port ${port}`));
});

test('port zero stops when asked too', async (t) => {
  process.env.PORT = '0';
  process.env.DATA_DIR = await folder(t);
  const abort = new AbortController();
  const ended = run(abort.signal);
  abort.abort();
  await ended;
});
