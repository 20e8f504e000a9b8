/** Code as HTML with a class for each kind of token; the style sheet has the colours of both themes. */
import { createCssVariablesTheme, createHighlighterCoreSync } from 'shiki/core';
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript';
import bash from 'shiki/langs/bash.mjs';
import json from 'shiki/langs/json.mjs';
import python from 'shiki/langs/python.mjs';
import typescript from 'shiki/langs/typescript.mjs';
import { escape } from './html.ts';

const LANGUAGES: Record<string, string> = {
  ts: 'typescript',
  typescript: 'typescript',
  js: 'typescript',
  sh: 'bash',
  bash: 'bash',
  json: 'json',
  py: 'python',
  python: 'python',
};

let highlighter: ReturnType<typeof createHighlighterCoreSync> | undefined;

/** True for a language that is coloured, or that is meant to stay plain. */
export const knows = (language: string): boolean => language === 'text' || language === '' || language in LANGUAGES;

/**
 * Lines of code as HTML, each in `<span class="line">`.
 * @param language `ts`, `sh`, …; `text` and '' stay plain
 */
export function highlight(code: string, language: string): string {
  const name = LANGUAGES[language];
  if (name === undefined)
    return code
      .split('\n')
      .map((line) => `<span class="line">${escape(line)}</span>`)
      .join('\n');
  highlighter ??= createHighlighterCoreSync({
    themes: [createCssVariablesTheme({ name: 'roles', variablePrefix: '--code-', fontStyle: false })],
    langs: [bash, json, python, typescript],
    engine: createJavaScriptRegexEngine(),
  });
  const { tokens } = highlighter.codeToTokens(code, { lang: name as 'typescript', theme: 'roles' });
  return tokens
    .map((line) => {
      const spans = line.map(({ content, color }) => {
        const kind = /--code-(?:token-)?([a-z-]+)/.exec(color ?? '')?.[1] ?? 'foreground';
        return { text: escape(content), kind: content.trim() === '' ? 'foreground' : kind };
      });
      // Neighbours of one kind need one span.
      const joined: typeof spans = [];
      for (const span of spans) {
        const last = joined.at(-1);
        if (last?.kind === span.kind) last.text += span.text;
        else joined.push({ ...span });
      }
      const inner = joined
        .map(({ text, kind }) => (kind === 'foreground' ? text : `<span class="t-${kind}">${text}</span>`))
        .join('');
      return `<span class="line">${inner}</span>`;
    })
    .join('\n');
}
