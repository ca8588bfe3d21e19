// The REST API as a page, from the document that the service describes itself by.
import { limitsOf, type OpenApi, type RouteReference, routesOf, typeText } from "@bace-pipe/server/describe";
import { code, page, table } from "./markdown.ts";

const ABOUT = `The service answers on \`http://HOST:PORT\`, in JSON. Requests need \`Authorization: Bearer TOKEN\` with a token of the scope that is named ([scopes](../guides/tenants.md#who-may-do-what)), unless the service is open to its machine. Field names end in their unit; times are seconds since 1970. A refusal is \`application/problem+json\` with a [stable code](errors.md).

Bodies and answers are in [openapi.json](openapi.json). A service that runs has the same at \`/openapi.json\`, and as a page to browse at \`/docs\`, which needs nothing from the internet.

Any route with a scope may also refuse with \`no-token\`, \`bad-token\`, \`missing-scope\`, \`wrong-tenant\` and \`rate-limited\`, and any route with \`wrong-host\`, \`standing-by\`, \`stopping\`, \`store-failed\` and \`internal\`.`;

export function restApiPage(document: OpenApi): string {
  const routes = routesOf(document);
  const list = table(
    ["Route", "What", "Scope", "Refuses with"],
    routes.map(({ needs, problems, route, summary }) => [
      code(route),
      summary,
      needs,
      problems.map(code).join(" "),
    ]),
  );
  const parameters = table(["Route", "Parameter", "In", "Type", "Needed", ""], routes.flatMap(parameterRows));
  return page("REST API", ABOUT, `## Routes\n\n${list}\n## Parameters\n\n${parameters}`);
}

/** Of a path's own there is nothing to say that the path does not. */
function parameterRows({ parameters, route }: RouteReference): readonly (readonly string[])[] {
  return parameters
    .filter(({ in: where }) => where !== "path")
    .map(({ in: where, name, required, schema }) => [
      ...[code(route), code(name), where, code(typeText(schema)), required ? "yes" : "no", limitsOf(schema)],
    ]);
}
