/**
 * The whole site: reads the course, renders what changed since the last time, checks that everything fits, and writes plain
 * files. Nothing is written while there is a mistake.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, posix } from 'node:path';
import type { Topic } from '../../grader/engine/exercise.ts';
import { Refusal } from '../../grader/course/refusal.ts';
import { STOPS, titleIn } from '../content/path.ts';
import { GLOSSARY } from '../content/glossary.ts';
import { excerpt, pieceOf } from '../lessons/excerpt.ts';
import type { Mistake } from '../lessons/fill.ts';
import type { Day, Settings } from '../settings.ts';
import { hash, scripts, styles, type Assets } from './assets.ts';
import { card } from './card.ts';
import { beyondAscii, mathFonts } from './characters.ts';
import { loadCode, read, type Code } from './code.ts';
import { homeless, readCourse, written, type Chapter, type CourseFiles, type Lesson } from './course.ts';
import { dead, ids, type Linked } from './cross-check.ts';
import { declarations, solutionRegions } from './declarations.ts';
import { home, type Entry as HomeEntry } from './home.ts';
import { escape, LANG, LANGUAGES, localised, type Language } from './html.ts';
import { still } from './interactive.ts';
import { LABS, type LabSource } from './lab.ts';
import { judge, type Judge } from './playground.ts';
import { lessonPage } from './lesson-page.ts';
import { render, type Piece, type Rendered, type Target } from './markdown.ts';
import { frame, type Frame, type Page } from './page.ts';
import { bibliographyPage, gather, glossaryPage, notFoundPage, plainDescription, termId } from './reference-pages.ts';
import { release, settingsMistakes, type Release } from './release.ts';
import { scorecardOf, scorecardPage } from './scorecard-page.ts';
import { searchIndex, type Entry } from './search-index.ts';
import { dayIn, WORDS } from './words.ts';

export interface Options {
  /** Where the site is written; default `site/dist`. */
  out?: string;
  /** The day that decides what is open; default today, UTC. */
  today?: Day;
  /** Takes the place of the settings' own address. */
  url?: string;
  /** Changes to the settings, for tests. */
  settings?: (settings: Settings) => Settings;
}

export interface Report {
  mistakes: Mistake[];
  pages: number;
  /** Files that were written, as their content was new. */
  wrote: number;
  milliseconds: number;
}

interface Kept {
  /** The files that the rendering has read, with their content's hash. */
  read: Map<string, string>;
  text: string;
  around: string;
  rendered: Rendered;
}

/** A site that can be built again and again; what did not change is not made anew. */
export class Site {
  readonly root: string;
  readonly out: string;
  readonly #options: Options;
  #code: Code | undefined;
  readonly #lessons = new Map<string, Kept>();
  readonly #cards = new Map<string, { key: string; html: string }>();
  readonly #written = new Map<string, string | Uint8Array>();
  /** What was found out about a page's body, and the whole page made of it, while the body stays the same. */
  readonly #pages = new Map<
    string,
    { body: string; ids: ReturnType<typeof ids>; read?: boolean; frame?: string; whole?: string }
  >();
  #judge: { key: string; made: Promise<Judge> } | undefined;
  #assets: { key: string; files: Assets; css: string; script: string; font: string } | undefined;
  readonly #shown = { text: '', math: new Map<string, Set<string>>() };
  readonly #index = new Map<Language, { key: string; text: string }>();
  readonly #unfinished = new Map<Language, readonly Entry[]>();

  constructor(root: string, options: Options = {}) {
    this.root = root;
    this.out = options.out ?? join(root, 'site', 'dist');
    this.#options = options;
  }

  /** The files whose change means that specs, settings or interactive figures must be loaded again. */
  get codeFiles(): readonly string[] {
    return this.#code?.files ?? [];
  }

