#!/usr/bin/env node
// The `bace` command in a set-up checkout: TypeScript is run as it is, from whatever folder one stands in.
import { register } from "tsx/esm/api";

register({ tsconfig: false });
const { processIo } = await import("../src/io.ts");
const [command, kind] = process.argv.slice(2);
if (command === "__complete") {
  // A person waits for this at every press of Tab: without the rest of the program.
  const { printNames } = await import("../src/completion/names.ts");
  await printNames(kind, processIo());
} else {
  const { main } = await import("../src/main.ts");
  process.exitCode = await main(process.argv.slice(2), processIo());
}
