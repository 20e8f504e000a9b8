/** What is taken in, what is left aside, and what is refused: nothing here is executed. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { gather, type Intake, type Layout } from '../../grader/class/intake/gather.ts';
import { open } from '../../grader/class/intake/handed-in.ts';
import { LIMITS } from '../../grader/class/intake/limits.ts';
import { fileNameFor, nameKey, partsOf, shownName, unsafeName } from '../../grader/class/intake/names.ts';
import { Refused } from '../../grader/class/intake/refused.ts';
import { tarOf, tgzOf, zipOf, type Packed } from './archives.ts';

const layout: Layout = {
  chapter: 'chapter-1-mp',
  files: [
    'chapter-1-mp/lab.ts',
    'chapter-1-mp/linear-unit.ts',
    'chapter-1-mp/neuron.ts',
    'chapter-2-bp/linear.ts',
    'tensor/index.ts',
  ],
};
const NEURON = 'export const step = 1;\n';

function folder(files: Record<string, string | Buffer> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'intake-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

async function take(path: string): Promise<Intake & { read: (path: string) => string }> {
  const into = join(folder(), 'chapters');
  const handed = await open(path);
  try {
    const intake = await gather(handed, layout, into);
    return { ...intake, read: (inside) => readFileSync(join(into, inside), 'utf8') };
  } finally {
    handed.close();
  }
}

const takeFiles = (files: Record<string, string | Buffer>) => take(folder(files));
const takeZip = (entries: Packed[]) => take(join(folder({ 'a.zip': zipOf(entries) }), 'a.zip'));
const takeTar = (bytes: Buffer, name = 'a.tar') => take(join(folder({ [name]: bytes }), name));
const why = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'was taken',
    (error: unknown) => (error instanceof Refused ? error.message : `another error: ${String(error)}`),
  );

describe('one submission in every form has one hash', () => {
  test('a repository, a folder of chapters, one chapter, files alone; folder, zip, tar, tar.gz', async () => {
    const forms = [
      takeFiles({ 'chapters/chapter-1-mp/neuron.ts': NEURON }),
      takeFiles({ 'my-course/chapters/chapter-1-mp/neuron.ts': NEURON }),
      takeFiles({ 'chapter-1-mp/neuron.ts': NEURON }),
      takeFiles({ 'neuron.ts': NEURON }),
      takeFiles({ 'homework/neuron.ts': NEURON }),
      takeZip([{ name: 'chapters/chapter-1-mp/neuron.ts', data: NEURON }]),
      takeZip([
        { name: 'x/', mode: 0o040755 },
        { name: 'x/neuron.ts', data: NEURON, deflate: true },
      ]),
      takeTar(tarOf([{ name: './chapter-1-mp/neuron.ts', data: NEURON }])),
      takeTar(
        tgzOf([
          { name: 'chapter-1-mp/', type: '5' },
          { name: 'chapter-1-mp/neuron.ts', data: NEURON },
        ]),
        'a.tgz',
      ),
      // As learning platforms hand it out.
      takeFiles({ 'chapter1.zip': zipOf([{ name: 'neuron.ts', data: NEURON }]) }),
    ];
    for (const intake of await Promise.all(forms)) {
      expect(intake.taken).toEqual(['chapter-1-mp/neuron.ts']);
      expect(intake.read('chapter-1-mp/neuron.ts')).toBe(NEURON);
      expect(intake.sha256).toBe((await forms[0]!).sha256);
    }
  });

  test('archives as the usual tools make them', async () => {
    const root = folder({
      'w/chapters/chapter-1-mp/neuron.ts': NEURON,
      'w/chapters/chapter-1-mp/größe.ts': 'export {};',
    });
    execFileSync('tar', ['-C', join(root, 'w'), '-czf', join(root, 'a.tar.gz'), '.']);
    const { taken } = await take(join(root, 'a.tar.gz'));
    expect(taken).toEqual(['chapter-1-mp/größe.ts', 'chapter-1-mp/neuron.ts']);
  });

  test('another byte is another hash', async () => {
    const [a, b] = await Promise.all([takeFiles({ 'neuron.ts': NEURON }), takeFiles({ 'neuron.ts': `${NEURON}\n` })]);
    expect(a.sha256).not.toBe(b.sha256);
  });
});

describe('what is left aside, and listed', () => {
  test('whatever would change how it is graded', async () => {
    const protectedFiles = [
      'package.json', 'tsconfig.json', 'vitest.config.ts', '.npmrc', '.env', 'patches/x.patch', '.github/workflows/a.yml',
      'grader/engine/grade.ts', 'solutions/chapter-1-mp/neuron.ts', 'test/neuron.test.ts', 'chapters/package.json',
      'chapters/tensor/index.ts', 'chapters/tensor/mine.ts', 'chapters/chapter-1-mp/lab.ts', 'chapters/chapter-2-bp/linear.ts',
      'chapters/.backups/chapter-1-mp/neuron.ts', 'chapters/chapter-1-mp/types.d.ts', 'chapters/chapter-1-mp/native.node',
    ]; // prettier-ignore
    const files = Object.fromEntries(protectedFiles.map((path) => [path, 'hostile']));
    const intake = await takeFiles({
      ...files,
      'node_modules/#tensor/index.ts': 'x',
      'chapters/chapter-1-mp/neuron.ts': NEURON,
    });
    expect(intake.taken).toEqual(['chapter-1-mp/neuron.ts']);
    expect(intake.ignored.map(({ path }) => path)).toEqual([...protectedFiles, 'node_modules'].sort());
    expect(intake.ignored).toContainEqual({ path: 'chapters/chapter-1-mp/lab.ts', why: 'labs are not graded' });
    expect(intake.more).toBe(0);
  });

  test("files of the student's own are taken with the topics that import them", async () => {
    const { taken } = await takeFiles({
      'chapters/chapter-1-mp/neuron.ts': "import './mine/helper.ts';",
      'chapters/chapter-1-mp/mine/helper.ts': 'export {};',
      'chapters/shared.ts': 'export {};',
    });
    expect(taken).toEqual(['chapter-1-mp/mine/helper.ts', 'chapter-1-mp/neuron.ts', 'shared.ts']);
  });

  test('of two copies the one in chapters, the rest is listed', async () => {
    const { taken, ignored, read } = await takeFiles({
      'chapters/chapter-1-mp/neuron.ts': NEURON,
      'old/chapter-1-mp/neuron.ts': 'export const old = 1;',
    });
    expect(taken).toEqual(['chapter-1-mp/neuron.ts']);
    expect(read('chapter-1-mp/neuron.ts')).toBe(NEURON);
    expect(ignored).toEqual([{ path: 'old/chapter-1-mp/neuron.ts', why: 'outside the chapters that were taken' }]);
  });

  test('a file in capitals is the topic, as it is on a Mac, and said so', async () => {
    const { taken, notes } = await takeFiles({ 'Neuron.ts': NEURON });
    expect(taken).toEqual(['chapter-1-mp/neuron.ts']);
    expect(notes).toEqual(['chapter-1-mp/Neuron.ts was taken as chapter-1-mp/neuron.ts']);
  });

  test('a file too large to have been written by hand', async () => {
    const { taken, ignored } = await takeFiles({ 'neuron.ts': NEURON, 'linear-unit.ts': 'x'.repeat(LIMITS.file + 1) });
    expect(taken).toEqual(['chapter-1-mp/neuron.ts']);
    expect(ignored).toEqual([{ path: 'linear-unit.ts', why: 'larger than 256 KB' }]);
  });

  test('a long list is cut, and counted', async () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`notes/${i}.txt`, '']));
    const { ignored, more } = await takeFiles({ 'neuron.ts': NEURON, ...many });
    expect([ignored.length, more]).toEqual([60, 40]);
  });

  test('links that npm and git make, where nothing is read', async () => {
    const root = folder({ 'neuron.ts': NEURON, 'node_modules/.bin/x': '' });
    symlinkSync('/etc/passwd', join(root, 'node_modules/.bin/tsc'));
    expect((await take(root)).ignored).toEqual([{ path: 'node_modules', why: 'not looked into' }]);
  });
});

describe('refused', () => {
  const file = { name: 'neuron.ts', data: NEURON };

  test.each(
    [
      ['../../grader/cli/grade.ts', 'leads out of it'],
      ['a/../../../etc/cron.d/x', 'leads out of it'],
      ['/etc/passwd', 'an absolute path'],
      ['C:/Windows/x.ts', 'an absolute path'],
      ['c:neuron.ts', 'an absolute path'],
      ['..\\..\\x.ts', 'backslashes'],
      ['chapter-1-mp\\neuron.ts', 'backslashes'],
      ['neuron.ts\0.png', 'a zero byte'],
      [`${'a/'.repeat(60)}x.ts`, 'too long or too deep'],
      [`${'n'.repeat(4096)}.ts`, 'too long or too deep'],
    ].map(([name, reason]) => [name!.slice(0, 40), name!, reason!]),
  )('the path %j', async (_, name, reason) => {
    expect(await why(takeZip([file, { name, data: 'x' }]))).toContain(reason);
    // A tar's header ends a name at the zero byte, and has room for a hundred characters.
    if (!name.includes('\0') && name.length <= 100)
      expect(await why(takeTar(tarOf([file, { name, data: 'x' }])))).toContain(reason);
  });

  test('links, in every kind of submission', async () => {
    const root = folder({ 'neuron.ts': NEURON });
    symlinkSync('/etc/passwd', join(root, 'linear-unit.ts'));
    expect(await why(take(root))).toBe('holds a link: "linear-unit.ts"');
    expect(await why(takeZip([file, { name: 'linear-unit.ts', data: '/etc/passwd', mode: 0o120777 }]))).toContain(
      'a link',
    );
    for (const type of ['1', '2'])
      expect(await why(takeTar(tarOf([file, { name: 'x.ts', type, link: '/etc/passwd' }])))).toContain('a link');
  });

  test('a link, and then a file through it', async () => {
    const there = folder();
    const entries = [
      { name: 'a', type: '2', link: there },
      { name: 'a/neuron.ts', data: NEURON },
    ];
    expect(await why(takeTar(tarOf(entries)))).toBe('holds a link: "a"');
    expect(readdirSync(there)).toEqual([]);
  });

  test('a submission that is itself a link', async () => {
    const root = folder({ 'real/neuron.ts': NEURON });
    symlinkSync(join(root, 'real'), join(root, 'alice'));
    expect(await why(take(join(root, 'alice')))).toContain('is a link');
  });

  test('devices and pipes', async () => {
    for (const type of ['3', '4', '6'])
      expect(await why(takeTar(tarOf([file, { name: 'dev.ts', type }])))).toContain('something that is no file');
    expect(await why(takeZip([file, { name: 'fifo.ts', mode: 0o010644 }]))).toContain('something that is no file');
    const root = folder({ 'neuron.ts': NEURON });
    execFileSync('mkfifo', [join(root, 'pipe.ts')]);
    expect(await why(take(root))).toContain('something that is no file');
  });

  test('a hard link inside a folder is the file that it is', async () => {
    const root = folder({ 'neuron.ts': NEURON });
    linkSync(join(root, 'neuron.ts'), join(root, 'linear-unit.ts'));
    expect((await take(root)).taken).toHaveLength(2);
  });

  test('a bomb: what is not wanted is never unfolded, what is wanted may not be large', async () => {
    const zeros = Buffer.alloc(64 * 2 ** 20);
    const bomb = zipOf([
      file,
      { name: 'big.bin', data: zeros, deflate: true },
      { name: 'linear-unit.ts', data: zeros, deflate: true },
    ]);
    const intake = await take(join(folder({ 'a.zip': bomb }), 'a.zip'));
    expect(intake.taken).toEqual(['chapter-1-mp/neuron.ts']);
    // One that says it is small.
    const lying = takeZip([{ name: 'neuron.ts', data: zeros, deflate: true, claims: 100 }]);
    expect(await why(lying)).toMatch(/^is no zip file that can be read/);
  });

  test('a tar that unfolds without end', async () => {
    const half = gzipSync(Buffer.alloc(LIMITS.unpacked / 2 + 4096));
    const head = gzipSync(tarOf([{ name: 'huge', claims: 2 * LIMITS.unpacked }]).subarray(0, 512));
    const reason = await why(takeTar(Buffer.concat([head, half, half]), 'a.tar.gz'));
    expect(reason).toBe('unfolds into more than 256 MB');
  });

  test('too many files', async () => {
    const names = Array.from({ length: LIMITS.entries + 1 }, (_, i) => ({ name: `f/${i}` }));
    expect(await why(takeZip(names))).toContain('holds more than 20000 files');
  });

  test('a header as large as a file', async () => {
    const record = `${2 ** 20} path=${'a'.repeat(2 ** 20)}\n`;
    const entries = [
      { name: 'PaxHeader', type: 'x', data: record },
      { name: 'neuron.ts', data: NEURON },
    ];
    expect(await why(takeTar(tarOf(entries)))).toMatch(/^(holds something|is no tar file)/);
  });

  test('one name twice, or names that a Mac or Windows cannot tell apart', async () => {
    const again = { name: 'neuron.ts', data: 'export const other = 1;' };
    expect(await why(takeZip([file, again]))).toBe('holds the same name twice: "neuron.ts"');
    expect(await why(takeTar(tarOf([file, again])))).toBe('holds the same name twice: "neuron.ts"');
    expect(await why(takeZip([file, { ...again, name: 'Neuron.ts' }]))).toContain('differ only in capitals');
    const accents = [file, { name: 'mine/\u00e9.ts' }, { name: 'mine/e\u0301.ts' }];
    expect(await why(takeZip(accents))).toContain('how accents are written');
    const both = [file, { name: 'mine.ts' }, { name: 'mine.ts/x.ts' }];
    expect(await why(takeZip(both))).toContain('a file and a folder of the same name');
  });

  test.each([
    ['con.ts', 'reserved'], ['mine/AUX.helper.ts', 'reserved'], ['nul/x.ts', 'reserved'], ['a\u202etxt.ts', 'not shown'],
    ['bell\u0007.ts', 'not shown'], ['ab:c.ts', 'not allowed'], ['dot./x.ts', 'full stop'], [' lead.ts', 'a space'],
    ['zero\u200bwidth.ts', 'not shown'], [`${'n'.repeat(201)}.ts`, 'too long'],
  ].map(([name, reason]) => [name!.slice(0, 40), name!, reason!]))('the name %j, where the file would be taken', async (_, name, reason) => {
    expect(await why(takeZip([file, { name, data: 'x' }]))).toContain(reason);
    // Elsewhere it harms nobody: it is never written.
    if (!name.includes('/'))
      expect((await takeZip([{ ...file, name: 'chapters/chapter-1-mp/neuron.ts' }, { name: `docs/${name}` }])).taken).toHaveLength(1);
  }); // prettier-ignore

  test('what is no archive, or a broken one', async () => {
    const whole = zipOf([file]);
    const put = (name: string, bytes: Buffer) => why(take(join(folder({ [name]: bytes }), name)));
    expect(await put('a.zip', Buffer.alloc(0))).toBe('is empty');
    expect(await put('a.zip', whole.subarray(0, 40))).toMatch(/^is no zip file that can be read/);
    expect(await put('a.zip', Buffer.from('Rar!'))).toMatch(/^is no zip file/);
    expect(await put('a.tar', Buffer.from('hello'.repeat(200)))).toMatch(/^is no tar file/);
    expect(await put('a.tgz', Buffer.from('hello'))).toMatch(/^is no tar file/);
    expect(await put('a.tgz', tgzOf([file]).subarray(0, 60))).toMatch(/^is no tar file/);
    expect(await put('a.rar', Buffer.from('Rar!'))).toContain('neither a folder nor an archive');
    expect(await why(takeZip([{ ...file, deflate: true, flags: 1 }]))).toBe('is protected with a password');
    expect(await why(takeZip([]))).toBe('is empty');
    expect(await why(takeFiles({ 'README.md': 'hi' }))).toBe(
      'holds no file of chapter-1-mp: looked for a folder of that name, and for linear-unit.ts, neuron.ts',
    );
  });

  test('a refusal leaves nothing behind, and its text nothing that a terminal would obey', async () => {
    const into = join(folder(), 'chapters');
    const root = folder({ 'a.zip': zipOf([file, { name: '../\u001b[2J\u202eevil', data: 'x' }]) });
    const reason = await why(open(join(root, 'a.zip')).then((handed) => gather(handed, layout, into)));
    expect(reason).toBe('holds a path that leads out of it: "../evil"');
    expect(existsSync(into)).toBe(false);
  });
});

describe('names', () => {
  test('of result files: plain ids stay, no two ids share one', () => {
    expect(fileNameFor('alice')).toBe('alice');
    expect(fileNameFor('s123_4.b')).toBe('s123_4.b');
    const hostile = [
      'Alice',
      'ALICE',
      '../../x',
      'a/b',
      'con',
      'nul.txt',
      '',
      '.',
      '..',
      '李雷',
      'a b',
      'a?b',
      'é',
      'e\u0301',
      'x'.repeat(500),
      'alice.',
      'a..b',
    ];
    const names = hostile.map(fileNameFor);
    expect(new Set(names.map(nameKey)).size).toBe(hostile.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9_-]{1,41}~[0-9a-f]{10}$/);
  });

  test('of paths', () => {
    expect(partsOf('./a//b/')).toEqual(['a', 'b']);
    expect(unsafeName('größe.ts')).toBeUndefined();
    expect(unsafeName('\ud800.ts')).toBe('is not valid Unicode');
    expect(shownName('a\nb\u001b[31mc')).toBe('a bc');
  });
});
