/** What a file of the course declares: each exported function and type, with its docstring, its lines and its region. */
import ts from 'typescript';
import { normalise, parseRegions, dedent } from '../../grader/course/regions.ts';

export interface Declaration {
  name: string;
  kind: 'function' | 'type' | 'other';
  /** The first line of the docstring, or of the declaration where there is none; from 1. */
  line: number;
  /** `export function step(z: number): number`, for functions; the whole declaration without docstring otherwise. */
  signature: string;
  /** The docstring in parts. */
  doc: Doc;
}

export interface Doc {
  /** Paragraphs; those that are indented are formulas or tables and keep their form. */
  body: { text: string; formula: boolean }[];
  params: { name: string; text: string }[];
  returns: string;
  throws: string;
  see: string[];
}

/** The exported declarations of a file, by name; of overloads, the last. */
export function declarations(source: string, file: string): Map<string, Declaration> {
  const text = normalise(source);
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const found = new Map<string, Declaration>();
  for (const statement of tree.statements) {
    if (!ts.canHaveModifiers(statement)) continue;
    if (!ts.getModifiers(statement)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword)) continue;
    const names = ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.map((each) => each.name.getText())
      : [(statement as ts.DeclarationStatement).name?.getText() ?? ''];
    const doc = ts.getJSDocCommentsAndTags(statement).filter(ts.isJSDoc).at(-1);
    const start = doc?.getStart() ?? statement.getStart();
    const isFunction = ts.isFunctionDeclaration(statement);
    const end = isFunction && statement.body ? statement.body.getStart() : statement.getEnd();
    for (const name of names.filter(Boolean)) {
      found.set(name, {
        name,
        kind: isFunction
          ? 'function'
          : ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
            ? 'type'
            : 'other',
        line: tree.getLineAndCharacterOfPosition(start).line + 1,
        signature: text.slice(statement.getStart(), end).trimEnd(),
        doc: readDoc(doc ? text.slice(doc.getStart(), doc.getEnd()) : ''),
      });
    }
  }
  return found;
}

/** Reads `/** … *\/`. */
export function readDoc(comment: string): Doc {
  const lines = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  const doc: Doc = { body: [], params: [], returns: '', throws: '', see: [] };
  const tags: string[][] = [[]];
  for (const line of lines) {
    if (/^@\w+/.test(line.trimStart())) tags.push([]);
    tags.at(-1)!.push(line);
  }
  const [body, ...rest] = tags;
  for (const block of body!.join('\n').split(/\n\s*\n/)) {
    const inner = block.replace(/^\n+|\s+$/g, '');
    if (inner === '') continue;
    const rows = inner.split('\n');
    // Prose and an indented passage may stand in one block.
    let run: string[] = [];
    let formula = /^\s{2,}/.test(rows[0]!);
    const flush = () => {
      if (run.length === 0) return;
      doc.body.push({ text: formula ? dedent(run).join('\n') : run.map((r) => r.trim()).join(' '), formula });
      run = [];
    };
    for (const row of rows) {
      const indented = /^\s{2,}/.test(row);
      if (indented !== formula) flush();
      formula = indented;
      run.push(row);
    }
    flush();
  }
  for (const tag of rest) {
    const [, name, text] = /^\s*@(\w+)\s*([^]*)$/.exec(tag.join('\n')) as unknown as [string, string, string];
    const plain = text.replace(/\s*\n\s*/g, ' ').trim();
    if (name === 'param') {
      const [, parameter = '', says = ''] = /^(\S+)\s*(?:- )?([^]*)$/.exec(plain) ?? [];
      doc.params.push({ name: parameter, text: says });
    } else if (name === 'returns' || name === 'return') doc.returns = plain;
    else if (name === 'throws') doc.throws = doc.throws === '' ? plain : `${doc.throws}; ${plain}`;
    else if (name === 'see') doc.see.push(plain);
  }
  return doc;
}

/** The regions of a solution: the code a student writes, and the line where it begins. */
export function solutionRegions(source: string, file: string): Map<string, { code: string; line: number }> {
  return new Map(
    parseRegions(source, file).map((region) => [
      region.name,
      { code: dedent(region.lines).join('\n'), line: region.line + 1 },
    ]),
  );
}
