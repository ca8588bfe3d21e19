// All stable codes of errors as a page, from the catalogues that the program takes them from.
import { CODES } from "@bace-pipe/core/spec";
import { START_ERRORS } from "@bace-pipe/server";
import { PROBLEMS } from "@bace-pipe/server/describe";
import { FAILURES } from "../failure-codes.ts";
import { code, page, table } from "./markdown.ts";

const ABOUT =
  "Every error has a code that stays the same from version to version, and a message that says where and what to do. The command line prints it as `error[CODE]`; `-o json` and the API have it as `code`.";

export function errorsPage(): string {
  const rows = (catalogue: Readonly<Record<string, string>>) =>
    Object.entries(catalogue).map(([name, says]) => [code(name), says]);
  const head = ["Code", ""];
  const problems = Object.entries(PROBLEMS).map(([name, { status, title }]) => [
    code(name),
    String(status),
    title,
  ]);
  return page(
    "Error codes",
    ABOUT,
    [
      `## What is wrong in a file\n\nEach with file, line and column.\n\n${table(head, rows(CODES))}`,
      `## What a service refuses\n\nBy the [REST API](rest-api.md), as \`application/problem+json\`.\n\n${table(["Code", "Status", ""], problems)}`,
      `## What keeps a service from starting\n\n${table(head, rows(START_ERRORS))}`,
      `## What the command line fails with\n\n${table(head, rows(FAILURES))}`,
    ].join("\n"),
  );
}
