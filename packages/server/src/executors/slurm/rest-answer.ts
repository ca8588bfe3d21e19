// Answers of slurmrestd, version 0.0.38 of its interface: what is not of the form that it says is no answer.
import { z } from "zod";
import type { AskRest } from "./rest-client.ts";

export const ROOT = "/slurm/v0.0.38";

const complaint = z.object({
  error: z.string().nullish(),
  description: z.string().nullish(),
  error_number: z.number().nullish(),
  error_code: z.number().nullish(),
});
export const complaints = z.object({ errors: z.array(complaint) });
export type Complaints = z.infer<typeof complaints>;

/** A list of the whole cluster's. Complete, or it rejects. @param what such as `jobs` */
export async function got<T extends Complaints>(
  ask: AskRest,
  what: string,
  schema: z.ZodType<T>,
): Promise<T> {
  const answer = await ask({ method: "GET", path: `${ROOT}/${what}` });
  if (answer.kind === "no-answer") throw new Error(`slurmrestd: ${answer.reason}`);
  const { status, text } = answer;
  if (status === 401 || status === 403)
    throw new Error(`slurmrestd: status ${status}: does it know the token?`);
  if (status === 404) throw new Error(`slurmrestd: status 404: it does not speak openapi/v0.0.38`);
  const read = parsed(text, schema);
  if (!read) throw new Error(`slurmrestd has answered with what is no list of ${what}, status ${status}`);
  if (status !== 200 || read.errors.length > 0) throw new Error(`slurmrestd: ${problemOf(read, status)}`);
  return read;
}

/** Undefined where it is no JSON, or not of this form. */
export function parsed<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function problemOf({ errors }: Complaints, status: number): string {
  const words = errors.map(({ description, error }) => description || error).filter(Boolean);
  return words.length === 0 ? `status ${status}` : printable(words.join("; "));
}

/** What somebody else has written, for a line of a log. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 300);
}
