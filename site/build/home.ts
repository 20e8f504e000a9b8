/** The home page: what the course is, its path as a picture, and how to begin. */
import { glyph, STOPS } from '../content/path.ts';
import { escape, inSite, type Language } from './html.ts';
import { codeBlock } from './markdown.ts';
import { WORDS } from './words.ts';

/** A chapter as the home page and the contents speak of it. */
export interface Entry {
  id: string;
  number: number;
  title: string;
  short: string;
  /** Nothing where the chapter cannot be read yet. */
  path?: string;
  /** What is said of a chapter that cannot be read. */
  state: string;
  points: number;
  exercises: number;
  lessons: number;
}

const SAYS = {
  en: {
    lead: 'Write all of deep learning yourself, in TypeScript, on one small array library, with a grader that teaches while it grades.',
    creed:
      'All deep-learning algorithms differ only in how their parameters are arranged; underneath it is always backpropagation and gradient descent.',
    pictureTitle: 'The learning path',
    pictureText: (names: string) =>
      `A falling curve, like the loss of a network that learns. The chapters are stops on its way down: ${names}.`,
    begin: 'Begin',
    beginText: 'Read a lesson, write the functions it is about, and ask what the grader thinks.',
    whatYouSee: 'What the grader says',
    seeText:
      'When something is wrong, it shows the smallest input on which it is wrong, what you gave and what was expected, what it looks like, and where the next hint is.',
    start: 'Start with chapter 1',
    lessons: (n: number) => (n === 1 ? '1 lesson' : `${n} lessons`),
  },
  zh: {
    lead: '用 TypeScript，在一个小小的数组库上，亲手写出深度学习的全部；评分器一边评分，一边教。',
    creed: '所有的深度学习算法，不同的只是参数的排列方式；底下永远是反向传播和梯度下降。',
    pictureTitle: '学习路径',
    pictureText: (names: string) => `一条下降的曲线，如同网络学习时的损失。各章是下坡路上的站点：${names}。`,
    begin: '开始',
    beginText: '读一篇课文，写出其中的函数，再问问评分器。',
    whatYouSee: '评分器怎么说',
    seeText: '出错时，它给出能找到的最小的出错输入、你的结果与正确结果、看上去像什么错误，以及下一条提示在哪里。',
    start: '从第 1 章开始',
    lessons: (n: number) => `${n} 篇课文`,
  },
} satisfies Record<Language, unknown>;

/** The loss at x in 0…1, and its picture's height: steep at first, then ever gentler. */
const fall = (x: number) => (1 - Math.exp(-1.9 * x)) / (1 - Math.exp(-1.9)) + 0.03 * Math.sin(8 * x) * (1 - x);

/** The chapters as stops on a falling curve. */
function picture(entries: readonly Entry[], language: Language): string {
  const says = SAYS[language];
  const [width, height] = [1120, 470];
  const px = (x: number) => 50 + x * (width - 130);
  const py = (x: number) => 30 + fall(x) * (height - 160);
  const at = (x: number) => `${px(x).toFixed(1)} ${py(x).toFixed(1)}`;
  const places = entries.map((_, i) => (i + 0.35) / entries.length);
  const curve = (from: number, to: number) =>
    Array.from({ length: 121 }, (_, i) => from + ((to - from) * i) / 120)
      .map((x, i) => `${i ? 'L' : 'M'}${at(x)}`)
      .join('');
  const open = entries.filter((entry) => entry.path !== undefined).length;
  const reached = open === entries.length ? 1.03 : (places[open - 1] ?? 0) + 0.08;
  const stops = entries.map((entry, i) => {
    const x = places[i]!;
    const inside =
      `<g transform="translate(${(px(x) - 47).toFixed(1)} ${(py(x) - 47).toFixed(1)})">` +
      `<circle class="stop" cx="47" cy="47" r="47"/><g class="glyph" transform="translate(18.2 18.2) scale(.9)">${STOPS.find((s) => s.id === entry.id)?.glyph ?? ''}</g></g>` +
      `<text class="name" x="${px(x).toFixed(1)}" y="${(py(x) + 74).toFixed(1)}" text-anchor="middle">${escape(entry.short)}</text>` +
      (entry.path === undefined
        ? `<text class="state" x="${px(x).toFixed(1)}" y="${(py(x) + 93).toFixed(1)}" text-anchor="middle">${escape(entry.state)}</text>`
        : '');
    return entry.path === undefined
      ? `<g class="later">${inside}</g>`
      : `<a href="${inSite(entry.path)}" aria-label="${escape(`${WORDS[language].chapter(entry.number)}: ${entry.title}`)}">${inside}</a>`;
  });
  return (
    `<figure class="path"><svg viewBox="0 0 ${width} ${height}" aria-labelledby="path-title path-text" role="group">` +
    `<title id="path-title">${says.pictureTitle}</title><desc id="path-text">${escape(says.pictureText(entries.map((e) => e.short).join(', ')))}</desc>` +
    `<g class="grid" aria-hidden="true">${[0, 1, 2, 3, 4].map((i) => `<path d="M10 ${40 + i * 85}H${width - 10}"/>`).join('')}</g>` +
    `<path class="rest" d="${curve(reached, 1.03)}"/><path class="fall" d="${curve(-0.035, reached)}"/>` +
    `${stops.join('')}</svg></figure>`
  );
}

