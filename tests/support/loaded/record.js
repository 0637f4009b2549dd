// Preloaded into a process: writes what the process has loaded at its end to the file that $LOADED names.
import { writeFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

const { port1, port2 } = new MessageChannel();
register('./hooks.js', import.meta.url, { data: { port: port2 }, transferList: [port2] });
port1.unref();

process.on('exit', () => {
  const modules = [];
  for (let got = receiveMessageOnPort(port1); got !== undefined; got = receiveMessageOnPort(port1)) {
    modules.push(got.message);
  }
  // What CommonJS modules have required by themselves passes no hook.
  modules.push(...Object.keys(createRequire(import.meta.url).cache));
  const libraries = process.report.getReport().sharedObjects;
  writeFileSync(process.env.LOADED, JSON.stringify({ modules, libraries }));
});
