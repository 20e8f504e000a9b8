/**
 * Excerpts: pieces of the course's code for the prose, taken from the file by name and never copied by hand.
 */
import ts from 'typescript';
import { listed, nearest } from '../../grader/course/nearest.ts';
import { Refusal } from '../../grader/course/refusal.ts';
import { dedent, normalise, parseRegions } from '../../grader/course/regions.ts';

/** Which piece of a file: a region, the signature of a function, or a whole exported declaration with its docstring. */
export interface Piece {
  kind: 'region' | 'signature' | 'declaration';
  name: string;
}

/** Reads `step`, `step:signature` or `function:step`. */
export function pieceOf(text: string): Piece | undefined {
  const found = /^(?:(function):)?([\p{L}$_][\p{L}\p{N}$_]*)(?::(signature))?$/u.exec(text);
  if (!found || (found[1] && found[3])) return undefined;
  return { kind: found[1] ? 'declaration' : found[3] ? 'signature' : 'region', name: found[2]! };
}

/**
 * The text of a piece, without indentation that all its lines share and without region markers.
 * @throws Refusal that lists what the file has instead
 */
export function excerpt(source: string, file: string, { kind, name }: Piece): string {
  const text = normalise(source);
  if (kind === 'region') {
    const regions = parseRegions(text, file);
    const region = regions.find((each) => each.name === name);
    if (!region)
      throw none(
        `region "${name}"`,
        file,
        name,
        regions.map((each) => each.name),
      );
    return trimmed(dedent(region.lines));
  }

  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const declared = tree.statements.flatMap((statement) =>
    exportedNames(statement).map((declaredName) => ({ name: declaredName, statement })),
  );
  const found = declared.filter((each) => each.name === name);
  if (found.length === 0)
    throw none(
      `exported "${name}"`,
      file,
      name,
      declared.map((each) => each.name),
    );
  if (kind === 'declaration') {
    const whole = found.map(({ statement }) => text.slice(docStart(statement), statement.getEnd())).join('\n');
    const lines = whole.split('\n').filter((line) => !/^\s*\/\/ #(end)?region\b/.test(line));
    return trimmed(lines);
  }
  const last = found.at(-1)!.statement;
  if (!ts.isFunctionDeclaration(last) || !last.body) {
    throw new Refusal(
      `"${name}" in ${file} is no function, so it has no signature.`,
      `Write #function:${name} for the whole declaration.`,
    );
  }
  return text.slice(last.getStart(), last.body.getStart()).trimEnd();
}

function exportedNames(statement: ts.Statement): string[] {
  if (
    !ts.canHaveModifiers(statement) ||
    !ts.getModifiers(statement)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword)
  )
    return [];
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((each) => each.name.getText());
  const name = (statement as ts.DeclarationStatement).name;
  return name ? [name.getText()] : [];
}

/** Where the docstring right above a declaration begins; a comment further up, as the file's own, is not part of it. */
function docStart(statement: ts.Statement): number {
  const docs = ts.getJSDocCommentsAndTags(statement).filter(ts.isJSDoc);
  return docs.at(-1)?.getStart() ?? statement.getStart();
}

function trimmed(lines: string[]): string {
  return lines.join('\n').replace(/^\n+|\s+$/g, '');
}

function none(what: string, file: string, name: string, there: string[]): Refusal {
  return new Refusal(
    `there is no ${what} in ${file}.`,
    there.length === 0
      ? `${file} has none at all.`
      : `Did you mean ${nearest(name, there)}? There are ${listed(there)}.`,
  );
}
