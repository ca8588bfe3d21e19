// JSON Schemas of the file formats, for editors (`# yaml-language-server: $schema=…`) and for readers in other languages.
import { z } from "zod";
import { feedsSchema } from "./feeds.ts";
import { inputsSchema } from "./inputs.ts";
import { pipelineSchema } from "./pipeline.ts";
import { planSchema } from "./plan.ts";
import { profileSchema } from "./profile.ts";
import { jobFileSchema, scenarioSchema } from "./schema.ts";

/** Text of each schema by name, with a final newline. */
export function jsonSchemas(): Readonly<
  Record<"scenario" | "job" | "inputs" | "feeds" | "plan" | "pipeline" | "profile", string>
> {
  // `input`: what a person writes, before units are parsed and defaults filled in.
  const text = (schema: z.ZodType) => `${JSON.stringify(z.toJSONSchema(schema, { io: "input" }), null, 2)}\n`;
  return {
    scenario: text(scenarioSchema),
    job: text(jobFileSchema),
    inputs: text(inputsSchema),
    feeds: text(feedsSchema),
    plan: text(planSchema),
    pipeline: text(pipelineSchema),
    profile: text(profileSchema),
  };
}
