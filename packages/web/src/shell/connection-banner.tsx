// Says that what is shown is no longer fresh, and why.
import { useConnection, useKnown } from "../live/index.ts";
import { TokenForm } from "./token-form.tsx";

export function ConnectionBanner() {
  const connection = useConnection();
  const { isWhole } = useKnown();
  if (!("sinceMs" in connection)) return null;
  const { kind, message, sinceMs } = connection;
  if (kind === "no-token") return <TokenForm why={message} />;
  const what = kind === "refused" ? "Nothing new from the service" : "Service not reachable";
  return (
    <div className="banner" role="alert">
      <p>
        <strong>
          {what} since {new Date(sinceMs).toLocaleString()}.
        </strong>{" "}
        {isWhole && "What is shown below was true then. "}
        This page goes on asking.
      </p>
      <p className="small">{kind === "refused" ? `It answers with an error: ${message}` : message}</p>
    </div>
  );
}
