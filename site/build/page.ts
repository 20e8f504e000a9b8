/** The frame of every page. */
import { escape, inSite, LANG, localised, settle, type Language } from './html.ts';
import { WORDS } from './words.ts';

export interface Frame {
  /** Assets, from the root of the site. */
  css: string;
  script: string;
  font: string;
  /** What grades in the page, where anything does. */
  judge?: string;
  search: Record<Language, string>;
  siteTitle: Record<Language, string>;
  /** Ends with a slash. */
  url: string;
  repository: string;
  /** Whether there is a scorecard to link to. */
  scorecard: boolean;
  /** The picture for other sites' previews, from the root of the site. */
  card: string;
}

export interface Page {
  /** In English: `chapter-1-mp/neuron/`; the language is put before it. */
  path: string;
  language: Language;
  title: string;
  description: string;
  /** The languages in which this page is written; another one falls back. */
  written: readonly Language[];
  kind: 'home' | 'lesson' | 'plain';
  /** What stands between the header and the footer. */
  body: string;
  /** The file to edit. */
  source?: string;
  /** Not for search engines, nor for the sitemap. */
  hidden?: boolean;
}

const THEME = `(()=>{let d=document.documentElement;d.classList.add('js');try{let t=localStorage.getItem('theme');if(t)d.dataset.theme=t}catch{}})()`;

const LOUPE = `<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><circle cx="8.5" cy="8.5" r="5.5" fill="none" stroke="currentColor" stroke-width="1.8"/><path d="M12.7 12.7 17.5 17.5" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/></svg>`;
const HALF = `<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><circle cx="10" cy="10" r="7.5" fill="none" stroke="currentColor" stroke-width="1.8"/><path d="M10 2.5a7.5 7.5 0 0 1 0 15z" fill="currentColor"/></svg>`;

/** The whole page, with addresses relative to where it stands. */
export function frame(page: Page, about: Frame): string {
  const words = WORDS[page.language];
  const { language } = page;
  const other: Language = language === 'en' ? 'zh' : 'en';
  const site = about.siteTitle[language];
  const title = page.kind === 'home' ? site : `${page.title} · ${site}`;
  const absolute = (lang: Language) => new URL(localised(page.path, lang), about.url).href;
  const translated = page.written.includes(language);
  const canonical = absolute(translated ? language : 'en');
  const alternates =
    page.written.length > 1 && !page.hidden
      ? [
          ...page.written.map(
            (lang) => `<link rel="alternate" hreflang="${LANG[lang]}" href="${escape(absolute(lang))}">`,
          ),
          `<link rel="alternate" hreflang="x-default" href="${escape(absolute('en'))}">`,
        ]
      : [];
  const description = escape(page.description);
  const html = `<!doctype html>
<html lang="${LANG[language]}" data-search="@=/${about.search[language]}" data-root="@/"${about.judge && / data-(skeleton|lab)=/.test(page.body) ? ` data-judge="@=/${about.judge}"` : ''}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<script>${THEME}</script>
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
<link rel="preload" href="@=/${about.font}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="@=/${about.css}">
<script type="module" src="@=/${about.script}"></script>
<link rel="icon" href="@=/assets/icon.svg" type="image/svg+xml">
${
  page.hidden
    ? '<meta name="robots" content="noindex">'
    : [
        `<link rel="canonical" href="${escape(canonical)}">`,
        ...alternates,
        `<meta property="og:type" content="${page.kind === 'lesson' ? 'article' : 'website'}">`,
        `<meta property="og:title" content="${escape(page.kind === 'home' ? site : page.title)}">`,
        `<meta property="og:description" content="${description}">`,
        `<meta property="og:url" content="${escape(canonical)}">`,
        `<meta property="og:site_name" content="${escape(site)}">`,
        `<meta property="og:locale" content="${language === 'zh' ? 'zh_CN' : 'en_GB'}">`,
        `<meta property="og:image" content="${escape(new URL(about.card, about.url).href)}">`,
        '<meta name="twitter:card" content="summary_large_image">',
      ].join('\n')
}
</head>
<body class="${page.kind}">
<a class="skip" href="#text">${words.skip}</a>
<header class="top">
<a class="brand" href="${inSite('')}"${page.kind === 'home' ? ' aria-current="page"' : ''}>${escape(site)}</a>
<nav aria-label="${words.menu}">
<a href="${inSite('glossary/')}">${words.glossary}</a>
<a href="${inSite('bibliography/')}">${words.bibliography}</a>
<a class="language" href="@=/${localised(page.path, other)}" lang="${LANG[other]}" hreflang="${LANG[other]}" aria-label="${words.otherLanguage}: ${words.otherLanguageLabel}">${words.otherLanguage}</a>
<button type="button" class="search-open needs-js" aria-label="${words.searchLabel}" title="${words.searchLabel} ( / )">${LOUPE}</button>
<button type="button" class="theme needs-js" aria-label="${words.theme}" title="${words.theme}">${HALF}</button>
</nav>
</header>
${page.body}
<footer class="bottom">
<p><a href="${escape(about.repository)}">${words.repository}</a> · <a href="${escape(about.repository)}/blob/HEAD/LICENSE">${words.licence}</a>${about.scorecard ? ` · <a href="${inSite('scorecard/')}">${words.scorecard}</a>` : ''}</p>
${page.source ? `<p><a class="edit" href="${escape(page.source)}">${words.edit}</a></p>` : ''}
</footer>
<template id="words" data-copy="${words.copy}" data-copied="${words.copied}" data-failed="${words.copyFailed}" data-none="${words.searchNone}" data-broken="${words.searchFailed}" data-found="${words.searchFound}" data-label="${words.searchLabel}" data-hint="${words.searchHint}" data-close="${words.close}" data-play="${words.play}" data-pause="${words.pause}" data-reset="${words.reset}" data-offline="${words.offline}"></template>
</body>
</html>
`;
  return settle(html, localised(page.path, language), language);
}
