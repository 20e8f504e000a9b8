/** Every gradebook against its shape, with a class that tries to break all of them at once. */
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { FileSystemConfigLoader, HtmlValidate } from 'html-validate';
import papaparse from 'papaparse';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { bookOf, rowOf, type Book } from '../../grader/class/book.ts';
import { forStudent } from '../../grader/class/for-student.ts';
import { classPage } from '../../grader/class/gradebooks/class-page.ts';
import { classroom50Place, classroom50Result } from '../../grader/class/gradebooks/classroom50.ts';
import { gradesCsv } from '../../grader/class/gradebooks/csv.ts';
import { feedbackOf, fillCanvas, fillMoodle } from '../../grader/class/gradebooks/filling.ts';
import { gradescopeResults } from '../../grader/class/gradebooks/gradescope.ts';
import { junitXml, xml } from '../../grader/class/gradebooks/junit.ts';
import { studentPage } from '../../grader/class/gradebooks/student-page.ts';
import { renderSummary } from '../../grader/class/gradebooks/terminal.ts';
import { fileNameFor } from '../../grader/class/intake/names.ts';
import { RESULT_SCHEMA, verdictOf, type Result } from '../../grader/class/result.ts';
import { sign } from '../../grader/class/secret.ts';
import { BATCH_SCHEMA, type Batch } from '../../grader/class/store.ts';
import { summarise } from '../../grader/class/summary.ts';
import { harmless } from '../../grader/class/table.ts';
import type { Report } from '../../grader/engine/report.ts';
import { widthOf } from '../../grader/reports/wrap.ts';
import { check, exercise, failing, failure, matrix, report, topic } from '../cli/reports.ts';
import { SECRET, temporary, validResult, write } from './people.ts';

/** Markup, ends of sections, control characters, escapes, turned writing, half a character, a formula. */
const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '</pre></script><script>alert(2)</script>',
  ']]><!-- -->',
  '&amp;"\'',
  '\u0000\u0007\u001b[31m\u001b]0;owned\u0007\u009b2J\ufffe',
  'a\u202egnp.exe\u2066',
  '\ud800 \udc00',
  '# SKIP\r\n## Title\n| a | b |',
  '=HYPERLINK("http://evil","x")+cmd|\' /C calc\'!A0',
].join(' ');

const hostileReport = (): Report =>
  report([
    {
      ...topic([
        exercise('right'),
        failing(
          'wrong',
          {
            sentence: HOSTILE,
            inputs: [
              { name: HOSTILE, value: { text: HOSTILE } },
              { name: 'x', value: matrix([2, 2], 1, -2.5, 'NaN', 'Infinity') },
            ],
            outputs: [
              {
                name: HOSTILE,
                expected: matrix([2], 1, 2),
                got: { record: { [HOSTILE]: { odd: HOSTILE } } },
                wrong: [0],
              },
            ],
            facts: [HOSTILE],
            diagnosis: { kind: 'misconception', name: HOSTILE, says: HOSTILE },
            problem: { verdict: 'fail', message: HOSTILE, at: { file: HOSTILE, line: 1, column: 1, text: HOSTILE } },
          },
          { console: HOSTILE.repeat(50), notes: [HOSTILE] },
        ),
        failing('loops', { sentence: 'did not finish' }, { verdict: 'timeout' }),
        exercise('later', { verdict: 'not-run', started: false }),
      ]),
      console: HOSTILE,
    },
  ]);

function resultOf(id: string, more: Partial<Result> = {}, own: Report | null = hostileReport()): Result {
  const result: Result = {
    schema: RESULT_SCHEMA,
    submission: {
      id,
      name: HOSTILE,
      email: `${id}@x.org`,
      sha256: 'ab'.repeat(32),
      submittedAt: '2026-11-20T09:15:00.000Z',
    },
    course: { assignment: 'chapter-5', spec: `sha256:${'cd'.repeat(32)}`, grader: '0.1.0', seed: 123456789 },
    isolation: 'process',
    status: 'graded',
    verdict: own ? verdictOf(own) : 'error',
    points: own?.points ?? 0,
    maxPoints: 8,
    grade: own?.points ?? 0,
    intake: {
      kind: 'zip',
      taken: ['chapter-5-transformer/attention.ts'],
      ignored: [{ path: HOSTILE, why: 'no' }],
      more: 3,
      notes: [HOSTILE],
    },
    ...(own && { report: own }),
    gradedAt: '2026-11-22T05:41:00.123Z',
    ms: 1234,
    signature: '',
    ...more,
  };
  return { ...result, signature: sign(SECRET, result) };
}

