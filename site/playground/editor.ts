/** The editor: CodeMirror with what a short file of TypeScript needs, and no more. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { typescriptLanguage } from '@codemirror/lang-javascript';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** The colours of the site's own code. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier], color: 'var(--key)' },
  { tag: [tags.string, tags.regexp], color: 'var(--value)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--gradient)' },
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.className], color: 'var(--query)' },
]);

const look = EditorView.theme({
  '&': { fontSize: '13.5px', backgroundColor: 'var(--raised)', color: 'var(--ink)', borderRadius: '8px' },
  '&.cm-focused': { outline: '2px solid var(--accent)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', maxHeight: 'min(28rem, 70vh)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--soft)', border: 'none' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { backgroundColor: 'var(--mark)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--mark)' },
});

export interface Editor {
  readonly dom: HTMLElement;
  text(): string;
  /** Replaces everything; Ctrl-Z brings it back. */
  setText(text: string): void;
  /** Puts the cursor on a line (from 1) and shows it. */
  goTo(line: number, focus: boolean): void;
  /** What the editor is called by a screen reader. */
  label(text: string): void;
}

/** @param on `run`: Ctrl-Enter or ⌘-Enter; `change`: after each edit */
export function makeEditor(text: string, on: { run: () => void; change: () => void }): Editor {
  const run = () => {
    on.run();
    return true;
  };
  const view = new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        typescriptLanguage,
        syntaxHighlighting(colours),
        indentUnit.of('  '),
        EditorState.tabSize.of(2),
        look,
        // A region that scrolls must be one that a keyboard reaches.
        EditorView.contentAttributes.of({ tabindex: '0', autocapitalize: 'off', spellcheck: 'false' }),
        keymap.of([{ key: 'Mod-Enter', run }, { key: 'Ctrl-Enter', run }, ...defaultKeymap, ...historyKeymap, indentWithTab]), // prettier-ignore
        EditorView.updateListener.of((update) => {
          if (update.docChanged) on.change();
        }),
      ],
    }),
  });
  return {
    dom: view.dom,
    text: () => view.state.doc.toString(),
    setText(next) {
      if (next === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    goTo(line, focus) {
      const at = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
      const indent = /^\s*/.exec(at.text)![0].length;
      view.dispatch({ selection: { anchor: at.from + indent }, effects: EditorView.scrollIntoView(at.from, { y: 'center' }) }); // prettier-ignore
      if (focus) view.focus();
    },
    label: (name) => view.contentDOM.setAttribute('aria-label', name),
  };
}
