/** A student's page: the same that `npm run grade` says, on paper. */
import type { ExerciseReport, TopicReport } from '../../engine/report.ts';
import { clean, count } from '../../reports/wrap.ts';
import type { StudentResult } from '../for-student.ts';
import { html, page, type Html } from './page.ts';
import { valueLines, wrongWith } from './words.ts';

/** Lines of what the student's code printed. */
const PRINTED = 30;

export function studentPage(result: StudentResult, title: string): string {
  const { submission, report } = result;
  const name = submission.name ?? submission.id;
  const heading = `${result.course.assignment} · ${title}`;
  const body = html`<header>
      <h1>${heading}</h1>
      <p class="soft">${name}${submission.name === undefined ? '' : ` (${submission.id})`}</p>
      <p class="sum">${sum(result)}</p>
      ${lateLine(result)}${result.reason === undefined ? '' : html`<p class="bad">${result.reason}</p>`}
    </header>
    <main>${(report?.topics ?? []).map(topicSection)} ${takenSection(result)}</main>
    <footer>
      Graded by Deep Learning by Hand
      ${result.course.grader}${result.isolation === null ? '' : `; your code ran at isolation level “${result.isolation}”`}.
    </footer>`;
  return page(`${name}: ${result.course.assignment}`, body);
}

/** Not graded is not zero points. */
function sum(result: StudentResult): Html | string {
  if (result.status === 'missing') return 'Nothing was handed in';
  if (result.status !== 'graded') return 'Not graded';
  const late =
    result.grade === result.points ? '' : html`, <strong>${result.grade}</strong> after the rules for late work`;
  return html`${points(result.points, result.maxPoints)}${late}`;
}

const points = (got: number, max: number): Html =>
  html`<strong${got === max && max > 0 ? html` class="good"` : ''}>${got}</strong> of ${count(max, 'point')}`;

function lateLine({ late, submission }: StudentResult): Html | string {
  if (!late) return '';
  if (late.seconds === null)
    return html`<p class="soft">Due ${late.deadline}; it is not known when this was handed in.</p>`;
  const by = late.seconds === 0 ? 'in time' : `${duration(late.seconds)} late`;
  const cost = late.percent > 0 ? `: ${late.percent} % of the points are lost` : '';
  return html`<p class="soft">Handed in ${submission.submittedAt ?? ''}, due ${late.deadline}: ${by}${cost}.</p>`;
}

/** "3 h 20 min" */
export function duration(seconds: number): string {
  const [d, h, m] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const parts = [d > 0 ? `${d} d` : '', h > 0 ? `${h} h` : '', m > 0 && d === 0 ? `${m} min` : ''].filter(Boolean);
  return parts.length > 0 ? parts.join(' ') : `${seconds} s`;
}

function topicSection(topic: TopicReport): Html {
  let open = 2;
  return html`<section>
    <h2>${topic.id.split('/')[1]} <span class="right">${points(topic.points, topic.maxPoints)}</span></h2>
    ${
      topic.load
        ? html`<p class="bad">${topic.load.message}</p>
            ${placeLines(topic.load)}`
        : ''
    }
    ${topic.exercises.map((exercise) => exerciseEntry(exercise, topic, !topic.load && exercise.failure !== undefined && open-- > 0))}
    ${topic.console === undefined ? '' : printed('Printed while the file was loaded', topic.console)}
  </section> `;
}

function exerciseEntry(exercise: ExerciseReport, topic: TopicReport, open: boolean): Html {
  const wrong = wrongWith(exercise, topic);
  const score = html`<span class="right">${exercise.points} of ${exercise.maxPoints}</span>`;
  if (wrong === undefined)
    return html`<p>
      ${score}<span class="good">✓ right</span> <code>${exercise.name}</code>
      <span class="soft">${count(exercise.checks.length, 'check')}</span>
    </p> `;
  if (!exercise.failure)
    return html`<p>
      ${score}<span class="soft">· open</span> <code>${exercise.name}</code>
      <span class="soft">${topic.load ? 'waits until the file loads' : wrong}</span>
    </p> `;
  return html`<details${open ? html` open` : ''}>
<summary>${score}<span class="bad">✗ wrong</span> <code>${exercise.name}</code>: ${wrong}</summary>
${failureBlocks(exercise)}
${checkList(exercise)}
</details>
`;
}

