/** Small things that every page needs: escaping, addresses, languages. */

export type Language = 'en' | 'zh';
export const LANGUAGES: readonly Language[] = ['en', 'zh'];
/** What stands in `lang="…"` and `hreflang="…"`. */
export const LANG: Record<Language, string> = { en: 'en', zh: 'zh-Hans' };

const SIGNS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as HTML, for content and for attributes in double quotes. */
export const escape = (text: string): string => text.replace(/[&<>"]/g, (sign) => SIGNS[sign]!);

/**
 * An address inside the site while nobody knows yet on which page it will stand: `@/chapter-1-mp/neuron/#the-exercises`.
 * `settle` makes it relative, so that the site can stand under any path.
 */
export const inSite = (path: string): string => `@/${path}`;

/** Makes every `href="@/…"` and `src="@/…"` of a page at `path` relative. */
export function settle(html: string, path: string, language: Language): string {
  const up = '../'.repeat(path.split('/').length - 1);
  return html.replace(/ (href|src|data-[a-z]+)="@(=?)\/([^"]*)"/g, (_, name: string, shared: string, to: string) => {
    // "@=/" is the same in all languages (assets), "@/" stays in the page's own.
    const target = shared ? to : localised(to, language);
    return ` ${name}="${up + target || './'}"`;
  });
}

/** An address inside the site in a language: English at the root, 简体中文 under zh/. */
export function localised(path: string, language: Language): string {
  return language === 'en' || /^zh\//.test(path) ? path : `zh/${path}`;
}

/** The name of a heading in an address, as GitHub makes it, so that a link works in both places; Han characters stay. */
export function slug(text: string): string {
  const plain = text
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replace(/ /g, '-');
  return plain === '' ? 'section' : plain;
}