export interface HomeContent {
  title: Record<Language, string>;
  entries: readonly Entry[];
  /** What the grader printed, from the README. */
  example: string;
  term?: string;
}

export function home({ title, entries, example, term }: HomeContent, language: Language): string {
  const says = SAYS[language];
  const words = WORDS[language];
  const first = entries.find((entry) => entry.path !== undefined);
  const cards = entries.map((entry) => {
    const about = STOPS.find((stop) => stop.id === entry.id);
    const inner =
      glyph(entry.id, 64) +
      `<div><p class="number">${words.chapter(entry.number)}</p><h3>${entry.path === undefined ? escape(entry.title) : `<a href="${inSite(entry.path)}">${escape(entry.title)}</a>`}</h3>` +
      `<p>${escape(about?.idea[language] ?? '')}</p>` +
      `<p class="count"${entry.path === undefined || entry.points === 0 ? '' : ` data-progress="${escape(entry.id)} ${entry.points}"`}>${
        entry.path === undefined
          ? escape(entry.state)
          : [
              says.lessons(entry.lessons),
              entry.exercises > 0 ? words.exerciseCount(entry.exercises) : '',
              entry.points > 0 ? words.points(entry.points) : '',
            ]
              .filter(Boolean)
              .join(' · ')
      }</p></div>`;
    return `<li class="${entry.path === undefined ? 'later' : 'open'}" data-chapter="${escape(entry.id)}">${inner}</li>`;
  });
  const [main, aside] =
    language === 'en'
      ? [title.en, `<span lang="zh-Hans">${escape(title.zh)}</span>`]
      : [title.zh, `<span lang="en">${escape(title.en)}</span>`];
  return `<main id="text">
<div class="hero">
<h1>${escape(main)}</h1>
<p class="aside">${aside}</p>
<p class="lead">${says.lead}</p>
${term ? `<p class="term">${escape(term)}</p>` : ''}
</div>
${picture(entries, language)}
<blockquote class="creed"><p>${says.creed}</p></blockquote>
<section aria-labelledby="chapters"><h2 id="chapters">${words.path}</h2><ol class="chapters">${cards.join('\n')}</ol></section>
<section class="begin" aria-labelledby="begin"><h2 id="begin">${says.begin}</h2><p>${says.beginText}</p>
${codeBlock('npm install && npm run grade chapter-1', 'sh')}
${first?.path === undefined ? '' : `<p><a class="button" href="${inSite(first.path)}">${first.id === 'chapter-1' ? says.start : escape(first.title)}</a></p>`}
</section>
<section aria-labelledby="grader"><h2 id="grader">${says.whatYouSee}</h2><p>${says.seeText}</p>
<div${language === 'en' ? '' : ' lang="en"'}>${codeBlock(example, 'text', { kind: 'printed' })}</div></section>
</main>`;
}
