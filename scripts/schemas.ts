// Writes the JSON Schemas of the file formats into docs/reference: npx tsx scripts/schemas.ts
// A test compares what is there with what this would write.
import { writeFileSync } from "node:fs";
import { jsonSchemas } from "../packages/core/src/spec/json-schema.ts";

for (const [name, text] of Object.entries(jsonSchemas())) {
  writeFileSync(new URL(`../docs/reference/${name}.schema.json`, import.meta.url), text);
}
