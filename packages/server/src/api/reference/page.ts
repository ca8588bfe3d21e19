// The API as a page to browse: plain HTML with a style and no script, made of the service's own document, so that it needs
// neither the internet nor a library, and is of the version that answers. The libraries for this bring 2 to 48 MB of
// packages, scripts, or a report to their maker at each installation.
import { html, raw } from "hono/html";
import { PROBLEMS } from "../../problem.ts";
import { limitsOf, type OpenApi, type RouteReference, routesOf } from "./routes.ts";
import { type JsonSchema, typeText, type Words } from "./type-text.ts";

type Html = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 22rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; box-sizing: border-box; padding: 1rem; border-right: 1px solid var(--line); font-size: 14px; }
nav a { display: block; overflow-wrap: anywhere; }
main { padding: 1rem 2rem 4rem; max-width: 60rem; }
h2, h3 { margin-top: 2.5rem; overflow-wrap: anywhere; }
h3 { border-top: 1px solid var(--line); padding-top: 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem; overflow: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } }
`;

/** Where a link to a route leads. */
const anchor = (route: string) => route.replaceAll(/[^\w]+/g, "-").toLowerCase();

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const LINKED: Words = {
  text: escaped,
  named: (name) => `<a href="#schema-${escaped(name)}">${escaped(name)}</a>`,
};
const type = (schema: JsonSchema) => raw(typeText(schema, LINKED));

export function referencePage(document: OpenApi): Html {
  const routes = routesOf(document);
  const schemas = Object.entries(document.components.schemas).sort(([a], [b]) => (a < b ? -1 : 1));
  const { title, version } = document.info;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} ${version}: REST API</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<nav aria-label="Contents">
<strong>Routes</strong>
${routes.map(({ route }) => html`<a href="#${anchor(route)}">${route}</a>`)}
<p><a href="#problems"><strong>Problems</strong></a></p>
<strong>Schemas</strong>
${schemas.map(([name]) => html`<a href="#schema-${name}">${name}</a>`)}
</nav>
<main>
<h1>${title} ${version}: REST API</h1>
<p>For programs: <a href="/openapi.json">openapi.json</a>. Requests need <code>Authorization: Bearer TOKEN</code> with a
token of the scope that is named, unless the service is open to its machine. Field names end in their unit; times are
seconds since 1970. A refusal is <a href="#schema-Problem">problem+json</a> with a <a href="#problems">stable code</a>.</p>
<h2>Routes</h2>
${routes.map(routeSection)}
<h2 id="problems">Problems</h2>
<table>
<tr><th>Code</th><th>Status</th><th>What it says</th></tr>
${Object.entries(PROBLEMS).map(([code, { status, title: says }]) => html`<tr><td><code>${code}</code></td><td>${status}</td><td>${says}</td></tr>`)}
</table>
<h2>Schemas</h2>
${schemas.map(([name, schema]) => html`<h3 id="schema-${name}">${name}</h3><pre>${type(schema)}</pre>`)}
</main>
</body>
</html>
`;
}

function routeSection({ answers, body, needs, parameters, problems, route, summary }: RouteReference): Html {
  return html`<section>
<h3 id="${anchor(route)}"><code>${route}</code></h3>
<p>${summary}. Needs: ${needs}.</p>
${
  parameters.length > 0 &&
  html`<table>
<tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr>
${parameters.map(
  ({ in: where, name, required, schema }) =>
    html`<tr><td><code>${name}</code>${required ? "" : " (optional)"}</td><td>${where}</td><td><code>${type(schema)}</code></td><td>${limitsOf(schema)}</td></tr>`,
)}
</table>`
}
${body && html`<p>Body:</p><pre>${type(body)}</pre>`}
${answers.map(
  ({ description, mediaType, schema, status }) =>
    html`<p>${status} ${description} (<code>${mediaType}</code>):</p><pre>${type(schema)}</pre>`,
)}
${problems.length > 0 && html`<p>Refused with: ${problems.map((code) => html`<code>${code}</code> `)}</p>`}
</section>
`;
}
