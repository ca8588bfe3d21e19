// Entry of the dashboard: wiring only.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { takeToken } from "./token.ts";
import { App } from "./views/app.tsx";

takeToken();
window.addEventListener("hashchange", takeToken);

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