const refused = () =>
  resultOf('=ida', { status: 'ungradable', reason: HOSTILE, intake: undefined!, isolation: null }, null);

function bookWith(results: readonly Result[]): Book {
  const exercises = ['right', 'wrong', 'loops', 'later'].map((name) => ({
    id: `chapter-5/attention/${name}`, name, topic: 'attention', maxPoints: 2,
  })); // prettier-ignore
  const batch: Batch = {
    schema: BATCH_SCHEMA, assignment: 'chapter-5', title: 'Transformer', spec: '', grader: '', secret: '', exercises, maxPoints: 8,
    people: results.map(({ submission }) => ({ id: submission.id })), strays: [HOSTILE], shard: { index: 1, of: 1 },
  }; // prettier-ignore
  return bookOf(batch, results.map(rowOf));
}

/** What a browser or a terminal would obey, or cannot show. */
const COMMANDS =
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

test('the hostile result is valid itself', () => {
  const result = JSON.parse(JSON.stringify(resultOf('alice'))) as unknown;
  expect(validResult(result), JSON.stringify(validResult.errors)).toBe(true);
});

describe('Gradescope', () => {
  const visibility = { enum: ['hidden', 'after_due_date', 'after_published', 'visible'] };
  const format = { enum: ['text', 'simple_format', 'html', 'md', 'ansi'] };
  /** https://gradescope-autograders.readthedocs.io/en/latest/specs/ */
  const shape = {
    type: 'object', additionalProperties: false, required: ['score', 'tests'],
    properties: {
      score: { type: 'number' }, execution_time: { type: 'number' }, output: { type: 'string' }, output_format: format,
      test_output_format: format, test_name_format: format, visibility, stdout_visibility: visibility,
      extra_data: { type: 'object' }, leaderboard: { type: 'array' },
      tests: {
        type: 'array',
        items: {
          type: 'object', additionalProperties: false, required: ['score', 'max_score', 'name'],
          properties: {
            score: { type: 'number' }, max_score: { type: 'number' }, status: { enum: ['passed', 'failed'] }, name: { type: 'string' },
            name_format: format, number: { type: 'string' }, output: { type: 'string' }, output_format: format,
            tags: { type: 'array', items: { type: 'string' } }, visibility, extra_data: { type: 'object' },
          },
        },
      },
    },
  }; // prettier-ignore
  const valid = new Ajv2020().compile(shape);

  test('has its shape; texts are plain texts; nothing of the seed', () => {
    const results = gradescopeResults(forStudent(resultOf('alice')), 'after_published');
    expect(valid(results), JSON.stringify(valid.errors)).toBe(true);
    expect(results).toMatchObject({ score: 2, visibility: 'after_published', stdout_visibility: 'hidden' });
    expect(results.tests.map((t) => [t.name, t.score, t.max_score, t.status])).toEqual([
      ['attention: right', 2, 2, 'passed'],
      ['attention: wrong', 0, 2, 'failed'],
      ['attention: loops', 0, 2, 'failed'],
      ['attention: later', 0, 2, 'failed'],
    ]);
    for (const t of results.tests) expect([t.output_format, t.name_format]).toEqual(['text', 'text']);
    for (const t of results.tests) expect(t.output).not.toMatch(COMMANDS);
    expect(JSON.stringify(results)).not.toContain('123456789');
  });

  test('is there for what cannot be graded, and says why', () => {
    const results = gradescopeResults(forStudent(refused()));
    expect(valid(results), JSON.stringify(valid.errors)).toBe(true);
    expect(results.score).toBe(0);
    expect(results.output).toContain('<img');
  });
});

