/** The class on one page, for the instructor. */
import { count } from '../../reports/wrap.ts';
import type { Book, Row } from '../book.ts';
import { stepLabel, type ClassSummary } from '../summary.ts';
import { html, page, type Html } from './page.ts';
import { duration } from './student-page.ts';

/**
 * @param link where a person's own page is, from this one
 */
export function classPage(book: Book, summary: ClassSummary, link: (id: string) => string): string {
  const heading = `${book.assignment} · ${book.title}`;
  const { statuses } = summary;
  const number = (x: number | null) => (x === null ? '–' : String(Math.round(x * 10) / 10));
  const body = html`<header>
      <h1>${heading}</h1>
      <p class="sum">
        ${summary.people} people: ${statuses.graded}
        graded${statuses.missing > 0 ? `, ${statuses.missing} handed in nothing` : ''}${statuses.ungradable > 0 ? `, ${statuses.ungradable} cannot be graded` : ''}${statuses['grader-error'] > 0 ? html`, <span class="bad">${statuses['grader-error']} lost by the grader</span>` : ''}
      </p>
      <p>
        Of ${count(book.maxPoints, 'point')}: median ${number(summary.median)}, mean ${number(summary.mean)}, from
        ${number(summary.lowest)} to ${number(summary.highest)}.
      </p>
    </header>
    <main>
      ${summary.graded > 0 ? distribution(summary) : ''} ${exerciseTable(summary)} ${mistakeTable(summary)}
      ${
        summary.identical.length > 0
          ? html`<section>
              <h2>The very same files</h2>
              <ul>
                ${summary.identical.map((ids) => html`<li>${ids.join(', ')}</li>`)}
              </ul>
            </section>`
          : ''
      }
      <section>
        <h2>Everybody</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col" class="number">Points</th>
                <th scope="col" class="number">Grade</th>
                <th scope="col">Verdict</th>
                <th scope="col">Remark</th>
              </tr>
            </thead>
            <tbody>
              ${book.rows.map((row) => personRow(row, link))}
            </tbody>
          </table>
        </div>
      </section>
      ${
        book.strays.length > 0
          ? html`<section>
              <h2>Nobody’s submission</h2>
              <p>${book.strays.join(', ')}</p>
            </section>`
          : ''
      }
    </main>
    <footer>Deep Learning by Hand</footer>`;
  return page(`${book.assignment}: the class`, body);
}

function personRow(row: Row, link: (id: string) => string): Html {
  const { person, late } = row;
  const remarks = [
    row.reason,
    late && late.seconds !== null && late.seconds > 0
      ? `${duration(late.seconds)} late${late.percent > 0 ? `, ${late.percent} % lost` : ''}`
      : undefined,
  ].filter((text) => text !== undefined);
  const graded = row.status === 'graded';
  return html`<tr>
    <td>
      <a href="${link(person.id)}">${person.name ?? person.id}</a
      >${person.name === undefined ? '' : html` <span class="soft">${person.id}</span>`}
    </td>
    <td class="number">${graded ? `${row.points} of ${row.maxPoints}` : '–'}</td>
    <td class="number">${graded ? row.grade : '–'}</td>
    <td class="${row.verdict === 'pass' ? 'good' : graded ? 'soft' : 'bad'}">${graded ? row.verdict : row.status}</td>
    <td>${remarks.join(' ')}</td>
  </tr> `;
}

/** A picture of how the points are spread, with a text for those who do not see it. */
function distribution({ distribution: bins }: ClassSummary): Html {
  const most = Math.max(...bins.map((bin) => bin.people));
  const [width, height, room] = [660, 190, 130];
  const step = width / bins.length;
  const described = bins.map((bin) => `${stepLabel(bin)} points: ${bin.people}`).join('; ');
  return html`<section>
    <h2>How the points are spread</h2>
    <svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${described}">
      ${bins.map((bin, i) => {
        const n = bin.people;
        const bar = (n / most) * room;
        const x = i * step;
        return html`${n > 0 ? html`<rect class="bar" x="${(x + 6).toFixed(1)}" y="${(150 - bar).toFixed(1)}" width="${(step - 12).toFixed(1)}" height="${bar.toFixed(1)}" rx="2" /><text x="${(x + step / 2).toFixed(1)}" y="${(144 - bar).toFixed(1)}" text-anchor="middle">${n}</text>` : ''}<text
            x="${(x + step / 2).toFixed(1)}"
            y="172"
            text-anchor="middle"
            >${stepLabel(bin)}</text
          > `;
      })}
    </svg>
  </section>`;
}

function exerciseTable({ exercises, graded }: ClassSummary): Html | string {
  const costly = exercises.filter(({ lost }) => lost > 0);
  if (costly.length === 0) return '';
  return html`<section>
    <h2>Exercises that cost most</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Exercise</th>
            <th scope="col" class="number">Points lost</th>
            <th scope="col" class="number">Have it</th>
            <th scope="col" class="number">Not begun</th>
          </tr>
        </thead>
        <tbody>
          ${costly.map(
            (e) =>
              html`<tr>
                <td>${e.topic}/${e.name}</td>
                <td class="number">${e.lost}</td>
                <td class="number">${e.solved} of ${graded}</td>
                <td class="number">${graded - e.started}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function mistakeTable({ mistakes }: ClassSummary): Html | string {
  if (mistakes.length === 0) return '';
  return html`<section>
    <h2>Mistakes that cost most</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Mistake</th>
            <th scope="col">Exercise</th>
            <th scope="col" class="number">People</th>
            <th scope="col" class="number">Points lost</th>
          </tr>
        </thead>
        <tbody>
          ${mistakes.map(
            (m) =>
              html`<tr>
                <td>
                  <strong>${m.name}</strong
                  >${m.kind === 'pattern' ? html` <span class="soft">(a pattern)</span>` : ''}<br /><span class="soft"
                    >${m.says}</span
                  >
                </td>
                <td>${m.exercise.slice(m.exercise.indexOf('/') + 1)}</td>
                <td class="number">${m.people}</td>
                <td class="number">${m.lost}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
