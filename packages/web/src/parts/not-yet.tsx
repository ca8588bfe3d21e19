// A page of which nothing is known yet; the banner above it says why, if that lasts.
import { useConnection } from "../live/index.ts";

export function NotYet({ title }: { readonly title: string }) {
  const { kind } = useConnection();
  return (
    <>
      <h1>{title}</h1>
      <p>{kind === "no-token" ? "Nothing is shown without a token." : "Asking the service …"}</p>
    </>
  );
}