describe('Classroom 50', () => {
  const text = { type: 'string' };
  const points = { type: 'integer', minimum: 0 };
  /** classroom50/result/v1: nothing at the top that it does not know. */
  const shape = {
    type: 'object', additionalProperties: false,
    required: ['schema', 'classroom', 'assignment', 'assignment_type', 'owner', 'submission', 'commit', 'release', 'review', 'datetime', 'graded_at', 'score', 'max-score', 'tests'],
    properties: {
      schema: { const: 'classroom50/result/v1' }, classroom: text, assignment: text, assignment_type: text, owner: text, submission: text,
      commit: text, release: text, review: text, score: points, 'max-score': points,
      datetime: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' },
      graded_at: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' },
      tests: { type: 'array', items: { type: 'object', required: ['test-name', 'passed', 'score', 'max-score'], properties: { 'test-name': text, passed: { type: 'boolean' }, score: points, 'max-score': points } } },
      submitted_by: { type: 'object', required: ['username', 'id'], properties: { username: text, id: { type: 'integer' } } },
    },
  }; // prettier-ignore
  const valid = new Ajv2020().compile(shape);
  const env = {
    CLASSROOM: 'dl-fall', ASSIGNMENT: 'chapter-5', SUBMISSION_TAG: 'submit/2026-06-01T14-32-05Z-a1b2c3d', USERNAME: 'alice', OWNER: 'alice',
    ASSIGNMENT_TYPE: 'individual', COMMIT_URL: 'https://github.com/o/r/commit/a', RELEASE_URL: '', REVIEW_URL: '', GITHUB_ACTOR_ID: '583231',
  }; // prettier-ignore

  test('has its shape: integers, and the time of the submission apart from that of grading', () => {
    const result = classroom50Result(forStudent(resultOf('alice')), classroom50Place(env));
    expect(valid(result), JSON.stringify(valid.errors)).toBe(true);
    expect(result).toMatchObject({
      owner: 'alice', datetime: '2026-06-01T14:32:05Z', graded_at: '2026-11-22T05:41:00Z', score: 2, 'max-score': 8,
      submitted_by: { username: 'alice', id: 583231 },
    }); // prettier-ignore
    expect(result.tests[1]).toEqual({ 'test-name': 'attention: wrong', passed: false, score: 0, 'max-score': 2 });
    expect(result.score).toBeLessThanOrEqual(result['max-score']);
  });

  test('is there where nothing could be graded', () => {
    const result = classroom50Result(forStudent(refused()), classroom50Place({}));
    expect(valid(result), JSON.stringify(valid.errors)).toBe(true);
    expect(result).toMatchObject({ score: 0, tests: [] });
  });
});

describe('JUnit XML', () => {
  interface Element { name: string; attributes: Record<string, string>; text: string; children: Element[] } // prettier-ignore

  function parse(text: string): Element {
    const root: Element = { name: '', attributes: {}, text: '', children: [] };
    const open = [root];
    const parser = new SaxesParser();
    parser.on('error', (error) => { throw error; }); // prettier-ignore
    parser.on('opentag', ({ name, attributes }) => {
      const element: Element = { name, attributes: attributes as Record<string, string>, text: '', children: [] };
      open.at(-1)!.children.push(element);
      open.push(element);
    });
    parser.on('text', (t) => (open.at(-1)!.text += t));
    parser.on('closetag', () => open.pop());
    parser.write(text).close();
    return root.children[0]!;
  }

  test('is well-formed, and counts what it holds', () => {
    const suites = parse(junitXml('chapter-5', [forStudent(resultOf(HOSTILE)), forStudent(refused())]));
    expect(suites.name).toBe('testsuites');
    expect(suites.attributes).toEqual({ name: 'chapter-5', tests: '5', failures: '1', errors: '2', skipped: '1' });
    const [alice, ida] = suites.children;
    expect(alice!.attributes).toMatchObject({ tests: '4', failures: '1', errors: '1', skipped: '1' });
    const cases = alice!.children.filter(({ name }) => name === 'testcase');
    expect(
      cases.map((c) => [
        c.attributes.name,
        c.attributes.classname,
        c.children[0]?.name,
        c.children[0]?.attributes.type,
      ]),
    ).toEqual([
      ['right', 'chapter-5.attention', undefined, undefined],
      ['wrong', 'chapter-5.attention', 'failure', 'WrongAnswer'],
      ['loops', 'chapter-5.attention', 'error', 'Timeout'],
      ['later', 'chapter-5.attention', 'skipped', undefined],
    ]);
    expect(cases[1]!.children[0]!.text).toContain(']]><!-- -->');
    expect(ida!.children.at(-1)!.children[0]).toMatchObject({ name: 'error', attributes: { type: 'ungradable' } });
  });

  test('keeps every character that XML can hold', () => {
    const text = 'a<b>&"\'\n\t 漢字 😀 ]]>';
    expect(parse(`<x a="${xml(text)}">${xml(text)}</x>`)).toMatchObject({ attributes: { a: text }, text });
    expect(parse(`<x>${xml(HOSTILE)}</x>`).text).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
  });
});

