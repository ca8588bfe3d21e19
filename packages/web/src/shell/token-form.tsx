// Asks for a token where the service wants one; nothing is to be reloaded.
import type { FormEvent } from "react";
import { startListening } from "../live/index.ts";
import { keepToken } from "../token.ts";

export function TokenForm({ why }: { readonly why: string }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    keepToken(String(new FormData(event.currentTarget).get("token")).trim());
    event.currentTarget.reset();
    startListening();
  };
  return (
    <form className="banner" onSubmit={submit}>
      <p>
        <strong>The service wants a token.</strong> Open the address that <code>bace up</code> prints, or give
        the token that it left in <code>dashboard.token</code> in its state folder.
      </p>
      <p>
        <label>
          Token{" "}
          <input name="token" type="password" autoComplete="off" required pattern="bace_[0-9A-Za-z_\-]+" />
        </label>{" "}
        <button type="submit">Look</button>
      </p>
      <p className="small">{why}</p>
    </form>
  );
}
