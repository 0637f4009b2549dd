// Hooks of Node's module loader that tell of each module that is loaded.
let port;

export function initialize(data) {
  port = data.port;
}

export function load(url, context, next) {
  port.postMessage(url);
  return next(url, context);
}
