// The schemas in docs/reference are those of the code.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { jsonSchemas } from "../../src/spec/json-schema.ts";

it.each(Object.entries(jsonSchemas()))(
  "docs/reference/%s.schema.json is current (npx tsx scripts/schemas.ts)",
  (name, text) => {
    const file = new URL(`../../../../docs/reference/${name}.schema.json`, import.meta.url);
    expect(readFileSync(file, "utf8")).toBe(text);
  },
);
