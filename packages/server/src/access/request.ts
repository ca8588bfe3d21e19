// The request that is being answered, for whatever is done on its behalf: its id is in every line of the service's log
// that it causes, also in those that the writer writes.
import { AsyncLocalStorage } from "node:async_hooks";

export interface RequestContext {
  readonly requestId: string;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

/** pino's `mixin`: the request's id, in lines that have one. */
export function requestMixin(): object {
  return requestContext.getStore() ?? {};
}