function failureBlocks(exercise: ExerciseReport): Html {
  const failure = exercise.failure!;
  const { problem, inputs, outputs, facts, diagnosis } = failure;
  return html`${problem && problem.message !== failure.sentence ? html`<p class="bad">${problem.message}</p>` : ''}${problem ? placeLines(problem) : ''}
  ${
    inputs.length > 0
      ? html`<p class="soft">For this input, the smallest that was found:</p>
          ${pre(inputs.flatMap(({ name, value }) => valueLines(name, value)))}`
      : ''
  }
  ${outputs.map(({ name, got, expected, wrong }) =>
    expected === undefined
      ? html`<p class="soft">Your result:</p>
          ${pre(valueLines(name, got, wrong))}`
      : html`<div class="sides">
          <div>
            <p class="soft">Yours${valueLines(name, got, wrong).some((l) => l.includes('*')) ? ' (* wrong)' : ''}:</p>
            ${pre(valueLines(name, got, wrong))}
          </div>
          <div>
            <p class="soft">Expected:</p>
            ${pre(valueLines(name, expected))}
          </div>
        </div>`,
  )}
  ${facts.map((fact) => html`<p>${fact}</p>`)}${exercise.notes.map((note) => html`<p>${note}</p>`)}
  ${diagnosis ? html`<p><span class="mark">Looks like:</span> ${diagnosis.says}</p>` : ''}
  ${exercise.console === undefined ? '' : printed('Printed by your code', exercise.console)}`;
}

function checkList({ checks }: ExerciseReport): Html {
  const word = { pass: 'right', 'not-run': 'not reached' } as Record<string, string>;
  return html`<p class="soft">Its checks:</p>
    <ul>
      ${checks.map((check) => html`<li>${check.sentence}${check.visibility === 'hidden' ? ' (your instructor’s)' : ''}: <span class="${check.verdict === 'pass' ? 'good' : check.verdict === 'not-run' ? 'soft' : 'bad'}">${word[check.verdict] ?? check.verdict}</span></li>`)}
    </ul>`;
}

const pre = (lines: readonly string[]): Html => html`<pre>${lines.join('\n')}</pre>`;

function placeLines({ at }: { at?: { file: string; line: number; column: number; text?: string } }): Html | string {
  if (!at) return '';
  const where = html`<p class="soft">at ${at.file}:${at.line}:${at.column}</p>`;
  return at.text === undefined ? where : html`${where}${pre([clean(at.text).trim()])}`;
}

function printed(title: string, text: string): Html {
  const lines = clean(text).trimEnd().split('\n');
  const more = lines.length > PRINTED ? [`… ${lines.length - PRINTED} more lines`] : [];
  return html`<p class="soft">${title}:</p>
    ${pre([...lines.slice(0, PRINTED), ...more])}`;
}

function takenSection({ intake }: StudentResult): Html | string {
  if (!intake) return '';
  return html`<section>
    <h2>What was graded</h2>
    <p>${intake.taken.length === 0 ? 'No file.' : intake.taken.join(', ')}</p>
    ${intake.notes.map((note) => html`<p>${note}.</p>`)}
    ${
      intake.ignored.length === 0
        ? ''
        : html`<details>
            <summary>Left aside: ${count(intake.ignored.length + intake.more, 'file')}</summary>
            <ul>
              ${intake.ignored.map(({ path, why }) => html`<li>${path}: <span class="soft">${why}</span></li>`)}${intake.more > 0 ? html`<li class="soft">and ${intake.more} more</li>` : ''}
            </ul>
          </details>`
    }
  </section>`;
}
