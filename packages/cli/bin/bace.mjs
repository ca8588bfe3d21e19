#!/usr/bin/env node
// The `bace` command in a set-up checkout: TypeScript is run as it is, from whatever folder one stands in.
import { register } from "tsx/esm/api";

register({ tsconfig: false });
const { main } = await import("../src/main.ts");
const { processIo } = await import("../src/io.ts");
process.exitCode = await main(process.argv.slice(2), processIo());
