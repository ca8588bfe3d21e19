// Who looks: the token comes with the address that `bace up` prints (#token=…) or is typed in, and is kept for this tab
// until it is closed. It leaves the address at once, which others may see and browsers remember.

const KEY = "bace-token";

/** The token of an address, if it has one. */
export function tokenIn(hash: string): string | undefined {
  return /^#token=(bace_[\w-]+)$/.exec(hash)?.[1];
}

/** Keeps the token of the page's address and takes it out of there; false where there is none. */
export function takeToken(): boolean {
  const token = tokenIn(window.location.hash);
  if (token === undefined) return false;
  keepToken(token);
  window.history.replaceState(null, "", "#/");
  return true;
}

export function keepToken(token: string): void {
  window.sessionStorage.setItem(KEY, token);
}

export function hasToken(): boolean {
  return window.sessionStorage.getItem(KEY) !== null;
}

/** Headers of a request; none where no token is known, which may be enough. */
export function authorization(): Readonly<Record<string, string>> {
  const token = window.sessionStorage.getItem(KEY);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}