describe('pages', () => {
  const validator = new HtmlValidate(new FileSystemConfigLoader({ root: true, extends: ['html-validate:standard'] }));
  const TAGS =
    /^(!doctype|html|head|meta|title|style|body|header|main|footer|section|h1|h2|p|span|strong|code|details|summary|pre|div|ul|li|table|thead|tbody|tr|th|td|a|br|svg|rect|text)$/i;

  async function sound(text: string): Promise<void> {
    const found = await validator.validateString(text);
    expect(found.results.flatMap(({ messages }) => messages.map((m) => `${m.line}: ${m.ruleId} ${m.message}`))).toEqual(
      [],
    );
    const tags = [...text.matchAll(/<\/?([a-z!][^\s>/]*)/gi)].map(([, name]) => name!);
    expect(tags.filter((name) => !TAGS.test(name))).toEqual([]);
    // No attribute runs or fetches anything; the policy forbids both as well.
    expect(text).not.toMatch(/<[^>]+\s(on\w+|src|style|srcset|formaction)\s*=/i);
    expect(text).toMatch(
      /Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'"/,
    );
    expect(text.replace(/\n/g, '')).not.toMatch(COMMANDS);
  }

  test("a student's: sound HTML, no script, nothing fetched, no seed", async () => {
    const text = studentPage(
      forStudent(
        resultOf(HOSTILE, { grade: 1, late: { deadline: '2026-11-20T00:00:00.000Z', seconds: 33_300, percent: 50 } }),
      ),
      HOSTILE,
    );
    await sound(text);
    expect(text).toContain('&#60;img src=x onerror=alert(1)&#62;');
    expect(text).toContain('9 h 15 min late: 50 % of the points are lost');
    expect(text).not.toContain('123456789');
    expect(text).not.toContain('--case');
  });

  test('of what cannot be graded, is missing, or was lost', async () => {
    for (const status of ['ungradable', 'missing', 'grader-error'] as const) {
      const text = studentPage(forStudent(resultOf('ida', { status, reason: `REASON ${HOSTILE}` }, null)), 'T');
      await sound(text);
      expect(text).not.toContain('0</strong> of');
      expect(text.includes('REASON')).toBe(status !== 'grader-error');
    }
  });

  test("the class's", async () => {
    const book = bookWith([resultOf('alice'), resultOf(HOSTILE), refused()]);
    const text = classPage(book, summarise(book), (id) => `students/${encodeURIComponent(fileNameFor(id))}.html`);
    await sound(text);
    expect(text.replace(/\s+/g, ' ')).toContain('3 people: 2 graded, 1 cannot be graded');
  });
});

describe('what a student may see', () => {
  test('of a hidden check: the input and the own result; of the grader’s own faults nothing', () => {
    const own = report([
      topic([
        exercise('secret', {
          verdict: 'fail',
          points: 0,
          checks: [check(), check({ id: 'mine', visibility: 'hidden', verdict: 'fail' })],
          failure: failure({
            check: 'mine',
            inputs: [{ name: 'x', value: 7 }],
            outputs: [{ name: '', expected: 424242, got: 8, wrong: [0] }],
            facts: ['every entry is 424242 times too small'],
            diagnosis: { kind: 'pattern', name: 'factor', says: 'times 424242' },
            replay: { seed: 987654, case: '1.0:987654' },
          }),
        }),
      ]),
    ]);
    const shown = forStudent(resultOf('alice', {}, { ...own, seed: 987654 }));
    for (const text of [
      JSON.stringify(shown),
      studentPage(shown, 'T'),
      junitXml('x', [shown]),
      JSON.stringify(gradescopeResults(shown)),
      JSON.stringify(classroom50Result(shown, classroom50Place({}))),
    ]) {
      expect(text).not.toContain('424242');
      expect(text).not.toContain('987654');
      expect(text).not.toContain('123456789');
    }
    expect(studentPage(shown, 'T')).toContain('x  7');
    expect(studentPage(shown, 'T')).toContain('result  8');
  });
});

