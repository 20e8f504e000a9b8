/** `npm run grade` as it is used: as a process, on a copy of the course. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generatedPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import type { Report, Verdict } from '../../grader/engine/report.ts';
import { widthOf } from '../../grader/reports/wrap.ts';
import { repository, Running, TestCourse } from './course.ts';
import { failing, report, scaled, topic } from './reports.ts';

const schema = JSON.parse(readFileSync(join(repository, 'grader/engine/report.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);

function valid(text: string): Report {
  const report = JSON.parse(text) as Report;
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  return report;
}

const find = (report: Report, name: string) => report.topics.flatMap((t) => t.exercises).find((e) => e.name === name)!;

describe('the schema', () => {
  it('describes every verdict, and nothing that is not there', () => {
    const verdicts: Verdict[] = ['pass', 'fail', 'error', 'timeout', 'oom', 'crash', 'inconclusive', 'not-run'];
    for (const verdict of verdicts) valid(JSON.stringify(report([topic([failing('f', {}, { verdict })])])));
    valid(JSON.stringify(scaled));
    expect(validate({ ...scaled, extra: 1 })).toBe(false);
    expect(validate({ ...scaled, points: 1.5 })).toBe(false);
  });
});

describe('what it says', () => {
  it('on untouched stubs: where to begin', async () => {
    const { code, out, err } = await new TestCourse().run(['grade', 'chapter-1']);
    expect(err).toBe('');
    expect(code).toBe(1);
    expect(out).toContain('  · step             not started\n');
    expect(out).toContain('Begin with step in chapters/chapter-1-mp/neuron.ts');
  });

  it('on a solved chapter: one line for each topic, and what comes next', async () => {
    const course = new TestCourse();
    for (const topic of ['neuron', 'perceptron', 'linear-unit']) course.solve(topic);
    const { code, out, err } = await course.run(['grade', 'chapter-1']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/✓ neuron +7 exercises, \d+ checks\n/);
    expect(out).toContain('All of this chapter is yours now.\nNext: npm run lab chapter-1\n');
  });

  it('without a word: every chapter with its bar', async () => {
    const course = new TestCourse();
    course.solve('neuron');
    const { code, out } = await course.run(['grade']);
    expect(code).toBe(1);
    expect(out).toMatch(/chapter-1 .*█+░+ +13 of +40/);
    expect(out).toContain('Next: write predict in chapters/chapter-1-mp/perceptron.ts');
  });

  it('on a mistake: the smallest input, the cause, and a command that shows it again', async () => {
    const course = new TestCourse();
    course.fill('neuron', { step: "console.log('z', z);\n  return z > 0 ? 1 : 0;" });
    const { code, out } = await course.run(['grade', 'chapter-1/neuron/step']);
    expect(code).toBe(1);
    expect(out).toContain('      z  0\n');
    expect(out).toContain('    result  0        1\n');
    expect(out).toContain('      │ z 0\n');
    expect(out).toContain('Looks like: Everything is right except exactly at the edge.');
    const [, path] = /--case (\S+)/.exec(out)!;
    const again = await course.run(['grade', 'chapter-1/neuron/step', '--case', path!]);
    expect(again.code).toBe(1);
    expect(again.out).toContain('    For this input:\n      z  0\n');
    course.solve('neuron');
    const mended = await course.run(['grade', 'chapter-1/neuron/step', '--case', path!]);
    expect(mended.code).toBe(0);
    expect(mended.out).toContain('This case passes: agrees with the definition');
  });

  it('on an edited array library: that grading does not use it', async () => {
    const course = new TestCourse();
    course.write('chapters/tensor/erf.ts', 'export {};');
    course.write('chapters/tensor/special.ts', `${course.read('chapters/tensor/special.ts')}\n// mine\n`);
    const { out } = await course.run(['grade', 'chapter-1']);
    expect(out.replaceAll('\n', ' ')).toContain("your copy is used in labs only; grading uses the course's own.");
  });

  it('on wrong types: advice, and no fewer points', async () => {
    const course = new TestCourse();
    course.fill('neuron', { step: "const answer: number = z >= 0 ? '1' : '0';\n  return Number(answer);" });
    // Advice is not waited for longer than four seconds; a busy machine may need other tries.
    let { out } = await course.run(['grade', 'chapter-1/neuron']);
    for (let i = 0; i < 12 && !out.includes('TypeScript'); i++)
      ({ out } = await course.run(['grade', 'chapter-1/neuron']));
    expect(out).toContain('  ✓ step ');
    expect(out).toMatch(
      /TypeScript notes \(advice, never a verdict\):\n {2}chapters\/chapter-1-mp\/neuron\.ts:\d+:\d+ {2}Type/,
    );
  }, 180_000);
});

describe('files that are not as they should be', () => {
  it('are part of the report, whatever they do', async () => {
    const course = new TestCourse();
    course.fill('neuron', {
      step: 'for (;;);',
      mpNeuron: 'return undefined!.foo;',
      weightedNeuron: 'return NaN;',
      gate: 'return Promise.resolve(1) as never;',
      evaluateNetwork: 'const big = [];\n  for (;;) big.push(new Float64Array(1e6).fill(1));',
      networkFor: 'return process.exit(0);',
    });
    course.write('chapters/chapter-1-mp/perceptron.ts', 'export function predict( {');
    rmSync(course.path('chapters/chapter-1-mp/linear-unit.ts'));
    const { code, out, err } = await course.run(['grade', 'chapter-1', '--json']);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    const graded = valid(out);
    expect(find(graded, 'step').verdict).toBe('timeout');
    expect(find(graded, 'mpNeuron').failure!.problem!.at!.file).toBe('chapter-1-mp/neuron.ts');
    expect(find(graded, 'weightedNeuron').verdict).toBe('fail');
    expect(find(graded, 'gate').verdict).toBe('fail');
    expect(find(graded, 'evaluateNetwork').verdict).toMatch(/oom|timeout/);
    expect(find(graded, 'xorNetwork').verdict).toBe('not-run');
    expect(find(graded, 'networkFor').verdict).toMatch(/error|crash/);
    expect(graded.topics[1]!.load!.at!.line).toBe(1);
    expect(graded.topics[2]!.load!.message).toContain('linear-unit.ts');

    const shown = await course.run(['grade', 'chapter-1']);
    expect(shown.code).toBe(1);
    expect(shown.out).toContain('did not finish within 1 s: endless, or far too slow');
    expect(shown.out).toContain('at chapters/chapter-1-mp/perceptron.ts:1:');
    expect(shown.out).toContain('These 4 wait until the file loads: predict,');
    expect(shown.out).not.toMatch(/node:|grader\/|\.mjs|undefined of/);
    for (const line of shown.out.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80);
  });

  it('say so for one exercise, too', async () => {
    const course = new TestCourse();
    course.fill('neuron', { step: 'for (;;);', mpNeuron: 'return process.exit(0);' });
    const file = 'chapters/chapter-1-mp/neuron.ts';
    course.write(file, course.read(file).replace('export function gate', 'function gate'));
    const loop = await course.run(['grade', 'step']);
    expect(loop.out).toContain('chapter-1 · neuron · step');
    expect(loop.out).toContain('\n    did not finish within 1 s: endless, or far too slow\n');
    const hidden = await course.run(['grade', 'gate']);
    expect(hidden.out).toContain('  ✗ the file does not export a function called gate');
    course.write(file, course.read(file).replace('for (;;);\n}', 'return 1;\n'));
    const brace = await course.run(['grade', 'chapter-1/neuron/step']);
    expect(brace.out).toContain('Unexpected "export": is a } missing above this line, in step?');
  });

  it('may be empty', async () => {
    const course = new TestCourse();
    course.write('chapters/chapter-1-mp/neuron.ts', '');
    const { code, out } = await course.run(['grade', 'chapter-1/neuron']);
    expect(code).toBe(1);
    expect(out).toContain('is empty: is it saved?');
  });

  it('may import helpers from the same folder', async () => {
    const course = new TestCourse();
    course.write('chapters/chapter-1-mp/mine.ts', 'export const sign = (z: number) => (z >= 0 ? 1 : 0);\n');
    course.fill('neuron', { step: 'return sign(z);' });
    course.write('chapters/chapter-1-mp/neuron.ts', `import { sign } from './mine.ts';\n${course.read('chapters/chapter-1-mp/neuron.ts')}`); // prettier-ignore
    const { out } = await course.run(['grade', 'chapter-1/neuron/step', '--json']);
    expect(valid(out).points).toBe(1);
  });
});

describe('wrong use', () => {
  it('names the nearest thing there is, with exit code 2', async () => {
    const course = new TestCourse();
    for (const [words, says] of [
      [['chaper-1'], 'Did you mean chapter-1?'],
      [['chapter-1/percepton'], 'Did you mean chapter-1/perceptron?'],
      [['chapter-1/neuron/stp'], 'Did you mean chapter-1/neuron/step?'],
      [['stp'], 'Did you mean chapter-1/neuron/step?'],
      [['chapter-1/lav'], 'There are linear-unit, neuron and perceptron.'],
      [['lab'], 'A lab is not graded'],
      [['chapter-1/lab'], 'npm run lab chapter-1'],
      [['tensor'], 'not graded'],
      [['chapter-1', '--wach'], 'Did you mean --watch?'],
      [['chapter-1', '--seed', 'seven'], '--seed needs a number'],
      [['chapter-1', '--case', '0.1'], '--case needs one exercise'],
      [['chapter-1/neuron/step', '--case', '9.1'], 'is no case of step'],
      [['chapter-1/neuron/step', '--solutions', '--case', '0.given:99'], 'There is no case 0.given:99'],
      [['chapter-1', '--watch', '--json'], 'do not go together'],
      [['chapter-1', '--from', 'nowhere'], 'There is no folder nowhere'],
      [['chapter-1', '--from', 'grader/engine'], 'There is no chapter in grader/engine'],
    ] as const) {
      const { code, out, err } = await course.run(['grade', ...words]);
      expect(code, words.join(' ')).toBe(2);
      expect(err).toContain(says);
      expect(err).not.toMatch(/\n {4}at /);
      expect(out).toBe('');
    }
  });

  it('explains itself with --help', async () => {
    const { code, out } = await new TestCourse().run(['grade', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('npm run grade chapter-1/perceptron/predict\n');
    expect(out).toMatch(/-w, --watch +grade again whenever you save/);
  });
});

describe('where it prints to', () => {
  it('colours nothing in a pipe, unless asked', async () => {
    const course = new TestCourse();
    expect((await course.run(['grade'])).out).not.toContain('\u001b');
    expect((await course.run(['grade'], { FORCE_COLOR: '1' })).out).toContain('\u001b[1m');
    expect((await course.run(['grade'], { FORCE_COLOR: '1', NO_COLOR: '1' })).out).not.toContain('\u001b');
  });

  it.skipIf(process.platform !== 'linux' || !existsSync('/usr/bin/script'))(
    'colours a terminal of any width',
    async () => {
      const course = new TestCourse();
      course.fill('neuron', { step: 'return z > 0 ? 1 : 0;' });
      for (const columns of [80, 40]) {
        const line = `stty cols ${columns}; exec node grader/cli/start.mjs grade chapter-1/neuron`;
        const running = new Running('script', ['-qec', line, '/dev/null'], course.root, { TERM: 'xterm-256color' });
        const { out, code } = await running.ended;
        expect(code).toBe(1);
        expect(out).toContain('\u001b[31m✗\u001b[39m');
        for (const text of out.split(/\r?\n/))
          expect(widthOf(text.split('\u001b[2K').at(-1)!), text).toBeLessThanOrEqual(columns);
      }
    },
  );

  it('takes the flags that npm keeps for itself', async () => {
    const course = new TestCourse();
    course.solve('neuron');
    const { out } = await course.npm('run -s grade chapter-1/neuron --seed 7 --json');
    expect(valid(out).seed).toBe(7);
    const { out: other } = await course.npm('run -s grade chapter-1/neuron -- --seed 8 --json');
    expect(valid(other).seed).toBe(8);
  });
});

describe('whose files', () => {
  it('are graded: a copy of the course, a folder of chapters, one chapter under any name', async () => {
    const course = new TestCourse();
    const other = join(course.root, 'alice');
    mkdirSync(join(other, 'chapters'), { recursive: true });
    cpSync(course.path('solutions/chapter-1-mp'), join(other, 'chapters', 'chapter-1-mp'), { recursive: true });
    const points = async (words: string[]) => valid((await course.run(['grade', ...words, '--json'])).out).points;
    expect(await points(['chapter-1/neuron', '--from', 'alice'])).toBe(13);
    expect(await points(['chapter-1/neuron', '--from', 'alice/chapters'])).toBe(13);
    expect(await points(['chapter-1/neuron', '--from', 'alice/chapters/chapter-1-mp'])).toBe(13);
    renameSync(join(other, 'chapters', 'chapter-1-mp'), join(other, 'week one'));
    rmSync(join(other, 'chapters'), { recursive: true });
    expect(await points(['--from', join(other, 'week one')])).toBe(40);

    course.write('alice/week one/neuron.ts', course.read('alice/week one/neuron.ts').replace('z >= 0', 'z > 0'));
    const { out } = await course.run(['grade', 'chapter-1/neuron/step', '--from', 'alice/week one']);
    expect(out).toContain('Next: step in alice/week one/neuron.ts');
    expect(out).toContain('--from "alice/week one"');
  });

  it("are graded: the course's own", async () => {
    const { code, out } = await new TestCourse().run(['grade', 'chapter-1', '--solutions']);
    expect(code).toBe(0);
    expect(out).toContain('40 of 40 points');
  });
});

describe('--watch', () => {
  it('grades again what a save touches, also after a loop', async () => {
    const course = new TestCourse();
    const file = 'chapters/chapter-1-mp/neuron.ts';
    const watch = course.start(['grade', 'chapter-1', '--watch']);
    let at = await watch.until('waiting for a save');
    course.fill('neuron', { step: 'return z > 0 ? 1 : 0;' });
    at = await watch.until(/✗ step/, at);
    at = await watch.until('waiting for a save', at);

    // A loop takes its second; the next save does not wait for it.
    course.write(file, course.read(file).replace('return z > 0 ? 1 : 0;', 'for (;;);'));
    await new Promise((resolve) => setTimeout(resolve, 400));
    course.solve('neuron');
    const solved = await watch.until(/13 of 13 points/, at);
    expect(watch.out.slice(solved)).not.toContain('did not finish');
    at = await watch.until('waiting for a save', solved);

    // Editors put a new file in the old one's place; a helper touches who imports it.
    course.write('chapters/chapter-1-mp/mine.ts', 'export const one = 1;\n');
    course.write('new.ts', `import { one } from './mine.ts';\n${course.read(file).replace('? 1 : 0', '? one : 0')}`);
    renameSync(course.path('new.ts'), course.path(file));
    at = await watch.until('waiting for a save', at);
    course.write('chapters/chapter-1-mp/mine.ts', 'export const one = 2;\n');
    at = await watch.until(/✗ step/, at);
    expect(watch.out.slice(at)).not.toContain('✗ gate');

    if (process.platform !== 'win32') {
      watch.child.kill('SIGINT');
      expect((await watch.ended).code).toBe(1);
    }
  });
});

describe('--debug', () => {
  it('stops at a breakpoint in the student’s own file', async () => {
    const course = new TestCourse();
    course.fill('neuron', { step: 'const doubled = 2 * z;\n  return doubled > 0 ? 1 : 0;' });
    const source = course.read('chapters/chapter-1-mp/neuron.ts').split('\n');
    const line = source.findIndex((l) => l.includes('return doubled'));
    const debug = course.start(['grade', 'chapter-1/neuron/step', '--debug']);
    // The rest of the text may come in a message of its own.
    await debug.until(/ws:\/\/\S+\n[^]*VS Code/);
    const [url] = /ws:\/\/\S+/.exec(debug.out)!;
    expect(debug.out).toContain('VS Code');

    const socket = new WebSocket(url);
    await new Promise((resolve) => socket.once('open', resolve));
    let id = 0;
    const events: {
      id?: number;
      method?: string;
      params?: Record<string, unknown>;
      result?: Record<string, unknown>;
    }[] = [];
    socket.on('message', (data: Buffer) => events.push(JSON.parse(data.toString('utf8')) as (typeof events)[number]));
    const wait = async (what: (e: (typeof events)[number]) => boolean) => {
      for (let i = 0; i < 1_000; i++) {
        const found = events.findIndex(what);
        if (found >= 0) return events.splice(found, 1)[0]!;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`nothing came: ${debug.out} ${debug.err}`);
    };
    const send = async (method: string, params: object = {}) => {
      const mine = ++id;
      socket.send(JSON.stringify({ id: mine, method, params }));
      return (await wait((e) => e.id === mine)).result!;
    };

    await send('Runtime.enable');
    await send('Debugger.enable');
    await send('Runtime.runIfWaitingForDebugger');
    // As an editor does: from the line in the .ts file, through the source map, to the place in the script.
    await wait((e) => e.method === 'Debugger.paused');
    const maps = events.flatMap(({ method, params }) => {
      const address = method === 'Debugger.scriptParsed' ? String(params!['sourceMapURL'] ?? '') : '';
      if (!address.startsWith('data:')) return [];
      const json = Buffer.from(address.slice(address.indexOf(',') + 1), 'base64').toString('utf8');
      return [{ scriptId: params!['scriptId'] as string, map: new TraceMap(json) }];
    });
    const own = pathToFileURL(course.path('chapters/chapter-1-mp/neuron.ts')).href;
    const { scriptId, map } = maps.find((m) => m.map.sources.includes(own))!;
    const place = generatedPositionFor(map, { source: own, line: line + 1, column: 2 });
    const hit = { scriptId, lineNumber: place.line! - 1, columnNumber: place.column! };
    await send('Debugger.setBreakpoint', { location: hit });
    await send('Debugger.resume');
    const paused = await wait((e) => e.method === 'Debugger.paused');
    const [frame] = (paused.params as { callFrames: { callFrameId: string; functionName: string }[] }).callFrames;
    expect(frame!.functionName).toBe('step');
    const { result } = (await send('Debugger.evaluateOnCallFrame', {
      callFrameId: frame!.callFrameId,
      expression: 'String(doubled)',
    })) as { result: { value: string } };
    expect(result.value).toBe('0');
    // Its answer may not come: the process goes on, and ends.
    socket.send(JSON.stringify({ id: ++id, method: 'Debugger.resume' }));
    const { code, out } = await debug.ended;
    socket.close();
    expect(out).toContain('step returned:\n    0');
    expect(code).toBe(1);
  });
});

it('leaves nothing running', async () => {
  if (process.platform !== 'linux') return;
  const course = new TestCourse();
  course.fill('neuron', { step: 'for (;;);' });
  const running = course.start(['grade', 'chapter-1/neuron']);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(running.child.pid)], { encoding: 'utf8' }).trim().split(/\s+/); // prettier-ignore
  running.child.kill('SIGINT');
  await running.ended;
  // Where nobody reaps the dead, they stay in the list as zombies.
  const alive = (pid: string) =>
    existsSync(`/proc/${pid}`) && !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  await vi.waitFor(() => expect(children.filter(Boolean).filter(alive)).toEqual([]), {
    timeout: 10_000,
    interval: 100,
  });
});
