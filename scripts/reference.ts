// Writes the pages that are made from the code into docs/reference: npx tsx scripts/reference.ts
// A test compares what is there with what this would write.
import { writeFileSync } from "node:fs";
import { referencePages } from "../packages/cli/src/reference/index.ts";

for (const [name, text] of Object.entries(await referencePages()))
  writeFileSync(new URL(`../docs/reference/${name}`, import.meta.url), text);