  /**
   * Builds what changed.
   * @param changed files since the last build, from the root; undefined: anything may have
   * @param soon the pages are wanted first: the search goes on with its last index until `finish` is called
   */
  async build(changed?: readonly string[], soon = false): Promise<Report> {
    const began = performance.now();
    if (!this.#code || changed === undefined || changed.some((file) => this.#code!.files.includes(file)))
      this.#code = await loadCode(this.root);
    if (
      changed === undefined ||
      changed.some(
        (file) =>
          /^site\/(theme|client|interactive|playground|search|assets)\//.test(file) || file.startsWith('solutions/'),
      )
    )
      this.#assets = undefined;
    if (changed === undefined || changed.some((file) => /^(site\/playground|grader|solutions)\//.test(file)))
      this.#judge = undefined;
    const state = new Build(this, this.#code, this.#options);
    const pages = await state.pages();
    const report = (mistakes: Mistake[], wrote = 0): Report => ({
      mistakes,
      pages: pages.length,
      wrote,
      milliseconds: Math.round(performance.now() - began),
    });
    if (state.mistakes.length > 0) return report(sorted(state.mistakes));
    if (!soon) this.#unfinished.clear();
    return report([], this.write(await state.files(pages, soon)));
  }

  /** Renders a lesson, or takes what was rendered before. */
  lesson(file: string, around: string, make: (read: (path: string) => string) => Rendered): Rendered {
    const text = read(this.root, file);
    const known = this.#lessons.get(file);
    const same = (path: string, then: string) => {
      try {
        return hash(read(this.root, path)) === then;
      } catch {
        return false;
      }
    };
    if (known?.text === text && known.around === around && [...known.read].every(([path, then]) => same(path, then)))
      return known.rendered;
    const seen = new Map<string, string>();
    const rendered = make((path) => {
      const content = read(this.root, path);
      seen.set(path, hash(content));
      return content;
    });
    this.#lessons.set(file, { read: seen, text, around, rendered });
    return rendered;
  }

  /** What pages grade with; made anew when the chapters that they grade are others, or the grader is. */
  judge(key: string, make: () => Promise<Judge>): Promise<Judge> {
    if (this.#judge?.key !== key) this.#judge = { key, made: make() };
    return this.#judge.made;
  }

  card(name: string, key: string, make: () => string): string {
    const known = this.#cards.get(name);
    if (known?.key === key) return known.html;
    const html = make();
    this.#cards.set(name, { key, html });
    return html;
  }

  async assets(all: readonly Page[], figures: readonly string[]) {
    // The pages show a new character only now and then, and only then the fonts are cut again.
    const unread = all.map((page) => this.#known(page)).filter((page) => !page.read);
    const pages = unread.map((page) => page.body);
    for (const page of unread) page.read = true;
    this.#shown.text = [...new Set(this.#shown.text + beyondAscii(pages))].sort().join('');
    for (const [font, signs] of mathFonts(pages)) {
      const known = this.#shown.math.get(font) ?? new Set();
      for (const sign of signs) known.add(sign);
      this.#shown.math.set(font, known);
    }
    const signs = [...this.#shown.math].map(([font, set]) => font + [...set].sort().join(''));
    const key = [this.#shown.text, ...signs, ...figures].join(' ');
    if (this.#assets?.key === key) return this.#assets;
    const [style, script] = await Promise.all([styles(this.root, this.#shown), scripts(this.root, figures)]);
    this.#assets = {
      key,
      files: new Map([...style.assets, ...script.assets]),
      css: style.css,
      script: script.main,
      font: style.preload,
    };
    return this.#assets;
  }

  /** What is known of a page with this body. */
  #known(page: Page) {
    const name = localised(page.path, page.language);
    const known = this.#pages.get(name);
    if (known?.body === page.body) return known;
    const now = { body: page.body, ids: ids(page.body) };
    this.#pages.set(name, now);
    return now as NonNullable<typeof known>;
  }

  ids(page: Page): ReturnType<typeof ids> {
    return this.#known(page).ids;
  }

  /** The whole page; made anew when its body or what stands around it has changed. */
  frame(page: Page, about: Frame): string {
    const known = this.#known(page);
    const key = JSON.stringify([about, { ...page, body: '' }]);
    if (known.frame === key) return known.whole!;
    known.frame = key;
    known.whole = frame(page, about);
    return known.whole;
  }

  index(language: Language, entries: readonly Entry[], soon: boolean): string {
    const key = hash(JSON.stringify(entries));
    const known = this.#index.get(language);
    if (known?.key === key) return known.text;
    if (known && soon) {
      this.#unfinished.set(language, entries);
      return known.text;
    }
    const text = searchIndex(entries);
    this.#index.set(language, { key, text });
    return text;
  }

  /** Brings the search up to date after a build that was wanted soon. */
  finish(): void {
    for (const [language, entries] of this.#unfinished) {
      const text = this.index(language, entries, false);
      const name = `assets/search-${language}.json`;
      writeFileSync(join(this.out, ...name.split('/')), text);
      this.#written.set(name, text);
    }
    this.#unfinished.clear();
  }

  /** Writes files whose content is new and deletes those that nobody wants any more. */
  write(files: ReadonlyMap<string, string | Uint8Array>): number {
    let wrote = 0;
    for (const [name, content] of files) {
      const path = join(this.out, ...name.split('/'));
      if (this.#written.get(name) === content && existsSync(path)) continue;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      this.#written.set(name, content);
      wrote++;
    }
    const sweep = (folder: string): void => {
      for (const entry of readdirSync(join(this.out, folder), { withFileTypes: true })) {
        const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) {
          sweep(name);
          if (readdirSync(join(this.out, name)).length === 0) rmdirSync(join(this.out, name));
        } else if (!files.has(name)) rmSync(join(this.out, name));
      }
    };
    sweep('');
    return wrote;
  }
}

const sorted = (mistakes: readonly Mistake[]): Mistake[] =>
  [...mistakes].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));

/** One build, from what is on disk now. */
class Build {
  readonly mistakes: Mistake[] = [];
  readonly #site: Site;
  readonly #root: string;
  readonly #code: Code;
  readonly #settings: Settings;
  readonly #url: string;
  readonly #course: CourseFiles;
  readonly #release: Release;
  readonly #today: Day;
  readonly #links: Linked[] = [];
  readonly #entries: Record<Language, Entry[]> = { en: [], zh: [] };
  readonly #usedFigures = new Set<string>();
  /** What pages grade with; nothing where no chapter may be graded in the page. */
  #judge: Judge | undefined;
  /** The files that readers begin with, by the name of the asset. */
  readonly #skeletons = new Map<string, string>();

  constructor(site: Site, code: Code, options: Options) {
    this.#site = site;
    this.#root = site.root;
    this.#code = code;
    this.#settings = options.settings?.(code.settings) ?? code.settings;
    const url = options.url ?? this.#settings.url;
    this.#url = url.endsWith('/') ? url : `${url}/`;
    this.#today = options.today ?? (new Date().toISOString().slice(0, 10) as Day);
    this.#course = readCourse(site.root, code);
    this.#release = release(this.#settings, this.#today);
    const ids = this.#everyChapter();
    this.mistakes.push(...settingsMistakes(this.#settings, ids, read(site.root, 'site/settings.ts')));
  }

  /** Chapters that there are, and those on the path that are yet to come. */
  #everyChapter(): string[] {
    const ids = [...STOPS.map((stop) => stop.id), ...this.#course.chapters.map((chapter) => chapter.id)];
    return [...new Set(ids)].sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)));
  }

  #open(): Chapter[] {
    return this.#course.chapters.filter((chapter) => this.#release.open(chapter.id));
  }

  async pages(): Promise<Page[]> {
    const pages: Page[] = [];
    await this.#makeJudge();
    for (const language of LANGUAGES) pages.push(...this.#pagesIn(language));
    this.#checkRegions();
    for (const figure of this.#code.interactives) {
      const chapter = this.#course.chapters.find((each) => each.id === figure.chapter);
      if (chapter && !chapter.lessons.some((lesson) => lesson.path === `${figure.lesson}/`))
        this.mistakes.push({ file: `site/interactive/${figure.name}.ts`, line: 1, what: `there is no lesson ${figure.lesson}.` }); // prettier-ignore
    }
    const anchors = new Map<string, ReadonlySet<string>>();
    for (const page of pages) {
      const { all, twice } = this.#site.ids(page);
      if (page.language === 'en') anchors.set(page.path, all);
      for (const id of twice)
        this.mistakes.push({ file: page.source ? this.#fileOf(page) : `page ${page.path}`, line: 1, what: `the id "${id}" exists twice on this page.` }); // prettier-ignore
    }
    this.mistakes.push(...dead(this.#links, anchors));
    return pages;
  }

  #fileOf(page: Page): string {
    return page.source!.split(`/edit/${this.#settings.branch}/`)[1] ?? page.path;
  }

  #pagesIn(language: Language): Page[] {
    const words = WORDS[language];
    const pages: Page[] = [];
    const open = this.#open();
    const order = open.flatMap((chapter) => [chapter.intro, ...chapter.lessons].map((lesson) => ({ chapter, lesson })));
    const rendered = new Map<Lesson, { rendered: Rendered; textLanguage: Language }>();
    for (const { chapter, lesson } of order) rendered.set(lesson, this.#render(chapter, lesson, language));
    const titles = new Map([...rendered].map(([lesson, each]) => [lesson, each.rendered.title.text]));
    const titleOf = (at: { lesson: Lesson } | undefined) =>
      at && { path: at.lesson.path, title: titles.get(at.lesson)! };

    const further: Parameters<typeof gather>[0][number][] = [];
    for (const [i, { chapter, lesson }] of order.entries()) {
      const { rendered: text, textLanguage } = rendered.get(lesson)!;
      const html = this.#complete(chapter, lesson, text, textLanguage);
      const file = lesson.files[textLanguage]!;
      const previous = titleOf(order[i - 1]);
      const next = titleOf(order[i + 1]);
      const lab = lesson === chapter.intro ? this.#labOf(chapter) : undefined;
      const page: Page = {
        path: lesson.path,
        language,
        title: text.title.text,
        description: summary(text),
        written: written(lesson),
        kind: 'lesson',
        source: this.#edit(file),
        body: lessonPage({
          chapter,
          lesson,
          language,
          textLanguage,
          rendered: text,
          html,
          titles,
          ...(previous && { previous }),
          ...(next && { next }),
          ...(lab && { lab }),
        }),
      };
      pages.push(page);
      if (language === textLanguage)
        this.#links.push(...text.links.map(({ to, line }) => ({ from: lesson.path, file, line, to })));
      for (const item of text.further) further.push({ ...item, from: { path: lesson.path, title: text.title.text } });
      for (const section of text.sections) {
        if (section.text.trim() === '' && section.heading === '') continue;
        this.#entries[language].push({
          path: localised(lesson.path, language) + (section.id === '' ? '' : `#${section.id}`),
          title: text.title.text,
          heading: section.heading,
          text: section.text.replace(/\s+/g, ' ').trim(),
          ...(textLanguage !== language && { foreign: true }),
        });
      }
      for (const exercise of this.#topicsOn(chapter, lesson).flatMap((topic) => topic.exercises)) {
        this.#entries[language].push({
          path: `${localised(lesson.path, language)}#exercise-${exercise.name}`,
          title: exercise.name,
          heading: text.title.text,
          text: exercise.checks.map((check) => check.sentence).join('; '),
          ...(language !== 'en' && { foreign: true }),
        });
      }
    }

    const readable = new Map([...titles].map(([lesson, title]) => [lesson.path, title]));
    pages.push({
      path: 'glossary/',
      language,
      title: words.glossaryAndNotation,
      description: plainDescription('glossary', language),
      written: LANGUAGES,
      kind: 'plain',
      source: this.#edit('site/content/glossary.ts'),
      body: glossaryPage(readable, language),
    });
    for (const { en, zh, says } of GLOSSARY)
      this.#entries[language].push({
        path: `${localised('glossary/', language)}#${termId(en)}`,
        title: language === 'en' ? `${en} · ${zh}` : `${zh} · ${en}`,
        heading: words.glossary,
        text: `${says[language]}`,
      });
    pages.push({
      path: 'bibliography/',
      language,
      title: words.bibliography,
      description: plainDescription('bibliography', language),
      written: LANGUAGES,
      kind: 'plain',
      body: bibliographyPage(gather(further), language),
    });
    const scorecard = scorecardOf(this.#root);
    if (scorecard)
      pages.push({
        path: 'scorecard/',
        language,
        title: words.scorecard,
        description: words.scorecardText,
        written: ['en'],
        kind: 'plain',
        body: scorecardPage(scorecard, language),
      });
    pages.push({
      path: '',
      language,
      title: this.#settings.title[language],
      description: language === 'en' ? 'Write all of deep learning yourself, in TypeScript, with a grader that teaches while it grades.' : '用 TypeScript 亲手写出深度学习的全部，评分器一边评分，一边教。', // prettier-ignore
      written: LANGUAGES,
      kind: 'home',
      body: home(
        {
          title: this.#settings.title,
          entries: this.#everyChapter().map((id) => this.#homeEntry(id, language)),
          example: this.#example(),
          ...(this.#settings.term && {
            term: words.term(dayIn(this.#settings.term.starts, language), dayIn(this.#settings.term.ends, language)),
          }),
        },
        language,
      ),
    });
    return pages;
  }

  #homeEntry(id: string, language: Language): HomeEntry {
    const words = WORDS[language];
    const number = Number(id.slice('chapter-'.length));
    const stop = STOPS.find((each) => each.id === id);
    const chapter = this.#course.chapters.find((each) => each.id === id);
    const exercises = chapter?.topics.flatMap((topic) => topic.exercises) ?? [];
    const opens = this.#release.opens(id);
    const readable = chapter !== undefined && this.#release.open(id);
    return {
      id,
      number,
      title: titleIn(id, chapter?.title ?? stop?.short ?? id, language),
      short: stop?.short ?? chapter!.title.split(':')[0]!,
      ...(readable && { path: chapter.intro.path }),
      state: chapter === undefined ? words.inPreparation : opens ? words.opens(dayIn(opens, language)) : words.closed,
      points: exercises.reduce((sum, e) => sum + e.points, 0),
      exercises: exercises.length,
      lessons: chapter?.lessons.length ?? 0,
    };
  }

  /** What the grader prints, as the README shows it. */
  #example(): string {
    const readme = read(this.#root, 'README.md');
    const found = /the answer looks like this:\s*```text\n([^]*?)\n```/.exec(readme)?.[1];
    if (found !== undefined) return found;
    this.mistakes.push({ file: 'README.md', line: 1, what: 'the grader’s answer is not there any more: a text block after "the answer looks like this:".' }); // prettier-ignore
    return '';
  }

  #edit(file: string): string {
    return `${this.#settings.repository}/edit/${this.#settings.branch}/${file}`;
  }

  #inRepository = (path: string, from?: number, to?: number): string =>
    `${this.#settings.repository}/blob/${this.#settings.branch}/${path}${from === undefined ? '' : `#L${from}${to === undefined || to === from ? '' : `-L${to}`}`}`;

  #topicsOn(chapter: Chapter, lesson: Lesson): Topic[] {
    if (lesson === chapter.intro) return homeless(chapter);
    return lesson.topic ? [lesson.topic] : [];
  }

  #render(chapter: Chapter, lesson: Lesson, language: Language): { rendered: Rendered; textLanguage: Language } {
    const textLanguage: Language = lesson.files[language] ? language : 'en';
    const file = lesson.files[textLanguage]!;
    const names = this.#topicsOn(chapter, lesson).flatMap((topic) => topic.exercises.map((e) => e.name));
    const figures = this.#code.interactives.map((figure) => figure.name);
    const published = this.#release.solutions(chapter.id);
    // What else the text depends on: if any of it changes, it is rendered anew.
    const around = JSON.stringify([names, figures, published, this.#settings.repository, this.#settings.branch, this.#course.chapters.map((c) => [c.folder, this.#release.open(c.id), c.lessons.map((l) => l.name)])]); // prettier-ignore
    const before = this.mistakes.length;
    const rendered = this.#site.lesson(file, around, (readFile) =>
      render(read(this.#root, file), {
        file,
        language: textLanguage,
        folder: chapter.folder,
        exercises: names,
        interactives: figures,
        inRepository: this.#inRepository,
        piece: (reference) => this.#piece(reference, readFile),
        figure: (name) => {
          const path = `chapters/${chapter.folder}/figures/${name}.svg`;
          if (!existsSync(join(this.#root, path))) throw new Error(`there is no figure ${path}.`);
          return readFile(path);
        },
        link: (href) => this.#link(href, file),
      }),
    );
    if (textLanguage === language && before === this.mistakes.length) this.mistakes.push(...rendered.mistakes);
    return { rendered, textLanguage };
  }

  /** Code named by a lesson. */
  #piece(reference: string, readFile: (path: string) => string): Piece {
    const [path = '', fragment = '', ...more] = reference.split('#');
    const piece = more.length === 0 ? pieceOf(fragment) : undefined;
    if (!piece)
      throw new Error(`"${reference}" names no code: write file#step, file#step:signature or file#function:step.`);
    if (normalize(path) !== path.replaceAll('/', posix.sep) || !existsSync(join(this.#root, path)))
      throw new Error(`there is no file ${path}.`);
    const pristine = /^chapters\/(.*)$/.exec(path)?.[1];
    const isStub = pristine !== undefined && this.#course.source.files().includes(pristine);
    if (isStub) readFile(`solutions/${pristine}`);
    const text = isStub ? this.#course.source.skeleton(pristine) : readFile(path);
    try {
      const lines = excerpt(text, path, piece);
      const declared = declarations(text, path).get(piece.name);
      const regions = /^(solutions)\//.test(path) ? solutionRegions(text, path) : undefined;
      const chapter = /^solutions\/(chapter-\d+)/.exec(path)?.[1];
      const line =
        piece.kind === 'region'
          ? regions!.get(piece.name)!.line
          : piece.kind === 'declaration'
            ? declared!.line
            : text.slice(0, text.indexOf(lines)).split('\n').length;
      const secret = piece.kind !== 'signature' && regions?.has(piece.name) && chapter !== undefined;
      return { path, text: lines, line, ...(secret && !this.#release.solutions(chapter) && { withheld: true }) };
    } catch (error) {
      throw error instanceof Refusal ? new Error(`${error.message} ${error.next}`, { cause: error }) : error;
    }
  }

  /** Where a link of a lesson leads. */
  #link(href: string, file: string): Target {
    if (/^(https?:|mailto:)/.test(href)) return { url: href };
    if (href.startsWith('#')) return { site: href };
    if (/^[a-z]+:|^\//i.test(href))
      throw new Error(`"${href}" is no link for a lesson: use a path relative to it, or https.`);
    const [path = '', anchor] = decodeURI(href).split('#');
    const target = posix.normalize(posix.join(posix.dirname(file), path));
    if (target.startsWith('..') || !existsSync(join(this.#root, target))) throw new Error(`"${href}" leads nowhere: there is no ${target}.`); // prettier-ignore
    const found = /^chapters\/([^/]+)\/([^/]+?)(\.zh)?\.md$/.exec(target);
    const chapter = found && this.#course.chapters.find((each) => each.folder === found[1]);
    const lesson = chapter && [chapter.intro, ...chapter.lessons].find((each) => each.name === found[2]);
    if (!lesson) {
      if (statSync(join(this.#root, target)).isDirectory()) {
        const whole = this.#course.chapters.find((each) => `chapters/${each.folder}` === target.replace(/\/$/, ''));
        if (whole) return this.#release.open(whole.id) ? { site: whole.intro.path } : { closed: WORDS.en.closed };
      }
      if (target.startsWith('solutions/'))
        throw new Error(`"${href}" leads to a solution; a lesson points to the stub.`);
      return { url: this.#inRepository(target) };
    }
    if (!this.#release.open(chapter.id)) {
      const opens = this.#release.opens(chapter.id);
      return { closed: opens ? WORDS.en.opens(dayIn(opens, 'en')) : WORDS.en.closed };
    }
    return { site: lesson.path + (anchor === undefined ? '' : `#${anchor}`) };
  }

  /** Puts cards and interactive figures into their places. */
  #complete(chapter: Chapter, lesson: Lesson, rendered: Rendered, textLanguage: Language): string {
    const topics = this.#topicsOn(chapter, lesson);
    const cards = topics.map((topic) => this.#cardsOf(chapter, topic, textLanguage)).join('');
    let html = rendered.html.replace('<!--cards-->', () =>
      cards === '' ? '' : `<div class="exercises">\n${cards}</div>`,
    );
    const marked = rendered.interactives.map((each) => each.name);
    const unmarked = this.#code.interactives
      .filter((each) => `${each.lesson}/` === lesson.path && !marked.includes(each.name))
      .map((each) => each.name);
    // A figure that the text does not place stands after the first section, where the picture of the lesson is.
    const second = html.indexOf('<h2 ', html.indexOf('<h2 ') + 1);
    const marks = unmarked.map((name) => `<!--interactive:${name}-->`).join('');
    html = second < 0 ? html + marks : html.slice(0, second) + marks + html.slice(second);
    for (const name of [...marked, ...unmarked]) {
      const figure = this.#code.interactives.find((each) => each.name === name)!;
      this.#usedFigures.add(name);
      const allowed = this.#release.inPage(figure.chapter).standIns;
      html = html.replace(`<!--interactive:${name}-->`, () => still(figure, textLanguage, allowed));
    }
    return html;
  }

  #cardsOf(chapter: Chapter, topic: Topic, language: Language): string {
    const path = `${chapter.folder}/${topic.name}.ts`;
    const word = `${chapter.id}/${topic.name}`;
    const inPage = this.#release.inPage(chapter.id);
    const published = this.#release.solutions(chapter.id);
    const stub = this.#course.source.files().includes(path) ? this.#course.source.skeleton(path) : undefined;
    if (stub === undefined) {
      this.#specMistake(chapter, topic, `there is no solutions/${path}, so its exercises have no stubs.`);
      return '';
    }
    const solution = published ? read(this.#root, `solutions/${path}`) : '';
    const spec = topic.exercises.map((e) => [e.name, e.points, e.parameters, Object.values(e.inputs).map((i) => i.shape), e.checks.map((c) => [c.sentence, c.worth, c.visibility]), e.hints, Object.values(e.misconceptions).map((m) => m.says)]); // prettier-ignore
    const solvable = this.#solvable(path, stub);
    const key = hash(
      JSON.stringify([stub, solution, spec, inPage, solvable, this.#settings.repository, this.#settings.branch]),
    );
    return this.#site.card(`${word} ${language}`, key, () => {
      const declared = declarations(stub, path);
      const regions = published ? solutionRegions(solution, path) : new Map<string, { code: string; line: number }>();
      return topic.exercises
        .map((exercise) => {
          const declaration = declared.get(exercise.name);
          if (!declaration) {
            this.#specMistake(chapter, topic, `solutions/${path} exports no "${exercise.name}".`);
            return '';
          }
          const types = [...declared.values()].filter(
            (each) => each.kind === 'type' && new RegExp(`\\b${each.name}\\b`).test(declaration.signature),
          );
          const region = regions.get(exercise.name);
          return card(
            {
              exercise,
              word,
              declaration,
              types,
              stub: this.#inRepository(`chapters/${path}`, declaration.line),
              mistakes: inPage.misconceptions,
              ...(solvable && { solvable }),
              ...(region && { solution: { ...region, href: this.#inRepository(`solutions/${path}`, region.line) } }),
            },
            language,
          );
        })
        .join('');
    });
  }

  /** Grading in the page takes definitions, stand-ins and the named mistakes: without one of them there is none. */
  async #makeJudge(): Promise<void> {
    const chapters = this.#open().filter(({ id, topics }) => {
      const { standIns, oracles, misconceptions } = this.#release.inPage(id);
      return topics.length > 0 && standIns && oracles && misconceptions;
    });
    if (chapters.length === 0) return;
    const files = this.#course.source.files();
    const gradable = chapters.map(({ id, folder }) => ({ id, folder }));
    this.#judge = await this.#site.judge(JSON.stringify([gradable, files]), () => judge(this.#root, gradable, files));
  }

  /** Where the page finds what a reader begins with, if a topic's exercises can be solved there. */
  #solvable(path: string, stub: string): { file: string; skeleton: string } | undefined {
    if (!this.#judge?.files.includes(path)) return undefined;
    const name = `skeleton-${path.split('/').at(-1)!.replace(/\.ts$/, '')}-${hash(stub)}.txt`;
    this.#skeletons.set(name, stub);
    return { file: path, skeleton: `assets/${name}` };
  }

  /** The lab of a chapter that is graded in the page, with the files as everybody first gets them. */
  #labOf({ id, folder, number }: Chapter): LabSource | undefined {
    const known = this.#course.source.files();
    const graded = this.#judge?.files.some((path) => path.startsWith(`${folder}/`));
    if (!graded || !LABS[id] || !known.includes(`${folder}/lab.ts`)) return undefined;
    const earlier = this.#open().filter((each) => each.number <= number);
    const paths = known.filter((path) => earlier.some((each) => path.startsWith(`${each.folder}/`)));
    const text = JSON.stringify(Object.fromEntries(paths.map((path) => [path, this.#course.source.skeleton(path)])));
    const name = `lab-${id}-${hash(text)}.json`;
    this.#skeletons.set(name, text);
    return { id, folder, files: `assets/${name}` };
  }

  #specMistake(chapter: Chapter, topic: Topic, what: string): void {
    this.mistakes.push({ file: `grader/${chapter.folder}/${topic.name}.ts`, line: 1, what });
  }

  /** A region that is nobody's exercise, and an exercise without a region. */
  #checkRegions(): void {
    for (const chapter of this.#course.chapters) {
      if (chapter.topics.length === 0) continue;
      for (const path of this.#course.source.files().filter((each) => each.startsWith(`${chapter.folder}/`))) {
        const file = `solutions/${path}`;
        const topic = chapter.topics.find((each) => `${chapter.folder}/${each.name}.ts` === path);
        // A file whose spec is not written yet is in preparation, as a chapter without a README.md is.
        if (!topic) continue;
        const regions = solutionRegions(read(this.#root, file), file);
        for (const [name, { line }] of regions)
          if (!topic.exercises.some((each) => each.name === name))
            this.mistakes.push({ file, line: line - 1, what: `the region "${name}" is used by nothing: grader/${path} has no exercise of that name.` }); // prettier-ignore
        for (const { name } of topic.exercises)
          if (!regions.has(name))
            this.mistakes.push({ file: `grader/${path}`, line: 1, what: `the exercise "${name}" has no region in ${file}.` }); // prettier-ignore
      }
    }
  }

  /** Everything that is written: pages, assets, the search's indexes, and what other programs read. */
  async files(pages: readonly Page[], soon: boolean): Promise<Map<string, string | Uint8Array>> {
    const figures = this.#code.interactives
      .filter((each) => this.#usedFigures.has(each.name) && this.#release.inPage(each.chapter).standIns)
      .map((each) => each.name);
    const assets = await this.#site.assets(pages, figures);
    const files = new Map<string, string | Uint8Array>();
    for (const [name, content] of assets.files) files.set(`assets/${name}`, content);
    for (const [name, text] of this.#judge?.assets ?? []) files.set(`assets/${name}`, text);
    for (const [name, text] of this.#skeletons) files.set(`assets/${name}`, text);
    const icons = join(this.#root, 'site', 'assets');
    for (const name of existsSync(icons) ? readdirSync(icons) : [])
      files.set(`assets/${name}`, readFileSync(join(icons, name)));
    const search = {} as Record<Language, string>;
    for (const language of LANGUAGES) {
      // Not named after its content: every page would change with every word.
      search[language] = `assets/search-${language}.json`;
      files.set(search[language], this.#site.index(language, this.#entries[language], soon));
    }
    const about = {
      css: `assets/${assets.css}`,
      script: `assets/${assets.script}`,
      font: `assets/${assets.font}`,
      ...(this.#judge && { judge: `assets/${this.#judge.script}` }),
      search,
      siteTitle: this.#settings.title,
      url: this.#url,
      repository: this.#settings.repository,
      card: 'assets/card.png',
      scorecard: pages.some((page) => page.path === 'scorecard/'),
    };
    for (const page of pages)
      files.set(`${localised(page.path, page.language)}index.html`, this.#site.frame(page, about));
    // A host serves this page for any address: its own must not depend on where the reader is.
    const lost = frame(
      { path: '404.html', language: 'en', title: WORDS.en.notFound, description: WORDS.en.notFoundText, written: ['en'], kind: 'plain', hidden: true, body: notFoundPage() }, // prettier-ignore
      about,
    );
    const base = new URL(this.#url).pathname;
    files.set(
      '404.html',
      lost.replace(/ (href|src|data-search|data-root)="(?!https?:|#|data:)(?:\.\/)?([^"]*)"/g, (_, name: string, to: string) => ` ${name}="${base}${to === '404.html' ? '' : to}"`).replace(`${base}zh/404.html`, `${base}zh/`), // prettier-ignore
    );
    const listed = pages.filter((page) => page.written.includes(page.language));
    files.set(
      'sitemap.xml',
      `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n${listed
        .map((page) => {
          const at = (language: Language) => escape(new URL(localised(page.path, language), this.#url).href);
          const others =
            page.written.length > 1
              ? page.written
                  .map((each) => `<xhtml:link rel="alternate" hreflang="${LANG[each]}" href="${at(each)}"/>`)
                  .join('')
              : '';
          return `<url><loc>${at(page.language)}</loc>${others}</url>`;
        })
        .join('\n')}\n</urlset>\n`,
    );
    files.set('robots.txt', `User-agent: *\nAllow: /\nSitemap: ${new URL('sitemap.xml', this.#url).href}\n`);
    files.set('.nojekyll', '');
    return files;
  }
}

/** The first sentences of a text, for search engines and previews. */
function summary(rendered: Rendered): string {
  const text = rendered.sections.find((section) => section.text.trim() !== '')?.text ?? rendered.title.text;
  const plain = text.replace(/\s+/g, ' ').trim();
  if (plain.length <= 160) return plain;
  const cut = plain.slice(0, 160);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), 100))}…`;
}
