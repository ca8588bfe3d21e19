// The OpenAPI document read as a reference is: route by route, each with what it needs, takes, answers and refuses with.
import { ROUTES } from "../../access/routes.ts";
import type { JsonSchema } from "./type-text.ts";

/** As much of it as the service writes. */
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

export interface RouteReference {
  /** Such as "GET /v1/jobs/{id}". */
  readonly route: string;
  readonly summary: string;
  /** Such as "read"; what else than a scope it may be is said in words. */
  readonly needs: string;
  readonly parameters: readonly Parameter[];
  readonly body: JsonSchema | undefined;
  readonly answers: readonly Answer[];
  /** Codes of the problems that are the route's own. */
  readonly problems: readonly string[];
}

export interface Answer {
  readonly status: string;
  readonly description: string;
  readonly mediaType: string;
  readonly schema: JsonSchema;
}

const PROBLEM = "application/problem+json";

/** In the order of paths, so that what belongs together stands together. */
export function routesOf({ paths }: OpenApi): readonly RouteReference[] {
  return Object.entries(paths)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) =>
        referenceOf(`${method.toUpperCase()} ${path}`, operation),
      ),
    );
}

function referenceOf(route: string, operation: Operation): RouteReference {
  const { parameters = [], requestBody, responses, summary } = operation;
  const contents = Object.entries(responses).flatMap(([status, { content = {}, description }]) =>
    Object.entries(content).map(([mediaType, { schema }]) => ({ status, description, mediaType, schema })),
  );
  return {
    route,
    summary,
    needs: needsOf(route),
    parameters,
    body: requestBody?.content["application/json"]?.schema,
    answers: contents.filter(({ mediaType }) => mediaType !== PROBLEM),
    // Descriptions of problems are made by context.ts: "code: title. code: title."
    problems: contents
      .filter(({ mediaType }) => mediaType === PROBLEM)
      .flatMap(({ description }) =>
        [...description.matchAll(/(?:^|\. )([a-z-]+):/g)].map(([, code]) => code!),
      ),
  };
}

function needsOf(route: string): string {
  const needed = ROUTES[route]!;
  if (needed.kind === "public") return "nothing";
  if (needed.kind === "launch") return "the launch's key, in the body";
  return needed.everyTenant ? `${needed.scope}, of no tenant` : needed.scope;
}

/** Such as "1 to 10000, default 500"; empty where everything of the type will do. */
export function limitsOf({ default: standard, maximum, minimum, pattern }: JsonSchema): string {
  const range =
    minimum !== undefined && maximum !== undefined
      ? `${minimum} to ${maximum}`
      : minimum !== undefined
        ? `from ${minimum}`
        : maximum !== undefined
          ? `up to ${maximum}`
          : "";
  return [range, pattern ?? "", standard === undefined ? "" : `default ${JSON.stringify(standard)}`]
    .filter((part) => part !== "")
    .join(", ");
}
