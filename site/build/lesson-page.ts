/** The pages of a chapter: its own, with what it holds, and its lessons. */
import { glyph, titleIn } from '../content/path.ts';
import type { Chapter, Lesson } from './course.ts';
import { labSection, type LabSource } from './lab.ts';
import { escape, inSite, LANG, type Language } from './html.ts';
import type { Rendered } from './markdown.ts';
import { WORDS } from './words.ts';

export interface LessonView {
  chapter: Chapter;
  lesson: Lesson;
  /** What the page asks for, and what the text is in. */
  language: Language;
  textLanguage: Language;
  rendered: Rendered;
  /** The text with cards and figures in their places. */
  html: string;
  /** Titles of the chapter's lessons in the page's language, where there is a translation. */
  titles: ReadonlyMap<Lesson, string>;
  previous?: { path: string; title: string };
  next?: { path: string; title: string };
  /** The lab that the chapter's own page can run. */
  lab?: LabSource;
}

export function lessonPage(view: LessonView): string {
  const { chapter, lesson, language, textLanguage, rendered, html, titles } = view;
  const words = WORDS[language];
  const intro = lesson === chapter.intro;
  const foreign = textLanguage === language ? '' : ` lang="${LANG[textLanguage]}"`;
  const link = (to: { path: string; title: string } | undefined, kind: 'previous' | 'next') =>
    to
      ? `<a class="${kind}" rel="${kind === 'next' ? 'next' : 'prev'}" href="${inSite(to.path)}"><small>${words[kind]}</small><span>${escape(to.title)}</span></a>`
      : '<span></span>';
  return `<div class="layout">
${contents(view)}
<main id="text">
<header class="title">
<p class="crumb">${glyph(chapter.id, 40)}${intro ? words.chapter(chapter.number) : `<a href="${inSite(chapter.intro.path)}">${words.chapter(chapter.number)} · ${escape(titleIn(chapter.id, chapter.title, language))}</a>`}</p>
<h1${foreign}>${intro ? rendered.title.html.replace(/^(Chapter \d+|第\s*\d+\s*章)[.:。:]?\s*/, '') : rendered.title.html}</h1>
${textLanguage === language ? '' : `<p class="untranslated">${words.notTranslated}</p>`}
</header>
<div class="prose"${foreign}>
${html}</div>
${intro ? holdings(view) : ''}
${intro && view.lab ? labSection(view.lab, language) : ''}
<nav class="around" aria-label="${words.previous}, ${words.next}">${link(view.previous, 'previous')}${link(view.next, 'next')}</nav>
</main>
</div>`;

  /** What the chapter holds: lessons with their exercises and points. */
  function holdings({ chapter }: LessonView): string {
    const rows = chapter.lessons.map((each) => {
      const exercises = each.topic?.exercises ?? [];
      const points = exercises.reduce((sum, e) => sum + e.points, 0);
      const count = exercises.length > 0 ? `${words.exerciseCount(exercises.length)} · ${words.points(points)}` : '';
      return `<li><a href="${inSite(each.path)}">${escape(titles.get(each) ?? each.name)}</a><span class="count"${each.topic ? progress(`${chapter.id}/${each.topic.name}`, points) : ''}>${count}</span></li>`;
    });
    return rows.length === 0
      ? ''
      : `<section class="holdings" aria-labelledby="lessons"><h2 id="lessons">${words.lessons}</h2><ol>${rows.join('')}</ol></section>`;
  }
}

/** Where the points that a reader has earned are shown, and of how many. */
const progress = (id: string, points: number) => ` data-progress="${escape(id)} ${points}"`;

/** The chapter's contents, with the sections of the page that is read. */
function contents({ chapter, lesson, language, rendered, titles, textLanguage }: LessonView): string {
  const words = WORDS[language];
  const foreign = textLanguage === language ? '' : ` lang="${LANG[textLanguage]}"`;
  const sections = rendered.headings
    .filter((heading) => heading.level === 2)
    .map((heading) => `<li><a href="#${escape(heading.id)}">${escape(heading.text)}</a></li>`)
    .join('');
  const here = sections === '' ? '' : `<ol class="sections"${foreign}>${sections}</ol>`;
  const about = (each: Lesson) =>
    each.topic
      ? progress(
          `${chapter.id}/${each.topic.name}`,
          each.topic.exercises.reduce((sum, e) => sum + e.points, 0),
        )
      : '';
  const item = (each: Lesson, title: string) =>
    each === lesson
      ? `<li class="here"><a href="#text" aria-current="page"${about(each)}>${escape(title)}</a>${here}</li>`
      : `<li><a href="${inSite(each.path)}"${about(each)}>${escape(title)}</a></li>`;
  return `<nav class="contents" aria-label="${words.contents}"><details><summary>${words.contents}</summary><div>
<ol>${item(chapter.intro, `${words.chapter(chapter.number)} · ${chapter.title.split(':')[0]}`)}${chapter.lessons
    .map((each) => item(each, titles.get(each) ?? each.name))
    .join('')}</ol></div></details>
<script>if(matchMedia('(min-width:72rem)').matches)document.currentScript.previousElementSibling.open=true</script></nav>`;
}
