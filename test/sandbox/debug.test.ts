import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { debugProgram } from '../../grader/sandbox/node/debug.ts';
import { call, tensorPath, workshop } from './workshop.ts';

test('a debugger stops before the call, at a breakpoint in the .ts file, and the program then ends', async () => {
  const shop = workshop({
    'one/topic.ts': 'export function f(x: number): number {\n  const y = 2 * x;\n  return y + 1;\n}\n',
  });
  const stops: string[] = [];
  let map = '';
  const outcome = await debugProgram(
    { ...shop, tensor: tensorPath, topic: 'one/topic', mode: 'grade' },
    [call('f', 3)],
    (url) => {
      expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\//);
      const socket = new WebSocket(url);
      let id = 0;
      const send = (method: string) => socket.send(JSON.stringify({ id: ++id, method }));
      socket.on('open', () => ['Runtime.enable', 'Debugger.enable', 'Runtime.runIfWaitingForDebugger'].forEach(send));
      socket.on('message', (text) => {
        const { method, params } = JSON.parse(String(text));
        if (method === 'Debugger.scriptParsed' && params.url.endsWith('exercise.js')) map = params.sourceMapURL;
        if (method !== 'Debugger.paused') return;
        const frame = params.callFrames[0].functionName as string;
        stops.push(frame);
        // From the statement before the call into the student's function.
        send(frame === 'f' || stops.length > 10 ? 'Debugger.resume' : 'Debugger.stepInto');
      });
    },
  );
  expect(outcome).toEqual({ kind: 'value', value: 7 });
  expect(stops[0]).toBe('callPaused');
  expect(stops.at(-1)).toBe('f');
  const { sources } = JSON.parse(Buffer.from(map.split(',')[1], 'base64').toString()) as { sources: string[] };
  expect(sources).toContain(pathToFileURL(path.join(shop.chapters, 'one/topic.ts')).href);
});

test('a file that does not load says so', async () => {
  const shop = workshop({ 'one/topic.ts': 'export const f = (' });
  const outcome = await debugProgram(
    { ...shop, tensor: tensorPath, topic: 'one/topic', mode: 'grade' },
    [call('f')],
    () => undefined,
  );
  expect(outcome).toMatchObject({ kind: 'crash', detail: expect.stringContaining('did not load') });
});
