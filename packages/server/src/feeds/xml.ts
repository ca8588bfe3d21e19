// XML as a tree of elements with texts: of well-formed documents alone. No document types, and so no entities but the five that
// XML has; bounded depth and number of elements. Attributes are left out, and prefixes of names too.
import { SaxesParser } from "saxes";

export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  /** Without the white space around it. */
  readonly text: string;
}

const MOST_DEPTH = 30;
const MOST_ELEMENTS = 200_000;

/** The root; undefined where it is no such document. */
export function readXml(text: string): Element | undefined {
  interface Open {
    readonly name: string;
    readonly children: Element[];
    text: string;
  }
  const document: Open = { name: "", children: [], text: "" };
  const open: Open[] = [document];
  let count = 0;
  const parser = new SaxesParser();
  const refuse = (why: string) => {
    throw new NotXml(why);
  };
  parser.on("error", (error) => refuse(error.message));
  parser.on("doctype", () => refuse("it has a document type"));
  parser.on("opentag", ({ name }) => {
    count++;
    if (open.length > MOST_DEPTH || count > MOST_ELEMENTS) refuse("it is too deep, or too much");
    open.push({ name: name.replace(/^.*:/, ""), children: [], text: "" });
  });
  parser.on("text", (more) => {
    open.at(-1)!.text += more;
  });
  parser.on("closetag", () => {
    const { children, name, text: said } = open.pop()!;
    open.at(-1)!.children.push({ name, children, text: said.trim() });
  });
  try {
    parser.write(text).close();
  } catch (error) {
    if (error instanceof NotXml) return undefined;
    throw error;
  }
  return document.children[0];
}

class NotXml extends Error {}

export function all({ children }: Element, name: string): readonly Element[] {
  return children.filter((each) => each.name === name);
}

/** Text of the first element of a path of names; undefined where there is none. */
export function textOf(element: Element, ...names: readonly string[]): string | undefined {
  let found: Element | undefined = element;
  for (const name of names) found = found?.children.find((each) => each.name === name);
  return found?.text;
}
