#!/usr/bin/env node
import { run } from './service.js';

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => stop.abort());
try {
  await run(stop.signal);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
