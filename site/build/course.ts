/** The course as the site sees it: chapters in order, their lessons in order, and what belongs to each. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Topic } from '../../grader/engine/exercise.ts';
import { solutionsSource, FOLDER, type Source } from '../../grader/course/pristine.ts';
import { read, type Code } from './code.ts';
import { LANGUAGES, type Language } from './html.ts';

export interface Lesson {
  /** `neuron`; the chapter's own page is `README`. */
  name: string;
  /** The lesson's address: `chapter-1-mp/neuron/`. */
  path: string;
  /** The files that there are, by language; English is always there. */
  files: Partial<Record<Language, string>> & { en: string };
  /** The topic whose exercises stand on this page. */
  topic?: Topic;
}

export interface Chapter {
  /** `chapter-1` */
  id: string;
  number: number;
  folder: string;
  /** As the spec says it: "MP: the first neurons"; from the first heading where there is no spec. */
  title: string;
  intro: Lesson;
  lessons: Lesson[];
  topics: Topic[];
}

export interface CourseFiles {
  root: string;
  /** Stubs as everybody first gets them. */
  source: Source;
  chapters: Chapter[];
}

/** Reads which chapters and lessons there are. A chapter has a page as soon as its folder has a README.md. */
export function readCourse(root: string, code: Pick<Code, 'chapters'>): CourseFiles {
  const folders = readdirSync(join(root, 'chapters'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && FOLDER.test(entry.name) && entry.name.startsWith('chapter-'))
    .map((entry) => entry.name)
    .filter((name) => existsSync(join(root, 'chapters', name, 'README.md')));
  const chapters = folders.map((folder): Chapter => {
    const number = Number(/\d+/.exec(folder)![0]);
    const spec = code.chapters.find((each) => each.entry.folder === folder)?.spec;
    const names = readdirSync(join(root, 'chapters', folder));
    const lesson = (name: string): Lesson => {
      const path = name === 'README' ? `${folder}/` : `${folder}/${name}/`;
      const topic = spec?.topics.find((each) => each.name === name);
      return {
        name,
        path,
        files: {
          en: `chapters/${folder}/${name}.md`,
          ...(names.includes(`${name}.zh.md`) && { zh: `chapters/${folder}/${name}.zh.md` }),
        },
        ...(topic && { topic }),
      };
    };
    const intro = read(root, `chapters/${folder}/README.md`);
    // The order is the one in which the chapter's page speaks of its lessons.
    const place = (name: string) => {
      const at = intro.indexOf(`](${name}.md)`);
      return at < 0 ? Infinity : at;
    };
    const lessons = names
      .filter((name) => name.endsWith('.md') && !/\.zh\.md$/.test(name) && name !== 'README.md')
      .map((name) => name.slice(0, -3))
      .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
      .map(lesson);
    return {
      id: `chapter-${number}`,
      number,
      folder,
      title: spec?.title ?? /^# (.*)$/m.exec(intro)?.[1]?.replace(/^Chapter \d+\.\s*/, '') ?? folder,
      intro: lesson('README'),
      lessons,
      topics: spec?.topics ?? [],
    };
  });
  chapters.sort((a, b) => a.number - b.number);
  return { root, source: solutionsSource(root), chapters };
}

/** A chapter's topics that no lesson is named after: their cards stand on the chapter's own page. */
export function homeless(chapter: Chapter): Topic[] {
  return chapter.topics.filter((topic) => !chapter.lessons.some((lesson) => lesson.name === topic.name));
}

/** Every language in which a lesson is written. */
export const written = (lesson: Lesson): Language[] => LANGUAGES.filter((language) => lesson.files[language]);
