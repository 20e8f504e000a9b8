/**
 * Loaded into a judge before everything else (NODE_OPTIONS=--import), it opens the sandboxes that this judge starts, as if
 * somebody had found a way out of the realm: student code finds the child's `process` and `require` in `Object.hole`.
 * With HOLE=node also Node's permission model is off, as if somebody had found a way around that, too. What still holds
 * then is what the isolation level holds by itself.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

const opened = `{
  const vm = require('node:vm');
  const { createContext, runInContext } = vm;
  vm.createContext = (...args) => {
    const context = createContext(...args);
    runInContext('Object', context).hole = { process, require, Buffer, Atomics, SharedArrayBuffer };
    return context;
  };
}`;

const { spawn } = childProcess;
childProcess.spawn = (file, args, options) => {
  const at = Array.isArray(args) ? args.indexOf('-e') : -1;
  if (at < 0) return spawn(file, args, options);
  const permission = /^--(experimental-)?permission$/;
  const rest = process.env.HOLE === 'node' ? args.filter((arg, i) => i > at || !permission.test(arg)) : args;
  return spawn(file, [...rest.slice(0, rest.indexOf('-e') + 1), opened + args[at + 1]], options);
};
syncBuiltinESMExports();
