import { chmodSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { courseWithStubs, NEURON_STUB, STUBS } from './course.ts';

const NEURON = 'chapters/chapter-1-mp/neuron.ts';
const reset = 'grader/cli/reset.ts';

const asRoot = process.getuid?.() === 0;

/** Whether another user could start the tools: every folder above them must let everybody through. */
function readableByAll(): boolean {
  return [import.meta.url, import.meta.resolve('tsx')].every((url) => {
    for (let at = realpathSync(fileURLToPath(url)); at !== dirname(at); at = dirname(at)) {
      if ((statSync(dirname(at)).mode & 0o001) === 0) return false;
    }
    return true;
  });
}

describe('npm run reset', () => {
  it('restores the stub, keeps the work, and --undo brings it back', () => {
    const pit = courseWithStubs();
    pit.write(NEURON, 'my work, 我的\r\n');
    const done = pit.run(reset, 'chapter-1/neuron');
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(pit.read(NEURON)).toBe(NEURON_STUB);
    const [backup] = pit.backups();
    expect(backup).toMatch(/^chapter-1-mp\/neuron\.\d{8}-\d{6}\.ts$/);
    expect(done.out).toContain(`chapters/.backups/${backup}`);
    expect(done.out).toContain('npm run reset chapter-1/neuron -- --undo');
    expect(pit.read(`chapters/.backups/${backup}`)).toBe('my work, 我的\r\n');

    expect(pit.run(reset, 'chapter-1/neuron', '--undo').code).toBe(0);
    expect(pit.read(NEURON)).toBe('my work, 我的\r\n');
    expect(pit.backups()).toHaveLength(2);
    expect(pit.run(reset, '1/neuron', '--undo').code).toBe(0);
    expect(pit.read(NEURON)).toBe(NEURON_STUB);
    expect(pit.backups()).toHaveLength(3);
  });

  it('never overwrites a backup, however quickly one follows the other', () => {
    const pit = courseWithStubs();
    for (const work of ['one', 'two', 'three']) {
      pit.write(NEURON, work);
      expect(pit.run(reset, 'chapter-1/neuron').code).toBe(0);
    }
    const texts = pit.backups().map((name) => pit.read(`chapters/.backups/${name}`));
    expect(texts.sort()).toEqual(['one', 'three', 'two']);
    pit.run(reset, 'chapter-1/neuron', '--undo');
    expect(pit.read(NEURON)).toBe('three');
  });

  it('says that there is nothing to reset, also when only the line ends differ', () => {
    const pit = courseWithStubs();
    expect(pit.run(reset, '1/neuron').out).toContain('nothing to reset');
    pit.write(NEURON, `\uFEFF${NEURON_STUB.replaceAll('\n', '\r\n')}`);
    expect(pit.run(reset, 'chapters\\chapter-1-mp\\neuron.ts').out).toContain('nothing to reset');
    expect(pit.backups()).toEqual([]);
  });

  it('resets a chapter, the tensor folder and a lab; what is missing comes back', () => {
    const pit = courseWithStubs();
    pit.remove('chapters/chapter-1-mp');
    pit.write('chapters/chapter-1-mp/lab.ts', 'my lab');
    pit.write('chapters/chapter-1-mp/mine.ts', 'my own file');
    pit.write('chapters/tensor/index.ts', 'my tensor');
    const done = pit.run(reset, 'chapter-1', 'tensor');
    expect(done.code).toBe(0);
    expect(done.out).toContain('neuron.ts was missing; it is back');
    for (const [path, text] of Object.entries(STUBS)) expect(pit.read(path)).toBe(text);
    expect(pit.read('chapters/chapter-1-mp/mine.ts')).toBe('my own file');
    expect(pit.backups()).toHaveLength(2);
  });

  it('undoes of a chapter only what the last reset took', () => {
    const pit = courseWithStubs();
    pit.write('chapters/.backups/chapter-1-mp/neuron.20200101-000000.ts', 'old work');
    pit.write('chapters/chapter-1-mp/perceptron.ts', 'new work');
    pit.run(reset, 'chapter-1');
    pit.run(reset, 'chapter-1', '--undo');
    expect(pit.read('chapters/chapter-1-mp/perceptron.ts')).toBe('new work');
    expect(pit.read(NEURON)).toBe(NEURON_STUB);
  });

  it('changes nothing when it cannot keep the work', () => {
    const pit = courseWithStubs();
    pit.write(NEURON, 'my work');
    pit.write('chapters/.backups', 'a file where the folder should be');
    const done = pit.run(reset, 'chapter-1/neuron');
    expect(done.code).toBe(1);
    expect(done.err).toContain('in the way');
    expect(done.err).not.toMatch(/^\s+at /m);
    expect(pit.read(NEURON)).toBe('my work');
  });

  it.skipIf(asRoot && !readableByAll())('says so when the folder is read-only', () => {
    const pit = courseWithStubs();
    pit.write(NEURON, 'my work');
    // The superuser may write anywhere, so the tool runs as somebody who owns nothing.
    chmodSync(pit.root, 0o755);
    if (!asRoot) chmodSync(pit.path('chapters'), 0o555);
    const done = pit.runWith(
      { ...(asRoot ? { uid: 65534 } : {}), env: { TSX_DISABLE_CACHE: '1' } },
      reset,
      'chapter-1/neuron',
    );
    if (!asRoot) chmodSync(pit.path('chapters'), 0o755);
    expect(done.err).toMatch(/Not allowed to write or read .*\.backups/);
    expect(done.code).toBe(1);
    expect(pit.read(NEURON)).toBe('my work');
  });

  it('refuses what it does not understand, and names the nearest', () => {
    const pit = courseWithStubs();
    for (const [words, says] of [
      [[], /Reset what\?/],
      [['chapter-9'], /no chapter "chapter-9"[^]*Did you mean chapter-\d/],
      [['chapter-1/neurn'], /no "neurn" in chapter-1-mp[^]*Did you mean chapter-1\/neuron\?/],
      [['chapter-1/neuron/step'], /whole file/],
      [['chapter-1/neuron/stap'], /Did you mean chapter-1\/neuron\/step\?/],
      [['--forse'], /no flag --forse/],
      [['chapter-1/lab', '--undo'], undefined],
    ] as const) {
      const done = pit.run(reset, ...words);
      expect(done.code).toBe(says ? 2 : 1);
      expect(done.err).toMatch(says ?? /There is no backup of chapter-1\/lab/);
    }
    expect(pit.run(reset, '--help').out).toContain('npm run reset chapter-1/neuron -- --undo');
  });

  it('finds the course from a folder inside it, and says so outside of it', () => {
    const pit = courseWithStubs();
    pit.write(NEURON, 'my work');
    expect(pit.runWith({ cwd: pit.path('chapters/chapter-1-mp') }, reset, '1').code).toBe(0);
    expect(pit.read(NEURON)).toBe(NEURON_STUB);
    pit.write('package.json', '{ "name": "other" }');
    expect(pit.run(reset, '1')).toMatchObject({ code: 1, err: expect.stringContaining('not inside the course') });
  });
});
