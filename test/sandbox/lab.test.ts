import { describe, expect, test } from 'vitest';
import { type LabEnd, type LabOptions, openLab } from '../../grader/sandbox/node/lab.ts';
import { isPlainFileName } from '../../grader/sandbox/realm/lab.ts';
import { gone, isAlive, tensorPath, workshop } from './workshop.ts';

type Said = (string | number)[];

/** Starts a lab with this body and notes what it says. */
async function lab(text: string, more: Partial<LabOptions> = {}, files: Record<string, string> = {}) {
  const { chapters } = workshop({ 'one/lab.ts': text, ...files });
  const said: Said[] = [];
  let heard: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (heard = resolve));
  const note = (...entry: Said) => {
    said.push(entry);
    heard();
  };
  const running = await openLab({
    chapters,
    tensor: tensorPath,
    chapter: 'one',
    ...more,
    on: {
      print: (line) => note('print', line),
      progress: (fraction, words) => note('progress', fraction, words),
      save: (name, content) => note('save', name, content),
    },
  });
  return { running, said, first };
}

async function ended(text: string, more?: Partial<LabOptions>): Promise<{ end: LabEnd; said: Said[] }> {
  const { running, said } = await lab(text, more);
  return { end: await running.done, said };
}

describe('labs', () => {
  test('print, progress and save arrive in order', async () => {
    const { end, said } = await ended(`export function lab(io: any) {
      io.print('梯度'); io.progress(0.25, 'a quarter'); io.save('loss.svg', '<svg/>'); console.log('logged', [1]); io.progress(1);
    }`);
    expect(end).toEqual({ kind: 'done' });
    expect(said).toEqual([
      ['print', '梯度'],
      ['progress', 0.25, 'a quarter'],
      ['save', 'loss.svg', '<svg/>'],
      ['print', 'logged [ 1 ]'],
      ['progress', 1, ''],
    ]);
  });

  test('async ones too', async () => {
    const { end, said } = await ended(`export async function lab(io: any) {
      for (let i = 0; i < 3; i++) { await null; io.print(i); }
    }`);
    expect(end).toEqual({ kind: 'done' });
    expect(said).toEqual([
      ['print', '0'],
      ['print', '1'],
      ['print', '2'],
    ]);
  });

  test.each([
    ['a loop', 'export function lab(io: any) { io.print("on"); while (!io.stopped()); io.print("saved"); }'],
    [
      'an async loop',
      'export async function lab(io: any) { io.print("on"); while (!io.stopped()) await null; io.print("saved"); }',
    ],
  ])('what %s says arrives while it runs, and it can be stopped', async (_, text) => {
    const { running, said, first } = await lab(text);
    await first;
    expect(said).toEqual([['print', 'on']]);
    running.stop();
    running.stop();
    expect(await running.done).toEqual({ kind: 'done' });
    expect(said.at(-1)).toEqual(['print', 'saved']);
    running.stop();
    expect(isAlive(running.pid!)).toBe(false);
  });

  test('files and options', async () => {
    const { end, said } = await ended(
      `export function lab(io: any) {
        io.print(io.load('old.json')); io.print(io.load('none')); io.save('new', '1'); io.print(io.load('new'));
        io.print(io.option('steps', 10) + 1); io.print(io.option('rate', 0.5)); io.print(io.option('name', 'x')); io.print(io.option('fast', true));
        io.print(io.now() > 0);
      }`,
      { files: { 'old.json': 'kept' }, options: { steps: '20', name: 'mp', fast: 'false' } },
    );
    expect(end).toEqual({ kind: 'done' });
    expect(said.filter(([kind]) => kind === 'print').map(([, line]) => line)).toEqual([
      ...['kept', 'undefined', '1', '21', '0.5', 'mp', 'false', 'true'],
    ]);
  });

  test('the library may compile its matrix product', async () => {
    // The empty module: the letters "asm", and version 1.
    const { end, said } = await ended(`export function lab(io: any) {
      const { Module, Instance } = (globalThis as any).WebAssembly;
      io.print(typeof new Instance(new Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))).exports);
    }`);
    expect(end).toEqual({ kind: 'done' });
    expect(said).toEqual([['print', 'object']]);
  });

  test('saves only to plain file names', async () => {
    const { end, said } = await ended("export function lab(io: any) { io.save('../outside', 'x') }");
    expect(end).toMatchObject({
      kind: 'error',
      message: expect.stringContaining('plain file name'),
      at: { file: 'one/lab.ts', line: 1 },
    });
    expect(said).toEqual([]);
    for (const name of [
      '../x',
      'a/b',
      'a\\b',
      '.env',
      '',
      'C:x',
      'con',
      'NUL.txt',
      'x\0',
      'x '.trimStart(),
      'a'.repeat(200),
    ])
      expect(isPlainFileName(name), name).toBe(false);
    for (const name of ['loss.svg', '损失.svg', 'model-2.json', 'with blank.txt'])
      expect(isPlainFileName(name), name).toBe(true);
  });

  test('errors have their place, also in other files and after an await', async () => {
    const { running } = await lab(
      "import { g } from './other.ts';\nexport async function lab() { await null; g(); }",
      {},
      {
        'one/other.ts': "\nexport const g = () => { throw new RangeError('here') };",
      },
    );
    expect(await running.done).toMatchObject({
      kind: 'error',
      name: 'RangeError',
      message: 'here',
      at: { file: 'one/other.ts', line: 2 },
    });
    expect((await ended("export const lab = () => { throw new Error('TODO: later') };")).end).toMatchObject({
      todo: true,
    });
  });

  test('a file that does not load', async () => {
    expect((await ended('export function lab( {')).end).toMatchObject({ kind: 'failed', loaded: { why: 'syntax' } });
    expect((await ended('export const other = 1')).end).toMatchObject({
      kind: 'error',
      message: '`lab` is not exported',
    });
    expect((await ended('throw new Error("early"); export const lab = 1')).end).toMatchObject({
      kind: 'failed',
      loaded: { why: 'throws' },
    });
  });

  test('a promise that nothing keeps', async () => {
    const { end } = await ended('export const lab = () => new Promise(() => {});');
    expect(end).toMatchObject({ kind: 'error', message: expect.stringContaining('waits for a promise') });
  });

  test.skipIf(process.platform === 'win32')('memory is limited', async () => {
    const { end } = await ended(
      'export const lab = () => { const a: unknown[] = []; for (;;) a.push(new Float64Array(1e6).fill(1)); };',
      { memory: 300 },
    );
    expect(end).toEqual({ kind: 'oom', megabytes: 300 });
  });

  test('close ends it at once', async () => {
    const { running, first } = await lab('export const lab = (io: any) => { io.print(1); for (;;); };');
    await first;
    await running.close();
    expect(await running.done).toEqual({ kind: 'closed' });
    expect(await gone(running.pid!)).toBe(true);
  });

  test('a large file and a flood of progress', async () => {
    const { end, said } = await ended(`export function lab(io: any) {
      for (let i = 0; i < 200_000; i++) io.progress(i / 200_000);
      io.save('big.json', 'x'.repeat(5_000_000));
      io.progress(1, 'done');
    }`);
    expect(end).toEqual({ kind: 'done' });
    expect(said.length).toBeLessThan(5_000);
    expect(said.find(([kind]) => kind === 'save')?.[2]).toHaveLength(5_000_000);
    expect(said.at(-1)).toEqual(['progress', 1, 'done']);
  });
});