describe('tables', () => {
  const parse = (text: string) => papaparse.parse<string[]>(text, { skipEmptyLines: true });

  test('grades.csv: a row for each, no cell that a spreadsheet would run', () => {
    const book = bookWith([resultOf('alice'), resultOf('=cmd()'), resultOf('@x'), refused()]);
    const text = gradesCsv(book);
    const { data, errors } = parse(text);
    expect(errors).toEqual([]);
    expect(data.map((row) => row.length)).toEqual([16, 16, 16, 16, 16]);
    expect(data[1]!.slice(3, 8)).toEqual(['graded', 'timeout', '2', '8', '2']);
    expect(data[1]!.slice(12)).toEqual(['2', '0', '0', '0']);
    expect(data.map(([id]) => id)).toEqual(['id', 'alice', "'=cmd()", "'@x", "'=ida"]);
    for (const cell of data.flat()) expect(cell).not.toMatch(/^\s*[=+\-@\t\r|%]/);
    expect(text).toMatch(/\r\n$/);
  });

  test.each([
    ['=1+1', "'=1+1"], ['+1', "'+1"], ['-1+2', "'-1+2"], ['@SUM(A1)', "'@SUM(A1)"], ['\t=1', "' =1"], ['\r=1', "' =1"], [' =1', "' =1"],
    ['＝1', "'＝1"], ['-3.5', '-3.5'], ['42', '42'], ['Doe, "A"', 'Doe, "A"'], ['a\nb\tc\u0000', 'a b c '], ['', ''],
  ])('the cell %j', (cell, expected) => {
    expect(harmless(cell)).toBe(expected);
  }); // prettier-ignore

  const CANVAS =
    'Student,ID,SIS User ID,SIS Login ID,Section,Chapter 5 (123456),"Essay, final (7)"\r\n' +
    '    Points Possible,,,,,8,100\r\n' +
    '"Doe, Alice",98765,S001,alice,DL-001,,=1+1\r\n' +
    'Bob,98766,S002,bob,DL-001,7,50\r\n' +
    '"Ida",98767,S003,ida,DL-002,,\r\n' +
    '"Student, Test",98768,,t,DL-001,,\r\n';

  test("Canvas: the instructor's own export, one column filled, all else as it was", () => {
    const file = join(write(temporary(), { 'c.csv': CANVAS }), 'c.csv');
    const book = bookWith([
      resultOf('alice'),
      resultOf('S002', { grade: 1 }),
      resultOf('gone'),
      resultOf('ida', { status: 'ungradable' }),
    ]);
    const { text, filled, absent } = fillCanvas(book, file, 'Chapter 5');
    expect(text).toBe(
      CANVAS.replace('DL-001,,=1+1', 'DL-001,2,=1+1')
        .replace('DL-001,7,50', 'DL-001,1,50')
        .replace('"Ida"', 'Ida')
        .replace('    Points Possible', '"    Points Possible"'),
    );
    expect({ filled, absent }).toEqual({ filled: 2, absent: ['gone'] });
    expect(fillCanvas(book, file).text).toBe(text);
    expect(() => fillCanvas(book, file, 'Chapter 6')).toThrow('no column "Chapter 6"');
    const wrong = join(write(temporary(), { 'x.csv': 'a,b\n1,2\n' }), 'x.csv');
    expect(() => fillCanvas(book, wrong)).toThrow('not what Canvas exports');
    expect(() => fillCanvas(book, '/nowhere.csv')).toThrow('There is no file');
  });

  test('Moodle: grade and feedback, matched by address or number, in the form of the export', () => {
    const export_ =
      '\uFEFFFirst name;Last name;ID number;Email address;Assignment: Chapter 5 (Real);Course total (Real)\n' +
      'Alice;"Doe";S001;alice@x.org;-;-\n' +
      'Bob;Roe;S002;other@x.org;3;3\n';
    const file = join(write(temporary(), { 'm.csv': export_ }), 'm.csv');
    const book = bookWith([resultOf('alice'), resultOf('s002')]);
    const { text, filled } = fillMoodle(book, file, 'Chapter 5');
    expect(filled).toBe(2);
    expect(text.startsWith('\uFEFFFirst name;')).toBe(true);
    const { data } = papaparse.parse<string[]>(text.slice(1), { skipEmptyLines: true, delimiter: ';' });
    expect(data[0]!.at(-1)).toBe('Feedback: Assignment: Chapter 5 (Real)');
    const said = '2 of 8 points. Not right yet: attention/wrong, attention/loops, attention/later.';
    expect(data[1]).toEqual(['Alice', 'Doe', 'S001', 'alice@x.org', '2', '-', said]);
    expect(data[2]!.slice(4)).toEqual(['2', '3', said]);
  });

  test('feedback says nothing that a student wrote', () => {
    const [row] = bookWith([resultOf('alice')]).rows;
    expect(feedbackOf(bookWith([resultOf('alice')]), row!)).not.toContain('img');
  });
});

describe('on the terminal', () => {
  test('no line is too long, and nothing moves the cursor', () => {
    const book = bookWith([
      resultOf('alice'),
      resultOf('alicia'),
      resultOf(HOSTILE),
      refused(),
      resultOf('x', { status: 'grader-error', reason: HOSTILE }, null),
    ]);
    const text = renderSummary(book, summarise(book), { width: 80 });
    for (const line of text.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80);
    expect(text).not.toMatch(COMMANDS);
    expect(text).toContain('Points of 8: median 2, mean 2, from 2 to 2');
    expect(text).toContain(
      '3 graded, 1 cannot be graded, 1 lost by the grader  (3 timeout, 1 error)'.replace(', 1 error', ''),
    );
  });

  test('an empty class is no error', () => {
    const book = bookWith([]);
    expect(renderSummary(book, summarise(book))).toContain('0 graded');
  });
});
