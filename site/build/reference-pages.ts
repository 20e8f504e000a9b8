/** Glossary and notation, bibliography, and the page for addresses that lead nowhere. */
import { GLOSSARY } from '../content/glossary.ts';
import { NOTATION } from '../content/notation.ts';
import { escape, inSite, localised, slug, type Language } from './html.ts';
import { inline } from './markdown.ts';
import { formula, letters } from './math.ts';
import { WORDS } from './words.ts';

/** Titles of pages that can be read, by path. */
export type Titles = ReadonlyMap<string, string>;

const SAYS = {
  en: {
    glossary:
      'Terms of the field as this course uses them, in English and Chinese, with the lesson that explains each.',
    notation: 'Weights are (out, in) and y = x Wᵀ + b. Means run over all elements. A shape stands in parentheses.',
    symbol: 'Symbol',
    shape: 'Shape',
    meaning: 'Meaning',
    bibliography:
      'What the lessons recommend to read further, from the oldest to the newest, each with the lesson that recommends it.',
    readIn: 'Recommended in',
  },
  zh: {
    glossary: '本课程所用的术语，中英对照，并指出讲解它的课文。',
    notation: '权重的形状是（输出，输入）,y = x Wᵀ + b。平均值对所有元素取。括号里是形状。',
    symbol: '记号',
    shape: '形状',
    meaning: '含义',
    bibliography: '各篇课文推荐的延伸阅读，按年代由远及近排列，并注明是哪一篇推荐的。',
    readIn: '推荐于',
  },
} satisfies Record<Language, unknown>;

export const plainDescription = (page: 'glossary' | 'bibliography', language: Language): string => SAYS[language][page];

/** Anchors of the glossary: the English term. */
export const termId = (term: string): string => `term-${slug(term)}`;

export function glossaryPage(titles: Titles, language: Language): string {
  const words = WORDS[language];
  const says = SAYS[language];
  const sorted = [...GLOSSARY].sort((a, b) =>
    language === 'en' ? a.en.localeCompare(b.en, 'en') : a.zh.localeCompare(b.zh, 'zh-Hans-u-co-pinyin'),
  );
  const items = sorted.map(({ en, zh, says: means, see }) => {
    const [main, other] =
      language === 'en'
        ? [en, `<span lang="zh-Hans">${escape(zh)}</span>`]
        : [zh, `<span lang="en">${escape(en)}</span>`];
    const title = see === undefined ? undefined : titles.get(see);
    const where = title === undefined ? '' : ` <a class="see" href="${inSite(see!)}">${escape(title)}</a>`;
    return `<dt id="${termId(en)}">${escape(main)} <small>${other}</small></dt><dd>${inline(means[language])}${where}</dd>`;
  });
  const rows = NOTATION.map(
    ({ tex, shape, says: means, chapter }) =>
      `<tr><td>${formula(tex, false, letters(chapter ?? ''))}</td><td>${shape === undefined ? '' : `<span class="shape">${escape(shape)}</span>`}</td><td>${inline(means[language])}</td></tr>`,
  );
  return `<main id="text" class="single">
<header class="title"><h1>${words.glossaryAndNotation}</h1></header>
<section aria-labelledby="notation"><h2 id="notation">${words.notation}</h2><p>${says.notation}</p>
<div class="scroll"><table class="notation"><thead><tr><th scope="col">${says.symbol}</th><th scope="col">${says.shape}</th><th scope="col">${says.meaning}</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div></section>
<section aria-labelledby="glossary"><h2 id="glossary">${words.glossary}</h2><p>${says.glossary}</p>
<dl class="glossary">${items.join('\n')}</dl></section>
</main>`;
}

export interface Reference {
  html: string;
  text: string;
  from: { path: string; title: string }[];
}

/** The same book may be recommended in several lessons: its title, the part in italics, tells. */
export function gather(
  items: readonly { html: string; text: string; from: { path: string; title: string } }[],
): Reference[] {
  const found = new Map<string, Reference>();
  for (const { html, text, from } of items) {
    const key = slug(/<em>(.*?)<\/em>/.exec(html)?.[1] ?? text);
    const known = found.get(key);
    if (!known) found.set(key, { html, text, from: [from] });
    else if (!known.from.some((each) => each.path === from.path)) known.from.push(from);
  }
  return [...found.values()].sort((a, b) => yearOf(a.text) - yearOf(b.text) || (a.text < b.text ? -1 : 1));
}

const yearOf = (text: string): number => Number(/\b(1[89]\d\d|20\d\d)\b/.exec(text)?.[1] ?? 9999);

export function bibliographyPage(references: readonly Reference[], language: Language): string {
  const words = WORDS[language];
  const says = SAYS[language];
  const items = references.map(({ html, from }) => {
    const links = from.map(({ path, title }) => `<a href="${inSite(path)}">${escape(title)}</a>`).join(', ');
    return `<li><p${language === 'en' ? '' : ' lang="en"'}>${html}</p><p class="from">${says.readIn}: ${links}</p></li>`;
  });
  return `<main id="text" class="single">
<header class="title"><h1>${words.bibliography}</h1><p class="lead">${says.bibliography}</p></header>
<ul class="bibliography">${items.join('\n')}</ul>
</main>`;
}

/** Served for any address, at any depth: its links begin at the site's own root. */
export function notFoundPage(): string {
  const part = (language: Language) => {
    const words = WORDS[language];
    const to = (path: string) => `@=/${localised(path, language)}`;
    return `<section${language === 'zh' ? ' lang="zh-Hans"' : ''}><h${language === 'en' ? 1 : 2}>${words.notFound}</h${language === 'en' ? 1 : 2}><p>${words.notFoundText}</p><p><a href="${to('')}">${words.toHome}</a></p></section>`;
  };
  return `<main id="text" class="single">${part('en')}${part('zh')}</main>`;
}
